/** Where the sentences of a header went: by hash alone, so that the header's text stays in the header and a changed one is noticed. */
export interface Sentences {
	/** As requirements name their source. */
	header: string;
	/** Every sentence of it stands below; of the others those only that have a word that binds, and those on which requirements rest. */
	whole: boolean;
	/**
	 * Requirement ids by hash. Alternatives of other releases stand beside each other, joined by `|`; `-` among them says that a release may lack the
	 * sentence.
	 */
	binds: Readonly<Record<string, readonly string[]>>;
	/** Hashes by the reason why these sentences bind nobody whom we test. */
	bindsNobody: Readonly<Record<string, readonly string[]>>;
	/** Requirements of this header that rest on no sentence of it, by what they rest on. */
	derived: Readonly<Record<string, readonly string[]>>;
}
