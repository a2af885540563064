/**
 * The table of docs/EXPLORE.md: each real bug that takes a failing call or a certain order is looked for in six generic scenarios, without being told
 * where it is; what is found is shrunk. A finding counts when a rule that the bug's file names makes it, and the reference does not make it in the
 * same run. Run by `npm run explore-table`; with --write the table goes into the document.
 */
import { readFileSync } from "node:fs";
import type { Pick as Choice } from "../../src/base/choices.ts";
import {
	type Once,
	once,
	type Plan,
	type Setup,
} from "../../src/explore/once.ts";
import { type Shrunk, shrink } from "../../src/explore/shrink.ts";
import {
	ALL_FAULTS,
	spread,
	strikes,
	switches,
} from "../../src/explore/sweep.ts";
import { writeWhole } from "../../src/report/write.ts";
import type { Case } from "../../src/scenario/scenario.ts";
import { BUGS } from "../../src/spec/bugs.ts";
import { loadWrong, type WrongModule, wrongFiles } from "../wrong/catalogue.ts";
import { isMainThread, serve, spread as spreadWork } from "../wrong/pool.ts";
import { loadCases, placed, REFERENCE } from "../wrong/suite.ts";

/** In this order, a share of the runs each. */
const GENERIC = [
	"front-allocated",
	"back-allocated",
	"two-connectors",
	"two-guests",
	"reconnect",
	"world",
];
/** Runs of a bug at most: a share for each scenario and way. */
const PLACES = 700;
const SWITCHES = 200;
const ORDERS = 60;

interface Row {
	scenario?: string;
	signature?: string;
	runs: number;
	seconds: number;
	shrunk?: Pick<Shrunk, "text" | "before" | "after" | "runs">;
	why?: string;
}

const base: Omit<Setup, "under"> = {
	reference: REFERENCE,
	names: {},
	without: [],
	level: "must",
};

async function search(file: string): Promise<Row> {
	const began = process.hrtime.bigint();
	const wrong = await loadWrong(file);
	const setup: Setup = { ...base, ...placed(wrong) };
	let runs = 0;
	for (const { story, plan } of await tries(setup, () => (runs += 1))) {
		runs += 1;
		const run = await once(story, setup, plan);
		const found = await foundBy(wrong, run, story, plan);
		if (found === undefined) continue;
		const seconds = Number(process.hrtime.bigint() - began) / 1e9;
		const done = await shrink(story, run.picks, found, setup);
		const row = { scenario: story.id, signature: found, runs, seconds };
		return "why" in done ? { ...row, why: done.why } : { ...row, shrunk: done };
	}
	return { runs, seconds: Number(process.hrtime.bigint() - began) / 1e9 };
}

/** The plain runs, then places, single switches and drawn orders in turn over the six scenarios; the worst memory last. */
async function tries(setup: Setup, ran: () => void) {
	const stories = GENERIC.map((name) => loaded(`explore.${name}`));
	const made: { story: Case; plan: Plan }[] = stories.map((story) => ({
		story,
		plan: { picks: [] },
	}));
	const lists: { places: Choice[]; single: Choice[] }[] = [];
	for (const story of stories) {
		ran();
		const plain = await once(story, setup, { picks: [], faults: ALL_FAULTS });
		lists.push({
			places: [...spread(strikes(plain.places, {}))].slice(0, PLACES),
			single: [...spread(switches(plain.points))].slice(0, SWITCHES),
		});
	}
	for (let at = 0; at < PLACES; at++) {
		for (const [index, story] of stories.entries()) {
			const { places, single } = lists[index] as (typeof lists)[number];
			for (const pick of [places[at], single[at]])
				if (pick !== undefined) made.push({ story, plan: { picks: [pick] } });
			if (at < ORDERS) {
				made.push({ story, plan: { picks: [], seed: at + 1 } });
				const world = { ...story.world, memory: "weak" as const };
				made.push({
					story: { ...story, world },
					plan: { picks: [], seed: at },
				});
			}
		}
	}
	return made;
}

/** The signature by which the bug is found in a run, unless the reference makes the same there. */
async function foundBy(
	{ wrong }: WrongModule,
	{ found, picks }: Once,
	story: Case,
	plan: Plan,
): Promise<string | undefined> {
	const mine = found.filter(({ finding }) =>
		wrong.caughtBy.includes(finding?.rule ?? ""),
	);
	if (mine.length === 0) return undefined;
	const right = await once(story, { ...base, under: {} }, plan);
	const replayed = await once(story, { ...base, under: {} }, { picks });
	const also = [...right.found, ...replayed.found].map((f) => f.signature);
	return mine.find(({ signature }) => !also.includes(signature))?.signature;
}

