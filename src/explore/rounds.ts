/** What a round of a campaign does for one case: how far each way of exploring it came, and what comes next. */
import type { Case } from "../scenario/scenario.ts";
import {
	type Answer,
	type Job,
	type Part,
	type Plain,
	sizeOf,
	type Window,
} from "./job.ts";
import type { Explored, Standing } from "./orders.ts";

export const ORDER_WAYS = ["dpor", "all", "pct", "random"] as const;
export type OrderWay = (typeof ORDER_WAYS)[number];

/** How cases are explored. */
export interface Ways {
	/** Kinds of faults to try, by name; undefined: what a scenario's `sweep` says, else all. */
	faults: readonly string[] | undefined;
	/** Runs with two faults, for each case, once every place was tried; undefined: as many as there are places. */
	pairs: number | undefined;
	/** How orders are gone through; undefined: not at all. What does not finish is followed by single switches of the plain order, and by `pct`. */
	orders: OrderWay | undefined;
	/** Most preemptions of an order that is not drawn. */
	preemptions: number;
	/** Turns that have to be in the right order for what `pct` looks for. */
	depth: number;
	/** Where orders are tried. */
	window: Window;
	/** Whole runs in a drawn order, for each case. */
	drawn: number;
	/** Draws pairs and orders. */
	seed: number;
}

/** How far the exploration of one case came. */
export interface CaseStanding {
	runs: number;
	/** Undefined until its plain run was played. */
	plain?: Plain;
	/** How many were tried, by the way. */
	faults: number;
	pairs: number;
	switches: number;
	sampled: number;
	drawn: number;
	/** Runs in which a fault found no place. */
	missed: number;
	/** Orders that matter; undefined when none was tried yet. */
	orders?: Explored;
	/** Where they go on; undefined when they are done, or given up. */
	next?: Standing;
	/** Signatures that were found in it. */
	found: string[];
}

export const untried = (): CaseStanding => ({
	runs: 0,
	faults: 0,
	pairs: 0,
	switches: 0,
	sampled: 0,
	drawn: 0,
	missed: 0,
	found: [],
});

/** How much of each way a round does. */
export interface Share {
	/** Runs of a job. */
	batch: number;
	/** Jobs of a way whose runs do not rest on each other. */
	parts: number;
}

/** The jobs of every way that is open. `endless`: those that only use what is left of the runs. */
export function jobsFor(
	story: Case,
	standing: CaseStanding,
	ways: Ways,
	{ batch, parts }: Share,
): { jobs: Job[]; endless: Job[] } {
	const { faults, orders, window, seed } = ways;
	const { plain, next } = standing;
	if (plain === undefined)
		return { jobs: [{ kind: "plain", story, faults, window }], endless: [] };
	if (plain.outcome !== "passed") return { jobs: [], endless: [] };
	const some = (kind: PartKind, most: number): Part[] =>
		Array.from({ length: parts }, (_, part) => standing[kind] + part * batch)
			.filter((from) => from < most)
			.map((from) => ({ story, from, to: Math.min(most, from + batch) }));
	const swept = some("faults", plain.places).map(
		(part): Job => ({ kind: "faults", faults, ...part }),
	);
	const pairs =
		swept.length > 0 || plain.places === 0
			? []
			: some("pairs", ways.pairs ?? plain.places).map(
					(part): Job => ({ kind: "pairs", faults, seed, ...part }),
				);
	const reduced = orders === "dpor" || orders === "all";
	const begun = standing.orders !== undefined;
	const unfinished = begun && standing.orders?.finished !== true;
	const ordered: Job[] =
		reduced && (!begun || next !== undefined)
			? [
					{
						kind: "orders",
						story,
						how: orders,
						preemptions: story.explore?.preemptions ?? ways.preemptions,
						window,
						most: (next?.explored.runs ?? 0) + batch,
						standing: next,
					},
				]
			: [];
	const single =
		reduced && unfinished
			? some("switches", plain.switches).map(
					(part): Job => ({ kind: "switches", ...part }),
				)
			: [];
	const drawn = some("drawn", ways.drawn).map(
		({ from, to }): Job => ({
			kind: "drawn",
			story,
			from: seed + 1 + from,
			to: seed + 1 + to,
		}),
	);
	const how = orders === "random" ? orders : "pct";
	const { depth } = ways;
	return {
		jobs: [...swept, ...pairs, ...ordered, ...single, ...drawn],
		endless:
			orders !== undefined && (!reduced || unfinished)
				? some("sampled", Number.POSITIVE_INFINITY).map(
						(part): Job => ({
							kind: "sampled",
							how,
							depth,
							window,
							seed,
							...part,
						}),
					)
				: [],
	};
}

type PartKind = "faults" | "pairs" | "switches" | "sampled" | "drawn";

/** Of an answer what says how far its case came. */
export type Noted = Pick<Answer, "runs" | "missed" | "plain" | "standing"> & {
	found: readonly string[];
};

export const noted = ({
	runs,
	missed,
	plain,
	standing,
	caught,
}: Answer): Noted => ({
	runs,
	missed,
	found: [...new Set(caught.map(({ signature }) => signature))],
	...(plain === undefined ? {} : { plain }),
	...(standing === undefined ? {} : { standing }),
});

/** A job that is done counts as tried, also where a worker was lost. */
export function note(standing: CaseStanding, job: Job, answer: Noted): void {
	standing.runs += answer.runs;
	standing.missed += answer.missed;
	for (const signature of answer.found)
		if (!standing.found.includes(signature)) standing.found.push(signature);
	switch (job.kind) {
		case "plain":
			// A case whose plain run a worker does not come back from cannot be explored.
			standing.plain = answer.plain ?? {
				outcome: "error",
				reason: "the plain run did not come back",
				places: 0,
				switches: 0,
				tasks: 0,
				turns: 0,
			};
			return;
		case "faults":
		case "pairs":
		case "switches":
		case "sampled":
		case "drawn":
			standing[job.kind] += sizeOf(job);
			return;
		case "orders": {
			const { standing: stands } = answer;
			standing.orders =
				stands?.explored ?? standing.orders ?? job.standing?.explored ?? NONE;
			if (stands === undefined || stands.explored.finished)
				delete standing.next;
			else standing.next = stands;
			return;
		}
		default:
	}
}

const NONE: Explored = {
	runs: 0,
	pruned: 0,
	beyond: 0,
	finished: false,
	points: 0,
};
