import { GRANT_CALLS, GrantBooks } from "../hypervisor/grants.ts";
import { hypervisorRule } from "../hypervisor/rule.ts";

/** What the granter is told of its pages is true at every step. */
export const inUseMarks = hypervisorRule({
	id: "in-use-marks",
	says: "An entry's in-use marks are set exactly while something maps it: its owner sees them so, ends it when they are clear and not before.",
	families: ["H1"],
	requirements: ["grant.in-use-mark"],
	observes: ["grant.query", ...GRANT_CALLS],
	books: GrantBooks,
	promise: "marks",
});
