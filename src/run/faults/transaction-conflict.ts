import { errnoNumber } from "../../base/errno.ts";
import { blank } from "./blank.ts";
import type { FaultKind } from "./kind.ts";

export const transactionConflict: FaultKind = {
	name: "transaction-conflict",
	says: "a transaction meets a conflict: nothing of it is kept",
	at: ["xs.transaction-end"],
	fits: (call) => call.op === "xs.transaction-end" && call.commit,
	refuses: true,
	ways: ["answered EAGAIN"],
	strike: (_way, call) => ({
		reply: blank(call, -errnoNumber("EAGAIN")),
		// The daemon has dropped it all the same.
		...(call.op === "xs.transaction-end"
			? { instead: { ...call, commit: false } }
			: {}),
	}),
};
