import { rule } from "../rule.ts";

/** A driver survives whatever its peer, its toolstack and its hypervisor do. */
export const survives = rule({
	id: "survives",
	says: "A driver neither crashes nor loops, whatever its peer does and whatever fails.",
	families: ["D6"],
	owes: "both",
	level: "must",
	requirements: ["pv.survive.crash", "pv.survive.hang"],
	assumes: [],
	observes: ["task.end"],
	start: () => undefined,
	step(_state, entry, court) {
		if (entry.kind !== "task.end") return;
		const { name, how, message } = entry.note;
		if (how !== "crashed" && how !== "spins") return;
		court.breach({
			domid: entry.domid,
			message: `task "${name}" ${how === "crashed" ? "crashed" : "makes calls without end while time stands still"}: ${message}`,
			expected: "it goes on, or ends in order",
			got: how === "crashed" ? `an exception: ${message}` : message,
			entry: entry.seq,
			requirements: [
				how === "crashed" ? "pv.survive.crash" : "pv.survive.hang",
			],
		});
	},
});
