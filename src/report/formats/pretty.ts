/** For people. The last line is always `N passed, N failed`, with `, N skipped` when there are any: alone, plain, easy to find. */
import type { Level } from "../../judge/finding.ts";
import { type Counts, count, many, weigh } from "../counts.ts";
import { exit } from "../exit-code.ts";
import { failureText, headline, remarks } from "../failure-text.ts";
import { caseTitle } from "../names.ts";
import { clip, oneLine } from "../plain.ts";
import {
	type CaseReport,
	type FileReport,
	OUTCOMES,
	type Outcome,
	type Report,
} from "../report.ts";
import { columns, layOut, type Section, wrap } from "../section.ts";
import type { Format, FormatOptions, Ink } from "./format.ts";

const PLAIN: Ink = {
	red: (text) => text,
	green: (text) => text,
	yellow: (text) => text,
	bold: (text) => text,
	dim: (text) => text,
};

/** How an outcome looks: its mark in the two alphabets, its colour, its name for one case and for many. */
interface Look {
	unicode: string;
	ascii: string;
	ink: keyof Ink;
	one: string;
	more: string;
	/** Whether a block tells it in full. */
	told: boolean;
}

const LOOKS: Readonly<Record<Outcome, Look>> = {
	passed: look("✓", "ok", "green", "passed"),
	failed: { ...look("✗", "FAIL", "red", "failed"), told: true },
	error: { ...look("!", "ERROR", "red", "error", "errors"), told: true },
	known: look("~", "known", "yellow", "known failure", "known failures"),
	"unexpected-pass": {
		...look("✗", "FAIL", "red", "unexpected pass", "unexpected passes"),
		told: true,
	},
	skipped: look("-", "skip", "yellow", "skipped"),
	"not-applicable": look("-", "n/a", "dim", "not applicable"),
	interrupted: look("!", "stop", "yellow", "interrupted"),
};

function look(
	unicode: string,
	ascii: string,
	ink: keyof Ink,
	one: string,
	more = one,
): Look {
	return { unicode, ascii, ink, one, more, told: false };
}

/** Columns of a line of a block; what is to be copied may be longer. */
export const WIDTH = 120;
/** Characters of a remark that stands for several cases. */
const GROUP_LIMIT = 500;

/** The worst outcome of a file gives it its mark. */
const WORST_FIRST: readonly Outcome[] = [
	"error",
	"failed",
	"unexpected-pass",
	"interrupted",
	"known",
	"passed",
	"skipped",
	"not-applicable",
];

export const pretty: Format = (report, options = {}) => {
	const page = new Page(report, options);
	page.head();
	for (const file of report.files) page.file(file);
	for (const { cases } of report.files)
		for (const one of cases) if (LOOKS[one.outcome].told) page.failure(one);
	for (const { text } of report.invalid) page.block(text);
	for (const text of report.internal) page.block(`internal error: ${text}`);
	if (!options.verbose) page.groups();
	page.foot();
	return `${page.lines.join("\n")}\n`;
};

/** The block of one case, as it stands in a report. */
export function failureBlock(
	one: CaseReport,
	report: Report,
	options: FormatOptions,
): string[] {
	const page = new Page(report, options);
	page.failure(one);
	return page.lines.slice(1);
}

class Page {
	readonly lines: string[] = [];
	private readonly report: Report;
	private readonly options: FormatOptions;
	private readonly ink: Ink;
	private readonly counts: Counts;

	constructor(report: Report, options: FormatOptions) {
		this.report = report;
		this.options = options;
		this.ink = options.ink ?? PLAIN;
		this.counts = count(report);
	}

	head(): void {
		const { tool, seed, level, manners, implementations, revision } =
			this.report;
		const parts = [
			`${tool.name} ${tool.version}`,
			...(["frontend", "backend"] as const).flatMap((role) =>
				implementations[role] === undefined
					? []
					: [`${role} ${implementations[role]}`],
			),
			...(revision === undefined ? [] : [`revision ${revision}`]),
			`xenstore ${manners}`,
			`level ${level}`,
			`seed ${seed}`,
		];
		this.lines.push(parts.map((part) => oneLine(part)).join(", "));
		if (this.counts.cases > 0) this.lines.push("");
	}

	/** One line with counts; verbose: a line for each case, and its remarks. */
	file({ file, cases }: FileReport): void {
		if (cases.length === 0) return;
		const outcomes = new Set(cases.map(({ outcome }) => outcome));
		const worst =
			WORST_FIRST.find((outcome) => outcomes.has(outcome)) ?? "passed";
		const figures = OUTCOMES.filter((outcome) => outcomes.has(outcome)).map(
			(outcome) =>
				named(outcome, cases.filter((one) => one.outcome === outcome).length),
		);
		this.lines.push(
			`${this.mark(worst)} ${oneLine(file)}  ${this.ink.dim(figures.join(", "))}`,
		);
		if (!this.options.verbose) return;
		for (const one of cases) {
			const why = [one.reason, one.link].filter((part) => part !== undefined);
			const because =
				why.length === 0 ? "" : this.ink.dim(`  ${oneLine(why.join(" "))}`);
			this.lines.push(
				`  ${this.mark(one.outcome)} ${caseTitle(one)}${because}`,
			);
			// A failure's remarks stand below it.
			if (!LOOKS[one.outcome].told)
				this.sections(remarks(one, this.report.level), "      ");
		}
	}

