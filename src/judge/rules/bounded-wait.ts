import { rule } from "../rule.ts";

/** Who waits for an answer waits with a deadline. */
export const boundedWait = rule<Map<number, number>>({
	id: "bounded-wait",
	says: "A wait for the peer's answer has a deadline, and no task holds a lock for ever.",
	families: ["L1"],
	owes: "both",
	level: "must",
	requirements: ["pv.bounded-wait"],
	assumes: [],
	observes: ["wait"],
	start: () => new Map(),
	step(_state, entry, court) {
		if (
			entry.kind !== "wait" ||
			entry.call.why !== "answer" ||
			entry.call.timeout > 0
		)
			return;
		court.breach({
			domid: entry.domid,
			message: `${court.tell(entry.seq)} waited for an answer without a deadline`,
			expected: "a timeout above 0",
			got: "timeout 0",
			entry: entry.seq,
		});
	},
});
