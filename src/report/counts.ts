import type { Finding, Level } from "../judge/finding.ts";
import { OUTCOMES, type Outcome, type Report } from "./report.ts";

/**
 * What a finding does to its case.
 * - `failure`: the subject broke what the level of the run holds it to.
 * - `error`: nobody under test broke it, so there is no verdict.
 * - `warning`: a broken should below the level of the run; the case passes.
 * - `note`: a broken may below the level of the run.
 * - `provoked`, `allowed`: counts nowhere.
 */
export type Weight =
	| "failure"
	| "error"
	| "warning"
	| "note"
	| "provoked"
	| "allowed";

const STRICTNESS: Readonly<Record<Level, number>> = {
	must: 0,
	should: 1,
	may: 2,
};

/** `level` is the weakest level whose breach fails a case. */
export function weigh(finding: Finding, level: Level): Weight {
	const binds = STRICTNESS[finding.level] <= STRICTNESS[level];
	switch (finding.standing) {
		case "provoked":
		case "allowed":
			return finding.standing;
		case "ours":
		case "unannounced":
			return binds ? "error" : "note";
		case "subject":
			if (binds) return "failure";
			return finding.level === "should" ? "warning" : "note";
	}
}

/** The figures of a run. */
export interface Counts {
	cases: number;
	outcomes: Record<Outcome, number>;
	warnings: number;
	notes: number;
	provoked: number;
	allowed: number;
	/** Places in scenario files that could not be read. */
	invalid: number;
}

export function count(
	report: Pick<Report, "files" | "level" | "invalid">,
): Counts {
	const outcomes = Object.fromEntries(
		OUTCOMES.map((outcome) => [outcome, 0]),
	) as Record<Outcome, number>;
	const weights: Record<Weight, number> = {
		failure: 0,
		error: 0,
		warning: 0,
		note: 0,
		provoked: 0,
		allowed: 0,
	};
	let cases = 0;
	for (const file of report.files)
		for (const one of file.cases) {
			cases += 1;
			outcomes[one.outcome] += 1;
			for (const finding of one.findings)
				weights[weigh(finding, report.level)] += 1;
		}
	return {
		cases,
		outcomes,
		warnings: weights.warning,
		notes: weights.note,
		provoked: weights.provoked,
		allowed: weights.allowed,
		invalid: report.invalid.length,
	};
}

/** `1 warning`, `2 warnings`. */
export function many(figure: number, one: string, more = `${one}s`): string {
	return `${figure} ${figure === 1 ? one : more}`;
}
