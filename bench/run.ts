/**
 * How fast a case is: `npm run bench [-- SECONDS]`.
 *
 * Three cases of the shipped suite (small: connect, one buffer of one page, teardown; medium: many flips; large: a buffer of 2047 pages) against a limit
 * that is taken in the same rounds: a bare loop that makes the same calls of `World.apply` in the same order, with no scheduler, tasks, ledger or
 * rules. Times of this machine mean little, and on a busy one nothing; what lasts is how many times the limit each part takes:
 *
 *   whole    a case as `run` plays it: played, judged, its report made
 *   play     the same with no rules: world, scheduler, drivers, ledger, and the exchange that the steps read
 *   judge    every rule over the finished ledger, once more
 *   report   the case's own report, as JSON, JUnit and text
 *
 * Every figure is processor time, and the median over the rounds, after half as much time again in which the compiler sees the code. A round does each part once, one after
 * the other, so that what disturbs one disturbs all.
 */
import type { Journal } from "../src/journal/journal.ts";
import { judge } from "../src/judge/judge.ts";
import { RULES } from "../src/judge/rules/index.ts";
import backend from "../src/peer/backend.ts";
import frontend from "../src/peer/frontend.ts";
import { FORMATS } from "../src/report/formats/index.ts";
import type { CaseReport, Report } from "../src/report/report.ts";
import { type CaseOptions, runCase } from "../src/run/case.ts";
import type { Play } from "../src/run/play.ts";
import type { Case } from "../src/scenario/scenario.ts";
import type { Call } from "../src/xen/call.ts";
import { World, type WorldOptions } from "../src/xen/world.ts";
import { loadCases } from "../test/wrong/suite.ts";

const CASES = {
	small: "buffers.fe-alloc[pages=1]",
	medium: "flips.many",
	large: "buffers.fe-alloc[pages=2047]",
} as const;

/** Seconds for each case. */
const SECONDS = 5;

const REFERENCE = {
	frontend: { default: frontend },
	backend: { default: backend },
};
const PLAIN: CaseOptions = {
	reference: REFERENCE,
	under: {},
	names: {},
	without: [],
	seed: 0,
	level: "must",
};

/** A call that the world answered. */
interface Made {
	domid: number;
	task: number;
	tick: number;
	call: Call;
	status: number;
}

/** The calls of a ledger that reached the world: not those whose wait ran out of time. */
function callsOf(journal: Journal): Made[] {
	const made: Made[] = [];
	for (const entry of journal.entries()) {
		if (!("call" in entry)) continue;
		const { domid, task, tick, call, reply, fault } = entry;
		if (fault !== 0) throw new Error("a fault struck: the calls do not repeat");
		const waits = call.op === "wait" || call.op === "task.join";
		if (waits && reply.status < 0) continue;
		made.push({ domid, task, tick, call, status: reply.status });
	}
	return made;
}

/** The limit: the same calls, and nothing else. Sums the statuses, so that nothing can be left out. */
function bare(options: WorldOptions, made: readonly Made[]): number {
	const world = new World(options);
	let sum = 0;
	for (const { domid, task, tick, call } of made) {
		if (world.now !== tick) world.advance(tick);
		sum += world.apply(domid, task, call).status;
	}
	return sum;
}

const reportOf = (one: CaseReport): Report => ({
	tool: { name: "xdisp-check", version: "0" },
	seed: 0,
	level: "must",
	manners: "c423",
	implementations: { frontend: "reference", backend: "reference" },
	startedAt: "1970-01-01T00:00:00",
	durationMs: 0,
	files: [{ file: one.place.file, cases: [one] }],
	invalid: [],
	interrupted: false,
	internal: [],
});

const PARTS = ["bare", "whole", "play", "judge", "report"] as const;
type Part = (typeof PARTS)[number];

const median = (of: readonly number[]): number =>
	[...of].sort((a, b) => a - b)[of.length >> 1] as number;
/** Processor time of this process in milliseconds: a wall clock tells on a shared machine who else was running. */
const ms = (): number => {
	const { user, system } = process.cpuUsage();
	return (user + system) / 1000;
};

async function measure(name: string, story: Case, seconds: number) {
	let staged: Play | undefined;
	const { report, journal } = await runCase(story, {
		...PLAIN,
		staged: (play) => {
			staged = play;
		},
	});
	if (staged === undefined || journal === undefined)
		throw new Error(`${story.id} was not played`);
	if (report.outcome !== "passed") throw new Error(`${story.id} failed`);
	const play = staged;
	const calls = callsOf(journal);
	const { options } = play.world;
	const expected = calls.reduce((sum, { status }) => sum + status, 0);
	const frame = play.frame();
	const printed = reportOf(report);

	const parts: Record<Part, () => unknown> = {
		bare: () => bare(options, calls),
		whole: () => runCase(story, PLAIN),
		play: () => runCase(story, { ...PLAIN, rules: [] }),
		judge: () => judge(journal, RULES, frame),
		report: () =>
			[FORMATS.json, FORMATS.junit, FORMATS.pretty].map((format) =>
				format(printed),
			),
	};
	// The limit is one only when it does the same.
	if (bare(options, calls) !== expected)
		throw new Error(`${story.id}: the bare loop was answered otherwise`);

	const times = new Map<Part, number[]>(PARTS.map((part) => [part, []]));
	const round = async () => {
		for (const part of PARTS) {
			const began = ms();
			await parts[part]();
			times.get(part)?.push(ms() - began);
		}
	};
	const rounds = async (most: number) => {
		const end = ms() + most;
		do await round();
		while (ms() < end);
	};
	await rounds(seconds * 500);
	for (const taken of times.values()) taken.length = 0;
	await rounds(seconds * 1000);

	const took = (part: Part) => median(times.get(part) as number[]);
	const limit = took("bare");
	console.log(
		`${name}: ${story.id}, ${calls.length} calls, ${journal.length} entries; ${times.get("bare")?.length} rounds`,
	);
	for (const part of PARTS) {
		const one = took(part);
		console.log(
			`  ${part.padEnd(7)} ${one.toFixed(3).padStart(9)} ms ${(1000 / one).toFixed(0).padStart(7)} a second ${(one / limit).toFixed(2).padStart(7)} x the bare loop ${((one * 1e6) / journal.length).toFixed(0).padStart(6)} ns an entry`,
		);
	}
}

const seconds = Number(process.argv[2] ?? SECONDS);
if (!(seconds > 0)) throw new Error("how many seconds for each case?");
const cases = loadCases(["scenarios"]);
for (const [name, id] of Object.entries(CASES)) {
	const story = cases.find((one) => one.id === id);
	if (story === undefined) throw new Error(`the suite has no ${id}`);
	await measure(name, story, seconds);
}
