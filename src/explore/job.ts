/** What a worker is given to do, what it does, and what it answers. All of it is plain data. */
import type { Pick as Choice } from "../base/choices.ts";
import { Source } from "../base/position.ts";
import { FAULTS } from "../run/faults/index.ts";
import { loadText } from "../scenario/load.ts";
import { printCase } from "../scenario/print.ts";
import type { Case } from "../scenario/scenario.ts";
import { featuresOf, hash32 } from "./features.ts";
import { generate } from "./generate.ts";
import type { Genome } from "./genome.ts";
import { type Found, once, type Plan, type Setup } from "./once.ts";
import { shrink } from "./shrink.ts";
import { spread, strikes } from "./sweep.ts";

/** A story to be made: what it is made from, and what is chosen in its run. */
export interface Seedling {
	genome: Genome;
	seed: number;
}

export type Job =
	/** Some of the places where a fault can strike a case, by their number. */
	| {
			kind: "faults";
			story: Case;
			faults: readonly string[];
			from: number;
			to: number;
	  }
	/** Orders of turns, by seed. */
	| { kind: "orders"; story: Case; from: number; to: number }
	| { kind: "stories"; seedlings: readonly Seedling[] }
	| {
			kind: "shrink";
			story: Case;
			picks: readonly Choice[];
			signature: string;
	  };

/** A run that found something. */
export interface Catch {
	signature: string;
	message: string;
	/** A scenario file that shows it, with its choices. */
	text: string;
	story: Case;
	picks: readonly Choice[];
}

/** What one made-up story reached. */
export interface Reached {
	/** Of the job's list. */
	index: number;
	genome: Genome;
	text: string;
	features: readonly number[];
}

export interface Answer {
	runs: number;
	/** Runs that could not be played to their end as a story. */
	unplayed: number;
	caught: readonly Catch[];
	reached: readonly Reached[];
	/** Of `faults`: how many places there are in all. */
	places?: number;
	/** Of `shrink`: the file, or why there is none. */
	shrunk?: { text: string } | { why: string };
}

/** One run of a job, so that a worker that never comes back from it can be reported. */
export interface Attempt {
	story: Case;
	plan: Plan;
}

/** Does jobs one after another, and remembers what several jobs need. */
export class Hand {
	private readonly setup: Setup;
	/** Every way of every place of a case's plain run, by the case's id. */
	private readonly places = new Map<string, readonly Choice[]>();

	constructor(setup: Setup) {
		this.setup = setup;
	}

	/** `begins` is told of each run before it begins, by its number in the job; those of `except` are left out. */
	async work(
		job: Job,
		begins: (index: number, picks: readonly Choice[]) => void = () => {},
		except: readonly number[] = [],
	): Promise<Answer> {
		const { setup } = this;
		const answer = {
			runs: 0,
			unplayed: 0,
			caught: [] as Catch[],
			reached: [] as Reached[],
		};
		if (job.kind === "shrink") {
			begins(0, job.picks);
			const done = await shrink(job.story, job.picks, job.signature, setup, {
				runs: SHRINK_RUNS,
			});
			return {
				...answer,
				runs: done.runs,
				shrunk: "why" in done ? { why: done.why } : { text: done.text },
			};
		}
		const places = job.kind === "faults" ? await this.placesOf(job) : [];
		for (let index = 0; index < sizeOf(job); index++) {
			if (except.includes(index)) continue;
			const attempt = attemptOf(job, index, places);
			if (attempt === undefined) continue;
			begins(index, attempt.plan.picks);
			const run = await once(attempt.story, setup, attempt.plan);
			answer.runs += 1;
			for (const found of run.found)
				if (job.kind === "stories" && excused(attempt.story, found))
					answer.unplayed += 1;
				else answer.caught.push(caught(attempt.story, run.picks, found));
			if (job.kind === "stories") {
				const { genome, text } = storyOf(job.seedlings[index] as Seedling);
				answer.reached.push({ index, genome, text, features: featuresOf(run) });
			}
		}
		return job.kind === "faults"
			? { ...answer, places: places.length }
			: answer;
	}

	private async placesOf({
		story,
		faults,
	}: Extract<Job, { kind: "faults" }>): Promise<readonly Choice[]> {
		const known = this.places.get(story.id);
		if (known !== undefined) return known;
		const plain = await once(story, this.setup, { picks: [], faults });
		const places = [...spread(strikes(plain.places, {}))];
		this.places.set(story.id, places);
		return places;
	}
}

/** Most runs that shrinking a finding of a campaign takes. */
const SHRINK_RUNS = 600;

/** A made-up side that keeps to nothing may end its own story, and wait for answers that nobody owes it. */
function excused({ cast }: Case, { finding }: Found): boolean {
	return (
		Object.values(cast).includes("scripted") &&
		(finding === undefined ||
			(finding.rule === "expectation" && finding.hangs === undefined))
	);
}

const caught = (
	story: Case,
	picks: readonly Choice[],
	{ signature, message }: Found,
): Catch => ({
	signature,
	message,
	story,
	picks,
	text: printCase({
		...story,
		...(picks.length > 0 ? { choices: picks } : {}),
	}),
});

/** Runs of a job. */
export function sizeOf(job: Job): number {
	switch (job.kind) {
		case "faults":
		case "orders":
			return job.to - job.from;
		case "stories":
			return job.seedlings.length;
		case "shrink":
			return 1;
	}
}

/** The run of a job with this number; undefined when there is none. For faults the places must be known, or what was chosen. */
export function attemptOf(
	job: Job,
	index: number,
	places: readonly Choice[] = [],
	chosen?: readonly Choice[],
): Attempt | undefined {
	switch (job.kind) {
		case "faults": {
			const pick = places[job.from + index];
			const picks = chosen ?? (pick === undefined ? undefined : [pick]);
			return picks === undefined
				? undefined
				: { story: job.story, plan: { picks } };
		}
		case "orders":
			return {
				story: job.story,
				plan: { picks: [], seed: job.from + index },
			};
		case "stories": {
			const seedling = job.seedlings[index] as Seedling;
			const { text, genome } = storyOf(seedling);
			const loaded = loadText(new Source("generated.yaml", text));
			const [story] = loaded.ok ? loaded.scenario.cases : [];
			if (story === undefined) return undefined;
			return { story, plan: planOf(seedling, genome) };
		}
		case "shrink":
			return { story: job.story, plan: { picks: job.picks } };
	}
}

export const storyOf = ({ genome, seed }: Seedling) =>
	generate(genome, seed, "generated.story");

/** A third of the stories are told in a drawn order of turns, a third with a fault somewhere, the others plainly. */
function planOf({ seed }: Seedling, genome: Genome): Plan {
	const die = hash32(`${seed} ${genome.join()}`);
	const kind = FAULTS[(die >>> 3) % FAULTS.length];
	const picks: Choice[] =
		die % 3 === 0 && kind !== undefined
			? [
					{
						label: `fault.${kind.name}.${kind.backendOnly === true || (die >>> 9) % 2 === 0 ? "be" : "fe"}`,
						occurrence: (die >>> 10) % 24,
						value: 1 + ((die >>> 15) % kind.ways.length),
					},
				]
			: [];
	return { picks, seed: die % 3 === 1 ? die : 0 };
}
