import type { Level, Party } from "../base/party.ts";

/** One sentence that binds somebody. Ids are lasting: scenarios, rules and reports name them. */
export interface Requirement {
	id: string;
	/** Header or document that says it; `pv` for promises that no header states. */
	source: string;
	/** Section heading in the header, or the advisory or mail behind a `pv.*` promise. */
	place: string;
	owes: Party | "both";
	level: Level;
	/** Our paraphrase. */
	says: string;
	/** Where the source is silent or contradicts itself: the readings, either of which is taken. */
	readings?: readonly string[];
}

/** A requirement without what its section says for all of its sentences. */
type Sentence = Omit<Requirement, "source" | "place">;

const sentence =
	(level: Level) =>
	(
		id: string,
		owes: Requirement["owes"],
		says: string,
		...readings: string[]
	): Sentence => ({
		id,
		owes,
		level,
		says,
		...(readings.length > 0 ? { readings } : {}),
	});

export const must = sentence("must");
export const should = sentence("should");
export const may = sentence("may");

/** The sentences of one section, in the order of the source. Ids get the prefix and a dot. */
export const section = (
	prefix: string,
	source: string,
	place: string,
	...sentences: Sentence[]
): Requirement[] =>
	sentences.map(({ id, ...rest }) => ({
		id: `${prefix}.${id}`,
		source,
		place,
		...rest,
	}));
