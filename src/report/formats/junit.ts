/**
 * JUnit XML in the one dialect that Jenkins, GitLab, Azure and the GitHub reporters all read: a suite for each scenario file, a test case for each
 * expanded case, text escaped and never in CDATA, one `system-out` a case.
 */
import { casesOf, countCases, counts, warningsOf } from "../counts.ts";
import { EXIT_CODES, exitCode } from "../exit-code.ts";
import { type Explain, failureText, summary } from "../failure-text.ts";
import type { CaseReport, Report } from "../report.ts";
import type { FormatOptions } from "./format.ts";

type Attributes = Readonly<Record<string, string | number>>;

export const junit = (report: Report, options: FormatOptions): string =>
	document(report, options.explain, false);

/** The reduced form that validates against the Ant schema: no `file`, `line` or properties in a case. */
export const junitAnt = (report: Report, options: FormatOptions): string =>
	document(report, options.explain, true);

function document(report: Report, explain: Explain, ant: boolean): string {
	const suites = report.files.map((file, id) =>
		suite(report, file.file, file.cases, id, explain, ant),
	);
	const broken = brokenSuite(report, suites.length, ant);
	if (broken !== undefined) suites.push(broken);
	const total = tally(casesOf(report), report);
	const root: Attributes = ant
		? {}
		: { name: "xdisp-check", ...total, time: seconds(report.durationMs) };
	return `<?xml version="1.0" encoding="UTF-8"?>\n${element("testsuites", root, suites, 0)}\n`;
}

function tally(
	cases: readonly CaseReport[],
	report?: Report,
): { tests: number; failures: number; errors: number; skipped: number } {
	const { outcomes, total } = countCases(cases);
	const extra = report === undefined ? 0 : extraErrors(report).length;
	return {
		tests: total + extra,
		failures: outcomes.failed + outcomes["unexpected-pass"],
		errors: outcomes.error + outcomes.interrupted + extra,
		skipped: outcomes.known + outcomes.skipped + outcomes["not-applicable"],
	};
}

function suite(
	report: Report,
	file: string,
	cases: readonly CaseReport[],
	id: number,
	explain: Explain,
	ant: boolean,
): string {
	const { skipped, ...counted } = tally(cases);
	const attributes: Attributes = {
		name: ascii(file),
		id,
		...(ant ? { package: "xdisp-check" } : {}),
		hostname: "localhost",
		timestamp: report.startedAt,
		...counted,
		...(ant ? {} : { skipped }),
		time: seconds(cases.reduce((sum, one) => sum + one.durationMs, 0)),
		...(ant ? {} : { file }),
	};
	const children = [
		properties(suiteProperties(report)),
		...cases.map((one) => testcase(one, explain, ant)),
	];
	if (ant)
		children.push(
			element("system-out", {}, [], 2),
			element("system-err", {}, [], 2),
		);
	return element("testsuite", attributes, children, 1);
}

function suiteProperties(report: Report): [string, string][] {
	const { frontend = "reference", backend = "reference" } =
		report.implementations;
	const list: [string, string][] = [
		["xdisp.version", report.tool.version],
		["xdisp.seed", String(report.seed)],
		["xdisp.level", report.level],
		["xdisp.manners", report.manners],
		["xdisp.frontend", frontend],
		["xdisp.backend", backend],
	];
	if (report.revision !== undefined)
		list.push(["xdisp.revision", report.revision]);
	return list;
}

function testcase(one: CaseReport, explain: Explain, ant: boolean): string {
	const row = /\[.*\]$/.exec(one.id)?.[0] ?? "";
	const attributes: Attributes = {
		name: ascii(`${one.title}${row === "" ? "" : ` ${row}`}`),
		classname: ascii(one.scenario),
		time: seconds(one.durationMs),
		...(ant
			? {}
			: { file: one.place.file, line: (one.frame?.place ?? one.place).line }),
	};
	const children: string[] = [];
	if (!ant) children.push(properties(caseProperties(one)));
	const verdict = verdictElement(one, explain, ant);
	if (verdict !== undefined) children.push(verdict);
	const out = remarks(one);
	if (!ant && out.length > 0)
		children.push(text("system-out", {}, out.join("\n"), 3));
	return element("testcase", attributes, children, 2);
}

function caseProperties(one: CaseReport): [string, string][] {
	const list: [string, string][] = [["xdisp.case", one.id]];
	for (const id of one.requirements) list.push(["xdisp.requirement", id]);
	for (const finding of one.findings)
		list.push([
			`xdisp.${finding.standing === "subject" ? finding.level : finding.standing}`,
			finding.rule,
		]);
	return list;
}

