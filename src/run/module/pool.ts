/** The worker seen from outside: hands out cases one at a time, and ends it when it hangs. */
import { Worker } from "node:worker_threads";
import type { CaseReport } from "../../report/report.ts";
import { told } from "../told.ts";
import {
	BEGUN,
	type FromWorker,
	PROGRESS_WORDS,
	type ToWorker,
	TURNS,
	WHOSE,
	type WorkerSetup,
} from "./protocol.ts";

/** How a case in the worker ended. */
export type WorkerEnd =
	| { kind: "done"; report: CaseReport; journal: readonly string[] | undefined }
	/** It gave no answer in time, or its worker ended, while the code of this domain ran (0: ours), which had made a call before or not. */
	| { kind: "hung" | "exited"; domid: number; begun: boolean; message: string };

export type Started =
	| {
			ok: true;
			lacks: { frontend: readonly string[]; backend: readonly string[] };
	  }
	| { ok: false; message: string; detail?: string };

/** What a module may keep in memory. Reading the ledger of a long case needs half of it. */
const HEAP_MEGABYTES = 2048;
/** Milliseconds between two looks at a worker's progress. */
const LOOK = 50;
/** Our own code may take so many times the patience that a module is given: a long ledger is judged after the last call. */
const OWN_PATIENCE = 20;

/** What is heard of a worker. */
type Heard =
	| { message: FromWorker }
	| { thrown: unknown }
	| { exit: number }
	/** Nobody has had a turn for so many milliseconds. */
	| { idle: number };

export class ModuleWorker {
	private readonly script: string;
	private readonly setup: Omit<WorkerSetup, "progress">;
	/** Wall-clock milliseconds a module may compute between two calls. */
	private readonly patience: number;
	private worker: Worker | undefined;
	private progress = progressWords();
	private heard: ((what: Heard) => void) | undefined;

	constructor(
		script: string,
		setup: Omit<WorkerSetup, "progress">,
		patience: number,
	) {
		this.script = script;
		this.setup = setup;
		this.patience = patience;
	}

	/** Start a worker and load the modules in it. */
	async start(): Promise<Started> {
		this.progress = progressWords();
		const worker = new Worker(this.script, {
			workerData: {
				...this.setup,
				progress: this.progress.buffer,
			} satisfies WorkerSetup,
			stdout: true,
			stderr: true,
			resourceLimits: { maxOldGenerationSizeMb: HEAP_MEGABYTES },
		});
		// What a module prints belongs to nobody's report.
		for (const stream of [worker.stdout, worker.stderr])
			stream.on("data", (text) => process.stderr.write(text));
		worker.on("message", (message) => this.heard?.({ message }));
		// It may also fail between two cases, by a timer that the module left behind: the next case starts a new one.
		worker.on("error", (thrown) => this.heard?.({ thrown }));
		worker.on("exit", (exit) => {
			if (this.worker !== worker) return;
			this.worker = undefined;
			this.heard?.({ exit });
		});
		this.worker = worker;
		const started = await this.hear((what): Started | undefined => {
			const no = (message: string) => ({ ok: false as const, message });
			if ("idle" in what) return no(`it was not loaded within ${what.idle} ms`);
			if ("thrown" in what) return no(thrownText(what.thrown));
			if ("exit" in what)
				return no(
					`it ended the process while it was loaded (exit code ${what.exit})`,
				);
			const { message } = what;
			if (message.kind === "ready") return { ok: true, lacks: message.lacks };
			if (message.kind !== "unusable") return undefined;
			const { message: text, detail } = message;
			return { ...no(text), ...(detail === undefined ? {} : { detail }) };
		});
		if (!started.ok) await this.stop();
		return started;
	}

	async run(message: ToWorker): Promise<WorkerEnd> {
		if (this.worker === undefined) throw new Error("no worker was started");
		this.worker.postMessage(message);
		const { progress } = this;
		const ended = (kind: "hung" | "exited", text: string): WorkerEnd => ({
			kind,
			domid: Atomics.load(progress, WHOSE),
			begun: Atomics.load(progress, BEGUN) !== 0,
			message: text,
		});
		const end = await this.hear((what): WorkerEnd | undefined => {
			if ("idle" in what)
				return ended(
					"hung",
					`no call for ${what.idle} ms of wall-clock time: it computes without end, or blocks`,
				);
			if ("thrown" in what) return ended("exited", thrownText(what.thrown));
			if ("exit" in what)
				return ended("exited", `it ended its process (exit code ${what.exit})`);
			return what.message.kind === "done" ? what.message : undefined;
		});
		if (end.kind !== "done") await this.stop();
		return end;
	}

	get running(): boolean {
		return this.worker !== undefined;
	}

	async stop(): Promise<void> {
		const { worker } = this;
		this.worker = undefined;
		await worker?.terminate();
	}

	/** The first thing heard that `read` makes an answer of. */
	private hear<T>(read: (what: Heard) => T | undefined): Promise<T> {
		const { progress, patience } = this;
		return new Promise((resolve) => {
			let seen = Atomics.load(progress, TURNS);
			let looks = 0;
			const timer = setInterval(() => {
				const turns = Atomics.load(progress, TURNS);
				looks = turns === seen ? looks + 1 : 0;
				seen = turns;
				const own = Atomics.load(progress, WHOSE) === 0;
				const idle = own ? patience * OWN_PATIENCE : patience;
				if (looks * LOOK >= idle) this.heard?.({ idle });
			}, LOOK);
			this.heard = (what) => {
				const answer = read(what);
				if (answer === undefined) return;
				this.heard = undefined;
				clearInterval(timer);
				resolve(answer);
			};
		});
	}
}

const progressWords = () =>
	new Int32Array(new SharedArrayBuffer(4 * PROGRESS_WORDS));

const thrownText = (thrown: unknown): string =>
	(thrown as { code?: unknown } | null)?.code === "ERR_WORKER_OUT_OF_MEMORY"
		? `it used more than ${HEAP_MEGABYTES} MiB of memory`
		: `an exception that nobody caught: ${told(thrown).message}`;
