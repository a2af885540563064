/**
 * The fault sweep: a case once for each place where each fault can strike, then with two faults.
 *
 * The places are those of the plain run. They are gone through so that whatever the number of runs allows is spread: the kinds in turn, and of each
 * kind first the ends of the story, then what lies between. Of pairs there are too many for all, so they are drawn.
 */
import { type Pick as Choice, SeededChoices } from "../base/choices.ts";
import type { Case } from "../scenario/scenario.ts";
import type { Participant } from "../scenario/words.ts";
import type { CallName } from "../xen/call.ts";
import { type Once, once, type Place, type Point, type Setup } from "./once.ts";

export interface SweepOptions {
	/** Kinds of faults, by name. */
	faults: readonly string[];
	/** Whose calls; all drivers' when nothing is said. */
	of?: readonly Participant[];
	/** Whether a fault at this call is wanted; every one when nothing is said. */
	at?(op: CallName): boolean;
	/** Most runs with one fault. */
	singles: number;
	/** Runs with two faults, once every place was tried. */
	pairs: number;
	/** Draws the pairs. */
	seed: number;
}

/** How far a sweep came. */
export interface Swept {
	/** Places times ways: what there is to try. */
	places: number;
	tried: number;
	/** Of pairs. */
	pairs: number;
	/** Runs in which a fault that was to strike found no place: another one had changed the story before. */
	missed: number;
	/** Every place was tried. */
	finished: boolean;
}

/** Runs the sweep and hands out each run. Stops when asked no more. */
export async function* sweep(
	story: Case,
	setup: Setup,
	plain: Once,
	options: SweepOptions,
	swept: Swept,
): AsyncGenerator<Once, void, void> {
	const wanted = strikes(plain.places, options);
	swept.places = wanted.length;
	const labels = new Map<string, number>();
	for (const { label, occurrence } of plain.places)
		labels.set(label, occurrence + 1);
	for (const pick of spread(wanted)) {
		if (swept.tried >= options.singles) return;
		const run = await once(story, setup, { picks: [pick] });
		swept.tried += 1;
		if (run.struck.length < 1) swept.missed += 1;
		yield run;
	}
	swept.finished = true;
	if (wanted.length === 0) return;
	const die = new SeededChoices(options.seed, `${story.id} pairs`);
	while (swept.pairs < options.pairs) {
		const picks = [0, 1].map(
			() => wanted[die.pick("pair", wanted.length)] as Choice,
		);
		const run = await once(story, setup, { picks });
		swept.pairs += 1;
		if (run.struck.length < 2) swept.missed += 1;
		yield run;
	}
}

/** Every way of every place that is wanted, in the order of the story. */
export function strikes(
	places: readonly Place[],
	{ of, at }: Pick<SweepOptions, "of" | "at">,
): Choice[] {
	return ways(
		places.filter(
			({ label, op }) =>
				(at?.(op) ?? true) &&
				(of === undefined || of.some((who) => label.endsWith(`.${who}`))),
		),
	);
}

/** Every single switch of an order: at one point another of the tasks that could move does, and then the order goes on by itself. */
export const switches = (points: readonly Point[]): Choice[] =>
	ways(points.filter(({ label }) => label === "turn"));

/** What could have been chosen at these points, but for 0. */
const ways = (points: readonly Point[]): Choice[] =>
	points.flatMap(({ label, occurrence, count }) =>
		Array.from({ length: count - 1 }, (_, way) => ({
			label,
			occurrence,
			value: way + 1,
		})),
	);

/** The labels in turn; of each label the first, the last, the middle, the quarters, … */
export function* spread(picks: readonly Choice[]): Generator<Choice> {
	const byLabel = new Map<string, Choice[]>();
	for (const pick of picks) {
		const list = byLabel.get(pick.label);
		if (list === undefined) byLabel.set(pick.label, [pick]);
		else list.push(pick);
	}
	let turns = [...byLabel.values()].map((list) => halving(list));
	while (turns.length > 0) {
		const left: typeof turns = [];
		for (const turn of turns) {
			const next = turn.next();
			if (next.done === true) continue;
			yield next.value;
			left.push(turn);
		}
		turns = left;
	}
}

function* halving<T>(list: readonly T[]): Generator<T> {
	if (list.length === 0) return;
	yield list[0] as T;
	if (list.length === 1) return;
	yield list.at(-1) as T;
	const gaps: [number, number][] = [[0, list.length - 1]];
	for (const [low, high] of gaps) {
		const middle = (low + high) >> 1;
		if (middle === low) continue;
		yield list[middle] as T;
		gaps.push([low, middle], [middle, high]);
	}
}
