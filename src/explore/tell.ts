/** What a campaign tells a reader: a line while it runs, and what it found at its end. Pure functions of what it knows. */
import { type Progress, runsOf } from "./campaign.ts";

/** `12,345 runs: 8,000 faults, … · 2 findings`. */
export function progressLine(progress: Progress): string {
	const { runs, findings, lost, corpus } = progress;
	const parts = (["faults", "orders", "stories", "shrinking"] as const)
		.filter((kind) => runs[kind] > 0)
		.map((kind) => `${grouped(runs[kind])} ${KINDS[kind]}`);
	return [
		`${grouped(runsOf(progress))} runs${parts.length > 0 ? `: ${parts.join(", ")}` : ""}`,
		...(corpus.length > 0 ? [`${corpus.length} stories kept`] : []),
		`${findings.length} ${findings.length === 1 ? "finding" : "findings"}`,
		...(lost.length > 0 ? [`${lost.length} lost`] : []),
	].join(" · ");
}

const KINDS = {
	faults: "with a fault",
	orders: "in a drawn order",
	stories: "of made-up stories",
	shrinking: "to shrink findings",
} as const;

const grouped = (count: number): string =>
	String(count).replace(/\B(?=(\d{3})+$)/g, ",");

export function progressText(progress: Progress): string {
	const { findings, lost, unplayed, finished, interrupted, cases } = progress;
	const told = findings.map(
		({ signature, message, times, shrunk, text }) =>
			`FOUND ${signature}, in ${times} ${times === 1 ? "run" : "runs"}\n${message}\n${shrunk ? "The smallest story that still shows it" : "Not shrunk; the story that showed it"}:\n\n${indented(text)}`,
	);
	const gone = lost.map(
		({ how, message, text, seed }) =>
			`LOST a run: its worker ${how}: ${message}\nThe story${seed === 0 ? "" : `, with --seed ${seed}`}:\n\n${indented(text)}`,
	);
	const open = Object.values(cases).filter(
		({ tried, places }) => places !== undefined && tried < places,
	).length;
	return [
		...told,
		...gone,
		...(unplayed > 0
			? [`${unplayed} made-up stories ended before they were told`]
			: []),
		...(open > 0
			? [
					`the places of ${open} ${open === 1 ? "case" : "cases"} were not all tried`,
				]
			: []),
		`${progressLine(progress)}${finished ? "" : interrupted ? " · interrupted" : " · the budget is used up"}`,
	].join("\n\n");
}

const indented = (text: string): string =>
	text.trimEnd().replace(/^(?=.)/gm, "    ");

/** One result of several shards. */
export function mergeProgress(parts: readonly Progress[]): Progress {
	const [first] = parts;
	if (first === undefined) throw new Error("nothing to merge");
	const merged: Progress = structuredClone(first);
	for (const part of parts.slice(1)) {
		for (const kind of ["faults", "orders", "stories", "shrinking"] as const)
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
