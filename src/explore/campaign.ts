/**
 * Many runs over the cores: faults and orders of the selected cases, and made-up stories steered by what they reach.
 *
 * A campaign goes in rounds. The jobs of a round follow from where the round began, so that a campaign tells the same whatever the number of workers
 * and however often it was interrupted: what is known is written whole after every job, and who begins again does only the jobs that are missing.
 */
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { SeededChoices } from "../base/choices.ts";
import { Source } from "../base/position.ts";
import { writeWhole } from "../report/write.ts";
import { loadText } from "../scenario/load.ts";
import { printCase } from "../scenario/print.ts";
import type { Case } from "../scenario/scenario.ts";
import { Crew, type CrewOptions, type Lost } from "./crew/crew.ts";
import { hash32 } from "./features.ts";
import { type Genome, mutated } from "./genome.ts";
import {
	type Answer,
	attemptOf,
	type Catch,
	type Job,
	type Seedling,
	sizeOf,
	storyOf,
} from "./job.ts";

export interface CampaignOptions extends CrewOptions {
	cases: readonly Case[];
	/** Kinds of faults, by name; none for orders and stories alone. */
	faults: readonly string[];
	/** Orders of turns drawn for each case. */
	orders: number;
	/** Made-up stories. */
	stories: number;
	seed: number;
	/** Most runs in all. */
	runs: number;
	/** Most wall-clock milliseconds. */
	time: number;
	/** Where what is known is kept; without it an interrupted campaign begins anew. */
	state?: string;
	/** A folder with stories that reached something: read at the start, added to. */
	corpus?: string;
	/** Runs of a job. */
	batch?: number;
	now(): number;
	interrupted?(): boolean;
	/** Told after every job. */
	onProgress?(campaign: Readonly<Progress>): void;
}

/** What is known of a finding: one for each signature. */
export interface Caught {
	signature: string;
	message: string;
	/** How many runs found it. */
	times: number;
	/** A scenario file that shows it: the first that was found, or what shrinking made of it. */
	text: string;
	shrunk: boolean;
	/** How often it was tried to shrink it. */
	tries: number;
}

/** A run from which a worker did not come back. */
export interface LostRun {
	how: "hung" | "died";
	message: string;
	/** A scenario file with the choices of the run, but for those of its seed. */
	text: string;
	seed: number;
}

/** Everything a campaign knows. Plain data: it is the state file. */
export interface Progress {
	schemaVersion: 1;
	kind: "campaign";
	/** Of the options and cases: another campaign does not go on with this state. */
	key: string;
	round: number;
	/** Jobs of this round that are done, and what their stories reached that no earlier round had. */
	done: { at: number; reached: { genome: Genome; features: number[] }[] }[];
	/** Runs, by what they were for. */
	runs: { faults: number; orders: number; stories: number; shrinking: number };
	/** Stories that ended before they were told. */
	unplayed: number;
	/** Where each case stands: places tried, places there are, orders drawn. */
	cases: { [id: string]: { tried: number; places?: number; orders: number } };
	storiesTold: number;
	/** Genomes that reached something new. */
	corpus: Genome[];
	features: number[];
	findings: Caught[];
	lost: LostRun[];
	/** Nothing is left to do. */
	finished: boolean;
	interrupted: boolean;
}

/** The state file cannot be gone on with. */
export class NoState extends Error {}

const BATCH = 25;
/** Jobs of a round, for each kind. */
const ROUND = 8;

export const runsOf = ({ runs }: Pick<Progress, "runs">): number =>
	runs.faults + runs.orders + runs.stories + runs.shrinking;

