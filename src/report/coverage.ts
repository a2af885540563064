/**
 * What a run reached, for each requirement, operation, bus state and status code.
 *
 * A requirement counts as exercised by a rule in a case when a rule that cites it was told of something that the side which owes it did as a
 * subject, and the operation that the requirement is about was sent. It counts as exercised by a scenario when the case names it in `spec`, has a
 * subject that owes it, and at least one demand of the scenario was judged. It is broken when a finding against a subject cites it.
 */
import type { Level, Party } from "../base/party.ts";
import { OP_NAMES } from "../displif/ops/index.ts";
import type { Standing } from "../judge/finding.ts";
import { citesOf } from "../judge/rule.ts";
import { RULES } from "../judge/rules/index.ts";
import { BACKEND_MOVES, FRONTEND_MOVES } from "../judge/rules/state-order.ts";
import { REQUIREMENTS } from "../spec/index.ts";
import type { Requirement } from "../spec/requirement.ts";
import { UNREACHED } from "../spec/unreached.ts";
import { XENBUS_STATE_NAMES, xenbusStateName } from "../xen/abi/xenbus.ts";
import type { CaseReport, Report } from "./report.ts";

export const STATES = [
	"met",
	"broken",
	"not exercised",
	"not observable",
] as const;
export type State = (typeof STATES)[number];

export interface RequirementCoverage {
	id: string;
	level: Level;
	owes: Requirement["owes"];
	state: State;
	/** Cases in which a rule that cites it was judged, and cases that name it and demanded something. */
	byRule: number;
	bySpec: number;
	/** Cases in which a scripted side broke it on purpose: the rule has been seen to speak. */
	provoked: number;
	/** Cases in which a subject broke it. */
	broken: number;
	/** Who of those that owe it was judged for it. */
	sides: readonly Party[];
	/** Who was a subject, owes it and was not judged for it. */
	notBy: readonly Party[];
	/** Why it was not exercised, where that is known. */
	reason?: string;
}

export interface OperationCoverage {
	name: string;
	/** Responses with status 0, and with another. */
	good: number;
	refused: number;
	/** Statuses of the refusals. */
	statuses: readonly string[];
	reason?: string;
}

export interface MoveCoverage {
	side: "frontend" | "backend";
	from: string;
	to: string;
	legal: boolean;
	/** Times that the side's driver, the scenario in its place, and the toolstack made it. */
	driver: number;
	script: number;
	toolstack: number;
	reason?: string;
}

export interface Coverage {
	/** Cases that were played. */
	cases: number;
	requirements: readonly RequirementCoverage[];
	operations: readonly OperationCoverage[];
	/** Every pair of two states, for each side. */
	moves: readonly MoveCoverage[];
	/** Calls that were refused: how often, by call and status. */
	statuses: readonly { call: string; status: string; times: number }[];
	/** What was not reached and has no reason, one line each: must-requirements, operations in both forms, moves. */
	missing: readonly string[];
}

/** What must have been sent before a requirement about it can be said to be exercised by a rule. */
const ABOUT: readonly (readonly [prefix: string, ...operations: string[]])[] = [
	...OP_NAMES.map(
		(name) =>
			[`displif.${name.toLowerCase().replaceAll("_", "-")}`, name] as const,
	),
	["displif.directory.", "DBUF_CREATE", "GET_EDID"],
];

export function coverageOf(report: Report): Coverage {
	const cases = report.files.flatMap((file) => file.cases);
	const operations = operationsOf(cases);
	const moves = movesOf(cases);
	const subjects = new Set(cases.flatMap(({ seen }) => seen?.subjects ?? []));
	const requirements = [...REQUIREMENTS.values()].map((one) =>
		requirementOf(one, cases, subjects),
	);
	return {
		cases: cases.filter(({ seen }) => seen !== undefined).length,
		requirements,
		operations,
		moves,
		statuses: statusesOf(cases),
		missing: [
			...requirements
				.filter(
					({ level, state, reason }) =>
						level === "must" &&
						state !== "not observable" &&
						reason === undefined,
				)
				.flatMap(({ id, state, notBy }) =>
					state === "not exercised"
						? [`${id} was not exercised`]
						: notBy.map((party) => `${id} was not exercised by the ${party}`),
				),
			...operations.flatMap(({ name, good, refused, reason }) => [
				...(good === 0 && reason === undefined
					? [`${name} was never answered with success`]
					: []),
				...(refused === 0 && reason === undefined
					? [`${name} was never refused`]
					: []),
			]),
			...moves
				.filter((move) => made(move) === 0 && move.reason === undefined)
				.map(
					({ side, from, to, legal }) =>
						`the ${side} never went from ${from} to ${to}${legal ? "" : ", which is illegal but can be caused"}`,
				),
		],
	};
}

const made = ({ driver, script, toolstack }: MoveCoverage): number =>
	driver + script + toolstack;

/** An expectation cites whatever its scenario speaks of; and what was announced counts against nobody. */
const AGAINST: readonly Standing[] = ["subject", "ours"];

