import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { FACTS, SECTIONS, sectionOf } from "./fact.ts";
import { NOT_MODELLED, PARTLY_MODELLED } from "./not-modelled.ts";

const numbers = FACTS.map(({ number }) => number);

describe("the facts about the hypervisor", () => {
	it("are numbered by section and line, without a gap", () => {
		const sections = [...new Set(numbers.map(sectionOf))];
		const expected = sections.flatMap((section) =>
			numbers
				.filter((number) => sectionOf(number) === section)
				.map((_, i) => `${section}.${i + 1}`),
		);
		expect(numbers).toEqual(expected);
	});

	it("each say something and name their source", () => {
		for (const { number, says, source } of FACTS) {
			expect(says, number).toMatch(/\w{2,}.* /);
			expect(source, number).toMatch(/\w{4,}/);
		}
	});

	it("have each section in one file", () => {
		const sections = Object.values(SECTIONS).flat();
		expect([...sections]).toEqual([...new Set(numbers.map(sectionOf))]);
		for (const name of Object.keys(SECTIONS))
			expect(
				existsSync(new URL(`facts-${name}.test.ts`, import.meta.url)),
				name,
			).toBe(true);
	});

	it("have reasons where they are not modelled, and no reason is left over", () => {
		for (const table of [NOT_MODELLED, PARTLY_MODELLED])
			for (const [number, reason] of Object.entries(table)) {
				expect(numbers).toContain(number);
				expect(reason, number).toMatch(/\w+ \w+.*\.$/);
			}
		const both = Object.keys(NOT_MODELLED).filter((n) => n in PARTLY_MODELLED);
		expect(both).toEqual([]);
	});
});
