import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { loadFile } from "../../src/scenario/load.ts";
import { render } from "../../src/scenario/problem.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const FOLDER = join(ROOT, "fixtures/scenarios-bad");
const GOLDEN = join(FOLDER, "expected.txt");

const options = {
	requirements: new Set(["displif.dbuf-create.cookie-unique"]),
	rules: new Set(["grants-returned", "reply-echoes-id"]),
};

/** What a user reads of one malformed file. */
function blocks(file: string): string {
	const loaded = loadFile(ROOT, join(FOLDER, file), options);
	return loaded.ok
		? "(loads)"
		: loaded.problems.map((problem) => render(problem)).join("\n");
}

/** `UPDATE_GOLDENS=1 npx vitest run test/bad-input` writes the golden file anew; read the difference before it is committed. */
describe("malformed scenarios", () => {
	const files = readdirSync(FOLDER)
		.filter((file) => file.endsWith(".yaml"))
		.sort();

	it("are many", () => {
		expect(files.length).toBeGreaterThanOrEqual(60);
	});

	it.each(files)("%s is answered with a place, its line and advice", (file) => {
		const loaded = loadFile(ROOT, join(FOLDER, file), options);
		expect(loaded.ok).toBe(false);
		if (loaded.ok) return;
		expect(loaded.problems.length).toBeGreaterThan(0);
		for (const problem of loaded.problems) {
			const text = render(problem);
			expect(text).toMatch(/^fixtures\/scenarios-bad\/[^:]+\.yaml:\d+:\d+: /);
			expect(text).not.toContain(ROOT);
			if (problem.line !== "") expect(text).toMatch(/\n\s+\| +\^+/);
		}
	});

	it("are answered as the golden file has it", () => {
		const text = files
			.map((file) => `=== ${file}\n${blocks(file)}\n`)
			.join("\n");
		if (process.env.UPDATE_GOLDENS) writeFileSync(GOLDEN, text);
		expect(text).toBe(readFileSync(GOLDEN, "utf8"));
	});
});
