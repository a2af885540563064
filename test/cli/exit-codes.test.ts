/** Every exit code of the design, produced by the real command. */
import { spawn } from "node:child_process";
import {
	existsSync,
	mkdirSync,
	mkdtempSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { command, ROOT } from "./command.ts";

let folder = "";
const GOOD =
	"id: codes.good\ntitle: a buffer comes and goes\nsteps:\n  - gem.create: { as: buf, pages: 1 }\n  - gem.close: { of: buf }\n";
const REFUSED = (grade: string) =>
	`id: codes.graded\ntitle: an unknown cookie is refused\ncast: { fe: scripted }\nsteps:\n  - wire.connect: {}\n  - wire.send: { op: DBUF_DESTROY, dbuf_cookie: 9 }\n    breaks: pv.cookie-live\n    replies: { must: error, ${grade}: -EIO }\n`;

const write = (name: string, text: string) =>
	writeFileSync(join(folder, "scenarios", name), text);

beforeAll(() => {
	folder = mkdtempSync(join(tmpdir(), "xdisp-check-codes-"));
	mkdirSync(join(folder, "scenarios"));
	write("good.yaml", GOOD);
	write("warns.yaml", REFUSED("should"));
	write("bad.yaml", "id: codes.bad\ntitle: x\nsteps:\n  - gem.creat: {}\n");
	write(
		"unannounced.yaml",
		"id: codes.unannounced\ntitle: a scripted side lies\ncast: { be: scripted }\nsteps:\n  - wire.connect: {}\n  - wire.index: { which: rsp_prod, add: 9 }\n",
	);
});
afterAll(() => rmSync(folder, { recursive: true }));
const run = (...args: string[]) => command(["run", ...args], { cwd: folder });
const WRONG = join(ROOT, "fixtures/peers/backend-keeps-mapping.ts");

describe("exit codes", () => {
	it("0: conforming", () => {
		const { code, out } = run("scenarios/good.yaml");
		expect(out).toMatch(/\n1 passed, 0 failed\n$/);
		expect(code).toBe(0);
	});

	it("1: a rule is broken, and 0 with --exit-zero", () => {
		expect(run("scenarios/good.yaml", "--backend", WRONG).code).toBe(1);
		expect(
			run("scenarios/good.yaml", "--backend", WRONG, "--exit-zero").code,
		).toBe(0);
	});

	it.each([
		[["--frobnicate"], "unknown option"],
		[["--reporter", "jnuit"], "did you mean"],
		[["--reporter", "json", "--reporter", "junit"], "stdout"],
		[["--tag", "gme"], "gme"],
		[["--set", "world.connectrs=2"], "connectors"],
		[["--choices", "nonsense"], "LABEL:OCCURRENCE=VALUE"],
		[["--without", "edd"], "edid"],
		[["--seed", "minus"], "whole number"],
		[["--level", "maybe"], "must, should, may"],
		[["--spec", "displif.nothing"], "no such requirement"],
		[["--backend", "nowhere.mjs"], "no such file"],
		[["--backend", "module.txt"], ".mjs"],
	])("2: usage %j", (args, advice) => {
		const { code, err, out } = run("scenarios/good.yaml", ...args);
		expect(err).toContain(advice);
		expect(out).toBe("");
		expect(code).toBe(2);
	});

	it("2: no such path", () => {
		const { code, err } = run("nowhere");
		expect(err).toContain("no such file or folder");
		expect(code).toBe(2);
	});

	it("3: an invalid scenario, told with its line and a caret; the others are played", () => {
		const { code, out } = run(
			"scenarios/good.yaml",
			"scenarios/bad.yaml",
			"--junit",
			join(folder, "deep/er/r.xml"),
		);
		expect(out).toContain("scenarios/bad.yaml:4:5");
		expect(out).toContain("gem.create");
		expect(out).toContain("^");
		expect(readFileSync(join(folder, "deep/er/r.xml"), "utf8")).toContain(
			"scenarios/bad.yaml",
		);
		expect(code).toBe(3);
	});

	it("4: nothing selected, and 0 with --pass-with-no-scenarios", () => {
		expect(
			run("scenarios/good.yaml", "--grep", "nothing-has-this-name").code,
		).toBe(4);
		expect(
			run(
				"scenarios/good.yaml",
				"--grep",
				"nothing-has-this-name",
				"--pass-with-no-scenarios",
			).code,
		).toBe(0);
	});

	it("5: a scripted side breaks the protocol unannounced", () => {
		const { code, out } = run("scenarios/unannounced.yaml");
		expect(out).toContain("scenarios/unannounced.yaml:6");
		expect(code).toBe(5);
	});

	it("6: too many warnings; 0 without the limit; 1 at --level should", () => {
		expect(run("scenarios/warns.yaml", "--max-warnings", "0").code).toBe(6);
		expect(run("scenarios/warns.yaml").code).toBe(0);
		expect(run("scenarios/warns.yaml", "--level", "should").code).toBe(1);
	});

	it("5 before 3 before 1 before 6", () => {
		expect(run("scenarios/unannounced.yaml", "scenarios/bad.yaml").code).toBe(
			5,
		);
		expect(
			run("scenarios/good.yaml", "scenarios/bad.yaml", "--backend", WRONG).code,
		).toBe(3);
		expect(
			run(
				"scenarios/good.yaml",
				"scenarios/warns.yaml",
				"--backend",
				WRONG,
				"--max-warnings",
				"0",
			).code,
		).toBe(1);
	});

	it("130: interrupted, with the report written", async () => {
		const report = join(folder, "interrupted.xml");
		const child = spawn(
			process.execPath,
			[
				join(ROOT, "bin/xdisp-check.js"),
				"run",
				join(ROOT, "scenarios"),
				"--junit",
				report,
			],
			{ stdio: "ignore" },
		);
		setTimeout(() => child.kill("SIGINT"), 1500);
		const code = await new Promise((end) => child.on("exit", end));
		expect(code).toBe(130);
		expect(existsSync(report)).toBe(true);
		expect(readFileSync(report, "utf8")).toContain("interrupted");
	});

	it("keeps standard output for the one format that speaks there", () => {
		const { out } = run("scenarios/good.yaml", "--reporter", "json");
		expect(JSON.parse(out).counts.passed).toBe(1);
	});

	it("lists, lints and prints the schema", () => {
		expect(
			command(["list", "scenarios/good.yaml"], { cwd: folder }).out,
		).toContain("codes.good\t");
		expect(command(["list", "--rules"], { cwd: folder }).out).toContain(
			"leak-pages\t",
		);
		expect(command(["lint", "scenarios/good.yaml"], { cwd: folder }).code).toBe(
			0,
		);
		expect(command(["lint", "scenarios/bad.yaml"], { cwd: folder }).code).toBe(
			3,
		);
		expect(JSON.parse(command(["schema"]).out).$defs.step).toBeDefined();
	});
});
