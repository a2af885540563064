/** What a baseline makes of a run: known failures are no verdict, and an entry that is no longer true fails the run. */
import { weigh } from "../counts.ts";
import type { CaseReport, Report } from "../report.ts";
import type { Baseline, Known } from "./read.ts";

export interface BaselineFrame {
	/** Today, `YYYY-MM-DD`. */
	today: string;
	/** The run was the whole suite: an entry whose case is not in it has no case. */
	whole: boolean;
}

/** Outcomes of cases that say nothing about whether a failure is still there. */
const SILENT = new Set<CaseReport["outcome"]>([
	"error",
	"skipped",
	"not-applicable",
	"interrupted",
]);

/** The report with its known failures marked; entries that passed, expired or met nothing are failures of the baseline's own file. */
export function applyBaseline(
	report: Report,
	baseline: Baseline,
	frame: BaselineFrame,
): Report {
	const byCase = new Map<string, Known[]>();
	for (const entry of baseline.known) {
		const list = byCase.get(entry.case);
		if (list === undefined) byCase.set(entry.case, [entry]);
		else list.push(entry);
	}
	const stale: CaseReport[] = [];
	const met = new Set<Known>();
	const complain = (entry: Known, reason: string) =>
		stale.push(staleEntry(entry, reason, baseline));
	const files = report.files.map((file) => ({
		...file,
		cases: file.cases.map((one) => {
			const entries = byCase.get(one.id) ?? [];
			for (const entry of entries) met.add(entry);
			return entries.length === 0
				? one
				: judged(one, entries, report, frame, complain);
		}),
	}));
	if (frame.whole)
		for (const entry of baseline.known)
			if (!met.has(entry)) complain(entry, `there is no case ${entry.case}`);
	return {
		...report,
		files:
			stale.length === 0
				? files
				: [...files, { file: baseline.source.file, cases: stale }].sort(
						(a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0),
					),
	};
}

function judged(
	one: CaseReport,
	entries: readonly Known[],
	{ level }: Report,
	{ today }: BaselineFrame,
	complain: (entry: Known, reason: string) => void,
): CaseReport {
	if (SILENT.has(one.outcome)) return one;
	const [first] = entries as [Known];
	if (one.outcome === "passed" && one.findings.every(isOthers))
		return {
			...one,
			outcome: "unexpected-pass",
			reason: `the baseline lists ${entries.map(({ rule }) => rule).join(", ")} as failing (${first.place.file}:${first.place.line}); run with --update-baseline to take it out`,
		};
	const broken = new Set(
		one.findings.filter((f) => !isOthers(f)).map(({ rule }) => rule),
	);
	for (const entry of entries) {
		if (!broken.has(entry.rule))
			complain(entry, `${entry.rule} finds nothing in ${entry.case} any more`);
		else if (isPast(entry, today))
			complain(entry, `expired on ${entry.expires}: ${entry.reason}`);
	}
	const failing = one.findings.filter((f) => weigh(f, level) === "failure");
	const listed = (rule: string) =>
		entries.some((entry) => entry.rule === rule && !isPast(entry, today));
	if (one.outcome !== "failed" || !failing.every(({ rule }) => listed(rule)))
		return one;
	const covering = entries.filter(({ rule }) => broken.has(rule));
	const link = covering.find((entry) => entry.link !== undefined)?.link;
	return {
		...one,
		outcome: "known",
		reason: covering.map(({ rule, reason }) => `${rule}: ${reason}`).join("; "),
		...(link === undefined ? {} : { link }),
	};
}

const isPast = ({ expires }: Known, today: string): boolean =>
	expires !== undefined && expires < today;

/** Found on somebody who is not under test. */
const isOthers = ({ standing }: CaseReport["findings"][number]): boolean =>
	standing !== "subject";

function staleEntry(
	entry: Known,
	reason: string,
	{ source }: Baseline,
): CaseReport {
	const text = source.line(entry.place.line);
	return {
		id: `baseline: ${entry.case} ${entry.rule}`,
		scenario: "baseline",
		title: `known failure of ${entry.rule} in ${entry.case}`,
		row: {},
		place: entry.place,
		outcome: "failed",
		reason,
		...(entry.link === undefined ? {} : { link: entry.link }),
		findings: [],
		frame: { place: entry.place, text },
		story: [],
		faults: [],
		notObservable: [],
		notJudged: [],
		notes: [],
		requirements: [],
		tags: [],
		command: "run again with --update-baseline",
		calls: 0,
		ticks: 0,
		durationMs: 0,
	};
}
