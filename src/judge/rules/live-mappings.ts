import { GRANT_CALLS, GrantBooks } from "../hypervisor/grants.ts";
import { hypervisorRule } from "../hypervisor/rule.ts";

/** Mappings, handles, references and pages are counted right. */
export const liveMappings = hypervisorRule({
	id: "live-mappings",
	says: "Each live mapping holds its page and has a handle of its own, which is freed once; what is reached through it is what was lent; a page, a reference and a frame number are handed out to one user at a time.",
	families: ["H2"],
	requirements: ["grant.reference-count"],
	observes: [
		...GRANT_CALLS,
		"page.load",
		"page.store",
		"page.compare-exchange",
	],
	books: GrantBooks,
	promise: "mappings",
});