function verdictElement(
	one: CaseReport,
	explain: Explain,
	ant: boolean,
): string | undefined {
	const why = summary(one);
	switch (one.outcome) {
		case "passed":
			return undefined;
		case "failed":
		case "unexpected-pass": {
			const type = `xdisp.rule.${one.findings[0]?.rule ?? one.outcome}`;
			return text(
				"failure",
				{ message: oneLine(why), type },
				`${oneLine(why)}\n${failureText(one, explain)}`,
				3,
			);
		}
		case "error":
		case "interrupted": {
			const why = one.error?.message ?? one.reason ?? one.outcome;
			return text(
				"error",
				{
					message: oneLine(why),
					type: `xdisp.error.${one.error?.class ?? one.outcome}`,
				},
				`${oneLine(why)}\n${failureText(one, explain)}`,
				3,
			);
		}
		case "known":
		case "skipped":
		case "not-applicable": {
			const why = `${one.outcome === "skipped" ? "" : `${one.outcome}: `}${one.reason ?? ""}${one.link === undefined ? "" : ` (${one.link})`}`;
			return ant
				? undefined
				: text("skipped", { message: oneLine(why) }, why, 3);
		}
	}
}

function remarks(one: CaseReport): string[] {
	const lines = warningsOf(one).map(
		(w) =>
			`warning: ${w.requirements[0] ?? w.rule}: ${w.message}; expected ${w.expected}, got ${w.got}`,
	);
	for (const finding of one.findings)
		if (finding.standing === "provoked")
			lines.push(`provoked: ${finding.rule}: ${finding.message}`);
	for (const note of one.notes) lines.push(`note: ${note}`);
	return lines;
}

/** What went wrong outside any case: consumers only count test cases, so it becomes some. */
function extraErrors(
	report: Report,
): { name: string; message: string; detail: string }[] {
	const list = [
		...report.invalid.map(({ place, message, text: detail }) => ({
			name: `${place.file}:${place.line}:${place.column}`,
			message,
			detail,
		})),
		...report.internal.map((message, index) => ({
			name: `internal error ${index + 1}`,
			message,
			detail: message,
		})),
	];
	const code = exitCode(report);
	if (list.length === 0 && counts(report).total === 0 && code !== 0)
		list.push({
			name: "run",
			message: EXIT_CODES[code],
			detail: EXIT_CODES[code],
		});
	return list;
}

function brokenSuite(
	report: Report,
	id: number,
	ant: boolean,
): string | undefined {
	const errors = extraErrors(report);
	if (errors.length === 0) return undefined;
	const cases = errors.map(({ name, message, detail }) =>
		element(
			"testcase",
			{ name: ascii(name), classname: "xdisp-check", time: "0.000" },
			[
				text(
					"error",
					{ message: oneLine(message), type: "xdisp.error.run" },
					`${oneLine(message)}\n${detail}`,
					3,
				),
			],
			2,
		),
	);
	const attributes: Attributes = {
		name: "xdisp-check",
		id,
		...(ant ? { package: "xdisp-check" } : {}),
		hostname: "localhost",
		timestamp: report.startedAt,
		tests: errors.length,
		failures: 0,
		errors: errors.length,
		...(ant ? {} : { skipped: 0 }),
		time: "0.000",
	};
	const children = [properties(suiteProperties(report)), ...cases];
	if (ant)
		children.push(
			element("system-out", {}, [], 2),
			element("system-err", {}, [], 2),
		);
	return element("testsuite", attributes, children, 1);
}

function properties(list: readonly [string, string][]): string {
	return element(
		"properties",
		{},
		list.map(([name, value]) => element("property", { name, value }, [], 4)),
		3,
	);
}

const seconds = (ms: number): string => (ms / 1000).toFixed(3);
const oneLine = (given: string): string => given.replace(/\s+/g, " ").trim();
/** Titles are ASCII: one consumer strips emoji and marks, and merges what is then equal. */
const ascii = (given: string): string =>
	clean(given).replace(/[^\x20-\x7e]/gu, "?");

function element(
	name: string,
	attributes: Attributes,
	children: readonly string[],
	depth: number,
): string {
	const indent = "\t".repeat(depth);
	const head = `${indent}<${name}${attributeText(attributes)}`;
	return children.length === 0
		? `${head}/>`
		: `${head}>\n${children.join("\n")}\n${indent}</${name}>`;
}

function text(
	name: string,
	attributes: Attributes,
	body: string,
	depth: number,
): string {
	return `${"\t".repeat(depth)}<${name}${attributeText(attributes)}>${escapeText(body)}</${name}>`;
}

const attributeText = (attributes: Attributes): string =>
	Object.entries(attributes)
		.map(
			([name, value]) =>
				` ${name}="${escapeText(String(value)).replaceAll('"', "&quot;").replaceAll("\n", "&#10;").replaceAll("\t", "&#9;")}"`,
		)
		.join("");

const escapeText = (given: string): string =>
	clean(given)
		.replaceAll("&", "&amp;")
		.replaceAll("<", "&lt;")
		.replaceAll(">", "&gt;");

/** ANSI escape sequences, spelled so that the source holds no control character. */
const ANSI =
	/[\u001b\u009b][[\]()#;?]*(?:\d{1,4}(?:;\d{0,4})*)?[\dA-PR-TZcf-nq-uy=><~]/g;
/** What XML 1.0 forbids, and lone surrogates. */
const FORBIDDEN =
	/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** Without ANSI sequences, characters that XML 1.0 forbids, and lone surrogates. */
const clean = (given: string): string =>
	given
		.replace(ANSI, "")
		.replace(FORBIDDEN, "")
		.replaceAll("\r\n", "\n")
		.replaceAll("\r", "\n");
