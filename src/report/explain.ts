/** What the catalogue knows of a requirement, a rule or a bug, as sections for people. */
import { citesOf, type Rule } from "../judge/rule.ts";
import { RULES } from "../judge/rules/index.ts";
import { BUGS, type Bug } from "../spec/bugs.ts";
import { FAMILIES } from "../spec/families.ts";
import { REQUIREMENTS } from "../spec/index.ts";
import type { Requirement } from "../spec/requirement.ts";
import { derivationOf, sentencesOf } from "../spec/sentences/index.ts";
import { UNREACHED } from "../spec/unreached.ts";
import { columns, type Section } from "./section.ts";

/** A wrong implementation, as fixtures/wrong.json lists it. */
export interface WrongEntry {
	file: string;
	takes: "frontend" | "backend" | "world";
	bug?: string;
	says: string;
	caughtBy: readonly string[];
	shownBy: readonly string[];
}

/** A scenario, with the requirements it names. */
export interface ScenarioEntry {
	id: string;
	file: string;
	spec: readonly string[];
}

export interface Known {
	wrong: readonly WrongEntry[];
	scenarios: readonly ScenarioEntry[];
}

export interface Explained {
	kind: "requirement" | "rule" | "bug";
	id: string;
	title: string;
	sections: readonly Section[];
	/** Wrong implementations that show it, the most telling first, and what a finding of theirs must name to be an example. */
	shownBy: readonly WrongEntry[];
	names: { rules: readonly string[]; requirement?: string };
}

/** Every id that can be explained. */
export const explainable = (): string[] => [
	...REQUIREMENTS.keys(),
	...RULES.map(({ id }) => id),
	...BUGS.map(({ id }) => id),
];

/** Nothing when no requirement, rule or bug has this id. */
export function explain(id: string, known: Known): Explained | undefined {
	const requirement = REQUIREMENTS.get(id);
	if (requirement !== undefined) return ofRequirement(requirement, known);
	const rule = RULES.find((one) => one.id === id);
	if (rule !== undefined) return ofRule(rule, known);
	const bug = BUGS.find((one) => one.id === id.toUpperCase());
	return bug === undefined ? undefined : ofBug(bug, known);
}

const owed = (owes: string, level: string): string =>
	`${owes === "both" ? "both sides" : `the ${owes}`}, ${level}`;

/** No section without lines. */
const section = (label: string, lines: readonly string[]): Section[] =>
	lines.length === 0 ? [] : [{ label, lines }];

const rows = (
	label: string,
	made: readonly (readonly [string, string])[],
): Section[] => section(label, columns(made));

/** Scenarios that are listed before the others are counted. */
const LISTED = 12;

function scenarios(
	found: readonly ScenarioEntry[],
	all = "see the files that break it",
): Section[] {
	const more = found.length - LISTED;
	return section("scenarios", [
		...columns(
			found.slice(0, LISTED).map(({ id, file }) => [id, file] as const),
		),
		...(more > 0 ? [`and ${more} more: ${all}`] : []),
	]);
}

const planted = (wrong: readonly WrongEntry[]): Section[] =>
	section(
		"broken by",
		wrong.flatMap(({ file, bug, says }) => [
			bug === undefined ? file : `${file}, ${bug}`,
			`  ${says}`,
		]),
	);

const bugsOf = (wrong: readonly WrongEntry[]): Section[] =>
	rows(
		"bugs",
		BUGS.filter(({ id }) => wrong.some(({ bug }) => bug === id)).map(
			({ id, title }) => [id, title] as const,
		),
	);

function stands({ id, source, place }: Requirement): string[] {
	if (source === "pv") return [`no header; learned from ${place}`];
	const sentences = sentencesOf(id);
	const derived = derivationOf(id);
	return [
		`${source}, ${place}`,
		...sentences.map(
			({ header, hash }) => `sentence ${hash.split("|")[0]} of ${header}`,
		),
		...(derived === undefined ? [] : [`rests on: ${derived}`]),
	];
}

