/** A coverage value as people read it, and as machines do. */
import {
	type Coverage,
	type MoveCoverage,
	type RequirementCoverage,
	STATES,
} from "./coverage.ts";
import type { Report } from "./report.ts";
import { columns } from "./section.ts";

/** All there is, with what was played; durations and paths stay out, so that the same run gives the same bytes. */
export const coverageJson = (report: Report, coverage: Coverage): string =>
	`${JSON.stringify({ tool: report.tool, seed: report.seed, implementations: report.implementations, ...coverage }, null, "\t")}\n`;

export interface CoverageTextOptions {
	/** Every requirement, met ones too. */
	verbose: boolean;
	requirement(id: string): string | undefined;
}

export function coverageText(
	{ tool, implementations }: Report,
	coverage: Coverage,
	options: CoverageTextOptions,
): string {
	const { frontend = "none", backend = "none" } = implementations;
	return [
		`${tool.name} ${tool.version}, frontend ${frontend}, backend ${backend}, ${coverage.cases} cases played`,
		"",
		...requirements(coverage, options),
		...operations(coverage),
		...moves(coverage, "frontend"),
		...moves(coverage, "backend"),
		...statuses(coverage),
		...missing(coverage),
		"",
	].join("\n");
}

function requirements(
	{ requirements: all }: Coverage,
	{ verbose, requirement }: CoverageTextOptions,
): string[] {
	const of = (state: string) => all.filter((one) => one.state === state);
	const counted = STATES.map((state) => `${of(state).length} ${state}`);
	const shown = STATES.filter((state) => verbose || state !== "met");
	return [
		`requirements: ${counted.join(", ")}, of ${all.length}`,
		"",
		...shown.flatMap((state) => {
			const ones = of(state);
			if (ones.length === 0) return [];
			return [
				`  ${state}`,
				...(state === "not observable"
					? byReason(ones)
					: columns(ones.map((one) => told(one, requirement))).map(
							(line) => `    ${line}`,
						)),
				"",
			];
		}),
	];
}

/** What cannot be judged for one reason stands below it. */
function byReason(ones: readonly RequirementCoverage[]): string[] {
	const reasons = [...new Set(ones.map(({ reason = "" }) => reason))];
	return reasons.flatMap((reason) => [
		`    ${reason}:`,
		...columns(
			ones
				.filter((one) => one.reason === reason)
				.map(({ id, level, owes }) => [id, level, owes]),
		).map((line) => `      ${line}`),
	]);
}

function told(
	one: RequirementCoverage,
	requirement: CoverageTextOptions["requirement"],
): string[] {
	const { id, level, owes, state, byRule, bySpec, provoked, broken } = one;
	const times = [
		...(broken > 0 ? [`broken in ${broken}`] : []),
		`rules ${byRule}`,
		`scenarios ${bySpec}`,
		...(provoked > 0 ? [`provoked ${provoked}`] : []),
		...(one.notBy.length > 0 ? [`not by the ${one.notBy.join(", ")}`] : []),
	].join(", ");
	return [
		id,
		level,
		owes,
		state === "not exercised" ? (requirement(id) ?? "") : times,
	];
}

const operations = ({ operations: all }: Coverage): string[] => [
	"operations: how often each was answered with success, and refused",
	"",
	...columns(
		all.map(({ name, good, refused, statuses: codes, reason }) => [
			`  ${name}`,
			`${good} good`,
			`${refused} refused`,
			codes.join(" "),
			reason ?? "",
		]),
	).map((line) => line.trimEnd()),
	"",
];

/** `D`: the side's driver did it; `s`: a scenario in its place; `t`: the toolstack; in brackets when it is legal. */
function moves({ moves: all }: Coverage, side: MoveCoverage["side"]): string[] {
	const mine = all.filter((one) => one.side === side);
	const states = [...new Set(mine.map(({ from }) => from))];
	const mark = ({ driver, script, toolstack, legal, reason }: MoveCoverage) => {
		const by =
			driver > 0
				? "D"
				: script > 0
					? "s"
					: toolstack > 0
						? "t"
						: reason === undefined
							? "."
							: "-";
		return legal ? `[${by}]` : ` ${by} `;
	};
	const reached = (legal: boolean) => {
		const ones = mine.filter((one) => one.legal === legal);
		const made = ones.filter(
			(one) => one.driver + one.script + one.toolstack > 0,
		);
		return `${made.length} of ${ones.length}`;
	};
	return [
		`bus states of the ${side}: ${reached(true)} legal moves reached, ${reached(false)} others`,
		"",
		...columns([
			["  from \\ to", ...states.map((_, i) => ` ${i} `)],
			...states.map((from, i) => [
				`  ${i} ${from}`,
				...states.map((to) => {
					const move = mine.find((one) => one.from === from && one.to === to);
					return move === undefined ? "   " : mark(move);
				}),
			]),
		]).map((line) => line.trimEnd()),
		"",
		"  D its driver, s a scenario in its place, t the toolstack, . nobody; [ ] is in the state diagram",
		"",
		...mine
			.filter(({ reason }) => reason !== undefined)
			.map(({ from, to, reason }) => `  ${from} to ${to}: ${reason}`),
	];
}

function statuses({ statuses: all }: Coverage): string[] {
	const calls = [...new Set(all.map(({ call }) => call))];
	return [
		"status codes: how often calls were refused",
		"",
		...columns(
			calls.map((call) => [
				`  ${call}`,
				all
					.filter((one) => one.call === call)
					.map(({ status, times }) => `${status} ${times}`)
					.join(", "),
			]),
		),
		"",
	];
}

const missing = ({ missing: all }: Coverage): string[] =>
	all.length === 0
		? ["complete: nothing is missing but what has a reason"]
		: [
				`missing, without a reason: ${all.length}`,
				"",
				...all.map((one) => `  ${one}`),
			];
