/** A case written as a scenario file and read again is the same case, and plays the same run. */
import { describe, expect, it } from "vitest";
import { Source } from "../../src/base/position.ts";
import { RULES } from "../../src/judge/rules/index.ts";
import { runCase } from "../../src/run/case.ts";
import { journalLines } from "../../src/run/journal-file.ts";
import { expressionText } from "../../src/scenario/expression.ts";
import { loadText } from "../../src/scenario/load.ts";
import { printCase } from "../../src/scenario/print.ts";
import type { Case } from "../../src/scenario/scenario.ts";
import { isLate } from "../../src/scenario/template.ts";
import { REQUIREMENTS } from "../../src/spec/index.ts";
import { loadCases, REFERENCE } from "../wrong/suite.ts";

const NAMES = {
	requirements: new Set(REQUIREMENTS.keys()),
	rules: new Set(RULES.map(({ id }) => id)),
};

function again(story: Case): Case {
	const text = printCase(story, "printed.case");
	const loaded = loadText(new Source("printed.yaml", text), NAMES);
	if (!loaded.ok)
		throw new Error(
			`${story.id}: ${loaded.problems.map(({ message }) => message)}\n${text}`,
		);
	expect(loaded.scenario.warnings).toEqual([]);
	return loaded.scenario.cases[0] as Case;
}

/** What a case says, without where it says it and what it is called. */
function meaning({ id, scenario, row, setup, steps, ...rest }: Case): unknown {
	const bare = (value: unknown): unknown => {
		if (isLate(value))
			return expressionText(value.late).replaceAll(/[()]/g, "");
		if (Array.isArray(value)) return value.map(bare);
		if (typeof value !== "object" || value === null) return value;
		return Object.fromEntries(
			Object.entries(value)
				.filter(
					([key, one]) =>
						one !== undefined && !["place", "places", "via"].includes(key),
				)
				.map(([key, one]) => [key, bare(one)]),
		);
	};
	return bare({ ...rest, steps: [...setup, ...steps] });
}

const suite = loadCases(["scenarios"]);

describe("a printed case", () => {
	it("says the same, for every case of the shipped suite", () => {
		for (const story of suite)
			expect(meaning(again(story)), story.id).toEqual(meaning(story));
	});

	it("plays the same run, choices included", async () => {
		const some = suite.filter((_, index) => index % 9 === 0);
		for (const story of some) {
			const armed: Case = {
				...story,
				choices: [{ label: "turn", occurrence: 2, value: 1 }],
			};
			const [one, other] = await Promise.all([armed, again(armed)].map(played));
			expect(other, story.id).toEqual(one);
		}
	}, 120_000);

	it("keeps more choices than fit a line", () => {
		const [story] = suite as [Case];
		const choices = Array.from({ length: 450 }, (_, occurrence) => ({
			label: "turn",
			occurrence,
			value: 1,
		}));
		expect(again({ ...story, choices }).choices).toEqual(choices);
	});

	it("keeps a dollar sign in a text", () => {
		const [story] = suite as [Case];
		expect(again({ ...story, title: "costs $5 or $x" }).title).toBe(
			"costs $5 or $x",
		);
	});
});

async function played(story: Case) {
	const { report, journal } = await runCase(story, {
		reference: REFERENCE,
		under: {},
		names: {},
		without: [],
		seed: 0,
		level: "must",
	});
	return {
		outcome: report.outcome,
		findings: report.findings.map(({ rule, blamed, entry }) => [
			rule,
			blamed,
			entry,
		]),
		journal: (journal === undefined ? [] : journalLines("", journal)).map(
			(line) => line.replace(/"line":\d+/, '"line":0'),
		),
	};
}
