import { rule } from "../rule.ts";

interface Task {
	domid: number;
	name: string;
}

interface State {
	/** Tasks of backends that have not ended, by number. */
	tasks: Map<number, Task>;
	/** By domain: entry at which its driver was told to stop. A new driver has not been. */
	stopped: Map<number, number>;
}

/** A backend that was told to stop ends, and leaves nobody behind who acts in its name. */
export const stopsWhole = rule<State>({
	id: "stops-whole",
	says: "A backend that is told to stop returns in bounded time, and every task that it has started ends with it.",
	families: ["L1"],
	owes: "backend",
	level: "must",
	requirements: ["pv.bounded-close"],
	assumes: [],
	observes: ["task.begin", "task.end"],
	start: () => ({ tasks: new Map(), stopped: new Map() }),
	step({ tasks, stopped }, entry, court) {
		if (entry.kind === "task.end") tasks.delete(entry.task);
		if (entry.kind !== "task.begin") return;
		const { domid, note, seq } = entry;
		if (court.participant(domid)?.role !== "backend") return;
		const { name } = note;
		if (name === "main") stopped.delete(domid);
		if (name === "stop") stopped.set(domid, seq);
		tasks.set(entry.task, { domid, name });
	},
	rest({ tasks, stopped }, court) {
		for (const [domid, asked] of stopped) {
			// Who crashed or hangs owes no orderly end.
			if (!court.running(domid)) continue;
			const left = [...tasks.values()].filter((task) => task.domid === domid);
			const [first] = left;
			if (first === undefined) continue;
			court.breach({
				domid,
				message: `the backend was told to stop, and its task "${first.name}" still runs when all is at rest`,
				expected: "no task of it is left",
				got: left.map(({ name }) => `"${name}"`).join(", "),
				entry: asked,
			});
		}
	},
});
