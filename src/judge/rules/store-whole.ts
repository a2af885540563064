import { hypervisorRule } from "../hypervisor/rule.ts";
import { STORE_CALLS, StoreBooks } from "../hypervisor/store.ts";

/** The store holds what was written, and counts it right. */
export const storeWhole = hypervisorRule({
	id: "store-whole",
	says: "What the store answered with success has happened, all of it; what failed, or was in a transaction that did not commit, has left values and counts as they were; a commit fails exactly when somebody else changed what it has looked at.",
	families: ["H5"],
	requirements: ["xenstore.transaction-atomic"],
	observes: STORE_CALLS,
	books: StoreBooks,
	promise: "whole",
});
