/** What an exploration found and how far it came, in text and as one JSON value. */
import { formatPicks } from "../base/choices.ts";
import type { ExitCode } from "../report/exit-code.ts";
import type { CaseExplored, Finding, Ordered } from "./explore.ts";
import type { Swept } from "./sweep.ts";

export interface Explorations {
	tool: { name: "xdisp-check"; version: string };
	seed: number;
	implementations: { frontend: string; backend: string };
	/** Cases that the runs did not suffice for. */
	left: number;
	interrupted: boolean;
	cases: readonly CaseExplored[];
}

/** 130 over 5 over 1, as for `run`; 4 when nothing could be explored. */
export function exploreCode({ interrupted, cases }: Explorations): ExitCode {
	const findings = cases.flatMap((one) => one.findings);
	if (interrupted) return 130;
	if (
		findings.some(({ outcome }) => outcome === "error") ||
		cases.some(({ outcome }) => outcome === "error")
	)
		return 5;
	if (findings.length > 0) return 1;
	return cases.every(({ runs }) => runs === 0) ? 4 : 0;
}

export function exploreText(told: Explorations): string {
	const lines = [
		`xdisp-check ${told.tool.version} explore, frontend ${told.implementations.frontend}, backend ${told.implementations.backend}, seed ${told.seed}`,
		"",
	];
	for (const one of told.cases) lines.push(...caseLines(one));
	const findings = told.cases.flatMap((one) => one.findings);
	for (const one of told.cases)
		for (const finding of one.findings)
			lines.push("", ...findingLines(finding));
	const runs = told.cases.reduce((sum, one) => sum + one.runs, 0);
	const signatures = new Set(findings.map(({ signature }) => signature));
	lines.push(
		"",
		`${count(told.cases.length, "case")} explored${told.left > 0 ? `, ${count(told.left, "case")} left: not enough runs` : ""}${told.interrupted ? ", interrupted" : ""}`,
		`${count(runs, "run")}, ${count(signatures.size, "finding")}`,
	);
	return `${lines.join("\n")}\n`;
}

function caseLines({
	story,
	outcome,
	reason,
	runs,
	sweep,
	orders,
	findings,
}: CaseExplored): string[] {
	const head = `${findings.length > 0 ? "FOUND" : runs === 0 ? "skip " : "ok   "} ${story.id}  ${count(runs, "run")}`;
	if (outcome !== "passed")
		return [`${head}, ${outcome} without being explored: ${reason ?? ""}`];
	return [
		head,
		...(sweep === undefined ? [] : [`      faults  ${sweepText(sweep)}`]),
		...(orders === undefined ? [] : [`      orders  ${ordersText(orders)}`]),
	];
}

export function sweepText({
	places,
	tried,
	pairs,
	missed,
	finished,
}: Swept): string {
	return [
		`${tried} of ${count(places, "way")} to strike tried${finished ? "" : ", spread over the story"}`,
		...(pairs > 0 ? [`${count(pairs, "pair")} drawn`] : []),
		...(missed > 0
			? [`${missed} found no place after another fault had struck`]
			: []),
	].join("; ");
}

export function ordersText({
	how,
	preemptions,
	runs,
	pruned,
	beyond,
	finished,
	switched,
	drawn,
	states,
}: Ordered): string {
	const parts: string[] = [];
	if (how === "dpor" || how === "all")
		parts.push(
			`${how === "dpor" ? "partial-order reduction" : "plain enumeration"}, at most ${count(preemptions, "preemption")}: ${count(runs, "order")} run, ${pruned} pruned, ${beyond} beyond the bound, ${finished ? "finished" : "not finished"}`,
		);
	if (switched !== undefined)
		parts.push(
			`${switched.tried} of ${count(switched.of, "single switch", "es")} of the plain order tried`,
		);
	if (drawn !== undefined) {
		const { probability, depth, tasks, turns } = drawn;
		parts.push(
			`${drawn.how === "pct" ? "drawn by priority" : "drawn at random"}: ${count(drawn.runs, "order")}${
				probability === undefined
					? ""
					: `, each meeting a bug of depth ${depth} with a probability of at least ${probability.toExponential(1)} (${tasks} tasks, ${turns} turns)`
			}`,
		);
	}
	return `${parts.join("; ")}; ${count(states, "end state")}`;
}

function findingLines({
	signature,
	message,
	outcome,
	runs,
	first,
}: Finding): string[] {
	return [
		`${outcome === "error" ? "ERROR" : "FAIL "} ${signature}  in ${count(runs, "run")}`,
		`      ${message}`,
		...first.struck.map(({ text }) => `      fault   ${text}`),
		`      see it  ${first.report.command}`,
	];
}

/** Everything but the ledgers. */
export function exploreJson(told: Explorations): string {
	const cases = told.cases.map(
		({ story, outcome, reason, runs, sweep, orders, findings }) => ({
			id: story.id,
			file: story.place.file,
			outcome,
			...(reason === undefined ? {} : { reason }),
			runs,
			...(sweep === undefined ? {} : { sweep }),
			...(orders === undefined ? {} : { orders }),
			findings: findings.map((one) => ({
				signature: one.signature,
				message: one.message,
				outcome: one.outcome,
				runs: one.runs,
				choices: formatPicks(one.first.picks),
				faults: one.first.struck.map(({ text }) => text),
				command: one.first.report.command,
			})),
		}),
	);
	return `${JSON.stringify({ ...told, cases }, null, "\t")}\n`;
}

const count = (number: number, what: string, many = "s"): string =>
	`${number} ${what}${number === 1 ? "" : many}`;
