/** What a campaign and its workers say to each other. */
import type { Pick as Choice } from "../../base/choices.ts";
import type { Level } from "../../judge/finding.ts";
import type { Answer, Job } from "../job.ts";

export interface WorkerSetup {
	/** Absolute paths of the modules under test, and what reports call them. */
	paths: { frontend?: string; backend?: string };
	names: { frontend?: string; backend?: string };
	without: readonly string[];
	level: Level;
	/** The words below, shared: a worker that hangs cannot say where. */
	progress: SharedArrayBuffer;
}

/** AT is the number of the run in its job; BEAT counts the turns that tasks were given. */
export const AT = 0;
export const BEAT = 1;
export const PROGRESS_WORDS = 2;

/** `except`: runs of the job that are left out, because a worker did not come back from them. */
export type ToWorker = { job: Job; except: readonly number[] };
export type FromWorker =
	| { kind: "ready" }
	| { kind: "unusable"; message: string }
	/** A run begins: what is chosen in it. */
	| { kind: "begins"; index: number; picks: readonly Choice[] }
	| { kind: "done"; answer: Answer };
