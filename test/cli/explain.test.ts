/** The commands that say what the tool knows: explain, list, coverage. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { RULES } from "../../src/judge/rules/index.ts";
import { REQUIREMENTS } from "../../src/spec/index.ts";
import { command } from "./command.ts";

describe("explain", () => {
	it("plays a wrong implementation until the rule that is explained speaks", () => {
		const { code, out } = command(["explain", "B42"]);
		expect(code).toBe(0);
		expect(out).toMatch(/^B42, a bug\n\n {2}says {9}DBUF_DESTROY answers/);
		expect(out).toContain(
			"an example, of fixtures/peers/backend-destroys-early.ts",
		);
		expect(out).toMatch(/\n {4}rule {9}destroy-releases\n/);
		expect(out).toMatch(/\n {4}see it {7}npx xdisp-check run /);
	});

	it("finds for a requirement an example that cites it first", () => {
		const { code, out } = command(["explain", "displif.response.status"]);
		expect(code).toBe(0);
		expect(out).toMatch(/\n {4}requirement {2}displif\.response\.status /);
	});

	it("leaves the example out when asked", () => {
		const { code, out } = command([
			"explain",
			"destroy-releases",
			"--no-example",
		]);
		expect(code).toBe(0);
		expect(out).toContain("destroy-releases, a rule");
		expect(out).not.toContain("FAIL");
		expect(
			Math.max(...out.split("\n").map((line) => line.length)),
		).toBeLessThan(121);
	});

	it("answers an unknown id with the nearest one and exit code 2", () => {
		const { code, out, err } = command(["explain", "displif.reserved-zeros"]);
		expect(code).toBe(2);
		expect(out).toBe("");
		expect(err).toContain("did you mean `displif.reserved-zero`?");
		expect(command(["explain", "quite-another"]).err).toContain(
			"list --requirements",
		);
	});
});

describe("list", () => {
	const lines = (...args: string[]) => {
		const { code, out } = command(["list", ...args]);
		return { code, lines: out.split("\n").slice(0, -1) };
	};

	it("prints rules and requirements one a line, in four columns", () => {
		const rules = lines("--rules");
		expect(rules.lines.map((line) => line.split("\t")[0])).toEqual(
			RULES.map(({ id }) => id),
		);
		const requirements = lines("--requirements");
		expect(requirements.lines.length).toBe(REQUIREMENTS.size);
		for (const line of [...rules.lines, ...requirements.lines])
			expect(line.split("\t").length).toBe(4);
	});

	it("filters rules and requirements by words, ids and requirement", () => {
		expect(
			lines("--requirements", "--grep", "^ring\\.", "--grep-invert", "notify")
				.lines.length,
		).toBe(
			[...REQUIREMENTS.values()].filter(
				({ id, says }) =>
					id.startsWith("ring.") && !/notify/i.test(`${id} ${says}`),
			).length,
		);
		expect(
			lines("--rules", "--spec", "displif.dbuf-destroy.release").lines.map(
				(line) => line.split("\t")[0],
			),
		).toEqual(["destroy-releases"]);
		expect(lines("--rules", "--grep", "no such words").code).toBe(4);
	});

	it("prints scenarios one a line, and cases without a word", () => {
		const scenarios = lines("scenarios/flips", "--scenarios");
		const cases = lines("scenarios/flips");
		expect(cases.lines.length).toBeGreaterThanOrEqual(scenarios.lines.length);
		for (const line of [...scenarios.lines, ...cases.lines])
			expect(line).toMatch(/^flips\.[^\t]+\tscenarios\/flips\/[^\t]+\t[^\t]+$/);
		expect(
			lines("scenarios/flips", "--scenarios", "--grep", "^flips\\.one ").lines
				.length,
		).toBe(1);
		expect(
			lines("--scenarios", "--spec", "displif.get-edid.response-version").lines,
		).toEqual([
			expect.stringMatching(
				/^versions\.edid-answer-in-version-1\tscenarios\/versions\//,
			),
		]);
	});

	it("prints the requirements that no selected scenario names", () => {
		const all = lines("--unreferenced");
		const few = lines("scenarios/flips/one.yaml", "--unreferenced");
		expect(few.lines.length).toBeGreaterThan(all.lines.length);
		expect(few.lines).toContain("displif.get-edid.edid-size");
		expect(few.lines).not.toContain("displif.pg-flip.event");
		for (const id of all.lines) expect(REQUIREMENTS.has(id)).toBe(true);
	});
});

describe("coverage", () => {
	it("says what a scenario reached, for people and for machines", () => {
		const folder = mkdtempSync(join(tmpdir(), "xdisp-check-coverage-"));
		try {
			const file = join(folder, "coverage.json");
			const args = ["coverage", "scenarios/flips/one.yaml"];
			const { code, out } = command([...args, "--json", file]);
			expect(code).toBe(0);
			expect(out).toMatch(/^requirements: \d+ met, 0 broken, /m);
			expect(out).toMatch(/^ {2}PG_FLIP +1 good +0 refused$/m);
			expect(out).toMatch(/^ {2}4 Connected .*\[D\]/m);
			const json = JSON.parse(readFileSync(file, "utf8"));
			expect(json.cases).toBe(1);
			expect(json.requirements.length).toBe(REQUIREMENTS.size);
			expect(command([...args, "--json"]).out).toBe(readFileSync(file, "utf8"));
			expect(command([...args, "--complete", "--json"]).code).toBe(1);
		} finally {
			rmSync(folder, { recursive: true });
		}
	});

	it("ends as the run ends: a broken promise is exit code 1", () => {
		const { code, out } = command([
			"coverage",
			"scenarios/framebuffers/buffer-closed-first.yaml",
			"--backend",
			"fixtures/peers/backend-destroys-early.ts",
		]);
		expect(code).toBe(1);
		expect(out).toMatch(
			/^ {2}broken\n {4}displif\.dbuf-destroy\.release {2}must {2}backend {2}broken in 1, /m,
		);
	});
});
