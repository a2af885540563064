/** What a worker is given to do, what it does, and what it answers. All of it is plain data. */
import { type Pick as Choice, SeededChoices } from "../base/choices.ts";
import { Source } from "../base/position.ts";
import type { Outcome } from "../report/report.ts";
import { notRun } from "../run/case.ts";
import { FAULTS } from "../run/faults/index.ts";
import { loadText } from "../scenario/load.ts";
import { printCase } from "../scenario/print.ts";
import type { Case } from "../scenario/scenario.ts";
import { CaseProgram } from "./case-program.ts";
import { featuresOf, hash32 } from "./features.ts";
import { generate } from "./generate.ts";
import type { Genome } from "./genome.ts";
import { type Found, type Once, once, type Plan, type Setup } from "./once.ts";
import { Explorer, type Standing } from "./orders.ts";
import { Drawn, Priorities, Size } from "./sampled.ts";
import { shrink } from "./shrink.ts";
import { faultsFor, spread, strikes, switches } from "./sweep.ts";

/** A story to be made: what it is made from, and what is chosen in its run. */
export interface Seedling {
	genome: Genome;
	seed: number;
}

/** Kinds of faults, by name; undefined: what the scenario's `sweep` says, else all. */
type Kinds = { faults: readonly string[] | undefined };
/** Some of a list, by number. */
export type Part = { story: Case; from: number; to: number };
export type Window = "steps" | "all";

export type Job =
	/** The plain run: whether there is anything to explore, and how much. */
	| ({ kind: "plain"; story: Case; window: Window } & Kinds)
	/** Some of the places where a fault can strike a case. */
	| ({ kind: "faults" } & Part & Kinds)
	/** Two faults, drawn. */
	| ({ kind: "pairs"; seed: number } & Part & Kinds)
	/** Orders that matter, from where they stood on, up to so many in all. */
	| {
			kind: "orders";
			story: Case;
			how: "dpor" | "all";
			preemptions: number;
			window: Window;
			most: number;
			standing: Standing | undefined;
	  }
	/** The plain order with a single switch. */
	| ({ kind: "switches" } & Part)
	/** Orders drawn at random or by priority. */
	| ({
			kind: "sampled";
			how: "pct" | "random";
			depth: number;
			window: Window;
			seed: number;
	  } & Part)
	/** The whole run in a drawn order; the numbers are seeds. */
	| ({ kind: "drawn" } & Part)
	| { kind: "stories"; seedlings: readonly Seedling[] }
	| {
			kind: "shrink";
			story: Case;
			picks: readonly Choice[];
			signature: string;
	  };

/** What the plain run says of a case. */
export interface Plain {
	outcome: Outcome;
	reason?: string;
	/** Places times ways of the faults. */
	places: number;
	/** Single switches that there can be. */
	switches: number;
	/** Where orders are tried: what PCT reckons with. */
	tasks: number;
	turns: number;
}

/** A run that found something. */
export interface Catch {
	signature: string;
	message: string;
	/** Charged to the implementation, or an error of ours or the scenario. */
	outcome: Extract<Outcome, "failed" | "error">;
	/** The case's id. */
	in: string;
	/** A scenario file that shows it, with its choices. */
	text: string;
	picks: readonly Choice[];
	/** The faults that struck, as they are told. */
	struck: readonly string[];
	/** The command that plays it again. */
	command: string;
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
	/** Runs in which a fault that was to strike found no place: another one had changed the story before. */
	missed: number;
	caught: readonly Catch[];
	reached: readonly Reached[];
	plain?: Plain;
	/** Of `orders`: where they stand now; undefined when they were given up because a worker was lost. */
	standing?: Standing;
	/** Of `shrink`: the file, or why there is none. */
	shrunk?: { text: string } | { why: string };
}

type Begins = (index: number, picks: readonly Choice[]) => void;

/** One run of a job. */
interface Attempt {
	/** What is chosen beforehand; more may be drawn. */
	picks: readonly Choice[];
	play(): Promise<Once>;
}