export async function campaign(options: CampaignOptions): Promise<Progress> {
	const progress = resumed(options) ?? begun(options);
	const seen = new Set(progress.features);
	readCorpus(options, progress);
	const crew = new Crew(options);
	const began = options.now();
	const stopped = () =>
		options.interrupted?.() === true ||
		options.now() - began >= options.time ||
		runsOf(progress) >= options.runs;
	const keep = () => {
		if (options.state !== undefined)
			writeWhole(options.state, `${JSON.stringify(progress)}\n`);
	};
	progress.interrupted = false;
	for (;;) {
		const jobs = jobsOf(options, progress);
		if (jobs.length === 0) {
			progress.finished = true;
			break;
		}
		const left = jobs
			.map((_, at) => at)
			.filter((at) => !progress.done.some((one) => one.at === at));
		await crew.work(
			left.map((at) => jobs[at] as Job),
			(index, answer, lost) => {
				const at = left[index] as number;
				const job = jobs[at] as Job;
				take(progress, job, answer, lost);
				progress.done.push({ at, reached: fresh(answer, seen) });
				keep();
				options.onProgress?.(progress);
			},
			stopped,
		);
		if (progress.done.length < jobs.length) {
			progress.interrupted = options.interrupted?.() === true;
			keep();
			break;
		}
		// Stories are judged new or not in the order of the jobs, not in that of their ends.
		for (const { reached } of progress.done.sort((a, b) => a.at - b.at))
			grow(options, progress, seen, reached);
		advance(progress, jobs);
		keep();
		await shrinkNew(crew, progress, keep, stopped);
		if (stopped()) {
			progress.interrupted = options.interrupted?.() === true;
			break;
		}
	}
	await shrinkNew(crew, progress, keep, () => options.interrupted?.() === true);
	keep();
	return progress;
}

function begun(options: CampaignOptions): Progress {
	return {
		schemaVersion: 1,
		kind: "campaign",
		key: keyOf(options),
		round: 0,
		done: [],
		runs: { faults: 0, orders: 0, stories: 0, shrinking: 0 },
		unplayed: 0,
		cases: {},
		storiesTold: 0,
		corpus: [],
		features: [],
		findings: [],
		lost: [],
		finished: false,
		interrupted: false,
	};
}

/** What makes two campaigns the same: budgets may differ. */
function keyOf({
	cases,
	faults,
	orders,
	stories,
	seed,
	setup,
	batch,
}: CampaignOptions): string {
	const told = JSON.stringify([
		cases.map(({ id }) => id),
		faults,
		orders,
		stories,
		seed,
		setup,
		batch,
	]);
	return hash32(told).toString(16);
}

function resumed(options: CampaignOptions): Progress | undefined {
	if (options.state === undefined) return undefined;
	let text: string;
	try {
		text = readFileSync(options.state, "utf8");
	} catch {
		return undefined;
	}
	const progress = readProgress(text);
	if (progress === undefined)
		throw new NoState(`${options.state} is no state of a campaign`);
	if (progress.key !== keyOf(options))
		throw new NoState(
			`${options.state} is of another campaign: take another file, or delete it`,
		);
	return progress;
}

/** A campaign's state or result; undefined when the text is none. */
export function readProgress(text: string): Progress | undefined {
	let value: Partial<Progress> | null;
	try {
		value = JSON.parse(text);
	} catch {
		return undefined;
	}
	return value?.schemaVersion === 1 && value.kind === "campaign"
		? (value as Progress)
		: undefined;
}

/** The jobs of the round that has begun: for each case some places and some orders, and some stories. */
function jobsOf(options: CampaignOptions, progress: Progress): Job[] {
	const batch = options.batch ?? BATCH;
	const jobs: Job[] = [];
	for (const story of options.cases) {
		const { tried, places, orders } = standing(progress, story);
		if (options.faults.length > 0 && (places === undefined || tried < places))
			jobs.push({
				kind: "faults",
				story,
				faults: options.faults,
				from: tried,
				to: tried + batch,
			});
		if (orders < options.orders)
			jobs.push({
				kind: "orders",
				story,
				from: options.seed + orders + 1,
				to: options.seed + Math.min(options.orders, orders + batch) + 1,
			});
	}
	const die = new SeededChoices(options.seed, `round ${progress.round}`);
	let left = options.stories - progress.storiesTold;
	for (let n = 0; n < ROUND && left > 0; n++, left -= batch) {
		const first = progress.storiesTold + n * batch;
		jobs.push({
			kind: "stories",
			seedlings: Array.from({ length: Math.min(batch, left) }, (_, index) =>
				seedling(options.seed + first + index + 1, progress.corpus, die),
			),
		});
	}
	return jobs;
}

/** Every second story is made from what reached something new before. */
function seedling(
	seed: number,
	corpus: readonly Genome[],
	die: SeededChoices,
): Seedling {
	if (corpus.length === 0 || die.pick("fresh", 2) === 0)
		return { genome: [], seed };
	const one = () => corpus[die.pick("parent", corpus.length)] as Genome;
	return { genome: mutated(one(), one(), die), seed };
}

function standing(progress: Progress, { id }: Case) {
	progress.cases[id] ??= { tried: 0, orders: 0 };
	return progress.cases[id];
}

