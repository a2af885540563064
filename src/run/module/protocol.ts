/** What the runner and its worker say to each other about a user's module. */
import type { Pick } from "../../base/choices.ts";
import type { Level } from "../../judge/finding.ts";
import type { CaseReport } from "../../report/report.ts";
import type { Case } from "../../scenario/scenario.ts";

export interface WorkerSetup {
	/** Absolute paths of the modules under test, and of one that stands in for the world. */
	frontend?: string;
	backend?: string;
	world?: string;
	/** The words below, shared: a worker that hangs cannot say where. */
	progress: SharedArrayBuffer;
}

/** Words of the progress. TURNS counts the turns that tasks were given; WHOSE is the domain that has one; BEGUN is 1 when it has made a call before. */
export const TURNS = 0;
export const WHOSE = 1;
export const BEGUN = 2;
export const PROGRESS_WORDS = 3;

export type ToWorker = {
	kind: "case";
	story: Case;
	names: { frontend?: string; backend?: string; world?: string };
	without: readonly string[];
	seed: number;
	picks?: readonly Pick[];
	level: Level;
	journal: boolean;
	coverage: boolean;
};

export type FromWorker =
	| {
			kind: "ready";
			lacks: { frontend: readonly string[]; backend: readonly string[] };
	  }
	| {
			kind: "unusable";
			message: string;
			detail?: string;
	  }
	| {
			kind: "done";
			report: CaseReport;
			journal: readonly string[] | undefined;
	  };