function ofRequirement(one: Requirement, known: Known): Explained {
	const { id, says, owes, level, readings = [] } = one;
	const rules = RULES.filter((rule) => citesOf(rule).includes(id));
	const ids = rules.map((rule) => rule.id);
	// The rule that cites it first is the one that it is most about.
	const rank = ({ caughtBy }: WrongEntry) =>
		Math.min(
			...rules
				.filter((rule) => caughtBy.includes(rule.id))
				.map((rule) => citesOf(rule).indexOf(id)),
		);
	const wrong = known.wrong
		.filter(({ caughtBy }) => caughtBy.some((rule) => ids.includes(rule)))
		.sort((a, b) => rank(a) - rank(b));
	const party = owes === "both" ? undefined : UNREACHED.parties[owes];
	const unseen =
		UNREACHED.requirements[id] ?? (rules.length === 0 ? party : undefined);
	return {
		kind: "requirement",
		id,
		title: says,
		sections: [
			...section("owed by", [owed(owes, level)]),
			...section("stands in", stands(one)),
			...section(
				"readings",
				readings.map((reading) => `- ${reading}`),
			),
			...rows(
				"judged by",
				rules.map((rule) => [rule.id, rule.says] as const),
			),
			...section("not judged", unseen === undefined ? [] : [unseen]),
			...scenarios(
				known.scenarios.filter(({ spec }) => spec.includes(id)),
				`xdisp-check list --scenarios --spec ${id}`,
			),
			...bugsOf(wrong),
		],
		shownBy: wrong,
		names: { rules: ids, requirement: id },
	};
}

function ofRule(rule: Rule, known: Known): Explained {
	const { id, says, owes, level, assumes, observes, families } = rule;
	const wrong = known.wrong
		.filter(({ caughtBy }) => caughtBy.includes(id))
		.sort((a, b) => a.caughtBy.indexOf(id) - b.caughtBy.indexOf(id));
	const shown = new Set(wrong.flatMap(({ shownBy }) => shownBy));
	return {
		kind: "rule",
		id,
		title: says,
		sections: [
			...section("owed by", [owed(owes, level)]),
			...rows(
				"speaks of",
				citesOf(rule).map(
					(one) => [one, REQUIREMENTS.get(one)?.says ?? ""] as const,
				),
			),
			...section("assumes", assumes),
			...section("observes", [observes.join(", ")]),
			...rows(
				"families",
				families.map((one) => [one, FAMILIES[one]] as const),
			),
			...scenarios(known.scenarios.filter(({ file }) => shown.has(file))),
			...bugsOf(wrong),
			...planted(wrong),
		],
		shownBy: wrong,
		names: { rules: [id] },
	};
}

function ofBug(bug: Bug, known: Known): Explained {
	const { id, title, source, side, needs, families, says, shows } = bug;
	const wrong = known.wrong.filter((one) => one.bug === id);
	const caughtBy = [...new Set(wrong.flatMap((one) => one.caughtBy))];
	const shown = new Set(wrong.flatMap(({ shownBy }) => shownBy));
	const rules = RULES.filter((rule) => caughtBy.includes(rule.id));
	return {
		kind: "bug",
		id,
		title,
		sections: [
			...section("of", [
				`${side === "both" ? "both sides" : `the ${side}`}, seen with: ${needs}`,
			]),
			...section("source", [source]),
			...section("wrong", [says]),
			...section("shown by", [shows]),
			...rows(
				"promises",
				families.map((one) => [one, FAMILIES[one]] as const),
			),
			...rows(
				"caught by",
				rules.map((rule) => [rule.id, rule.says] as const),
			),
			...scenarios(known.scenarios.filter(({ file }) => shown.has(file))),
			...planted(wrong),
		],
		shownBy: wrong,
		names: { rules: caughtBy },
	};
}
