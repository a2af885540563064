import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { RULES } from "../../src/judge/rules/index.ts";
import { BUGS } from "../../src/spec/bugs.ts";
import { loadWrong, wrongFiles } from "./catalogue.ts";
import {
	against,
	loadCases,
	NOTHING,
	ofSubject,
	placed,
	playCase,
} from "./suite.ts";

const WRONG = await Promise.all(wrongFiles().map(loadWrong));

describe("each wrong implementation is caught in the shipped suite by the rules it names, and by no other", () => {
	for (const one of WRONG)
		it(one.file, async () => {
			const { caughtBy, also = [], shownBy } = one.wrong;
			const found = new Set<string>();
			for (const story of loadCases(shownBy)) {
				const report = await playCase(story, placed(one));
				for (const { rule } of against(one, report)) found.add(rule);
			}
			// What a scenario expects besides follows from the broken promise.
			found.delete("expectation");
			for (const id of caughtBy) expect([...found]).toContain(id);
			expect([...found].filter((id) => !caughtBy.includes(id))).toEqual(
				[...found].filter((id) => also.includes(id)),
			);
		});
});

describe("the right implementation is silent where a wrong one is caught", () => {
	for (const path of new Set(WRONG.flatMap(({ wrong }) => wrong.shownBy)))
		it(path, async () => {
			for (const story of loadCases([path])) {
				const report = await playCase(story, NOTHING);
				expect(ofSubject(report)).toEqual([]);
				expect(report.outcome).toBe("passed");
			}
		});
});

describe("what a wrong implementation says of itself", () => {
	const bugs = new Map(BUGS.map((bug) => [bug.id, bug]));
	for (const { file, wrong } of WRONG)
		it(file, () => {
			for (const id of [...wrong.caughtBy, ...(wrong.also ?? [])])
				expect(RULES.map((rule) => rule.id)).toContain(id);
			for (const path of wrong.shownBy) expect(existsSync(path)).toBe(true);
			if (wrong.bug === undefined) return;
			const families = RULES.filter(({ id }) =>
				wrong.caughtBy.includes(id),
			).flatMap((rule) => rule.families);
			expect(bugs.get(wrong.bug)?.families).toEqual(
				expect.arrayContaining([expect.toBeOneOf(families)]),
			);
		});
});

describe("every rule has been seen to fail on two implementations", () => {
	for (const { id } of RULES)
		it(id, () => {
			const files = WRONG.filter(({ wrong }) => wrong.caughtBy.includes(id));
			expect(files.map(({ file }) => file).length).toBeGreaterThanOrEqual(2);
		});
});
