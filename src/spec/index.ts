import { DISPLIF } from "./displif.ts";
import { NEIGHBOURS } from "./neighbours.ts";
import { PV } from "./pv.ts";
import type { Requirement } from "./requirement.ts";

/** Every requirement by its id, in the order of its source. */
export const REQUIREMENTS: ReadonlyMap<string, Requirement> = catalogue([
	...DISPLIF,
	...NEIGHBOURS,
	...PV,
]);

/** By id; an id that is there twice is our own mistake and throws. */
export function catalogue(
	all: readonly Requirement[],
): Map<string, Requirement> {
	const byId = new Map<string, Requirement>();
	for (const requirement of all) {
		if (byId.has(requirement.id))
			throw new Error(`requirement ${requirement.id} is there twice`);
		byId.set(requirement.id, requirement);
	}
	return byId;
}
