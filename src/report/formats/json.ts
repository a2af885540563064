/**
 * JSON for programs and for comparing two runs: the same results give the same bytes, on any machine and at any hour. So no durations, no start,
 * no absolute paths; keys in a fixed order. The schema version changes when a reader of the old form would misread the new one.
 */
import type { Finding, Leak, Level, Place } from "../../judge/finding.ts";
import { count, weigh } from "../counts.ts";
import { exit } from "../exit-code.ts";
import { withoutMachinePaths } from "../machine-paths.ts";
import type { CaseReport, Frame, InvalidFile, Report } from "../report.ts";
import type { Format } from "./format.ts";

export const SCHEMA_VERSION = 1;

export const json: Format = (report, options = {}) => {
	const { code, meaning } = exit(report, options);
	const value = {
		schemaVersion: SCHEMA_VERSION,
		tool: { name: report.tool.name, version: report.tool.version },
		exit: { code, meaning },
		counts: figures(report),
		seed: report.seed,
		level: report.level,
		manners: report.manners,
		implementations: {
			frontend: report.implementations.frontend,
			backend: report.implementations.backend,
		},
		revision: report.revision,
		maxWarnings: report.maxWarnings,
		interrupted: report.interrupted,
		files: report.files.map(({ file, cases }) => ({
			file,
			cases: cases.map((one) => caseValue(one, report.level)),
		})),
		invalid: report.invalid.map(invalidValue),
		internal: report.internal,
	};
	const text = JSON.stringify(
		value,
		(_, inside: unknown) =>
			typeof inside === "string" ? withoutMachinePaths(inside) : inside,
		2,
	);
	return `${text}\n`;
};

function figures(report: Report) {
	const { cases, outcomes, warnings, notes, provoked, allowed, invalid } =
		count(report);
	return { cases, ...outcomes, warnings, notes, provoked, allowed, invalid };
}

function caseValue(one: CaseReport, level: Level) {
	return {
		id: one.id,
		scenario: one.scenario,
		title: one.title,
		row: Object.fromEntries(
			Object.entries(one.row).sort(([a], [b]) => (a < b ? -1 : 1)),
		),
		place: placeValue(one.place),
		outcome: one.outcome,
		reason: one.reason,
		link: one.link,
		error: one.error && {
			class: one.error.class,
			message: one.error.message,
			detail: one.error.detail,
		},
		findings: one.findings.map((finding) => findingValue(finding, level)),
		frame: one.frame && frameValue(one.frame),
		story: one.story.map(({ entry, tick, who, text }) => ({
			entry,
			tick,
			who,
			text,
		})),
		faults: one.faults,
		notObservable: one.notObservable.map(({ rule, reason }) => ({
			rule,
			reason,
		})),
		notJudged: one.notJudged.map(({ rule, because }) => ({ rule, because })),
		notes: one.notes,
		requirements: one.requirements,
		tags: one.tags,
		command: one.command,
		calls: one.calls,
		ticks: one.ticks,
	};
}

/** `weight` is what the finding does to its case at the level of this run. */
function findingValue(finding: Finding, level: Level) {
	return {
		rule: finding.rule,
		requirements: finding.requirements,
		level: finding.level,
		weight: weigh(finding, level),
		standing: finding.standing,
		owes: finding.owes,
		blamed: finding.blamed,
		message: finding.message,
		expected: finding.expected,
		got: finding.got,
		entry: finding.entry,
		place: placeValue(finding.place),
		reason: finding.reason,
		leak: finding.leak && leakValue(finding.leak),
	};
}

function leakValue(leak: Leak) {
	return {
		kind: leak.kind,
		count: leak.count,
		owner: leak.owner,
		origin: leak.origin,
		entry: leak.entry,
		place: leak.place && placeValue(leak.place),
	};
}

const placeValue = ({ file, line, column }: Place) => ({ file, line, column });

const frameValue = ({ place, text }: Frame) => ({
	place: placeValue(place),
	text,
});

const invalidValue = ({ place, message, text }: InvalidFile) => ({
	place: placeValue(place),
	message,
	text,
});
