import { GNTTAB_NR_RESERVED_ENTRIES } from "../../xen/abi/grant-table.ts";
import { rule } from "../rule.ts";

/** The first references belong to the tools: a device driver never opens, ends or maps one. */
export const reservedReferences = rule({
	id: "reserved-references",
	says: "The first eight references belong to the tools: a device driver never opens, ends, frees or maps one.",
	families: ["G4"],
	owes: "both",
	level: "must",
	requirements: ["grant.reserved-entries"],
	assumes: [],
	observes: [
		"grant.access",
		"grant.end",
		"grant.free",
		"grant.query",
		"grant.map",
	],
	start: () => undefined,
	step(_state, entry, court) {
		if (!("call" in entry && "ref" in entry.call)) return;
		const { ref } = entry.call;
		if (ref >= GNTTAB_NR_RESERVED_ENTRIES) return;
		// A reference of 0 in a hostile peer's directory is mapped by nobody who looks first: mapping it is the mapper's own slip.
		court.breach({
			domid: entry.domid,
			message: `${court.tell(entry.seq)} touches reference ${ref}, which is reserved for the tools`,
			expected: `references from ${GNTTAB_NR_RESERVED_ENTRIES} up`,
			got: `reference ${ref}`,
			entry: entry.seq,
		});
	},
});
