/** A report in JUnit's terms, which both JUnit formats print. */
import { placeText } from "../base/position.ts";
import { count, many, weigh } from "./counts.ts";
import { type ExitOptions, exit } from "./exit-code.ts";
import {
	failureText,
	headline,
	type RequirementLookup,
	remarks,
} from "./failure-text.ts";
import { asciiTitle, caseTitle, uniqueNames } from "./names.ts";
import { ascii, clip, oneLine } from "./plain.ts";
import type { CaseReport, InvalidFile, Outcome, Report } from "./report.ts";
import { layOut } from "./section.ts";

export interface JUnitVerdict {
	/** `failure`: the implementation is to blame. `error`: nobody could judge it. */
	kind: "failure" | "error" | "skipped";
	/** One line. */
	message: string;
	type: string;
	/** Begins with the message: some readers show only this, some only that. */
	text: string;
}

export interface JUnitCase {
	classname: string;
	/** ASCII, unique in the run together with the class name. */
	name: string;
	seconds: number;
	file?: string;
	line?: number;
	properties: Properties;
	verdict?: JUnitVerdict;
	/** Warnings and whatever else counts against nobody; empty for none. */
	out: string;
}

export interface JUnitSuite {
	name: string;
	file?: string;
	cases: readonly JUnitCase[];
}

export interface JUnitOptions extends ExitOptions {
	requirement?: RequirementLookup | undefined;
}

/** Suite and class of what belongs to the run and to no scenario. */
const RUN = "xdisp-check";
const MESSAGE_LIMIT = 1_000;
const WARNING_PROPERTIES = 20;

/**
 * One suite a scenario file, by name; one case a case, and one an invalid place. What made the run fail outside any case stands in a last suite,
 * so that a reader who sees only this file never takes a failed run for a good one. Suites without cases are left out.
 */
export function junitSuites(
	report: Report,
	options: JUnitOptions = {},
): JUnitSuite[] {
	const unique = uniqueNames();
	const files = new Map<string, JUnitCase[]>();
	const add = (file: string, one: JUnitCase) => {
		const cases = files.get(file) ?? [];
		files.set(file, cases);
		cases.push({ ...one, name: unique(one.classname, one.name) });
	};
	for (const { file, cases } of report.files)
		for (const one of cases) add(file, toCase(one, report, options));
	for (const invalid of report.invalid)
		add(invalid.place.file, toInvalidCase(invalid));
	const suites: JUnitSuite[] = [...files]
		.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
		.map(([file, cases]) => ({ name: ascii(file), file, cases }));
	const run = runCases(report, options).map((one) => ({
		...one,
		name: unique(one.classname, one.name),
	}));
	return run.length === 0 ? suites : [...suites, { name: RUN, cases: run }];
}

/** What the run was, as suite properties. */
export function runProperties(report: Report): Properties {
	const { tool, seed, level, manners, implementations, revision } = report;
	return brief([
		["tool", `${tool.name} ${tool.version}`],
		["seed", String(seed)],
		["level", level],
		["manners", manners],
		...Object.entries(implementations).sort(([a], [b]) => (a < b ? -1 : 1)),
		...(revision === undefined ? [] : [["revision", revision] as const]),
	]);
}

type Properties = readonly (readonly [name: string, value: string])[];

const brief = (properties: Properties): Properties =>
	properties.map(([name, value]) => [name, oneLine(value, MESSAGE_LIMIT)]);

function toCase(
	one: CaseReport,
	report: Report,
	options: JUnitOptions,
): JUnitCase {
	const verdict = VERDICTS[one.outcome](one, report, options);
	const rules = new Set(one.findings.map(({ rule }) => rule));
	const warnings = one.findings.filter(
		(finding) => weigh(finding, report.level) === "warning",
	);
	return {
		classname: ascii(one.scenario),
		name: asciiTitle(one),
		seconds: one.durationMs / 1000,
		file: one.place.file,
		line: one.place.line,
		properties: brief([
			["id", one.id],
			["outcome", one.outcome],
			["level", report.level],
			["seed", String(report.seed)],
			...one.requirements.map((id) => ["requirement", id] as const),
			...[...rules].map((rule) => ["rule", rule] as const),
			...one.tags.map((tag) => ["tag", tag] as const),
			...warnings
				.slice(0, WARNING_PROPERTIES)
				.map((finding) => ["warning", headline(finding)] as const),
		]),
		...(verdict === undefined ? {} : { verdict }),
		out: layOut(remarks(one, report.level)).join("\n"),
	};
}

