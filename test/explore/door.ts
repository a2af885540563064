/** Programs of a few tasks at the real door, each task with nothing of its own but what it yields: small enough to run under every order. */
import { type Observed, Observer } from "../../src/explore/case-program.ts";
import type { Program, Watcher } from "../../src/explore/orders.ts";
import { hash, worldLines } from "../../src/explore/state.ts";
import { Journal } from "../../src/journal/journal.ts";
import { Faults } from "../../src/run/faults/faults.ts";
import { Runner } from "../../src/run/runner.ts";
import { ask, type Turns } from "../../src/xen/call.ts";
import type { MemoryMode } from "../../src/xen/memory-order.ts";
import { World } from "../../src/xen/world.ts";

/** What the tasks of one run share with the test, not with each other. */
export interface Telling {
	/** Something that must not be. */
	wrong(text: string): void;
	/** How a task came out: part of the final state. */
	result(text: string): void;
}

export interface DoorTask {
	domid: number;
	name: string;
	body(): Turns;
}

/** Runs a body as a task of a domain to its end. */
export type Perform = <T>(domid: number, body: () => Turns<T>) => Turns<T>;

export interface DoorStory {
	domids: readonly number[];
	memory: MemoryMode;
	/** Played alone; returns the tasks that are started then. */
	setUp(tell: Telling, perform: Perform): Turns<DoorTask[]>;
}

export interface DoorEnd {
	state: string;
	wrong: readonly string[];
}

export class DoorProgram implements Program<DoorEnd> {
	private readonly story: DoorStory;

	constructor(story: DoorStory) {
		this.story = story;
	}

	/** The bodies are closures over constants. */
	together(): boolean {
		return false;
	}

	async play(watcher: Watcher): Promise<DoorEnd> {
		const observer = new Observer(watcher, { picks: [], window: "steps" });
		const world = new World({ memory: this.story.memory });
		const journal = new Journal();
		const runner = new Runner(world, journal, observer, new Faults());
		const observed: Observed = { runner, journal, world };
		observer.watch(observed);
		const wrong: string[] = [];
		const results: string[] = [];
		const { story } = this;
		const phase = (name: string) =>
			journal.note("phase", { name }, 0, 0, 0, world.now);
		const perform: Perform = function* (domid, body) {
			const task = runner.spawn(domid, "set up", body);
			yield* ask("task.join", { task: task.id, timeout: 0 });
			return task.result as never;
		};
		const director = runner.spawn(0, "story", function* () {
			for (const domid of story.domids) yield* ask("domain.create", { domid });
			const tasks = yield* story.setUp(
				{
					wrong: (text) => wrong.push(text),
					result: (text) => results.push(text),
				},
				perform,
			);
			phase("steps");
			for (const { domid, name, body } of tasks)
				runner.spawn(domid, name, body);
			yield* runner.pause({ until: "rest", limit: 10_000 });
			phase("finally");
		});
		for (const _ of runner.run(director)) await null;
		if (observer.stopped !== undefined) throw observer.stopped;
		for (const { task, message } of runner.crashes)
			throw new Error(`${task.name}: ${message}`);
		for (const task of runner.tasks)
			if (task.state === "runnable" && task.pending?.op === "lock.take")
				wrong.push(`${task.name} hangs`);
		return {
			state: hash([...worldLines(world), ...results].sort().join("\n")),
			wrong: wrong.sort(),
		};
	}
}
