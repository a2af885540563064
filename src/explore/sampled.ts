/** Orders that are drawn: anyhow, or by priorities. */
import type { Choices } from "../base/choices.ts";
import type { Access, Watcher } from "./orders.ts";

/** At every point any of those that can move, each as likely. */
export class Drawn implements Watcher {
	private readonly die: Choices;

	constructor(die: Choices) {
		this.die = die;
	}

	turn(able: readonly number[]): number {
		return this.die.pick("turn", able.length);
	}
	other(count: number): number {
		return this.die.pick("other", count);
	}
	touch(_access: Access): void {}
	born(_task: number): void {}
	rest(): void {}
}

/** The plain order, and how large the run is: what PCT reckons with. */
export class Size extends Drawn {
	turns = 0;
	readonly tasks = new Set<number>();

	constructor() {
		super({ pick: () => 0 });
	}

	override turn(able: readonly number[]): number {
		this.turns += 1;
		for (const task of able) this.tasks.add(task);
		return 0;
	}
}

/**
 * The PCT sampler (Burckhardt, Kothari, Musuvathi, Nagarakatte, ASPLOS 2010): every task gets a priority when it is first seen, and who has the highest
 * moves; at `depth` - 1 turns drawn beforehand the task that is about to move falls below all others. An order of n tasks and k turns that needs
 * `depth` turns to be in the right order is met with a probability of at least 1 / (n · k^(depth - 1)) in each run.
 */
export class Priorities implements Watcher {
	private readonly die: Choices;
	private readonly priorities = new Map<number, number>();
	private readonly drops: number[];
	private turns = 0;
	private floor = 0;

	/** `turns`: how many a run has, at most. */
	constructor(die: Choices, depth: number, turns: number) {
		this.die = die;
		this.drops = Array.from({ length: depth - 1 }, () =>
			die.pick("drop", Math.max(1, turns)),
		);
	}

	turn(able: readonly number[]): number {
		for (const task of able)
			if (!this.priorities.has(task))
				// Two of the same priority are as good as drawn: 2^30 of them are far more than there are tasks.
				this.priorities.set(task, 1 + this.die.pick("priority", 1 << 30));
		const drops = this.drops.filter((drop) => drop === this.turns).length;
		this.turns += 1;
		for (let left = drops; left > 0; left--) {
			this.floor -= 1;
			this.priorities.set(able[this.highest(able)] as number, this.floor);
		}
		return this.highest(able);
	}

	other(count: number): number {
		return this.die.pick("other", count);
	}
	touch(_access: Access): void {}
	born(_task: number): void {}
	rest(): void {}

	private highest(able: readonly number[]): number {
		let best = 0;
		for (let at = 1; at < able.length; at++)
			if (this.of(able[at]) > this.of(able[best])) best = at;
		return best;
	}

	private of(task: number | undefined): number {
		return this.priorities.get(task as number) as number;
	}
}

/** The probability that PCT states: of one run, and of at least one of many. */
export function pctProbability(
	tasks: number,
	turns: number,
	depth: number,
): number {
	return 1 / (Math.max(1, tasks) * Math.max(1, turns) ** (depth - 1));
}
