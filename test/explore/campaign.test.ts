/** Campaigns: the same whatever the number of workers, going on after a kill, and outliving workers that hang or die. */
import { spawn } from "node:child_process";
import {
	existsSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Progress, readProgress } from "../../src/explore/campaign.ts";
import { command } from "../cli/command.ts";

let folder = "";
beforeAll(() => {
	folder = mkdtempSync(join(tmpdir(), "xdisp-check-campaign-"));
	writeFileSync(
		join(folder, "small.yaml"),
		"id: campaign.small\ntitle: connects and makes a buffer\nsteps:\n  - gem.create: { as: buf, pages: 1 }\n",
	);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The real command; lists among the arguments are joined to them. */
const run = (...args: (string | readonly string[])[]) =>
	command(args.flat(), { timeout: 240_000 });
const file = (name: string) => join(folder, name);
const result = (name: string): Progress => {
	const progress = readProgress(readFileSync(file(name), "utf8"));
	if (progress === undefined) throw new Error(`${name} is no campaign`);
	return progress;
};
/** Mapped pages fail, in some orders: enough to do, and nothing that the reference does not survive. */
const WORK = ["--faults", "map-fails,claim-fails", "--drawn", "60", "-q"];

/** What does not depend on who did which job when. */
const essence = ({ runs, cases, findings, corpus, features }: Progress) => ({
	runs,
	cases,
	findings: findings.map(({ signature, times }) => [signature, times]),
	corpus,
	features: features.length,
});

describe("a campaign", () => {
	it("finds the same with one worker and with two, stories included", async () => {
		const args = ["explore", file("small.yaml"), "-q", "--faults", "none"];
		for (const jobs of ["1", "2"]) {
			run(
				args,
				...["--drawn", "30", "--generate", "60", "--jobs", jobs],
				...["--json", file(`jobs-${jobs}.json`)],
			);
		}
		const one = result("jobs-1.json");
		expect(essence(one)).toEqual(essence(result("jobs-2.json")));
		expect(one.runs).toMatchObject({ drawn: 30, stories: 60 });
		expect(one.corpus.length).toBeGreaterThan(5);
		expect(one.finished).toBe(true);
	});

	it("goes on where it was killed, and loses only the runs in flight", async () => {
		const args = [
			...["explore", file("small.yaml"), ...WORK, "--jobs", "1"],
			...["--state", file("state.json"), "--json", file("resumed.json")],
		];
		const bin = join(process.cwd(), "bin/xdisp-check.js");
		const child = spawn(process.execPath, [bin, ...args], { stdio: "ignore" });
		const ended = new Promise((resolve) => child.once("exit", resolve));
		const total = ({ faults, drawn }: Progress["runs"]) => faults + drawn;
		while (
			!existsSync(file("state.json")) ||
			total(result("state.json").runs) === 0
		)
			await new Promise((later) => setTimeout(later, 20));
		child.kill("SIGKILL");
		await ended;
		const before = result("state.json");
		expect(total(before.runs)).toBeGreaterThan(0);
		expect(before.finished).toBe(false);

		expect(run(...args).code).toBe(0);
		const whole = run(
			...["explore", file("small.yaml"), ...WORK, "--jobs", "1"],
			...["--json", file("whole.json")],
		);
		expect(whole.code).toBe(0);
		// Nothing is done twice and nothing is left out.
		expect(essence(result("resumed.json"))).toEqual(
			essence(result("whole.json")),
		);
		expect(total(result("whole.json").runs)).toBeGreaterThan(
			total(before.runs),
		);
	});

	it("goes through pairs and orders that matter too, and goes on with them where it was stopped", async () => {
		const args = [
			...["explore", "scenarios/explore/front-allocated.yaml", "-q"],
			...["--faults", "claim-fails", "--orders", "dpor", "--jobs", "2"],
		];
		for (const runs of ["60", "140"])
			expect(
				run(
					...[...args, "--runs", runs, "--state", file("parts.json")],
					...["--json", file("in-parts.json")],
				).code,
			).toBe(0);
		run(...args, "--runs", "140", "--json", file("at-once.json"));
		const { runs } = result("in-parts.json");
		const work = ({ runs: { shrinking, ...runs } }: Progress) =>
			Object.values(runs).reduce((sum, count) => sum + count, 0);
		expect(work(result("in-parts.json"))).toBe(140);
		expect(work(result("at-once.json"))).toBe(140);
		for (const kind of ["pairs", "orders", "switches", "sampled"] as const)
			expect(runs[kind]).toBeGreaterThan(0);
	});

	it("does not go on with the state of another campaign", async () => {
		const args = ["explore", file("small.yaml"), "-q", "--faults", "none"];
		const state = ["--state", file("other.json")];
		expect(run(...args, "--drawn", "5", ...state).code).toBe(0);
		const again = run(...args, "--drawn", "6", ...state);
		expect(again.code).not.toBe(0);
		expect(again.err).toMatch(/of another campaign/);
	});
});

describe("a worker that does not come back", () => {
	/** The reference, but for what it does once, at the start of its eighth run. */
	const wrong = (name: string, bad: string) => {
		const reference = join(process.cwd(), "src/peer/backend.ts");
		const done = JSON.stringify(file(`${name}.done`));
		writeFileSync(
			file(name),
			`import { existsSync, writeFileSync } from "node:fs";
import { backend } from ${JSON.stringify(reference)};
let runs = 0;
export default (context: never) => {
	if (++runs === 8 && !existsSync(${done})) { writeFileSync(${done}, ""); ${bad} }
	return backend(context);
};\n`,
		);
		return file(name);
	};

	it.each([
		["hung", "for (;;) {}"],
		["died", "process.exit(3);"],
	])(
		"because it %s is reported with its story, and the rest goes on",
		(how, bad) => {
			const { code, out } = run(
				...["explore", file("small.yaml"), ...WORK, "--jobs", "1"],
				...["--backend", wrong(`${how}.ts`, bad), "--timeout", "2000"],
				...["--json", file(`${how}.json`)],
			);
			expect(code).toBe(1);
			const { lost, runs, finished } = result(`${how}.json`);
			expect(lost).toHaveLength(1);
			expect(lost[0]).toMatchObject({ how });
			expect(lost[0]?.text).toMatch(/^choices: fault\./m);
			expect(out).toContain("1 lost");
			expect(finished).toBe(true);
			expect(runs.drawn).toBe(60);
		},
	);

	it("from an order that matters is reported with the turns that led there", async () => {
		const hangs = wrong("orders.ts", "for (;;) {}");
		const { code, out } = run(
			...["explore", "scenarios/explore/front-allocated.yaml", "-q"],
			...["--faults", "none", "--orders", "dpor", "--runs", "40"],
			...["--jobs", "1"],
			...["--backend", hangs, "--timeout", "2000"],
			...["--json", file("orders.json")],
		);
		expect(code).toBe(1);
		expect(out).toContain("1 lost");
		const { lost, cases } = result("orders.json");
		expect(lost[0]?.how).toBe("hung");
		// What follows from that order cannot be told; single switches and samples go on.
		const [standing] = Object.values(cases);
		expect(standing?.orders?.finished).toBe(false);
		expect(standing?.next).toBeUndefined();
		expect(standing?.switches).toBeGreaterThan(0);
	});
});

describe("shards", () => {
	it("do the work of the whole between them, and merge to one result", async () => {
		const paths = ["scenarios/explore"];
		const common = ["-q", "--faults", "none", "--drawn", "3", "--jobs", "1"];
		for (const part of ["1", "2"])
			run(
				...["explore", ...paths, ...common, "--shard", `${part}/2`],
				...["--json", file(`part-${part}.json`)],
			);
		const { code } = run(
			...["merge", file("part-1.json"), file("part-2.json")],
			...["--json", file("merged.json")],
		);
		expect(code).toBe(0);
		run("explore", ...paths, ...common, "--json", file("all.json"));
		const order = ({ cases }: Progress) => Object.keys(cases).sort();
		expect(order(result("merged.json"))).toEqual(order(result("all.json")));
		expect(result("merged.json").runs).toEqual(result("all.json").runs);
	});

	it("of run merge to the report of the whole run, byte for byte", async () => {
		const words = ["run", "scenarios/guests", "scenarios/explore"];
		for (const part of ["1", "2", "3"])
			run(
				...[...words, "-q", "--shard", `${part}/3`],
				...["--reporter", `json:${file(`run-${part}.json`)}`],
			);
		run(...words, "-q", "--reporter", `json:${file("run.json")}`);
		const parts = ["1", "2", "3"].map((part) => file(`run-${part}.json`));
		const merged = run("merge", ...parts, "--reporter", "json");
		expect(merged.out).toBe(readFileSync(file("run.json"), "utf8"));
		expect(merged.code).toBe(0);
	});

	it("that are none of one run are refused", async () => {
		const words = ["run", "scenarios/explore/world.yaml", "-q", "--reporter"];
		run(...words, `json:${file("seed-0.json")}`);
		run(...words, `json:${file("seed-1.json")}`, "--seed", "1");
		const merged = run(...["merge", file("seed-0.json"), file("seed-1.json")]);
		expect(merged.code).toBe(2);
		expect(merged.err).toMatch(/no shards of one run: `seed` is 0/);
		const twice = run(...["merge", file("seed-0.json"), file("seed-0.json")]);
		expect(twice.err).toMatch(/explore\.world was run by two of them/);
	});
});

describe("the corpus", () => {
	it("keeps stories that reached something, which later campaigns begin with", async () => {
		const args = [
			...["explore", file("small.yaml"), "-q", "--faults", "none"],
			...["--drawn", "0", "--jobs", "1", "--corpus", file("corpus")],
		];
		run(...args, "--generate", "20");
		const kept = readdirSync(file("corpus"));
		expect(kept.length).toBeGreaterThan(3);
		const lint = run("lint", file("corpus"));
		expect(lint.out).toMatch(/0 errors|the id/);
		run(
			...[...args, "--generate", "20", "--seed", "99"],
			...["--json", file("second.json")],
		);
		expect(result("second.json").corpus.length).toBeGreaterThan(kept.length);
	});
});
