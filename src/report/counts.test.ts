import { expect, it } from "vitest";
import type { Finding, Level } from "../judge/finding.ts";
import { type Weight, weigh } from "./counts.ts";

const finding = (standing: Finding["standing"], level: Level): Finding => ({
	rule: "r",
	requirements: [],
	level,
	owes: "backend",
	blamed: "be",
	standing,
	message: "",
	expected: "",
	got: "",
	entry: 0,
	place: { file: "a.yaml", line: 1, column: 1 },
});

/** By the level of the run, then by that of the promise. */
const SUBJECT: Record<Level, Record<Level, Weight>> = {
	must: { must: "failure", should: "warning", may: "note" },
	should: { must: "failure", should: "failure", may: "note" },
	may: { must: "failure", should: "failure", may: "failure" },
};

const LEVELS = ["must", "should", "may"] as const;

it.each(LEVELS.flatMap((run) => LEVELS.map((promise) => ({ run, promise }))))(
	"a broken $promise in a run of level $run",
	({ run, promise }) => {
		const weight = SUBJECT[run][promise];
		expect(weigh(finding("subject", promise), run)).toBe(weight);
		for (const standing of ["ours", "unannounced"] as const)
			expect(weigh(finding(standing, promise), run)).toBe(
				weight === "failure" ? "error" : "note",
			);
		for (const standing of ["provoked", "allowed"] as const)
			expect(weigh(finding(standing, promise), run)).toBe(standing);
	},
);
