/** What `explore` is told, and how far it goes. */

import type { OrderWay } from "../explore/rounds.ts";
import { ALL_FAULTS } from "../explore/sweep.ts";
import type { PlayFlags } from "./playing.ts";
import { Usage } from "./usage.ts";

export interface ExploreFlags extends PlayFlags {
	faults?: string;
	pairs?: number;
	orders?: OrderWay | "none";
	preemptions: number;
	depth: number;
	whole?: boolean;
	runs?: number;
	for?: number;
	json?: string | true;
	generate?: number;
	drawn?: number;
	jobs?: number;
	state?: string;
	corpus?: string;
	/** Which part of how many. */
	shard?: [number, number];
	out?: string;
	baseline?: string;
}

/** Kinds of faults as they were named; undefined leaves it to the scenarios. */
export function faultsOf(flags: ExploreFlags): readonly string[] | undefined {
	const { faults, orders } = flags;
	// Who names one of the two wants that one.
	if (faults === undefined)
		return orders === undefined || orders === "none" ? undefined : [];
	if (faults === "all") return ALL_FAULTS;
	if (faults === "none") return [];
	const names = faults.split(",").map((name) => name.trim());
	for (const name of names)
		if (!ALL_FAULTS.includes(name))
			throw new Usage(
				`--faults ${name}: no such fault; there are ${ALL_FAULTS.join(", ")}`,
			);
	return names;
}

export function ordersOf({
	faults,
	orders,
}: ExploreFlags): OrderWay | undefined {
	if (orders === undefined) return faults === undefined ? "dpor" : undefined;
	return orders === "none" ? undefined : orders;
}

export const runsOf = ({ runs, for: time }: ExploreFlags): number =>
	runs ?? (time === undefined ? 1000 : Number.POSITIVE_INFINITY);
