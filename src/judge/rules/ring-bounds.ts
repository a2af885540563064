import { rule } from "../rule.ts";

/** Producer and consumer indexes stay within the slots. */
export const ringBounds = rule({
	id: "ring-bounds",
	says: "A producer is never further ahead than there are free slots, a consumer never ahead of its producer, and each index is its owner's.",
	families: ["R1"],
	owes: "both",
	level: "must",
	requirements: [
		"ring.req-prod-in-bounds",
		"ring.rsp-prod-in-bounds",
		"displif.event-page.in-bounds",
		"displif.event-page.roles",
	],
	assumes: [],
	observes: ["wire.index"],
	start: () => undefined,
	step(_state, entry, court) {
		if (entry.kind !== "wire.index") return;
		const { connection, which, value, before, bound, foreign, domid, seq } =
			entry;
		const requirement =
			which === "req_prod"
				? "ring.req-prod-in-bounds"
				: which === "rsp_prod"
					? "ring.rsp-prod-in-bounds"
					: "displif.event-page.in-bounds";
		const where = `connector ${connection.connector} of device ${connection.dev}`;
		if (foreign) {
			court.breach({
				domid,
				message: `${which} of ${where}, an index of the other side, was set to ${value}`,
				expected: `no store into it: it stands at ${before}`,
				got: String(value),
				entry: seq,
				requirements: [
					which.startsWith("in_") ? "displif.event-page.roles" : requirement,
				],
			});
			return;
		}
		court.breach({
			domid,
			message: `${which} of ${where} went from ${before} to ${value}`,
			expected: `at most ${bound} ahead of ${before}`,
			got: `${(value - before) >>> 0} ahead`,
			entry: seq,
			requirements: [requirement],
		});
	},
});
