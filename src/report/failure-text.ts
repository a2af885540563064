/** What a stranger with a broken program needs to know of a case that did not pass. Pretty and JUnit print the same. */
import { frame, placeText } from "../base/position.ts";
import type { Finding, Leak, Level } from "../judge/finding.ts";
import { weigh } from "./counts.ts";
import { oneLine, plain } from "./plain.ts";
import type { CaseReport } from "./report.ts";
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

/** Later findings that are told one by one; the JSON report has them all. */
const ALSO_LIMIT = 20;

export function failureText(
	one: CaseReport,
	level: Level,
	requirement: RequirementLookup = () => undefined,
): FailureText {
	const [first, ...later] =
		one.outcome === "unexpected-pass" ? [] : one.findings;
	const also = later.filter((finding) =>
		["failure", "error"].includes(weigh(finding, level)),
	);
	const told: Told =
		one.error !== undefined
			? tellError(one, one.error)
			: first !== undefined
				? tellFinding(one, first, requirement)
				: tellReason(one);
	const findings =
		one.error !== undefined && first !== undefined ? [first, ...also] : also;
	return {
		headline: oneLine(told.headline),
		type: told.type,
		sections: [
			...told.sections,
			...tellStory(one, first),
			...tellFaults(one),
			...tellAlso(findings),
			{ label: "see it", lines: [oneLine(one.command)] },
		].map(({ label, lines }) => ({ label, lines: lines.map(plain) })),
	};
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
		headline: `${says}: ${error.message}`,
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
	const name = finding.requirements[0] ?? finding.rule;
	return oneLine(
		`${name}: ${finding.message} (expected ${finding.expected}, got ${finding.got})`,
	);
}

function tellReason(one: CaseReport): Told {
	return {
		headline: one.reason ?? one.outcome,
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
	return {
		label: "at",
		lines: [
			placeText(place),
			...(one.frame === undefined ? [] : [frame(one.frame.text, place)]),
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
			who,
			oneLine(text),
		]),
	);
	return [{ label: "messages", lines }];
}

/** A case that ran and met no fault says so: the reader need not wonder. */
function tellFaults(one: CaseReport): Section[] {
	if (one.faults.length > 0)
		return [{ label: "faults", lines: one.faults.map(oneLine) }];
	return one.calls > 0 ? [{ label: "faults", lines: ["none"] }] : [];
}

function tellAlso(findings: readonly Finding[]): Section[] {
	if (findings.length === 0) return [];
	const lines = findings
		.slice(0, ALSO_LIMIT)
		.map((finding) => `${headline(finding)} - ${finding.blamed}`);
	const more = findings.length - lines.length;
	if (more > 0) lines.push(`and ${more} more`);
	return [{ label: "also", lines }];
}

/** What counts against nobody, and what could not be judged: shown beside every outcome. */
export function remarks(one: CaseReport, level: Level): Section[] {
	const sections = one.findings.flatMap((finding): Section[] => {
		const weight = weigh(finding, level);
		if (weight === "failure" || weight === "error") return [];
		return [
			{
				label: weight,
				lines: [
					headline(finding),
					`${finding.blamed}, ${placeText(finding.place)}`,
					...(finding.reason === undefined ? [] : [finding.reason]),
				],
			},
		];
	});
	const list = (label: string, lines: readonly string[]) => {
		if (lines.length > 0) sections.push({ label, lines });
	};
	list(
		"not judged",
		one.notJudged.map(({ rule, because }) => `${rule}: it rests on ${because}`),
	);
	list(
		"not seen",
		one.notObservable.map(({ rule, reason }) => `${rule}: ${reason}`),
	);
	list("remark", one.notes);
	return sections.map(({ label, lines }) => ({
		label,
		lines: lines.map(plain),
	}));
}
