/** A case as something that can be played under any order of turns. */
import {
	type Pick as Choice,
	type Choices,
	ReplayedChoices,
} from "../base/choices.ts";
import type { Play } from "../run/play.ts";
import type { Task } from "../run/task.ts";
import type { Case } from "../scenario/scenario.ts";
import type { Call } from "../xen/call.ts";
import { type Once, once, type Setup } from "./once.ts";
import { Covered, type Program, type Watcher } from "./orders.ts";
import { after, before, Queues } from "./touches.ts";

export interface CaseProgramOptions {
	/** Choices made again in every run: faults. */
	picks: readonly Choice[];
	/** Where orders are tried: while the steps are played, or from the first call to the last. Elsewhere nobody is interrupted. */
	window: "steps" | "all";
}

export class CaseProgram implements Program<Once> {
	private readonly story: Case;
	private readonly setup: Setup;
	private readonly options: CaseProgramOptions;
	/** By task of the last run. */
	private domids: readonly number[] = [];

	constructor(story: Case, setup: Setup, options: CaseProgramOptions) {
		this.story = story;
		this.setup = setup;
		this.options = options;
	}

	/** Tasks of one domain share the memory of their driver, which the door does not see. */
	together(a: number, b: number): boolean {
		return this.domids[a] === this.domids[b];
	}

	async play(watcher: Watcher): Promise<Once> {
		const observer = new Observer(watcher, this.options);
		const run = await once(
			this.story,
			this.setup,
			{ picks: this.options.picks },
			{ die: observer, staged: (play) => observer.watch(play) },
		);
		this.domids = observer.domids;
		if (observer.stopped !== undefined) throw observer.stopped;
		return run;
	}
}

/** What is looked at while it is played. */
export type Observed = Pick<Play, "runner" | "journal" | "world">;

/** Between the runner's hooks and a watcher: who can move, what was touched, when nobody could. */
export class Observer implements Choices {
	private readonly watcher: Watcher;
	private readonly given: Choices;
	private readonly window: CaseProgramOptions["window"];
	private readonly queues = new Queues();
	private play: Observed | undefined;
	private open: boolean;
	/** Journal entries looked at so far. */
	private looked = 0;
	private chosen = 0;
	readonly domids: number[] = [];
	/** What the watcher threw: the run is not to be believed. */
	stopped: Covered | undefined;

	constructor(watcher: Watcher, { picks, window }: CaseProgramOptions) {
		this.watcher = watcher;
		this.given = new ReplayedChoices(picks);
		this.window = window;
		this.open = window === "all";
	}

	watch(play: Observed): void {
		this.play = play;
		play.runner.onTurnChoice = (able, current) => this.moves(able, current);
		const { memory } = play.world.frames;
		if (play.world.order === undefined) return;
		const write = memory.write.bind(memory);
		memory.write = (frame, word, words) => {
			if (this.open) {
				this.watcher.touch({
					thing: `frame ${frame}`,
					write: true,
					low: word,
					high: word + words.length,
				});
				this.watcher.touch({ thing: "frames", write: true });
			}
			write(frame, word, words);
		};
	}

	pick(label: string, count: number): number {
		const given = this.given.pick(label, count);
		if (label.startsWith("fault.") || !this.open) return given;
		return label === "turn" ? this.chosen : this.watcher.other(count);
	}

	private moves(able: readonly Task[], current: Task): void {
		this.follow();
		if (!this.open) return;
		const { runner, world } = this.play as Observed;
		if (able.length === 0) {
			this.watcher.rest(
				runner.tasks
					.filter(
						(task) =>
							task.state === "runnable" && waitsFor(task.pending) !== undefined,
					)
					.map((task) => ({
						task: task.id,
						accesses: before(world, task.domid, task.pending as Call),
					})),
			);
			return;
		}
		try {
			this.chosen = this.watcher.turn(
				able.map(({ id }) => id),
				able[0] === current,
			);
		} catch (error) {
			if (error instanceof Covered) this.stopped = error;
			throw error;
		}
		const { domid, pending } = able[this.chosen] as Task;
		for (const access of before(world, domid, pending as Call))
			this.watcher.touch(access);
	}

	/** Tell of what was done since the last look. */
	private follow(): void {
		const { journal, world } = this.play as Observed;
		const delayed = world.order !== undefined;
		for (; this.looked < journal.length; this.looked++) {
			const kind = journal.kind(this.looked);
			if (kind === "task.begin" || kind === "phase") {
				const entry = journal.entry(this.looked);
				if (entry.kind === "task.begin") {
					this.domids[entry.task] = entry.domid;
					if (this.open) this.watcher.born(entry.task);
				} else if (entry.kind === "phase" && this.window === "steps") {
					const { name } = entry.note;
					if (name === "steps") this.open = true;
					if (name === "finally") this.open = false;
				}
				continue;
			}
			if (!this.open) continue;
			const entry = journal.entry(this.looked);
			if (!("reply" in entry)) continue;
			for (const access of after(entry, delayed)) this.watcher.touch(access);
			if (delayed && entry.kind !== "page.load" && entry.kind !== "page.store")
				// How old later loads are counts from here.
				this.watcher.touch({ thing: "frames", write: false });
		}
		const grown = this.queues.grown(world);
		if (this.open) for (const access of grown) this.watcher.touch(access);
	}
}

/** A pending call that can be kept waiting. */
const waitsFor = (call: Call | undefined): Call | undefined =>
	call?.op === "lock.take" || call?.op === "task.join"
		? call
		: call?.op === "wait" && "ports" in call
			? call
			: undefined;