let all: readonly Case[] | undefined;
function loaded(id: string): Case {
	all ??= loadCases(["scenarios/explore"]);
	const story = all.find((one) => one.id === id);
	if (story === undefined) throw new Error(`no case ${id}`);
	return story;
}

const WANTED = new Set(["fault-injection", "interleaving"]);

const isFound = (row: Row | undefined): boolean => row?.signature !== undefined;

async function main(): Promise<void> {
	const wrong = await Promise.all(wrongFiles().map(loadWrong));
	const only = process.argv.slice(2).filter((word) => /^B\d+$/.test(word));
	const bugs = BUGS.filter(
		({ id, needs }) =>
			WANTED.has(needs) && (only.length === 0 || only.includes(id)),
	);
	const jobs = bugs.flatMap(({ id }) =>
		wrong.filter((one) => one.wrong.bug === id).map(({ file }) => file),
	);
	const answers = await spreadWork<string, Row>(jobs, {
		patience: 900_000,
		told: (file, row) =>
			process.stderr.write(
				`${file} ${row?.signature ?? "not found"} ${row?.runs} runs ${JSON.stringify(row?.shrunk?.after)}\n`,
			),
	});
	const rows = new Map(jobs.map((file, index) => [file, answers[index]]));
	const lines: string[] = [];
	const stories: string[] = [];
	const ratios: number[] = [];
	let found = 0;
	let same = 0;
	for (const bug of bugs) {
		const planted = wrong.filter((one) => one.wrong.bug === bug.id);
		const hit = planted.map(({ file }) => rows.get(file)).find(isFound);
		if (hit === undefined) {
			const [row] = planted.map(({ file }) => rows.get(file));
			lines.push(
				`| ${bug.id} ${bug.title} | ${bug.needs} | ${planted.length === 0 ? "not planted" : "**not found**"} | | ${row?.runs ?? ""} | ${row === undefined ? "" : row.seconds.toFixed(1)} | |`,
			);
			continue;
		}
		found += 1;
		const { shrunk } = hit;
		if (shrunk !== undefined) {
			same += 1;
			ratios.push(shrunk.after.steps / shrunk.before.steps);
			stories.push(
				`### ${bug.id} ${bug.title}\n\n\`\`\`yaml\n${shrunk.text.trimEnd()}\n\`\`\`\n`,
			);
		}
		const { before, after } = shrunk ?? {};
		lines.push(
			`| ${bug.id} ${bug.title} | ${bug.needs} | ${hit.scenario?.replace("explore.", "")} | \`${hit.signature}\` | ${hit.runs} | ${hit.seconds.toFixed(1)} | ${before === undefined || after === undefined ? hit.why : `${before.steps} → ${after.steps}${after.faults > 0 ? `, ${after.faults} fault` : ""}${after.switches > 0 ? `, ${after.switches} ${after.switches === 1 ? "switch" : "switches"}` : ""}`} |`,
		);
	}
	const missed = bugs.flatMap(({ id }) =>
		wrong
			.filter(
				({ wrong: { bug }, file }) => bug === id && !isFound(rows.get(file)),
			)
			.map(({ file }) => `\`${file}\` (${id})`),
	);
	const median = ratios.sort((a, b) => a - b)[ratios.length >> 1] ?? 1;
	const text = [
		`| bug | takes | found in | by | runs | seconds | steps, shrunk |`,
		`|---|---|---|---|---|---|---|`,
		...lines,
		"",
		`${found} of ${bugs.length} found. ${same} of ${found} shrunk with the same signature; the median length is ${(median * 100).toFixed(0)} % of the original's.`,
		`A bug may have several wrong implementations: of the ${jobs.length} here ${jobs.length - missed.length} are found${missed.length === 0 ? "" : `, and not ${missed.join(", ")}`}.`,
		"",
		"## The shrunk stories",
		"",
		...stories,
	].join("\n");
	if (!process.argv.includes("--write")) {
		console.log(text);
		return;
	}
	const path = "docs/EXPLORE.md";
	const [head] = readFileSync(path, "utf8").split(MARK);
	writeWhole(path, `${head}${MARK}\n\n${text.trimEnd()}\n`);
}

/** What stands below is generated. */
const MARK = "<!-- what follows is written by npm run explore-table -->";

if (isMainThread) await main();
else serve(search);
