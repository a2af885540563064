/** What a stranger with a broken program needs to know of a case that did not pass. Pretty and JUnit print the same. */
import { frame, placeText } from "../base/position.ts";
import type { Finding, Leak, Level } from "../judge/finding.ts";
import { type Weight, weigh } from "./counts.ts";
import { clip, oneLine } from "./plain.ts";
import type { CaseReport, Outcome } from "./report.ts";
import { columns, type Section } from "./section.ts";

/** Our paraphrase of a requirement, when there is one. */
export type RequirementLookup = (id: string) => string | undefined;

export interface FailureText {
	/** One line: what was asked for, what came. */
	headline: string;
	/** What kind of thing went wrong, for machines: `xdisp.rule.one-reply`, `xdisp.error.load`. */
	type: string;
	sections: readonly Section[];
}

/** Things of one kind that are told one by one; the JSON report has them all. */
const LIST_LIMIT = 20;
/** Characters of what is one part of a line. */
const PART_LIMIT = 1_000;

/** Outcomes that a finding decides. */
const DECIDED: readonly Outcome[] = ["failed", "error", "known"];

export function failureText(
	one: CaseReport,
	level: Level,
	requirement: RequirementLookup = () => undefined,
): FailureText {
	const first =
		one.error === undefined && DECIDED.includes(one.outcome)
			? one.findings[0]
			: undefined;
	const also = one.findings.filter(
		(finding) =>
			finding !== first && ["failure", "error"].includes(weigh(finding, level)),
	);
	const told =
		one.error !== undefined
			? tellError(one, one.error)
			: first !== undefined
				? tellFinding(one, first, requirement)
				: tellReason(one);
	return {
		headline: told.headline,
		type: told.type,
		sections: shortened([
			...told.sections,
			...tellStory(one, first),
			...tellFaults(one),
			...list("also", tellAlike(also)),
			{ label: "see it", lines: [oneLine(one.command)], whole: true },
		]),
	};
}

const shortened = (sections: readonly Section[]): Section[] =>
	sections.map((section) => ({
		...section,
		lines: section.lines.map((line) => clip(line)),
	}));

/** No section when there is nothing to tell. */
function list(label: string, lines: readonly string[]): Section[] {
	if (lines.length === 0) return [];
	const more = lines.length - LIST_LIMIT;
	return [
		{
			label,
			lines: [
				...lines.slice(0, LIST_LIMIT),
				...(more > 0 ? [`and ${more} more`] : []),
			],
		},
	];
}

interface Told {
	headline: string;
	type: string;
	sections: Section[];
}

type CaseError = NonNullable<CaseReport["error"]>;

const ERROR_SAYS: Readonly<Record<CaseError["class"], string>> = {
	load: "the implementation could not be loaded",
	subject: "the implementation could not be driven",
	scenario: "the scenario is wrong",
	internal: "xdisp-check itself failed",
	nondeterministic: "two runs of the same case were not the same",
};

function tellError(one: CaseReport, error: CaseError): Told {
	const says = ERROR_SAYS[error.class];
	return {
		headline: oneLine(`${says}: ${error.message}`),
		type: `xdisp.error.${error.class}`,
		sections: [
			{ label: "error", lines: [says, error.message] },
			at(one),
			...(error.detail === undefined
				? []
				: [{ label: "detail", lines: [error.detail] }]),
		],
	};
}

const TYPES: Readonly<
	Record<Finding["standing"], (finding: Finding) => string>
> = {
	subject: ruleType,
	provoked: ruleType,
	allowed: ruleType,
	unannounced: () => "xdisp.error.scenario",
	ours: () => "xdisp.error.internal",
};

function ruleType({ rule }: Finding): string {
	return rule === "expectation" ? "xdisp.expectation" : `xdisp.rule.${rule}`;
}

const BLAME: Readonly<
	Record<Finding["standing"], (finding: Finding) => string>
> = {
	subject: ({ blamed, owes }) => `${blamed}, the ${owes} under test`,
	provoked: ({ blamed }) => `${blamed}, whose breach the scenario announces`,
	allowed: ({ blamed }) => `${blamed}, whom the scenario allows it`,
	unannounced: ({ blamed }) =>
		`the scenario: it plays ${blamed} and does not announce this breach (\`breaks:\`)`,
	ours: ({ blamed }) =>
		`xdisp-check: ${blamed} is not under test, so this is no verdict on the implementation`,
};

function tellFinding(
	one: CaseReport,
	finding: Finding,
	requirement: RequirementLookup,
): Told {
	const { rule, message, expected, got, standing } = finding;
	return {
		headline: headline(finding),
		type: TYPES[standing](finding),
		sections: [
			...tellRequirements(finding, requirement),
			{ label: "rule", lines: [rule] },
			at(one, finding),
			{ label: "found", lines: [message] },
			{ label: "expected", lines: [expected] },
			{ label: "got", lines: [got] },
			{ label: "blamed", lines: [BLAME[standing](finding)] },
			...(finding.leak === undefined ? [] : [tellLeak(finding.leak)]),
		],
	};
}

