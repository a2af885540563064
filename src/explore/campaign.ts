/**
 * The exploration of cases, many runs over the cores: faults and pairs of them, orders that matter and orders that are drawn, and made-up stories steered
 * by what they reach.
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
import type { Case } from "../scenario/scenario.ts";
import type { Lost, Workforce } from "./crew/crew.ts";
import { hash32 } from "./features.ts";
import { type Genome, mutated } from "./genome.ts";
import {
	type Answer,
	type Catch,
	type Job,
	type Seedling,
	sizeOf,
	storyAt,
	storyOf,
	withChoices,
} from "./job.ts";
import {
	type CaseStanding,
	jobsFor,
	type Noted,
	note,
	noted,
	type Share,
	untried,
	type Ways,
} from "./rounds.ts";

export interface CampaignOptions extends Ways {
	cases: readonly Case[];
	crew: Workforce;
	/** Who plays, by what and with whom: another one is another campaign. */
	under: unknown;
	/** Made-up stories. */
	stories: number;
	/** Most runs in all, but for those that shrink what was found. */
	runs: number;
	/** Most wall-clock milliseconds. */
	time: number;
	/** Where what is known is kept; without it an interrupted campaign begins anew. */
	state?: string;
	/** A folder with stories that reached something: read at the start, added to. */
	corpus?: string;
	/** Whether what is found is shrunk; it is when nothing is said. */
	shrinking?: boolean;
	/** Most runs of a job. */
	batch?: number;
	now(): number;
	interrupted?(): boolean;
	/** Told after every job. */
	onProgress?(campaign: Readonly<Progress>): void;
}

/** What is known of a finding: one for each signature. */
export interface Caught extends Catch {
	/** How many runs found it. */
	times: number;
	/** `text` is what shrinking made of it; else the first that was found. */
	shrunk: boolean;
	/** How often it was tried to shrink it. */
	tries: number;
}

/** A run from which a worker did not come back. */
export interface LostRun {
	how: "hung" | "died";
	message: string;
	/** A scenario file with the choices of the run. */
	text: string;
}

/** Runs are counted by what they were for. */
export const RUN_KINDS = [
	"plain",
	"faults",
	"pairs",
	"orders",
	"switches",
	"sampled",
	"drawn",
	"stories",
] as const;

/** Everything a campaign knows. Plain data: it is the state file. */
export interface Progress {
	schemaVersion: 1;
	kind: "campaign";
	/** Of the options and cases: another campaign does not go on with this state. */
	key: string;
	round: number;
	/** Jobs of this round that are done, and what their stories reached that no earlier round had. */
	done: {
		at: number;
		noted: Noted;
		reached: { genome: Genome; features: number[] }[];
	}[];
	/** The budget of this round, from its beginning. */
	left: number;
	runs: { [kind in (typeof RUN_KINDS)[number] | "shrinking"]: number };
	/** Stories that ended before they were told. */
	unplayed: number;
	/** Where each case stands, by its id. */
	cases: { [id: string]: CaseStanding };
	storiesTold: number;
	/** Genomes that reached something new. */
	corpus: Genome[];
	features: number[];
	findings: Caught[];
	lost: LostRun[];
	/** Nothing is left to do but to draw more orders. */
	finished: boolean;
	interrupted: boolean;
}

/** The state file cannot be gone on with. */
export class NoState extends Error {}

const BATCH = 25;
/** Jobs of a round that tell made-up stories, and of each way when there is one case. */
const ROUND = 8;

/** All runs but those that shrink what was found. */
export const runsOf = ({ runs }: Pick<Progress, "runs">): number =>
	RUN_KINDS.reduce((sum, kind) => sum + runs[kind], 0);

export async function campaign(options: CampaignOptions): Promise<Progress> {
	try {
		return await waged(options);
	} finally {
		await options.crew.end();
	}
}

