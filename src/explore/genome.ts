/**
 * A story that nobody wrote is made of choices, and the list of their answers is all there is to know of it: its genome. Another list makes another
 * story, and whatever the list is the story is one that can be played: an answer is taken modulo what was asked.
 */
import { type Choices, SeededChoices } from "../base/choices.ts";

/** Answers in the order they were asked for, each 0 to 2³¹-1. */
export type Genome = readonly number[];

/** The choices of a genome, and beyond its end those of a seed. Notes what was answered. */
export class GenomeChoices implements Choices {
	readonly genes: number[] = [];
	private readonly genome: Genome;
	private readonly beyond: Choices;

	constructor(genome: Genome, seed: number) {
		this.genome = genome;
		this.beyond = new SeededChoices(seed, "genome");
	}

	pick(label: string, count: number): number {
		const given = this.genome[this.genes.length];
		const value =
			given === undefined ? this.beyond.pick(label, count) : given % count;
		this.genes.push(value);
		return value;
	}

	/** One of a list. */
	one<T>(label: string, list: readonly T[]): T {
		return list[this.pick(label, list.length)] as T;
	}

	/** Whether something happens that happens `times` out of 100. Gene 0 is no. */
	chance(label: string, times: number): boolean {
		return this.pick(label, 100) >= 100 - times;
	}
}

/** Another genome from one or two that reached something new: some genes changed, the rest cut off, or the tail of the other. */
export function mutated(parent: Genome, other: Genome, die: Choices): number[] {
	const at = (length: number) => die.pick("at", Math.max(1, length));
	const genes = [...parent];
	switch (die.pick("mutation", 4)) {
		case 0:
			return genes.slice(0, at(genes.length));
		case 1:
			return [
				...genes.slice(0, at(genes.length)),
				...other.slice(at(other.length)),
			];
		case 2: {
			const from = at(genes.length);
			genes.splice(from, die.pick("length", 8));
			return genes;
		}
		default:
			for (let times = 1 + die.pick("times", 4); times > 0; times--)
				genes[at(genes.length)] = die.pick("gene", 0x7fff_ffff);
			return genes;
	}
}
