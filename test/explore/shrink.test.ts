/** Findings of wrong implementations are shrunk to a file that fails by itself, with the same rule and the same party to blame. */
import { describe, expect, it } from "vitest";
import type { Pick as Choice } from "../../src/base/choices.ts";
import {
	type Setup,
	signature as signatureOf,
} from "../../src/explore/once.ts";
import { type Shrunk, shrink } from "../../src/explore/shrink.ts";
import { runCase } from "../../src/run/case.ts";
import type { Case } from "../../src/scenario/scenario.ts";
import { loadWrong } from "../wrong/catalogue.ts";
import { loadCases, placed, REFERENCE } from "../wrong/suite.ts";
import { story } from "./stories.ts";

const generic = loadCases(["scenarios/explore"]);
const scenario = (id: string) =>
	generic.find((one) => one.id === `explore.${id}`) as Case;

async function setupOf(file: string): Promise<Setup> {
	const wrong = await loadWrong(`fixtures/peers/${file}.ts`);
	return {
		reference: REFERENCE,
		...placed(wrong),
		names: {},
		without: [],
		level: "must",
	};
}

async function shrunk(
	file: string,
	id: string,
	signature: string,
	picks: readonly Choice[] = [],
): Promise<Shrunk> {
	const setup = await setupOf(file);
	const done = await shrink(scenario(id), picks, signature, setup);
	if ("why" in done) throw new Error(done.why);
	// Not only its own word: the story that was read from the file fails when it is run as it stands.
	const { report } = await runCase(done.story, { ...setup, seed: 0 });
	expect(report.findings.map(signatureOf)).toContain(signature);
	return done;
}

describe("a finding of a wrong implementation is shrunk", () => {
	it("to the steps and the fault that it needs", async () => {
		const { text, after, before } = await shrunk(
			"backend-destroys-what-the-display-shows",
			"front-allocated",
			"destroy-releases be",
			[{ label: "fault.display-holds.be", occurrence: 0, value: 1 }],
		);
		expect([before.steps, after]).toEqual([
			16,
			{ steps: 3, switches: 0, faults: 1 },
		]);
		expect(text).toContain(
			"  - gem.create: { as: one, width: 1, height: 1, bpp: 32 }\n  - fb.create: { of: one, as: front }\n  - mode.set: { of: front }\nchoices: fault.display-holds.be:0=1\n",
		);
	});

	it("to no step at all when connecting is enough", async () => {
		const { after } = await shrunk(
			"backend-arms-without-looking",
			"back-allocated",
			"wake-up be",
		);
		expect(after).toEqual({ steps: 0, switches: 0, faults: 0 });
	});

	it("without the choices that are not needed, in a later step than where they began", async () => {
		const noise = [3, 9, 20].map((occurrence) => ({
			label: "turn",
			occurrence,
			value: 1,
		}));
		const { after } = await shrunk(
			"backend-publishes-events-early",
			"two-connectors",
			"published-in-order be",
			noise,
		);
		expect(after.switches).toBe(0);
		expect(after.steps).toBeLessThanOrEqual(6);
	});
});

describe("a step that goes on beside others", () => {
	it("becomes one with the step that waits for it", async () => {
		const beside = story(`
id: test.beside
title: a buffer is made beside the story
steps:
  - gem.create: { as: one, width: 1, height: 1, bpp: 32 }
    async: made
  - join: { of: made }
  - fb.create: { as: front, of: one }
  - mode.set: { of: front }
  - page.flip: { of: front }
`);
		const setup = await setupOf("backend-publishes-events-early");
		const done = await shrink(beside, [], "published-in-order be", setup);
		if ("why" in done) throw new Error(done.why);
		expect(done.after.steps).toBe(4);
		expect(done.text).not.toContain("async");
	});
});

describe("shrinking stays within its bounds", () => {
	it("says so when the run does not find it again", async () => {
		const setup = await setupOf("backend-arms-without-looking");
		const done = await shrink(scenario("world"), [], "leak-grants be", setup);
		expect(done).toMatchObject({ runs: 1 });
		expect("why" in done && done.why).toMatch(/does not find it again/);
	});

	it("gives what it has after so many runs", async () => {
		const setup = await setupOf("backend-publishes-events-early");
		const done = await shrink(
			scenario("front-allocated"),
			[],
			"published-in-order be",
			setup,
			{ runs: 3 },
		);
		expect(done.runs).toBeLessThanOrEqual(5);
		expect("text" in done && done.after.steps).toBeGreaterThan(4);
	});
});
