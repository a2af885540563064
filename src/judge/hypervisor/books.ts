/** What the books about the world have in common: they are told of every call, and tell what of its answer cannot be true. */
import type { CallEntry, Entry } from "../../journal/entry.ts";

/** A promise of the world's own that an entry of the ledger shows broken. */
export interface Wrong<Promise extends string> {
	promise: Promise;
	/** What was wrong, after the call itself. */
	message: string;
	expected: string;
	got: string;
}

export abstract class SecondBooks<Promise extends string> {
	private found: Wrong<Promise>[] = [];
	/** The entry that was entered last. */
	private seq = -1;

	/** Enter one entry of the ledger, or look again at what was entered last: what it shows to be wrong. */
	follow(entry: Entry): readonly Wrong<Promise>[] {
		if (entry.seq === this.seq) return this.found;
		this.seq = entry.seq;
		if (this.found.length > 0) this.found = [];
		if ("reply" in entry) this.enter(entry);
		return this.found;
	}

	protected abstract enter(entry: CallEntry): void;

	protected wrong(
		promise: Promise,
		message: string,
		expected: string,
		got: string,
	): void {
		this.found.push({ promise, message, expected, got });
	}
}
