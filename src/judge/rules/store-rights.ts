import { hypervisorRule } from "../hypervisor/rule.ts";
import { STORE_CALLS, StoreBooks } from "../hypervisor/store.ts";

/** Who may see, write and hear of what in the store. */
export const storeRights = hypervisorRule({
	id: "store-rights",
	says: "A node is read, written and told of only where its rights allow it, and there always; rights end with their domain, and a later one with its number has none of them.",
	families: ["H4"],
	requirements: ["xenstore.watch-readable", "xenstore.permissions-end"],
	observes: STORE_CALLS,
	books: StoreBooks,
	promise: "rights",
});