const owesIt = (owes: Requirement["owes"], party: Party): boolean =>
	owes === party ||
	(owes === "both" && (party === "frontend" || party === "backend"));

function requirementOf(
	{ id, level, owes }: Requirement,
	cases: readonly CaseReport[],
	subjects: ReadonlySet<Party>,
): RequirementCoverage {
	const rules = RULES.filter((rule) => citesOf(rule).includes(id));
	const operations = ABOUT.find(([prefix]) => id.startsWith(prefix))?.slice(1);
	const owing = (party: Party) => owesIt(owes, party);
	let byRule = 0;
	let bySpec = 0;
	let provoked = 0;
	let broken = 0;
	const sides = new Set<Party>();
	let reason =
		UNREACHED.requirements[id] ??
		(owes === "both" ? undefined : UNREACHED.parties[owes]);
	for (const { seen, requirements, findings, reason: why, outcome } of cases) {
		const citing = findings.filter((one) => one.requirements.includes(id));
		if (citing.some(({ standing }) => standing === "provoked")) provoked += 1;
		if (
			citing.some(
				({ rule, standing }) =>
					rule !== "expectation" && AGAINST.includes(standing),
			)
		)
			broken += 1;
		if (seen === undefined) {
			if (outcome === "skipped" && requirements.includes(id)) reason ??= why;
			continue;
		}
		const about =
			operations === undefined ||
			operations.some((name) => seen.operations.includes(name));
		const judged = rules
			.flatMap((rule) =>
				(seen.rules[rule.id] ?? []).filter((party) => owesIt(rule.owes, party)),
			)
			.filter((party) => about && owing(party));
		if (judged.length > 0) byRule += 1;
		const named =
			requirements.includes(id) && seen.expectations > 0
				? seen.subjects.filter(owing)
				: [];
		if (named.length > 0) bySpec += 1;
		for (const party of [...judged, ...named]) sides.add(party);
	}
	const exercised = byRule + bySpec > 0;
	return {
		id,
		level,
		owes,
		state:
			broken > 0
				? "broken"
				: exercised
					? "met"
					: reason === undefined
						? "not exercised"
						: "not observable",
		byRule,
		bySpec,
		provoked,
		broken,
		sides: [...sides].sort(),
		notBy: [...subjects].filter((p) => owing(p) && !sides.has(p)).sort(),
		...(reason === undefined ? {} : { reason }),
	};
}

/** `key` as words, with how often. */
const rows = (
	cases: readonly CaseReport[],
	which: "answers" | "moves" | "statuses",
): (readonly [words: string[], times: number])[] =>
	cases.flatMap(({ seen }) =>
		Object.entries(seen?.[which] ?? {}).map(
			([key, times]) => [key.split(" "), times] as const,
		),
	);

const sum = (found: readonly (readonly [unknown, number])[]): number =>
	found.reduce((all, [, times]) => all + times, 0);

function operationsOf(cases: readonly CaseReport[]): OperationCoverage[] {
	const answers = rows(cases, "answers");
	return OP_NAMES.map((name) => {
		const mine = answers.filter(([[op]]) => op === name);
		const refusals = mine.filter(([[, status]]) => status !== "ok");
		const reason = UNREACHED.operations[name];
		return {
			name,
			good: sum(mine) - sum(refusals),
			refused: sum(refusals),
			statuses: [
				...new Set(refusals.map(([[, status = ""]]) => status)),
			].sort(),
			...(reason === undefined ? {} : { reason }),
		};
	});
}

const MOVES = { frontend: FRONTEND_MOVES, backend: BACKEND_MOVES };

function movesOf(cases: readonly CaseReport[]): MoveCoverage[] {
	const seen = rows(cases, "moves");
	return (["frontend", "backend"] as const).flatMap((side) =>
		XENBUS_STATE_NAMES.flatMap((from, i) =>
			XENBUS_STATE_NAMES.filter((to) => to !== from).map((to) => {
				const pair = `${from}>${to}`;
				const by = (mover: string) =>
					sum(
						seen.filter(
							([[whose, move, who]]) =>
								whose === side && move === pair && who === mover,
						),
					);
				const legal =
					MOVES[side][i]?.some((state) => xenbusStateName(state) === to) ??
					false;
				const reason = UNREACHED.moves[`${side} ${pair}`];
				return {
					side,
					from,
					to,
					legal,
					driver: by("driver"),
					script: by("script"),
					toolstack: by("toolstack"),
					...(reason === undefined ? {} : { reason }),
				};
			}),
		),
	);
}

function statusesOf(cases: readonly CaseReport[]): Coverage["statuses"] {
	const times = new Map<string, number>();
	for (const [[call, status], count] of rows(cases, "statuses"))
		times.set(
			`${call} ${status}`,
			(times.get(`${call} ${status}`) ?? 0) + count,
		);
	return [...times]
		.sort(([a], [b]) => (a < b ? -1 : 1))
		.map(([key, count]) => {
			const [call = "", status = ""] = key.split(" ");
			return { call, status, times: count };
		});
}
