import type { Party } from "../base/party.ts";

/**
 * What the shipped suite cannot reach, and why. `coverage` shows the reasons, and a test fails when something here was reached after all.
 */
export interface Unreached {
	/** Requirements that nobody cites and that this party owes, unless they have a reason of their own. */
	parties: Readonly<Partial<Record<Party, string>>>;
	/** By requirement id. */
	requirements: Readonly<Record<string, string>>;
	/** By operation, for a form of it. */
	operations: Readonly<Record<string, string>>;
	/** By side and states: `frontend Initialising>Connected`. */
	moves: Readonly<Record<string, string>>;
}

export const UNREACHED: Unreached = {
	parties: {
		toolstack:
			"the toolstack is xdisp-check's own and stands under no test: it keeps this in every case, and both sides rest on it",
		world:
			"the hypervisor and the store are xdisp-check's own: tests hold them to the real ones, no scenario does",
	},
	requirements: {
		"displif.notify.hold-off":
			"a permission: where a notification may not be left out, ring.notify judges it",
		"displif.recovery.last-client": "left to the frontend: nothing to judge",
		"displif.response.order": "a permission: every order is taken",
		"ring.index-whole":
			"a store of the door writes whole words, so an index cannot be written in parts",
		"grant.entry-order":
			"the door writes a grant's entry in one call, flags last, so a peer cannot write it in another order",
		"grant.unmap-only": "the door knows no other way to end a mapping",
		"xenbus.error-node":
			"what stands below error/ is outside the device's directory, which is all that a scenario sees",
		"xenstore.payload":
			"a peer asks for paths and values and does not write messages: the wire form is held to the real daemons by test/xenstore",
	},
	operations: {},
	moves: {},
};
