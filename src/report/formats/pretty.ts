import { placeText } from "../../base/position.ts";
import { casesOf, countCases, counts, warningsOf } from "../counts.ts";
import { EXIT_CODES, exitCode } from "../exit-code.ts";
import { failureText } from "../failure-text.ts";
import type { CaseReport, Outcome, Report } from "../report.ts";
import type { FormatOptions } from "./format.ts";

type Paint = (text: string) => string;
const plain: Paint = (text) => text;

/** For people: a line a file, a block for everything that went wrong, and the counts alone on the last line. */
export function pretty(report: Report, options: FormatOptions): string {
	const { chalk } = options;
	const paint = {
		good: chalk?.green ?? plain,
		bad: chalk?.red ?? plain,
		odd: chalk?.yellow ?? plain,
		dim: chalk?.dim ?? plain,
		bold: chalk?.bold ?? plain,
	};
	const mark = (outcome: Outcome): string => {
		const [sign, word, how] = MARKS[outcome];
		return paint[how](options.unicode === true ? sign : word);
	};
	const lines: string[] = [];
	for (const { file, cases } of report.files) {
		const { outcomes } = countCases(cases);
		const worst = ORDER.find((outcome) => outcomes[outcome] > 0) ?? "passed";
		const told = ORDER.filter((outcome) => outcomes[outcome] > 0).map(
			(outcome) => `${outcomes[outcome]} ${WORDS[outcome]}`,
		);
		lines.push(
			`${mark(worst)} ${file}  ${paint.dim(told.reverse().join(", "))}`,
		);
		if (options.verbose === true)
			for (const one of cases)
				lines.push(`  ${mark(one.outcome)} ${one.id}  ${paint.dim(one.title)}`);
	}
	for (const one of casesOf(report)) {
		if (!TOLD.includes(one.outcome)) continue;
		lines.push(
			"",
			`${mark(one.outcome)} ${paint.bold(placeText(placeOf(one)))}  ${one.id}  ${one.title}`,
			failureText(one, options.explain),
		);
	}
	for (const { text } of report.invalid) lines.push("", text);
	for (const text of report.internal) lines.push("", `internal error: ${text}`);
	lines.push(...remarks(report, paint.odd));
	const code = exitCode(report);
	const { outcomes, provoked, warnings } = counts(report);
	const rest = [
		`${outcomes.error} errors`,
		`${outcomes.known} known`,
		`${outcomes["unexpected-pass"]} unexpected passes`,
		`${outcomes["not-applicable"]} not applicable`,
		`${outcomes.interrupted} interrupted`,
		`${report.invalid.length} invalid files`,
		`${warnings} warnings`,
		`${provoked} provoked`,
	].filter((text) => !text.startsWith("0 "));
	lines.push(
		"",
		`seed ${report.seed}, level ${report.level}, frontend ${report.implementations.frontend ?? "reference"}, backend ${report.implementations.backend ?? "reference"}`,
	);
	if (rest.length > 0) lines.push(rest.join(", "));
	lines.push(`exit code ${code}: ${EXIT_CODES[code]}`, countLine(report));
	return `${lines.join("\n").replace(/^\n+/, "")}\n`;
}

/** `N passed, N failed, N skipped`: errors and unexpected passes are failures to whoever only reads this line. */
export function countLine(report: Report): string {
	const { outcomes } = counts(report);
	const failed =
		outcomes.failed +
		outcomes.error +
		outcomes["unexpected-pass"] +
		report.invalid.length;
	const skipped = outcomes.skipped + outcomes.known;
	return `${outcomes.passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

const placeOf = (one: CaseReport) =>
	one.frame?.place ?? one.findings[0]?.place ?? one.place;

function remarks(report: Report, odd: Paint): string[] {
	const lines: string[] = [];
	for (const one of casesOf(report)) {
		for (const warning of warningsOf(one))
			lines.push(
				odd(
					`warning: ${one.id}: ${warning.requirements[0] ?? warning.rule}: ${warning.message}`,
				),
			);
		if (one.outcome === "skipped" || one.outcome === "known")
			lines.push(
				`${WORDS[one.outcome]}: ${one.id}: ${one.reason ?? ""}${one.link === undefined ? "" : ` (${one.link})`}`,
			);
		if (one.outcome === "passed")
			for (const note of one.notes) lines.push(`note: ${one.id}: ${note}`);
	}
	return lines.length > 0 ? ["", ...lines] : [];
}

const MARKS: Record<
	Outcome,
	[sign: string, word: string, how: "good" | "bad" | "odd" | "dim"]
> = {
	passed: ["✓", "ok  ", "good"],
	failed: ["✗", "FAIL", "bad"],
	error: ["‼", "ERR ", "bad"],
	known: ["~", "known", "odd"],
	"unexpected-pass": ["✗", "XPASS", "bad"],
	skipped: ["-", "skip", "dim"],
	"not-applicable": ["·", "n/a ", "dim"],
	interrupted: ["!", "stop", "odd"],
};
const WORDS: Record<Outcome, string> = {
	passed: "passed",
	failed: "failed",
	error: "error",
	known: "known",
	"unexpected-pass": "unexpected pass",
	skipped: "skipped",
	"not-applicable": "not applicable",
	interrupted: "interrupted",
};
const ORDER: readonly Outcome[] = [
	"error",
	"failed",
	"unexpected-pass",
	"interrupted",
	"known",
	"skipped",
	"not-applicable",
	"passed",
];
/** Outcomes that get a block of their own. */
const TOLD: readonly Outcome[] = ["failed", "error", "unexpected-pass"];
