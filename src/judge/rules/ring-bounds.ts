import { rule } from "../rule.ts";

/** Producer and consumer indexes stay within the slots. */
export const ringBounds = rule({
	id: "ring-bounds",
	says: "A producer is never further ahead than there are free slots, and a consumer never ahead of its producer.",
	owes: "both",
	level: "must",
	requirements: [
		"ring.req-prod-in-bounds",
		"ring.rsp-prod-in-bounds",
		"displif.event-page.in-bounds",
	],
	assumes: [],
	observes: ["wire.index"],
	start: () => undefined,
	step(_state, entry, court) {
		if (entry.kind !== "wire.index") return;
		const { connection, which, value, before, bound, domid, seq } = entry;
		const requirement =
			which === "req_prod"
				? "ring.req-prod-in-bounds"
				: which === "rsp_prod"
					? "ring.rsp-prod-in-bounds"
					: "displif.event-page.in-bounds";
		court.breach({
			domid,
			message: `${which} of connector ${connection.connector} of device ${connection.dev} went from ${before} to ${value}`,
			expected: `at most ${bound} ahead of ${before}`,
			got: `${(value - before) >>> 0} ahead`,
			entry: seq,
			requirements: [requirement],
		});
	},
});
