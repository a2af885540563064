import { rule } from "../rule.ts";

/** A response's status is 0 or a negative error number. */
export const statusSign = rule({
	id: "status-sign",
	says: "A response's status is 0 or a negative error number.",
	families: ["R6"],
	owes: "backend",
	level: "must",
	requirements: ["displif.response.status"],
	assumes: [],
	observes: ["wire.response"],
	start: () => undefined,
	step(_state, entry, court) {
		if (entry.kind !== "wire.response") return;
		const status = (entry.words[1] as number) | 0;
		if (status <= 0) return;
		court.breach({
			domid: entry.connection.be,
			message: `response ${(entry.words[0] as number) & 0xffff} has the positive status ${status}`,
			expected: "0, or a negative XEN_E* number",
			got: `status ${status}`,
			entry: entry.seq,
		});
	},
});
