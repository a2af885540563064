/** What a campaign tells a reader: a line while it runs, and what it found at its end. Pure functions of what it knows. */
import type { ExitCode } from "../report/exit-code.ts";
import { type Caught, type Progress, RUN_KINDS, runsOf } from "./campaign.ts";
import type { CaseStanding, Ways } from "./rounds.ts";
import { pctProbability } from "./sampled.ts";

/** `12,345 runs: 8,000 with a fault, … · 2 findings`. */
export function progressLine(progress: Progress): string {
	const { runs, findings, lost, corpus } = progress;
	const parts = ([...RUN_KINDS, "shrinking"] as const)
		.filter((kind) => runs[kind] > 0)
		.map((kind) => `${grouped(runs[kind])} ${KINDS[kind]}`);
	return [
		`${grouped(runsOf(progress) + runs.shrinking)} runs${parts.length > 0 ? `: ${parts.join(", ")}` : ""}`,
		...(corpus.length > 0 ? [`${corpus.length} stories kept`] : []),
		`${findings.length} ${findings.length === 1 ? "finding" : "findings"}`,
		...(lost.length > 0 ? [`${lost.length} lost`] : []),
	].join(" · ");
}

const KINDS = {
	plain: "plain",
	faults: "with a fault",
	pairs: "with two",
	orders: "in orders that matter",
	switches: "with a switch",
	sampled: "in sampled orders",
	drawn: "in a drawn order",
	stories: "of made-up stories",
	shrinking: "to shrink findings",
} as const;

const grouped = (count: number): string =>
	String(count).replace(/\B(?=(\d{3})+$)/g, ",");

/** `ways`: what was asked for, to say how orders were gone through. */
export function progressText(
	progress: Progress,
	ways?: Pick<Ways, "orders" | "preemptions" | "depth">,
): string {
	const { findings, lost, unplayed, finished, interrupted, cases } = progress;
	const stands = Object.entries(cases).flatMap(([id, standing]) =>
		caseLines(id, standing, ways),
	);
	return [
		...(stands.length > 0 ? [stands.join("\n")] : []),
		...findings.map(findingText),
		...lost.map(
			({ how, message, text }) =>
				`LOST a run: its worker ${how}: ${message}\nThe story, with what was chosen in it:\n\n${indented(text)}`,
		),
		...(unplayed > 0
			? [`${unplayed} made-up stories ended before they were told`]
			: []),
		`${progressLine(progress)}${finished ? "" : interrupted ? " · interrupted" : " · the budget is used up"}`,
	].join("\n\n");
}

const findingText = ({
	signature,
	message,
	outcome,
	in: story,
	times,
	struck,
	command,
	shrunk,
	text,
}: Caught): string =>
	[
		`${outcome === "error" ? "ERROR" : "FOUND"} ${signature}, in ${count(times, "run")}, first of ${story}`,
		`      ${message}`,
		...struck.map((one) => `      fault   ${one}`),
		...(command === "" ? [] : [`      see it  ${command}`]),
		`${shrunk ? "The smallest story that still shows it" : "Not shrunk; the story that showed it"}:\n`,
		indented(text),
	].join("\n");

const indented = (text: string): string =>
	text.trimEnd().replace(/^(?=.)/gm, "    ");

function caseLines(
	id: string,
	standing: CaseStanding,
	ways: Parameters<typeof progressText>[1],
): string[] {
	const { runs, plain, found } = standing;
	if (plain === undefined) return [`left  ${id}: not enough runs`];
	const head = `${found.length > 0 ? "FOUND" : plain.outcome === "passed" ? "ok   " : "skip "} ${id}  ${count(runs, "run")}`;
	if (plain.outcome !== "passed")
		return [
			`${head}, ${plain.outcome} without being explored: ${plain.reason ?? ""}`,
		];
	return [
		head,
		...(standing.faults > 0 || standing.pairs > 0
			? [`      faults  ${faultsText(standing)}`]
			: []),
		...(standing.orders !== undefined || standing.sampled > 0
			? [`      orders  ${ordersText(standing, ways)}`]
			: []),
		...(standing.drawn > 0
			? [`      drawn   ${count(standing.drawn, "order")}`]
			: []),
	];
}

