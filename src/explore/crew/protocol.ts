/** What a campaign and its workers say to each other. */
import type { Pick as Choice } from "../../base/choices.ts";
import type { Level } from "../../judge/finding.ts";

import type { Answer, Job } from "../job.ts";
import type { KnownForm } from "../known.ts";

export interface WorkerSetup {
	/** Absolute paths of the modules under test, and what reports call them. */
	paths: { frontend?: string; backend?: string };
	names: { frontend?: string; backend?: string };
	without: readonly string[];
	level: Level;
	/** Failures that are known. */
	known: readonly KnownForm[];
	/** The words below, shared: a worker that hangs cannot say where. */
	progress: SharedArrayBuffer;
}

/**
 * AT is the number of the run in its job; BEAT counts the turns that tasks were given. From TRAIL on stands what was chosen in the run that is being
 * played, but for the zeros: LENGTH choices of three words, the number of the label, the occurrence and the value.
 */
export const AT = 0;
export const BEAT = 1;
export const LENGTH = 2;
export const TRAIL = 3;
export const CHOICES = 16_384;
export const PROGRESS_WORDS = TRAIL + 3 * CHOICES;

/** `except`: runs of the job that are left out, because a worker did not come back from them. */
export type ToWorker = { job: Job; except: readonly number[] };
export type FromWorker =
	| { kind: "ready" }
	| { kind: "unusable"; message: string }
	/** A run begins: what is chosen beforehand. */
	| { kind: "begins"; picks: readonly Choice[] }
	/** A label has this number from now on. */
	| { kind: "label"; number: number; label: string }
	| { kind: "done"; answer: Answer };
