/** What the runner and its worker say to each other about a user's module. */
import type { Pick } from "../../base/choices.ts";
import type { Level } from "../../judge/finding.ts";
import type { CaseReport } from "../../report/report.ts";
import type { Case } from "../../scenario/scenario.ts";

export interface WorkerSetup {
	/** Absolute paths of the modules under test. */
	frontend?: string;
	backend?: string;
	/** Words: calls that tasks of the case have made, shared so that a watchdog can tell "never began" from "hangs". */
	progress: SharedArrayBuffer;
}

export type ToWorker = {
	kind: "case";
	story: Case;
	names: { frontend?: string; backend?: string };
	without: readonly string[];
	seed: number;
	picks?: readonly Pick[];
	level: Level;
	journal: boolean;
};

export type FromWorker =
	| {
			kind: "ready";
			lacks: { frontend: readonly string[]; backend: readonly string[] };
	  }
	| {
			kind: "unusable";
			role: "frontend" | "backend";
			message: string;
			detail?: string;
	  }
	| {
			kind: "done";
			report: CaseReport;
			journal: readonly string[] | undefined;
	  };

export const CALLS_MADE = 0;