export function faultsText({
	plain,
	faults,
	pairs,
	missed,
}: CaseStanding): string {
	const places = plain?.places ?? 0;
	return [
		`${Math.min(faults, places)} of ${count(places, "way")} to strike tried${faults < places ? ", spread over the story" : ""}`,
		...(pairs > 0 ? [`${count(pairs, "pair")} drawn`] : []),
		...(missed > 0
			? [`${missed} found no place after another fault had struck`]
			: []),
	].join("; ");
}

export function ordersText(
	{ orders, plain, switches, sampled, next }: CaseStanding,
	ways: Parameters<typeof progressText>[1],
): string {
	const { tasks = 0, turns = 0, switches: single = 0 } = plain ?? {};
	const parts: string[] = [];
	if (orders !== undefined) {
		const { runs, pruned, beyond, finished } = orders;
		const bound =
			ways === undefined
				? ""
				: `${ways.orders === "all" ? "plain enumeration" : "partial-order reduction"}, at most ${count(ways.preemptions, "preemption")}: `;
		parts.push(
			`${bound}${count(runs, "order")} run, ${pruned} pruned, ${beyond} beyond the bound, ${finished ? "finished" : next === undefined ? "given up: a run did not come back" : "not finished"}`,
		);
	}
	if (switches > 0)
		parts.push(
			`${switches} of ${count(single, "single switch", "es")} of the plain order tried`,
		);
	if (sampled > 0)
		parts.push(
			ways?.orders === "random"
				? `drawn at random: ${count(sampled, "order")}`
				: `drawn by priority: ${count(sampled, "order")}${
						ways === undefined
							? ""
							: `, each meeting a bug of depth ${ways.depth} with a probability of at least ${pctProbability(tasks, turns, ways.depth).toExponential(1)} (${tasks} tasks, ${turns} turns)`
					}`,
		);
	return parts.join("; ");
}

/** 130 over 5 over 1, as for `run`; 4 when nothing could be explored. */
export function campaignCode(progress: Progress): ExitCode {
	const { findings, lost, interrupted, cases, storiesTold } = progress;
	const plains = Object.values(cases).flatMap(({ plain }) => plain ?? []);
	if (interrupted) return 130;
	if (
		findings.some(({ outcome }) => outcome === "error") ||
		plains.some(({ outcome }) => outcome === "error")
	)
		return 5;
	if (findings.length > 0 || lost.length > 0) return 1;
	return storiesTold === 0 &&
		plains.every(({ outcome }) => outcome !== "passed")
		? 4
		: 0;
}

const count = (number: number, what: string, many = "s"): string =>
	`${number} ${what}${number === 1 ? "" : many}`;

/** One result of several shards. */
export function mergeProgress(parts: readonly Progress[]): Progress {
	const [first] = parts;
	if (first === undefined) throw new Error("nothing to merge");
	const merged: Progress = structuredClone(first);
	for (const part of parts.slice(1)) {
		for (const kind of [...RUN_KINDS, "shrinking"] as const)
			merged.runs[kind] += part.runs[kind];
		merged.unplayed += part.unplayed;
		merged.storiesTold += part.storiesTold;
		Object.assign(merged.cases, part.cases);
		merged.lost.push(...part.lost);
		merged.features = [...new Set([...merged.features, ...part.features])];
		merged.corpus.push(...part.corpus);
		for (const one of part.findings) {
			const known = merged.findings.find(
				({ signature }) => signature === one.signature,
			);
			if (known === undefined) merged.findings.push({ ...one });
			else known.times += one.times;
		}
		merged.finished &&= part.finished;
		merged.interrupted ||= part.interrupted;
	}
	merged.findings.sort((a, b) => (a.signature < b.signature ? -1 : 1));
	return merged;
}