/** Unmet expectations cite no requirement: then the rule's name stands in front. */
export function headline(finding: Finding): string {
	const { rule, requirements, message, expected, got } = finding;
	const part = (text: string) => oneLine(text, PART_LIMIT);
	return oneLine(
		`${part(requirements[0] ?? rule)}: ${part(message)} (expected ${part(expected)}, got ${part(got)})`,
	);
}

function tellReason(one: CaseReport): Told {
	return {
		headline: oneLine(one.reason ?? one.outcome),
		type: `xdisp.${one.outcome}`,
		sections: [
			{ label: "found", lines: [one.reason ?? one.outcome] },
			at(one),
			...(one.link === undefined
				? []
				: [{ label: "known as", lines: [one.link] }]),
		],
	};
}

function tellRequirements(
	{ requirements, level, owes }: Finding,
	requirement: RequirementLookup,
): Section[] {
	const lines = requirements.flatMap((id, i) => {
		const paraphrase = requirement(id);
		return [
			i === 0 ? `${id}  (${level}; the ${owes} owes it)` : id,
			...(paraphrase === undefined ? [] : [paraphrase]),
		];
	});
	return lines.length === 0 ? [] : [{ label: "requirement", lines }];
}

function at(one: CaseReport, finding?: Finding): Section {
	const place = one.frame?.place ?? finding?.place ?? one.place;
	const during = finding?.during;
	return {
		label: "at",
		lines: [
			`${placeText(place)}${during === undefined ? "" : ` (${during})`}`,
			...(one.frame === undefined
				? []
				: [frame(one.frame.text.slice(0, place.column + PART_LIMIT), place)]),
		],
	};
}

function tellLeak(leak: Leak): Section {
	return {
		label: "leaked",
		lines: [
			`${leak.kind}: ${leak.count} of ${leak.owner}`,
			`made by ${leak.origin} (entry ${leak.entry})`,
			...(leak.place === undefined
				? []
				: [`in the step at ${placeText(leak.place)}`]),
		],
	};
}

/** The entry at which the finding became true is marked. */
function tellStory(one: CaseReport, finding: Finding | undefined): Section[] {
	if (one.story.length === 0) return [];
	const lines = columns(
		one.story.map(({ entry, tick, who, text }) => [
			`${entry === finding?.entry ? ">" : " "} #${entry}`,
			`${tick} ms`,
			oneLine(who, PART_LIMIT),
			clip(text, PART_LIMIT).replaceAll(/\s*\n\s*/g, " "),
		]),
	);
	return [{ label: "messages", lines }];
}

/** A case that ran and met no fault says so: the reader need not wonder. */
function tellFaults(one: CaseReport): Section[] {
	if (one.faults.length === 0 && one.calls > 0)
		return [{ label: "faults", lines: ["none"] }];
	return list(
		"faults",
		one.faults.map((fault) => oneLine(fault)),
	);
}

/** One line for findings of one rule on one side that differ in numbers alone, as when each page of a buffer is freed too early. */
function tellAlike(findings: readonly Finding[]): string[] {
	const alike = new Map<string, { first: Finding; count: number }>();
	for (const finding of findings) {
		const { rule, blamed, message } = finding;
		const key = [rule, blamed, message.replaceAll(/\d+/g, "#")].join(" ");
		const found = alike.get(key);
		if (found === undefined) alike.set(key, { first: finding, count: 1 });
		else found.count += 1;
	}
	return [...alike.values()].map(({ first, count }) =>
		count === 1
			? tellShort(first)
			: `${tellShort(first)} - and ${count - 1} more like it`,
	);
}

function tellShort(finding: Finding): string {
	const { blamed, leak, message } = finding;
	const made =
		leak === undefined || message.includes(leak.origin)
			? ""
			: `; ${leak.kind} made by ${leak.origin} (entry ${leak.entry})`;
	return `${headline(finding)} - ${blamed}${made}`;
}

const REMARK_WEIGHTS = [
	"warning",
	"note",
	"provoked",
	"allowed",
] as const satisfies Weight[];

/** What counts against nobody, and what could not be judged: shown beside every outcome. */
export function remarks(one: CaseReport, level: Level): Section[] {
	return shortened([
		...REMARK_WEIGHTS.flatMap((weight) =>
			list(
				weight,
				one.findings
					.filter((finding) => weigh(finding, level) === weight)
					.map(tellRemark),
			),
		),
		...list(
			"not judged",
			one.notJudged.map(
				({ rule, because }) => `${rule}: it rests on ${because}`,
			),
		),
		...list(
			"not seen",
			one.notObservable.map(({ rule, reason }) => `${rule}: ${reason}`),
		),
		...list("remark", one.notes),
	]);
}

function tellRemark(finding: Finding): string {
	const reason = finding.reason === undefined ? "" : `; ${finding.reason}`;
	return `${tellShort(finding)}, ${placeText(finding.place)}${reason}`;
}
