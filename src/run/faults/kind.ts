/**
 * A fault that is tried wherever it can strike. It is one more choice of the die: at each of its places the runner asks `fault.NAME.WHO`; 0 is
 * the plain story, 1 and up are the ways it can strike there. A replay holds it like any other pick.
 */
import type { AbilityName } from "../../scenario/abilities.ts";
import type { AnyReply, Call, CallName } from "../../xen/call.ts";
import type { World } from "../../xen/world.ts";
import { blank } from "./blank.ts";

/** What a strike does to the call before which it was chosen. All fields may be absent: the call is made as asked. */
export interface Blow {
	/** The call is not made; this comes back. */
	reply?: AnyReply;
	/** Made in its place, unanswered. */
	instead?: Call;
	/** Made so many times more. */
	repeat?: number;
	/** Made so many virtual milliseconds later; the caller is told it is done. */
	late?: number;
	/** Calls of the toolstack that come first. The call is made only if its domain still runs then. */
	life?: readonly Call[];
	/** The domain that `life` stopped runs on after so many virtual milliseconds. */
	resume?: number;
	/** The driver of the call's domain is killed, and a new one started. */
	restart?: boolean;
	/** Done to the world without a call: what a display or a daemon does by itself. */
	first?(world: World): void;
	/** What the call answered, as it is shown to the caller. */
	alter?(reply: AnyReply): AnyReply;
}

/** Where a fault may strike: a call that is about to be made. */
export interface Site {
	world: World;
	domid: number;
	task: number;
	/** For faults that depend on what a task did before: a memory of the run, by task and key. */
	seen: Map<string, number>;
}

export interface FaultKind {
	/** In lower case with dashes: the middle of a pick's label. */
	name: string;
	says: string;
	/** The calls it may strike. */
	at: readonly CallName[];
	/** What is left of those when the state of the world is looked at. Called at every call of `at`, struck or not. */
	fits?(call: Call, site: Site): boolean;
	/** How it may strike: as a report says it. Picks 1 and up. */
	ways: readonly string[];
	/** It strikes backends only. */
	backendOnly?: boolean;
	/** It strikes only who has this ability. */
	needs?: AbilityName;
	/** A call fails, and that is all: what `sweep` of a scenario means. */
	refuses?: boolean;
	/** `way` counts from 0. */
	strike(way: number, call: Call, site: Site): Blow;
}

/** A kind whose ways are statuses that come back instead of what the call does. */
export function refusal(
	name: string,
	says: string,
	at: readonly CallName[],
	statuses: Readonly<Record<string, number>>,
	more: Pick<FaultKind, "fits" | "needs"> = {},
): FaultKind {
	const values = Object.values(statuses);
	return {
		name,
		says,
		at,
		refuses: true,
		ways: Object.keys(statuses).map((text) => `answered ${text}`),
		strike: (way, call) => ({ reply: blank(call, values[way] as number) }),
		...more,
	};
}
