/** The workers of a campaign, seen from outside: one that hangs or dies is ended, what it was at is told, and another does the rest of its job. */
import { Worker } from "node:worker_threads";
import type { Pick as Choice } from "../../base/choices.ts";
import type { Answer, Job } from "../job.ts";
import {
	AT,
	BEAT,
	type FromWorker,
	LENGTH,
	PROGRESS_WORDS,
	type ToWorker,
	TRAIL,
	type WorkerSetup,
} from "./protocol.ts";

/** Who does the jobs of a campaign. */
export interface Workforce {
	/** Do the jobs; `done` is called as each ends. Once it is stopped no other is begun. */
	work(
		jobs: readonly Job[],
		done: (at: number, answer: Answer, lost: readonly Lost[]) => void,
		stopped: () => boolean,
	): Promise<void>;
	/** There will be no more jobs. */
	end(): Promise<void>;
}

/** A run from which a worker did not come back. */
export interface Lost {
	job: Job;
	/** Its number in the job. */
	index: number;
	how: "hung" | "died";
	message: string;
	/** What was chosen in it. */
	picks: readonly Choice[];
}

export interface CrewOptions {
	script: string;
	setup: Omit<WorkerSetup, "progress">;
	workers: number;
	/** Wall-clock milliseconds without a turn of any task after which a worker hangs. */
	patience: number;
}

/** A run leaves little behind that the next one needs: with room for some of them the collector has a tenth less to do. */
const YOUNG_MEGABYTES = 96;

/** A worker could not be started at all. */
export class Unusable extends Error {}

/** Milliseconds between two looks at a worker. */
const LOOK = 100;

export class Crew implements Workforce {
	/** They stay from one call to the next: a new worker runs for seconds before its code is compiled well. */
	private readonly members: readonly Member[];

	constructor(options: CrewOptions) {
		this.members = Array.from(
			{ length: options.workers },
			() => new Member(options),
		);
	}

	/** Each job by the next worker that is free. Throws Unusable. */
	async work(
		jobs: readonly Job[],
		done: (at: number, answer: Answer, lost: readonly Lost[]) => void,
		stopped: () => boolean,
	): Promise<void> {
		let next = 0;
		const busy = this.members.map(async (member) => {
			while (next < jobs.length && !stopped()) {
				const at = next++;
				const { answer, lost } = await member.work(jobs[at] as Job);
				done(at, answer, lost);
			}
		});
		await Promise.all(busy);
	}

	async end(): Promise<void> {
		await Promise.all(this.members.map((member) => member.end()));
	}
}

type Heard =
	| Exclude<FromWorker, { kind: "begins" | "label" }>
	| { kind: "hung" | "died"; message: string };

class Member {
	private readonly options: CrewOptions;
	private worker: Worker | undefined;
	private words = progressWords();
	/** Chosen beforehand in the run that began last. */
	private planned: readonly Choice[] = [];
	/** By their numbers in the worker's trail. */
	private labels: string[] = [];

	constructor(options: CrewOptions) {
		this.options = options;
	}

	async work(job: Job): Promise<{ answer: Answer; lost: Lost[] }> {
		const lost: Lost[] = [];
		for (;;) {
			const worker = await this.ready();
			const except = lost.map(({ index }) => index);
			const heard = await this.hear(worker, () =>
				worker.postMessage({ job, except } satisfies ToWorker),
			);
			if (heard.kind === "done") return { answer: heard.answer, lost };
			if (heard.kind === "ready" || heard.kind === "unusable")
				throw new Error(`a worker says ${heard.kind} in the middle of a job`);
			// The answers of the runs before went with the worker: they are made again.
			lost.push({
				job,
				index: Atomics.load(this.words, AT),
				how: heard.kind,
				message: heard.message,
				picks: this.trail(),
			});
			await this.end();
		}
	}

	/** What was chosen in the run that began last, or was to be. */
	private trail(): Choice[] {
		const { words } = this;
		const trail = Array.from(
			{ length: Atomics.load(words, LENGTH) },
			(_, at) => {
				const [number = 0, occurrence = 0, value = 0] = words.subarray(
					TRAIL + 3 * at,
				);
				return { label: this.labels[number] ?? "", occurrence, value };
			},
		);
		const met = new Set(trail.map((one) => `${one.label}:${one.occurrence}`));
		return [
			...trail,
			...this.planned.filter(
				(one) => !met.has(`${one.label}:${one.occurrence}`),
			),
		];
	}

	async end(): Promise<void> {
		const { worker } = this;
		this.worker = undefined;
		await worker?.terminate();
	}

	private async ready(): Promise<Worker> {
		if (this.worker !== undefined) return this.worker;
		this.words = progressWords();
		this.labels = [];
		const { script, setup } = this.options;
		const worker = new Worker(script, {
			workerData: {
				...setup,
				progress: this.words.buffer,
			} satisfies WorkerSetup,
			stdout: true,
			stderr: true,
			resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MEGABYTES },
		});
		// What a module prints belongs to nobody's report.
		worker.stdout.resume();
		worker.stderr.resume();
		this.worker = worker;
		const heard = await this.hear(worker, () => {});
		if (heard.kind === "ready") return worker;
		await this.end();
		throw new Unusable("message" in heard ? heard.message : heard.kind);
	}

	/** What comes of something that was asked: an answer, the worker's end, or nothing for too long. */
	private hear(worker: Worker, ask: () => void): Promise<Heard> {
		return new Promise((resolve) => {
			let beat = Atomics.load(this.words, BEAT);
			let silent = 0;
			const timer = setInterval(() => {
				const now = Atomics.load(this.words, BEAT);
				silent = now === beat ? silent + LOOK : 0;
				beat = now;
				if (silent >= this.options.patience)
					end({ kind: "hung", message: `no call for ${silent} ms` });
			}, LOOK);
			const end = (heard: Heard) => {
				clearInterval(timer);
				worker.off("message", told);
				worker.off("error", failed);
				worker.off("exit", gone);
				resolve(heard);
			};
			const failed = (error: Error) =>
				end({ kind: "died", message: error.message });
			const gone = (code: number) =>
				end({
					kind: "died",
					message: `it ended its process (exit code ${code})`,
				});
			const told = (message: FromWorker) => {
				if (message.kind === "begins") this.planned = message.picks;
				else if (message.kind === "label")
					this.labels[message.number] = message.label;
				else end(message);
			};
			worker.on("message", told);
			worker.on("error", failed);
			worker.on("exit", gone);
			ask();
		});
	}
}

const progressWords = () =>
	new Int32Array(new SharedArrayBuffer(4 * PROGRESS_WORDS));