/** What several jobs on a case need of its plain run. */
interface About {
	plain: Once;
	places: readonly Choice[];
	switches: readonly Choice[];
}

/** Does jobs one after another, and remembers what several of them need. */
export class Hand {
	private readonly setup: Setup;
	private readonly cases = new Map<string, About>();
	private readonly sizes = new Map<string, Size>();

	constructor(setup: Setup) {
		this.setup = setup;
	}

	/** `begins` is told of each run before it begins: its number in the job, and what is chosen beforehand; those of `except` are left out. */
	async work(
		job: Job,
		begins: Begins = () => {},
		except: readonly number[] = [],
	): Promise<Answer> {
		const answer = {
			runs: 0,
			unplayed: 0,
			missed: 0,
			caught: [] as Catch[],
			reached: [] as Reached[],
		};
		if (job.kind === "shrink") {
			if (except.length > 0) return answer;
			begins(0, job.picks);
			return { ...answer, ...(await this.shrunk(job)) };
		}
		const note = (run: Once, story: Case, wanted = 0) => {
			answer.runs += 1;
			if (run.struck.length < wanted) answer.missed += 1;
			for (const found of run.found)
				if (job.kind === "stories" && excused(story, found))
					answer.unplayed += 1;
				else answer.caught.push(caught(story, run, found));
		};
		if (job.kind === "orders") {
			// The order from which a worker did not come back cannot be left out of those that follow from it.
			if (except.length > 0) return answer;
			const { standing } = await this.orders(job, begins, note);
			return { ...answer, standing };
		}
		for (let index = 0; index < sizeOf(job); index++) {
			if (except.includes(index)) continue;
			const story = storyAt(job, index);
			const attempt = story && (await this.attempt(job, story, index));
			if (story === undefined || attempt === undefined) continue;
			begins(index, attempt.picks);
			const run = await attempt.play();
			note(run, story, STRIKES[job.kind] ?? 0);
			if (job.kind === "stories") {
				const { genome, text } = storyOf(job.seedlings[index] as Seedling);
				answer.reached.push({ index, genome, text, features: featuresOf(run) });
			}
			if (job.kind === "plain")
				return { ...answer, plain: await this.plain(job, run) };
		}
		return answer;
	}

	/** The run of a job with this number; undefined when there is none. */
	private async attempt(
		job: Exclude<Job, { kind: "orders" | "shrink" }>,
		story: Case,
		index: number,
	): Promise<Attempt | undefined> {
		const { setup } = this;
		const planned = (plan: Plan): Attempt => ({
			picks: plan.picks,
			play: () => once(story, setup, plan),
		});
		const single = (pick: Choice | undefined) =>
			pick && planned({ picks: [pick] });
		switch (job.kind) {
			case "plain":
				return {
					picks: [],
					play: async () => (await this.about(job)).plain,
				};
			case "faults":
				return single((await this.about(job)).places[job.from + index]);
			case "switches": {
				const about = await this.about({ story, faults: [] });
				return single(about.switches[job.from + index]);
			}
			case "pairs": {
				const { places } = await this.about(job);
				const die = dieOf(job, index);
				const picks = [0, 1].map(
					() => places[die.pick("pair", places.length)] as Choice,
				);
				return planned({ picks });
			}
			case "sampled": {
				const { how, depth, window } = job;
				const die = dieOf(job, index);
				const watcher =
					how === "pct"
						? new Priorities(die, depth, (await this.size(story, window)).turns)
						: new Drawn(die);
				const program = new CaseProgram(story, setup, { picks: [], window });
				return { picks: [], play: () => program.play(watcher) };
			}
			case "drawn":
				return planned({ picks: [], seed: job.from + index });
			case "stories": {
				const seedling = job.seedlings[index] as Seedling;
				return planned(planOf(seedling, storyOf(seedling).genome));
			}
		}
	}

