/**
 * A rule is a sentence and a fold over the ledger. It names the entries it sees and is called for no others; it never reads the world, so
 * judging a saved journal again gives the same verdict.
 */
import type { Entry, EntryKind } from "../journal/entry.ts";
import type { ExchangeView, WireEntry, WireKind } from "../journal/exchange.ts";
import type { Family } from "../spec/families.ts";
import type { Books } from "./books.ts";
import type { Leak, Level, Party } from "./finding.ts";
import type { Ledger } from "./ledger.ts";

/** How a participant takes part in a case: see decision 3 of the architecture ("Cast"). */
export type Standing = "subject" | "reference" | "scripted";

/** A participant of a case. The toolstack and the world are no participants, but can be blamed. */
export interface Participant {
	name: string;
	role: Extract<Party, "frontend" | "backend">;
	domid: number;
	standing: Standing;
}

/** What a rule says when its promise is broken. */
export interface Breach {
	/** The domain blamed. 0 is the toolstack. */
	domid: number;
	message: string;
	expected: string;
	got: string;
	/** Journal entry at which it became true. */
	entry: number;
	leak?: Omit<Leak, "owner" | "origin" | "place">;
	/** Overrides the rule's own level, when a part of the promise is weaker. */
	level?: Level;
	/** Overrides the rule's requirement ids, most telling first. */
	requirements?: readonly string[];
}

/** What the judge lends a rule while it folds. */
export interface Court {
	readonly participants: readonly Participant[];
	/** Everything that the ledger has said so far of nodes, memory and packets. */
	readonly exchange: ExchangeView;
	/** What every domain has and has not given back. */
	readonly ledger: Ledger;
	/** What every device holds by its requests and their answers; what the rule is told of is already entered. */
	readonly books: Books;
	/** The second books of this kind about the world: one set for all rules that read them. */
	second<B extends object>(books: new () => B): B;
	participant(domid: number): Participant | undefined;
	/** Whether the domain could still act: not hung, crashed or gone, and its driver alive. */
	running(domid: number): boolean;
	/** Virtual time since when it could act without a break. */
	since(domid: number): number;
	/** Virtual time of a journal entry; without one, of the end. */
	tick(seq?: number): number;
	/** Printed form of a journal entry, for messages: `grant.access ref 9 by fe`. */
	tell(seq: number): string;
	breach(breach: Breach): void;
}

export interface Rule<S = unknown> {
	id: string;
	/** The promise, in one sentence. */
	says: string;
	/** Subjects that the catalogue of bugs groups it under. */
	families: readonly Family[];
	owes: Party | "both";
	level: Level;
	/** Ids of the requirement catalogue, the most telling first. */
	requirements: readonly string[];
	/** Those that only some of its breaches name. */
	besides?: readonly string[];
	/** Promises of the other side that it rests on: rule or requirement ids. Once the peer broke one, it is not judged for that pair. */
	assumes: readonly string[];
	/** Entries of the ledger, or what they meant in the protocol's terms. */
	observes: readonly (EntryKind | WireKind)[];
	start(court: Court): S;
	step(state: S, entry: Entry | WireEntry, court: Court): void;
	/** The run is at rest: liveness, and what is left over. */
	rest?(state: S, court: Court): void;
}

/** Every requirement that the rule speaks of. */
export const citesOf = ({
	requirements,
	besides = [],
}: Pick<Rule, "requirements" | "besides">): readonly string[] => [
	...requirements,
	...besides,
];

/** Keeps the state's type inside the rule. */
export const rule = <S>(made: Rule<S>): Rule => made as Rule;