	failure(one: CaseReport): void {
		const { sections } = failureText(
			one,
			this.report.level,
			this.options.requirement,
		);
		const { file, line } = one.place;
		const mark = this.mark(one.outcome);
		const at = `${oneLine(`${file}:${line}`)}  `;
		const margin = LOOKS[one.outcome].ascii.padEnd(5).length + 1;
		const [head = "", ...more] = wrap(at + caseTitle(one), WIDTH - margin);
		this.lines.push(
			"",
			`${mark} ${head.slice(0, at.length)}${this.ink.bold(head.slice(at.length))}`,
			...more.map((text) => " ".repeat(margin) + this.ink.bold(text)),
		);
		this.sections(sections, "    ");
		this.sections(remarks(one, this.report.level), "    ");
	}

	/** A text that is laid out already. */
	block(text: string): void {
		this.lines.push("", ...clip(text).trimEnd().split("\n"));
	}

	/** What the counts alone would hide, once for each reason. */
	groups(): void {
		const groups = grouped(
			this.report.files.flatMap(({ cases }) => cases),
			this.report.level,
		);
		if (groups.length === 0) return;
		this.lines.push(
			"",
			...columns(
				groups.map(({ what, cases, text }) => [
					what,
					many(cases.size, "case"),
					text,
				]),
			),
		);
	}

	foot(): void {
		const { outcomes, cases, warnings, notes, provoked, allowed, invalid } =
			this.counts;
		const { code, meaning } = exit(this.report, this.options);
		const ink = code === 0 ? this.ink.green : this.ink.red;
		const files = this.report.files.filter((file) => file.cases.length > 0);
		const counted: readonly Outcome[] = ["passed", "failed", "skipped"];
		const others = [
			...OUTCOMES.filter(
				(outcome) => !counted.includes(outcome) && outcomes[outcome] > 0,
			).map((outcome) => named(outcome, outcomes[outcome])),
			...some(warnings, "warning"),
			...some(notes, "note"),
			...some(provoked, "provoked breach", "provoked breaches"),
			...some(allowed, "allowed breach", "allowed breaches"),
			...some(invalid, "invalid scenario", "invalid scenarios"),
		];
		this.lines.push(
			"",
			ink(`exit code ${code}: ${meaning}`),
			`${many(cases, "case")} in ${many(files.length, "file")}${others.length === 0 ? "" : `: ${others.join(", ")}`}`,
			lastLine(this.counts),
		);
	}

	private mark(outcome: Outcome): string {
		const { unicode, ascii, ink } = LOOKS[outcome];
		return this.ink[ink](this.options.unicode ? unicode : ascii.padEnd(5));
	}

	private sections(sections: readonly Section[], indent: string): void {
		this.lines.push(...layOut(sections, indent, this.ink.dim, WIDTH));
	}
}

/** Whatever keeps the run from being green counts as failed to who reads this line alone: errors, unexpected passes and invalid files too. Never coloured. */
export function lastLine({ outcomes, invalid }: Counts): string {
	const failed =
		outcomes.failed + outcomes["unexpected-pass"] + outcomes.error + invalid;
	const skipped = outcomes.skipped === 0 ? "" : `, ${outcomes.skipped} skipped`;
	return `${outcomes.passed} passed, ${failed} failed${skipped}`;
}

const named = (outcome: Outcome, figure: number): string =>
	many(figure, LOOKS[outcome].one, LOOKS[outcome].more);

const some = (figure: number, one: string, more?: string): string[] =>
	figure === 0 ? [] : [many(figure, one, more)];

/** The same thing said of several cases. */
interface Group {
	what: string;
	cases: Set<CaseReport>;
	text: string;
}

/** Warnings of one rule and requirement together, with the first of them; then what was not judged, by reason. */
function grouped(cases: readonly CaseReport[], level: Level): Group[] {
	const groups = new Map<string, Group>();
	const add = (one: CaseReport, what: string, text: string, key = text) => {
		const id = `${what}\n${key}`;
		const group = groups.get(id) ?? {
			what,
			cases: new Set(),
			text: oneLine(text, GROUP_LIMIT),
		};
		groups.set(id, group);
		group.cases.add(one);
	};
	for (const one of cases)
		for (const finding of one.findings)
			if (weigh(finding, level) === "warning")
				add(
					one,
					"warning",
					`${headline(finding)} - ${one.id}`,
					[finding.rule, ...finding.requirements].join(" "),
				);
	for (const one of cases)
		for (const { rule, reason } of one.notObservable)
			add(one, "not seen", `${rule}: ${reason}`);
	for (const one of cases)
		for (const note of one.notes) add(one, "remark", note);
	for (const outcome of OUTCOMES) {
		const { told, one: what } = LOOKS[outcome];
		if (outcome === "passed" || told) continue;
		for (const one of cases)
			if (one.outcome === outcome)
				add(
					one,
					what,
					`${one.reason ?? "no reason given"}${one.link === undefined ? "" : ` (${one.link})`}`,
				);
	}
	return [...groups.values()];
}
