import type { Level, Party } from "../base/party.ts";
import type { Place } from "../base/position.ts";

export type { Level, Party, Place };

/** What was lost, of whom, and where it was made: the answer a leak finding owes its reader. */
export interface Leak {
	/** The ledger: "page", "grant", "reserved reference", "mapping", "handle", "port", "watch", "balloon page", or a driver object's kind. */
	kind: string;
	count: number;
	/** The participant that made it, e.g. "fe". */
	owner: string;
	/** The call that made the first of them, as the report prints it, e.g. `grant.access ref 9 by fe in task "gem.create"`. */
	origin: string;
	/** The journal entry of that call. */
	entry: number;
	/** The step that was running, when a step caused it. */
	place?: Place;
}

/** How a finding counts: see decision 5 of the architecture ("Blame"). */
export type Standing =
	/** The subject owes it: the case fails (or warns, by level). */
	| "subject"
	/** A scripted side broke it and had announced that: counts nowhere. */
	| "provoked"
	/** A scripted side broke it unannounced: the scenario is wrong, the case is an error at that line. */
	| "unannounced"
	/** The reference, an unscripted toolstack or the world broke it: our own error, never a verdict. */
	| "ours"
	/** The scenario said `allow:` with a reason. */
	| "allowed";

/** One broken promise, as a rule or an expectation states it. */
export interface Finding {
	/** The rule's id, or "expectation" for a scenario's own expectation. */
	rule: string;
	/** Requirement ids it speaks to, the most telling first. */
	requirements: readonly string[];
	level: Level;
	owes: Party;
	/** The participant blamed, e.g. "be"; "toolstack" and "world" name themselves. */
	blamed: string;
	standing: Standing;
	/** One sentence: what happened. */
	message: string;
	expected: string;
	got: string;
	/** The journal entry at which it became true. */
	entry: number;
	/** The scenario line nearest to it. */
	place: Place;
	/** What the scenario was doing, e.g. `step 4, gem.close`; not there when a step's own expectation says it. */
	during?: string;
	/** Why it was allowed or provoked. */
	reason?: string;
	leak?: Leak;
	/** An operation never returned: no fault excuses that. */
	hangs?: true;
}
