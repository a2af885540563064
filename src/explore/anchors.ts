/**
 * Choices named by what was going on, not by how many came before: the third turn chosen while this step was played. A story can so lose a step and
 * keep the switches and faults of the others where they were.
 */
import type { Choices } from "../base/choices.ts";
import type { Play } from "../run/play.ts";
import type { Step } from "../scenario/scenario.ts";

/** A choice that is not 0. */
export interface Anchor {
	/** The step's number (see `StepKeys`), or the chapter of the run between steps. */
	during: string;
	label: string;
	/** How many of this label came before it during that. */
	nth: number;
	value: number;
}

/** Numbers of steps, kept when a step is replaced by a simpler form of itself. */
export class StepKeys {
	private readonly keys = new WeakMap<Step, number>();
	private next = 1;

	of(step: Step): number {
		const known = this.keys.get(step);
		if (known !== undefined) return known;
		this.keys.set(step, this.next);
		return this.next++;
	}

	/** `made` stands for what `step` stood for. */
	replace(step: Step, made: Step): Step {
		this.keys.set(made, this.of(step));
		return made;
	}
}

/** Says what is anchored and 0 elsewhere, and notes where each choice that was not 0 is anchored. */
export class AnchoredChoices implements Choices {
	readonly anchors: Anchor[] = [];
	private readonly keys: StepKeys;
	private readonly inner: Choices | undefined;
	private readonly wanted = new Map<string, number>();
	private readonly seen = new Map<string, number>();
	private play: Play | undefined;

	/** `from`: the anchors, or another die whose choices are to be anchored. */
	constructor(keys: StepKeys, from: readonly Anchor[] | Choices) {
		this.keys = keys;
		if ("pick" in from) this.inner = from;
		else
			for (const { during, label, nth, value } of from)
				this.wanted.set(`${during} ${label} ${nth}`, value);
	}

	/** Told of the run once it is built. */
	watch(play: Play): void {
		this.play = play;
	}

	pick(label: string, count: number): number {
		const during = this.during();
		const place = `${during} ${label}`;
		const nth = this.seen.get(place) ?? 0;
		this.seen.set(place, nth + 1);
		const value =
			this.inner?.pick(label, count) ?? this.wanted.get(`${place} ${nth}`) ?? 0;
		if (value === 0 || value >= count) return 0;
		this.anchors.push({ during, label, nth, value });
		return value;
	}

	private during(): string {
		const { play } = this;
		if (play === undefined) return "setup";
		const step = play.runner.step === 0 ? undefined : play.steps.at(-1);
		return step === undefined ? play.chapter : String(this.keys.of(step));
	}
}
