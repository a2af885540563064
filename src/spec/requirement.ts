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
