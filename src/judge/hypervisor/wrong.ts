/** A promise of the world's own that the ledger shows broken, as one of the second set of books finds it. */
export interface Wrong<Promise extends string> {
	promise: Promise;
	/** What was wrong, after the call itself. */
	message: string;
	expected: string;
	got: string;
}
