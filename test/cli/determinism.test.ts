/** Same scenario, same seed, same bytes out. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { command, ROOT } from "./command.ts";

const folder = mkdtempSync(join(tmpdir(), "xdisp-check-same-"));
afterAll(() => rmSync(folder, { recursive: true }));

let runs = 0;
function bytes(
	folders: readonly string[],
	seed: number,
	cwd = ROOT,
	more: readonly string[] = [],
): { json: string; journal: string } {
	const at = join(folder, String(runs++));
	const paths = folders.map((name) =>
		cwd === ROOT ? `scenarios/${name}` : join(ROOT, "scenarios", name),
	);
	const { code } = command(
		[
			"run",
			...paths,
			"--seed",
			String(seed),
			"--reporter",
			`json:${at}.json`,
			"--journal",
			`${at}.jsonl`,
			"-q",
			...more,
		],
		{ cwd },
	);
	expect(code).toBe(0);
	return {
		json: readFileSync(`${at}.json`, "utf8"),
		journal: readFileSync(`${at}.jsonl`, "utf8"),
	};
}

it.each([0, 7])(
	"seed %i: twice, in another order, from another folder",
	(seed) => {
		const first = bytes(["flips", "config"], seed);
		expect(bytes(["flips", "config"], seed)).toEqual(first);
		expect(bytes(["config", "flips"], seed)).toEqual(first);
		expect(bytes(["flips", "config"], seed, tmpdir())).toEqual(first);
		expect(first.journal.length).toBeGreaterThan(100_000);
	},
);

it("another seed tells another story", () => {
	expect(bytes(["flips"], 1).journal).not.toBe(bytes(["flips"], 2).journal);
});

it("a case is the same whatever else is selected", () => {
	const alone = bytes(["flips"], 7, ROOT, ["--id", "flips.one"]).journal;
	expect(alone.split("\n").length).toBeGreaterThan(100);
	expect(bytes(["flips"], 7).journal).toContain(alone);
});
