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
	const forms: Form[] = [];
	for (const entry of baseline.known) {
		if (isForm(entry.case)) {
			forms.push({ entry, fits: formOf(entry.case), met: false, said: false });
			continue;
		}
		const list = byCase.get(entry.case);
		if (list === undefined) byCase.set(entry.case, [entry]);
		else list.push(entry);
	}
	const stale: CaseReport[] = [];
	const met = new Set<Known>();
	const complain = (
		entry: Known,
		reason: string,
		outcome: StaleOutcome = "failed",
	) => stale.push(staleEntry(entry, reason, outcome, baseline));
	const files = report.files.map((file) => ({
		...file,
		cases: file.cases.map((one) => {
			const entries = byCase.get(one.id) ?? [];
			for (const entry of entries) met.add(entry);
			const fitting = forms.filter((form) => form.fits(one.id));
			return entries.length + fitting.length === 0
				? one
				: judged(one, entries, fitting, report, frame, complain);
		}),
	}));
	if (frame.whole) {
		for (const entries of byCase.values())
			for (const entry of entries)
				if (!met.has(entry)) complain(entry, `there is no case ${entry.case}`);
		for (const { entry, met } of forms)
			if (!met)
				complain(
					entry,
					`${entry.rule} finds nothing like it any more; run with --update-baseline to take it out`,
					"unexpected-pass",
				);
	}
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

/** An entry that speaks of more than one case. */
interface Form {
	entry: Known;
	fits(id: string): boolean;
	/** What it lists was found in some case. */
	met: boolean;
	/** It was said that it has expired. */
	said: boolean;
}

export const isForm = (text: string): boolean => text.includes("*");

/** Whether a text is of the form, in which `*` stands for any run of characters. */
export function formOf(form: string): (text: string) => boolean {
	const parts = form
		.split("*")
		.map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, "\\$&"));
	const pattern = new RegExp(`^${parts.join("[^]*")}$`);
	return (text) => pattern.test(text);
}

/** Whether an entry lists this finding, its case being the entry's. */
export const lists = (
	{ rule, message }: Pick<Known, "rule" | "message">,
	finding: CaseReport["findings"][number],
): boolean =>
	finding.rule === rule &&
	(message === undefined || formOf(message)(finding.message));

type StaleOutcome = "failed" | "unexpected-pass";

function judged(
	one: CaseReport,
	entries: readonly Known[],
	forms: readonly Form[],
	{ level }: Report,
	{ today }: BaselineFrame,
	complain: (entry: Known, reason: string) => void,
): CaseReport {
	if (SILENT.has(one.outcome)) return one;
	const own = one.findings.filter((f) => !isOthers(f));
	const [first] = entries;
	if (one.outcome === "passed" && own.length === 0 && first !== undefined)
		return {
			...one,
			outcome: "unexpected-pass",
			reason: `the baseline lists ${entries.map(({ rule }) => rule).join(", ")} as failing (${first.place.file}:${first.place.line}); run with --update-baseline to take it out`,
		};
	for (const entry of entries) {
		if (!own.some((f) => lists(entry, f)))
			complain(entry, `${entry.rule} finds nothing in ${one.id} any more`);
		else if (isPast(entry, today)) complain(entry, expired(entry));
	}
	for (const form of forms) {
		if (!own.some((f) => lists(form.entry, f))) continue;
		form.met = true;
		if (form.said || !isPast(form.entry, today)) continue;
		form.said = true;
		complain(form.entry, expired(form.entry));
	}
	const all = [...entries, ...forms.map(({ entry }) => entry)];
	const failing = one.findings.filter((f) => weigh(f, level) === "failure");
	const current = all.filter((entry) => !isPast(entry, today));
	if (
		one.outcome !== "failed" ||
		!failing.every((f) => current.some((entry) => lists(entry, f)))
	)
		return one;
	const covering = all.filter((entry) => own.some((f) => lists(entry, f)));
	const link = covering.find((entry) => entry.link !== undefined)?.link;
	const reasons = covering.map(({ rule, reason }) => `${rule}: ${reason}`);
	return {
		...one,
		outcome: "known",
		reason: [...new Set(reasons)].join("; "),
		...(link === undefined ? {} : { link }),
	};
}

const expired = ({ expires, reason }: Known): string =>
	`expired on ${expires}: ${reason}`;

const isPast = ({ expires }: Known, today: string): boolean =>
	expires !== undefined && expires < today;

/** Found on somebody who is not under test. */
const isOthers = ({ standing }: CaseReport["findings"][number]): boolean =>
	standing !== "subject";

function staleEntry(
	entry: Known,
	reason: string,
	outcome: StaleOutcome,
	{ source }: Baseline,
): CaseReport {
	const text = source.line(entry.place.line);
	return {
		id: `baseline: ${[entry.case, entry.rule, entry.message ?? []].flat().join(" ")}`,
		scenario: "baseline",
		title: `known failure of ${entry.rule} in ${entry.case}`,
		row: {},
		place: entry.place,
		outcome,
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
