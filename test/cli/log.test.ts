/** `--log`: the tool's own account, beside the results and never in them. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { command, ROOT } from "./command.ts";

const folder = mkdtempSync(join(tmpdir(), "xdisp-check-log-"));
afterAll(() => rmSync(folder, { recursive: true }));

const run = (...more: string[]) =>
	command(
		[
			"run",
			join(ROOT, "scenarios", "flips", "one.yaml"),
			"--backend",
			join(ROOT, "fixtures", "peers", "backend-positive-status.ts"),
			...more,
		],
		{ cwd: folder },
	);

it("has a line for each case, and changes nothing of what is printed", () => {
	const path = join(folder, "logs", "run.jsonl");
	const logged = run("--log", path);
	const lines = readFileSync(path, "utf8")
		.trim()
		.split("\n")
		.map((line) => JSON.parse(line));
	expect(lines.map(({ msg }) => msg)).toEqual(["begin", "case", "end"]);
	expect(lines[1]).toMatchObject({ case: "flips.one" });
	expect(lines[1].calls).toBeGreaterThan(100);
	expect(logged).toEqual(run());
});

it("goes to standard error for -, and says where it cannot be written", () => {
	expect(run("--log", "-").err).toContain('"msg":"case"');
	const { code, err } = run("--log", "/dev/null/log");
	expect(code).toBe(2);
	expect(err).toContain("--log /dev/null/log:");
});
