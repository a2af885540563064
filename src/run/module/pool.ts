/** The worker seen from outside: hands out cases one at a time, and ends it when it hangs. */
import { Worker } from "node:worker_threads";
import type { CaseReport } from "../../report/report.ts";
import {
	CALLS_MADE,
	type FromWorker,
	type ToWorker,
	type WorkerSetup,
} from "./protocol.ts";

/** How a case in the worker ended. */
export type WorkerEnd =
	| { kind: "done"; report: CaseReport; journal: readonly string[] | undefined }
	/** It gave no answer in time, or its worker ended. `calls` is how many calls had been made. */
	| { kind: "hung" | "exited"; calls: number; message: string };

export type Started =
	| {
			ok: true;
			lacks: { frontend: readonly string[]; backend: readonly string[] };
	  }
	| { ok: false; message: string; detail?: string };

export class ModuleWorker {
	private readonly script: string;
	private readonly setup: Omit<WorkerSetup, "progress">;
	/** Wall-clock milliseconds a case may take. */
	private readonly patience: number;
	private worker: Worker | undefined;
	private progress = new Int32Array(new SharedArrayBuffer(4));

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
	start(): Promise<Started> {
		this.progress = new Int32Array(new SharedArrayBuffer(4));
		const worker = new Worker(this.script, {
			workerData: {
				...this.setup,
				progress: this.progress.buffer,
			} satisfies WorkerSetup,
			stdout: true,
			stderr: true,
		});
		// What a module prints belongs to nobody's report.
		worker.stdout.pipe(process.stderr);
		worker.stderr.pipe(process.stderr);
		this.worker = worker;
		return new Promise((resolve) => {
			const end = (started: Started) => {
				clearTimeout(timer);
				forget(worker);
				if (!started.ok) void this.stop();
				resolve(started);
			};
			const timer = setTimeout(
				() =>
					end({
						ok: false,
						message: `it was not loaded within ${this.patience} ms`,
					}),
				this.patience,
			);
			worker.once("message", (message: FromWorker) => {
				if (message.kind === "ready") end({ ok: true, lacks: message.lacks });
				else if (message.kind === "unusable") {
					const { message: text, detail } = message;
					end({
						ok: false,
						message: text,
						...(detail === undefined ? {} : { detail }),
					});
				}
			});
			worker.once("error", (error) =>
				end({ ok: false, message: String(error) }),
			);
			worker.once("exit", (code) =>
				end({
					ok: false,
					message: `it ended the process while it was loaded (exit code ${code})`,
				}),
			);
		});
	}

	run(message: ToWorker): Promise<WorkerEnd> {
		const { worker } = this;
		if (worker === undefined) throw new Error("no worker was started");
		return new Promise((resolve) => {
			const calls = () => Atomics.load(this.progress, CALLS_MADE);
			const end = (how: WorkerEnd) => {
				clearTimeout(timer);
				forget(worker);
				if (how.kind !== "done") void this.stop();
				resolve(how);
			};
			const timer = setTimeout(
				() =>
					end({
						kind: "hung",
						calls: calls(),
						message: `no call for ${this.patience} ms of wall-clock time: the module computes without end, or blocks`,
					}),
				this.patience,
			);
			worker.once("message", (answer: FromWorker) => {
				if (answer.kind === "done")
					end({ kind: "done", report: answer.report, journal: answer.journal });
			});
			worker.once("error", (error) =>
				end({
					kind: "exited",
					calls: calls(),
					message: `an exception that nobody caught: ${error instanceof Error ? error.message : String(error)}`,
				}),
			);
			worker.once("exit", (code) =>
				end({
					kind: "exited",
					calls: calls(),
					message: `it ended its process (exit code ${code})`,
				}),
			);
			worker.postMessage(message);
		});
	}

	get running(): boolean {
		return this.worker !== undefined;
	}

	async stop(): Promise<void> {
		const { worker } = this;
		this.worker = undefined;
		await worker?.terminate();
	}
}

/** Listen no more. Not `removeAllListeners()` without names: a worker's own listeners keep its port open. */
function forget(worker: Worker): void {
	for (const event of ["message", "error", "exit"])
		worker.removeAllListeners(event);
	// It may still fail while it is being ended, and an error that nobody hears would end us.
	worker.on("error", () => {});
}