type Judge = (
	one: CaseReport,
	report: Report,
	options: JUnitOptions,
) => JUnitVerdict | undefined;

/**
 * JUnit has no word for a known failure, nor for what does not apply: both are skipped, with the reason. So is an interrupted case, lest one
 * signal drown the true failures in hundreds of errors; the run's own suite says that it was interrupted, as an error.
 */
const VERDICTS: Readonly<Record<Outcome, Judge>> = {
	passed: () => undefined,
	failed: broken("failure"),
	error: broken("error"),
	known: skipped("known failure"),
	"unexpected-pass": broken("failure"),
	skipped: skipped("skipped"),
	"not-applicable": skipped("not applicable"),
	interrupted: skipped("interrupted"),
};

function broken(kind: "failure" | "error"): Judge {
	return (one, report, options) => {
		const { headline, type, sections } = failureText(
			one,
			report.level,
			options.requirement,
		);
		const text = [
			headline,
			"",
			`${caseTitle(one)} (${one.id})`,
			...layOut(sections),
		];
		return {
			kind,
			message: oneLine(headline, MESSAGE_LIMIT),
			type,
			text: text.join("\n"),
		};
	};
}

function skipped(word: string): Judge {
	return ({ outcome, reason, link }) => {
		const why = [word, reason].filter((part) => part !== undefined);
		const message = oneLine(
			why.join(": ") + (link === undefined ? "" : ` (${link})`),
		);
		return {
			kind: "skipped",
			message: oneLine(message, MESSAGE_LIMIT),
			type: `xdisp.${outcome}`,
			text: message,
		};
	};
}

function toInvalidCase({ place, message, text }: InvalidFile): JUnitCase {
	const where = placeText(place);
	return {
		classname: "xdisp-check.invalid-scenario",
		name: ascii(`invalid scenario ${where}`),
		seconds: 0,
		file: place.file,
		line: place.line,
		properties: [],
		verdict: runVerdict(
			"error",
			"invalid-scenario",
			`${where}: ${message}`,
			text,
		),
		out: "",
	};
}

/** What failed the run outside any case. */
function runCases(report: Report, options: JUnitOptions): JUnitCase[] {
	const cases: JUnitCase[] = [];
	const add = (name: string, verdict: JUnitVerdict) =>
		cases.push({
			classname: RUN,
			name,
			seconds: 0,
			properties: [],
			verdict,
			out: "",
		});
	for (const text of report.internal) {
		const first = text.split("\n", 1)[0] ?? "";
		add("internal error", runVerdict("error", "internal", first, text));
	}
	const counts = count(report);
	const { interrupted } = counts.outcomes;
	if (report.interrupted || interrupted > 0)
		add(
			"the run was interrupted",
			runVerdict(
				"error",
				"interrupted",
				`the run was interrupted: ${many(interrupted, "case")} not judged`,
			),
		);
	if (report.maxWarnings !== undefined && counts.warnings > report.maxWarnings)
		add(
			"too many warnings",
			runVerdict(
				"failure",
				"max-warnings",
				`${many(counts.warnings, "warning")}, and --max-warnings allows ${report.maxWarnings}`,
			),
		);
	const { code, meaning } = exit(report, options);
	if (code === 4)
		add(
			"nothing was selected",
			runVerdict("error", "nothing-selected", meaning),
		);
	return cases;
}

function runVerdict(
	kind: "failure" | "error",
	type: string,
	message: string,
	text = "",
): JUnitVerdict {
	const line = oneLine(message);
	const rest = clip(text).trim();
	return {
		kind,
		message: oneLine(line, MESSAGE_LIMIT),
		type: `xdisp.${type}`,
		text: rest.startsWith(line) ? rest : `${line}\n\n${rest}`.trimEnd(),
	};
}