/** What a job found. */
function take(
	progress: Progress,
	job: Job,
	answer: Answer,
	lost: readonly Lost[],
): void {
	if (job.kind !== "shrink") progress.runs[job.kind] += answer.runs;
	progress.unplayed += answer.unplayed;
	if (job.kind === "faults" && answer.places !== undefined)
		standing(progress, job.story).places = answer.places;
	for (const one of answer.caught) caught(progress, one);
	for (const one of lost) progress.lost.push(lostRun(one));
}

function caught(progress: Progress, { signature, message, text }: Catch): void {
	const known = progress.findings.find((one) => one.signature === signature);
	if (known !== undefined) known.times += 1;
	else
		progress.findings.push({
			signature,
			message,
			times: 1,
			text,
			shrunk: false,
			tries: 0,
		});
}

function lostRun({ job, index, how, message, picks }: Lost): LostRun {
	const attempt = attemptOf(job, index, undefined, picks);
	if (attempt === undefined) return { how, message, text: "", seed: 0 };
	const { story, plan } = attempt;
	return {
		how,
		message,
		text: printCase({
			...story,
			...(plan.picks.length > 0 ? { choices: plan.picks } : {}),
		}),
		seed: plan.seed ?? 0,
	};
}

/** What the stories of a job reached that no earlier round had reached. */
function fresh({ reached }: Answer, seen: ReadonlySet<number>) {
	return reached
		.map(({ genome, features }) => ({
			genome,
			features: features.filter((one) => !seen.has(one)),
		}))
		.filter(({ features }) => features.length > 0);
}

/** Shrink what was found first in this round. */
async function shrinkNew(
	crew: Crew,
	progress: Progress,
	keep: () => void,
	stopped: () => boolean,
): Promise<void> {
	const todo = progress.findings.filter(({ tries }) => tries === 0);
	const jobs = todo.flatMap(({ text, signature }): Job[] => {
		const loaded = loadText(new Source("found.yaml", text));
		const [story] = loaded.ok ? loaded.scenario.cases : [];
		if (story === undefined) return [];
		return [{ kind: "shrink", story, picks: story.choices ?? [], signature }];
	});
	await crew.work(
		jobs,
		(at, { runs, shrunk }, lost) => {
			progress.runs.shrinking += runs;
			const { signature } = jobs[at] as Extract<Job, { kind: "shrink" }>;
			const found = todo.find((one) => one.signature === signature);
			if (found === undefined) return;
			found.tries += 1;
			if (shrunk !== undefined && "text" in shrunk)
				Object.assign(found, { text: shrunk.text, shrunk: true });
			for (const one of lost) progress.lost.push(lostRun(one));
			keep();
		},
		stopped,
	);
}

/** Stories of a job that reached something new join the corpus. */
function grow(
	{ corpus }: CampaignOptions,
	progress: Progress,
	seen: Set<number>,
	reached: Progress["done"][number]["reached"],
): void {
	for (const { genome, features } of reached) {
		const unseen = features.filter((one) => !seen.has(one));
		if (unseen.length === 0) continue;
		for (const one of unseen) seen.add(one);
		progress.features.push(...unseen);
		progress.corpus.push(genome);
		if (corpus === undefined) continue;
		const name = hash32(genome.join()).toString(16).padStart(8, "0");
		mkdirSync(corpus, { recursive: true });
		const { text } = storyOf({ genome, seed: 0 });
		writeWhole(
			join(corpus, `${name}.yaml`),
			`# genome: ${genome.join(" ")}\n${text}`,
		);
	}
}

/** Stories of an earlier campaign are parents from the start. */
function readCorpus({ corpus }: CampaignOptions, progress: Progress): void {
	if (corpus === undefined || progress.round > 0) return;
	mkdirSync(corpus, { recursive: true });
	for (const name of readdirSync(corpus).sort()) {
		if (!name.endsWith(".yaml")) continue;
		const [first = ""] = readFileSync(join(corpus, name), "utf8").split("\n");
		const genes = /^# genome: ([\d ]+)$/.exec(first)?.[1];
		if (genes !== undefined) progress.corpus.push(genes.split(" ").map(Number));
	}
}

/** The round is over. */
function advance(progress: Progress, jobs: readonly Job[]): void {
	progress.round += 1;
	progress.done = [];
	for (const job of jobs) {
		if (job.kind === "stories") progress.storiesTold += sizeOf(job);
		if (job.kind === "faults") standing(progress, job.story).tried = job.to;
		if (job.kind === "orders")
			standing(progress, job.story).orders += job.to - job.from;
	}
}
