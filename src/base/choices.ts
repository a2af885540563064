/**
 * The die. Every choice of a run, whose turn it is and whether a fault strikes, is asked of `pick`. Pick 0 is always the plain
 * story. Random, replayed and enumerated runs differ only in who answers.
 */
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";

export interface Choices {
	/** One of 0 … count-1. `label` says what is chosen; a replay names a choice by label and occurrence. */
	pick(label: string, count: number): number;
}

/** A choice that was not 0: enough, with the scenario, to run the same story again. */
export interface Pick {
	label: string;
	/** How many choices of this label came before it. */
	occurrence: number;
	value: number;
}

/** The plain story: the same task goes on, no fault strikes. */
export class PlainChoices implements Choices {
	pick(): number {
		return 0;
	}
}

/** Random choices from a seed. Each case has its own die, seeded from the run's seed and the case's id. */
export class SeededChoices implements Choices {
	private readonly generator: ReturnType<typeof xoroshiro128plus>;

	constructor(seed: number, id: string) {
		this.generator = xoroshiro128plus(mix(seed, id));
	}

	pick(_label: string, count: number): number {
		return (this.generator.next() >>> 0) % count;
	}
}

/** How many choices of a label came before. */
export class Occurrences {
	private readonly seen = new Map<string, number>();

	next(label: string): number {
		const occurrence = this.seen.get(label) ?? 0;
		this.seen.set(label, occurrence + 1);
		return occurrence;
	}
}

/** Says again what was recorded, and 0 wherever nothing was. */
export class ReplayedChoices implements Choices {
	/** Values by label and occurrence. */
	private readonly picks = new Map<string, Map<number, number>>();
	private readonly seen = new Occurrences();

	constructor(picks: readonly Pick[]) {
		for (const { label, occurrence, value } of picks) {
			const named = this.picks.get(label);
			if (named === undefined)
				this.picks.set(label, new Map([[occurrence, value]]));
			else named.set(occurrence, value);
		}
	}

	pick(label: string, count: number): number {
		const named = this.picks.get(label);
		if (named === undefined) return 0;
		const value = named.get(this.seen.next(label)) ?? 0;
		// A shrunk or older story may name a choice that has become smaller.
		return value < count ? value : 0;
	}
}

/** Notes every choice that was not 0. */
export class RecordedChoices implements Choices {
	readonly picks: Pick[] = [];
	private readonly inner: Choices;
	private readonly seen = new Occurrences();

	constructor(inner: Choices) {
		this.inner = inner;
	}

	pick(label: string, count: number): number {
		const occurrence = this.seen.next(label);
		const value = this.inner.pick(label, count);
		if (!(Number.isInteger(value) && value >= 0 && value < count))
			throw new RangeError(
				`the die answered ${value} where 0 to ${count - 1} was asked`,
			);
		if (value !== 0) this.picks.push({ label, occurrence, value });
		return value;
	}
}

/** `turn:3=1,turn:9=2`: how a command line writes picks. */
export function formatPicks(picks: readonly Pick[]): string {
	return picks
		.map(({ label, occurrence, value }) => `${label}:${occurrence}=${value}`)
		.join(",");
}

export function parsePicks(text: string): Pick[] | { error: string } {
	const picks: Pick[] = [];
	for (const part of text.split(",").filter((p) => p.trim() !== "")) {
		const match = /^([a-z][a-z0-9.-]*):(\d{1,9})=(\d{1,9})$/.exec(part.trim());
		if (match === null)
			return { error: `"${part.trim()}" is not LABEL:OCCURRENCE=VALUE` };
		picks.push({
			label: match[1] as string,
			occurrence: Number(match[2]),
			value: Number(match[3]),
		});
	}
	return picks;
}

/** 32 bits of FNV-1a over the seed and the id: near ids give unrelated dice. */
function mix(seed: number, id: string): number {
	let hash = 0x811c9dc5 ^ seed;
	for (let i = 0; i < id.length; i++)
		hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193);
	hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
	return (hash ^ (hash >>> 13)) | 0;
}
