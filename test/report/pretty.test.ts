import { Chalk } from "chalk";
import { describe, expect, it } from "vitest";
import { FORMATS } from "../../src/report/formats/index.ts";
import { NASTY, nastyReport } from "./nasty.ts";
import { aCase, aReport, finding, REPORT_NAMES, REPORTS } from "./values.ts";

const lines = (text: string) => text.trimEnd().split("\n");
const ESC = String.fromCharCode(27);
const CONTROL = /\p{Cc}/u;

/** Without its line breaks. */
const flowing = (text: string): string => text.replaceAll(/\s+/g, " ");

describe("the pretty report", () => {
	it.each(REPORT_NAMES)("%s ends with the counts, alone", (name) => {
		for (const ink of [undefined, new Chalk({ level: 3 })]) {
			const text = FORMATS.pretty(REPORTS[name], ink && { ink });
			expect(lines(text).at(-1)).toMatch(
				/^\d+ passed, \d+ failed(, \d+ skipped)?$/,
			);
			expect(lines(text).at(-2)).toMatch(/^\d+ cases? in \d+ files?/);
			expect(text).toContain("exit code ");
			expect(text.endsWith("\n") && !text.endsWith("\n\n")).toBe(true);
		}
	});

	it("is the same without its colours", () => {
		const ink = new Chalk({ level: 1 });
		const text = FORMATS.pretty(REPORTS.everything, { ink });
		expect(text).toContain(`${ESC}[31m`);
		expect(text.replaceAll(new RegExp(`${ESC}\\[\\d+m`, "g"), "")).toBe(
			FORMATS.pretty(REPORTS.everything),
		);
	});

	it("is ASCII where the reports are, unless asked otherwise", () => {
		for (const name of REPORT_NAMES)
			expect(FORMATS.pretty(REPORTS[name])).toMatch(/^[\n -~]*$/);
		expect(FORMATS.pretty(REPORTS.passed, { unicode: true })).toContain("✓");
	});

	it("counts an unexpected pass as failed", () => {
		const text = FORMATS.pretty(REPORTS["unexpected-pass"]);
		expect(lines(text).slice(-2)).toEqual([
			"1 case in 1 file: 1 unexpected pass",
			"0 passed, 1 failed",
		]);
	});

	it.each(Object.keys(NASTY))(
		"lets no one write to the terminal: %s",
		(name) => {
			const report = nastyReport(NASTY[name] as string);
			for (const verbose of [false, true])
				for (const line of lines(FORMATS.pretty(report, { verbose })))
					expect(CONTROL.test(line.replaceAll("\t", ""))).toBe(false);
		},
	);

	it("tells one warning of many cases once", () => {
		const warned = [1, 2, 3].map((n) =>
			aCase({
				id: `a[n=${n}]`,
				scenario: "a",
				findings: [finding({ level: "should", got: `status ${n}` })],
			}),
		);
		const text = FORMATS.pretty(aReport(warned));
		expect(text.match(/^warning .*/gm)).toEqual([
			expect.stringMatching(/^warning {2}3 cases .*got status 1\) - a\[n=1\]$/),
		]);
		expect(text).toContain("3 warnings");
	});

	it("tells where a leak was made, also of a later finding", () => {
		const leak = {
			kind: "grant",
			count: 2,
			owner: "fe",
			origin: 'grant.access ref 9 by fe in task "gem.create"',
			entry: 12,
		};
		const one = aCase({
			outcome: "failed",
			findings: [finding(), finding({ rule: "leak-grants", leak })],
		});
		expect(flowing(FORMATS.pretty(aReport([one])))).toMatch(
			/also .*; grant made by grant\.access ref 9 .*\(entry 12\)/,
		);
	});

	it("lists twenty later findings and counts the rest", () => {
		const findings = Array.from({ length: 31 }, (_, i) =>
			finding({ message: `the ${"x".repeat(i)}th thing` }),
		);
		const text = flowing(
			FORMATS.pretty(aReport([aCase({ outcome: "failed", findings })])),
		);
		expect(text.match(/ - be /g)).toHaveLength(20);
		expect(text).toContain("and 10 more");
	});

	it("tells findings that differ in numbers alone once", () => {
		const findings = Array.from({ length: 31 }, (_, i) =>
			finding({ message: `page ${i} was freed` }),
		);
		const text = flowing(
			FORMATS.pretty(aReport([aCase({ outcome: "failed", findings })])),
		);
		expect(text.match(/ - be/g)).toHaveLength(1);
		expect(text).toContain(" - be - and 29 more like it");
	});

	it("keeps to 120 columns, but for the command that is to be copied", () => {
		const long = "a sentence that goes on and on ".repeat(12).trim();
		const one = aCase({
			outcome: "failed",
			title: long,
			command: `npx xdisp-check run ${"x".repeat(150)}`,
			findings: [
				finding({ message: long, expected: long, got: long }),
				finding({ rule: "another", message: long }),
			],
			story: [
				{ entry: 40, tick: 2, who: "fe", text: `request  ${long}` },
				{ entry: 41, tick: 2, who: "be", text: "x".repeat(150) },
			],
		});
		const lines = FORMATS.pretty(aReport([one])).split("\n");
		// A word that is too long for a line stands on its own.
		expect(
			lines
				.filter((line) => line.length > 120)
				.map((line) => line.slice(0, 14)),
		).toEqual([expect.stringMatching(/^ {14}$/), "    see it    "]);
		const text = flowing(lines.join("\n"));
		expect(text.split(long).length - 1).toBeGreaterThanOrEqual(6);
		// What goes on stands below the last column.
		const at = lines.findIndex((line) => line.includes("request  a sentence"));
		const column = lines[at]?.indexOf("a sentence") ?? -1;
		expect(lines[at + 1]).toMatch(new RegExp(`^ {${column}}\\S`));
	});
});