	private async orders(
		{ story, how, preemptions, window, most, standing }: OrdersJob,
		begins: Begins,
		note: (run: Once, story: Case) => void,
	): Promise<Explorer<Once>> {
		const program = new CaseProgram(story, this.setup, { picks: [], window });
		const options = { how, preemptions, most };
		const explorer = new Explorer(program, options, standing);
		let index = 0;
		begins(index, []);
		for await (const run of explorer.runs()) {
			note(run, story);
			begins(++index, []);
		}
		return explorer;
	}

	private async shrunk({
		story,
		picks,
		signature,
	}: Extract<Job, { kind: "shrink" }>): Promise<
		Pick<Answer, "runs" | "shrunk">
	> {
		const done = await shrink(story, picks, signature, this.setup, {
			runs: SHRINK_RUNS,
		});
		return {
			runs: done.runs,
			shrunk: "why" in done ? { why: done.why } : { text: done.text },
		};
	}

	private async plain(
		job: Extract<Job, { kind: "plain" }>,
		{ outcome, report }: Once,
	): Promise<Plain> {
		const { places, switches } = await this.about(job);
		const { tasks, turns } =
			outcome === "passed"
				? await this.size(job.story, job.window)
				: new Size();
		return {
			outcome,
			...(report.reason === undefined ? {} : { reason: report.reason }),
			places: places.length,
			switches: switches.length,
			tasks: tasks.size,
			turns,
		};
	}

	private async about({
		story,
		faults,
	}: { story: Case } & Kinds): Promise<About> {
		const key = `${story.id} ${faults?.join()}`;
		const known = this.cases.get(key);
		if (known !== undefined) return known;
		const { kinds, wanted } = faultsFor(story, faults);
		const plain = await once(story, this.setup, { picks: [], faults: kinds });
		const about = {
			plain,
			places: [...spread(strikes(plain.places, wanted))],
			switches: [...spread(switches(plain.points))],
		};
		this.cases.set(key, about);
		return about;
	}

	private async size(story: Case, window: Window): Promise<Size> {
		const key = `${story.id} ${window}`;
		const known = this.sizes.get(key);
		if (known !== undefined) return known;
		const size = new Size();
		const program = new CaseProgram(story, this.setup, { picks: [], window });
		if (notRun(story, this.setup as Parameters<typeof notRun>[1]) === undefined)
			await program.play(size);
		this.sizes.set(key, size);
		return size;
	}
}

/** Draws one run of many: the same for its number, whatever job it is in. */
const dieOf = (
	job: Extract<Job, { kind: "pairs" | "sampled" }>,
	index: number,
): SeededChoices =>
	new SeededChoices(
		job.seed + job.from + index,
		`${job.story.id} ${job.kind === "pairs" ? "pairs" : job.how}`,
	);

type OrdersJob = Extract<Job, { kind: "orders" }>;

/** Faults that a run of this kind was to have. */
const STRIKES: Partial<Record<Job["kind"], number>> = { faults: 1, pairs: 2 };

/** Most runs that shrinking a finding takes. */
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
	{ picks, outcome, struck, report }: Once,
	{ signature, message }: Found,
): Catch => ({
	signature,
	message,
	outcome: outcome === "failed" ? "failed" : "error",
	in: story.id,
	text: withChoices(story, picks),
	picks,
	struck: struck.map(({ text }) => text),
	command: report.command,
});

/** The scenario file of a case with these choices. */
export const withChoices = (story: Case, picks: readonly Choice[]): string =>
	printCase({ ...story, ...(picks.length > 0 ? { choices: picks } : {}) });

/** Runs of a job, at most. */
export function sizeOf(job: Job): number {
	switch (job.kind) {
		case "plain":
		case "shrink":
			return 1;
		case "orders":
			return job.most - (job.standing?.explored.runs ?? 0);
		case "stories":
			return job.seedlings.length;
		default:
			return job.to - job.from;
	}
}

/** The story of a job's run with this number. */
export function storyAt(job: Job, index: number): Case | undefined {
	if (job.kind !== "stories") return job.story;
	const { text } = storyOf(job.seedlings[index] as Seedling);
	const loaded = loadText(new Source("generated.yaml", text));
	return loaded.ok ? loaded.scenario.cases[0] : undefined;
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
