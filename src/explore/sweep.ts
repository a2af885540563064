/**
 * Where a run can be made to go another way: each place where each fault can strike, and each turn that could have been another task's.
 *
 * The places are those of the plain run. They are gone through so that whatever the number of runs allows is spread: the kinds in turn, and of each
 * kind first the ends of the story, then what lies between.
 */
import type { Pick as Choice } from "../base/choices.ts";
import { FAULTS } from "../run/faults/index.ts";
import type { Case } from "../scenario/scenario.ts";
import type { Participant } from "../scenario/words.ts";
import type { CallName } from "../xen/call.ts";
import type { Place, Point } from "./once.ts";

/** Which strikes are wanted. */
export interface Wanted {
	/** Whose calls; all drivers' when nothing is said. */
	of?: readonly Participant[];
	/** Whether a fault at this call is wanted; every one when nothing is said. */
	at?(op: CallName): boolean;
}

export const ALL_FAULTS: readonly string[] = FAULTS.map(({ name }) => name);

/** The kinds that a scenario's `sweep` means: those that let a call fail. */
const REFUSALS: readonly string[] = FAULTS.filter(
	({ refuses }) => refuses === true,
).map(({ name }) => name);

/** The kinds that are tried on a case: those that are named; else what its `sweep` asks for, or all. */
export function faultsFor(
	{ sweep }: Case,
	named: readonly string[] | undefined,
): { kinds: readonly string[]; wanted: Wanted } {
	if (named !== undefined) return { kinds: named, wanted: {} };
	if (sweep === undefined) return { kinds: ALL_FAULTS, wanted: {} };
	const { of, at } = sweep;
	return {
		kinds: REFUSALS,
		wanted: {
			...(of.length === 0 ? {} : { of }),
			at: (op) => at.some((pattern) => fits(pattern, op)),
		},
	};
}

/** `grant.map`, `grant.*`, `*`. */
const fits = (pattern: string, op: string): boolean =>
	pattern.endsWith("*") ? op.startsWith(pattern.slice(0, -1)) : op === pattern;

/** Every way of every place that is wanted, in the order of the story. */
export function strikes(
	places: readonly Place[],
	{ of, at }: Wanted,
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