async function waged(options: CampaignOptions): Promise<Progress> {
	const progress = resumed(options) ?? begun(options);
	const seen = new Set(progress.features);
	readCorpus(options, progress);
	const { crew } = options;
	const began = options.now();
	const stopped = () =>
		options.interrupted?.() === true || options.now() - began >= options.time;
	const keep = () => {
		if (options.state !== undefined)
			writeWhole(options.state, `${JSON.stringify(progress)}\n`);
	};
	progress.interrupted = false;
	for (;;) {
		if (progress.done.length === 0)
			progress.left = options.runs - runsOf(progress);
		const { jobs, finished } = jobsOf(options, progress);
		progress.finished = finished;
		if (jobs.length === 0) break;
		const left = jobs
			.map((_, at) => at)
			.filter((at) => !progress.done.some((one) => one.at === at));
		await crew.work(
			left.map((at) => jobs[at] as Job),
			(index, answer, lost) => {
				const at = left[index] as number;
				const job = jobs[at] as Job;
				take(progress, job, answer, lost);
				const reached = fresh(answer, seen);
				progress.done.push({ at, noted: noted(answer), reached });
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
		// In the order of the jobs, not in that of their ends.
		for (const { at, noted, reached } of progress.done.sort(
			(a, b) => a.at - b.at,
		)) {
			const job = jobs[at] as Job;
			if (job.kind === "stories") progress.storiesTold += sizeOf(job);
			else note(progress.cases[job.story.id] as CaseStanding, job, noted);
			grow(options, progress, seen, reached);
		}
		progress.round += 1;
		progress.done = [];
		keep();
		if (options.shrinking !== false)
			await shrinkNew(crew, progress, keep, stopped);
		if (stopped()) {
			progress.interrupted = options.interrupted?.() === true;
			break;
		}
	}
	if (options.shrinking !== false)
		await shrinkNew(
			crew,
			progress,
			keep,
			() => options.interrupted?.() === true,
		);
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
		left: 0,
		runs: {
			plain: 0,
			faults: 0,
			pairs: 0,
			orders: 0,
			switches: 0,
			sampled: 0,
			drawn: 0,
			stories: 0,
			shrinking: 0,
		},
		unplayed: 0,
		cases: Object.fromEntries(options.cases.map(({ id }) => [id, untried()])),
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
function keyOf(options: CampaignOptions): string {
	const { cases, stories, batch, under } = options;
	const { faults, pairs, orders, preemptions, depth, window, drawn, seed } =
		options;
	const told = JSON.stringify([
		cases.map(({ id }) => id),
		[faults, pairs, orders, preemptions, depth, window, drawn, seed],
		[stories, batch, under],
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
	// JSON has no infinity.
	progress.left ??= Number.POSITIVE_INFINITY;
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

/** The jobs of the round that has begun: some of each way that is open of each case, and some stories; no more runs than are left. */
function jobsOf(
	options: CampaignOptions,
	progress: Progress,
): { jobs: Job[]; finished: boolean } {
	const batch = options.batch ?? BATCH;
	const parts = Math.max(
		1,
		Math.floor(ROUND / Math.max(1, options.cases.length)),
	);
	const open = openAt(options, progress, { batch, parts });
	const all = [...open.jobs, ...open.endless];
	const enough = all.reduce((sum, job) => sum + sizeOf(job), 0);
	return {
		jobs: enough <= progress.left ? all : lastOf(options, progress, batch),
		finished: open.jobs.length === 0,
	};
}

/** What is left of the runs, shared among all ways. */
function lastOf(
	options: CampaignOptions,
	progress: Progress,
	batch: number,
): Job[] {
	const sized = (batch: number) => {
		const { jobs, endless } = openAt(options, progress, { batch, parts: 1 });
		return [...jobs, ...endless];
	};
	let { left } = progress;
	const share = Math.floor(left / Math.max(1, sized(batch).length));
	return sized(Math.min(batch, Math.max(1, share))).filter((job) => {
		left -= sizeOf(job);
		return left >= 0;
	});
}

function openAt(options: CampaignOptions, progress: Progress, share: Share) {
	const { batch } = share;
	const jobs: Job[] = [];
	const endless: Job[] = [];
	for (const story of options.cases) {
		const standing = progress.cases[story.id] as CaseStanding;
		const open = jobsFor(story, standing, options, share);
		jobs.push(...open.jobs);
		endless.push(...open.endless);
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
	return { jobs, endless };
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

/** What a job found. How far its case came is noted when the round is over: the jobs of a round follow from where it began. */
function take(
	progress: Progress,
	job: Job,
	answer: Answer,
	lost: readonly Lost[],
): void {
	progress.runs[job.kind === "shrink" ? "shrinking" : job.kind] += answer.runs;
	progress.unplayed += answer.unplayed;
	for (const one of answer.caught) caught(progress, one);
	for (const one of lost) progress.lost.push(lostRun(one));
}

function caught(progress: Progress, one: Catch): void {
	const known = progress.findings.find(
		({ signature }) => signature === one.signature,
	);
	if (known !== undefined) known.times += 1;
	else progress.findings.push({ ...one, times: 1, shrunk: false, tries: 0 });
}

function lostRun({ job, index, how, message, picks }: Lost): LostRun {
	const story = storyAt(job, index);
	const text = story === undefined ? "" : withChoices(story, picks);
	return { how, message, text };
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
	crew: Workforce,
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
