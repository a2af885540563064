import { describe, expect, test } from "vitest";
import type { Progress } from "../../src/explore/campaign.ts";
import { isKnown } from "../../src/explore/known.ts";
import type { Setup } from "../../src/explore/once.ts";
import { pctProbability } from "../../src/explore/sampled.ts";
import { ALL_FAULTS } from "../../src/explore/sweep.ts";
import { campaignCode, progressText } from "../../src/explore/tell.ts";
import type { PeerModule } from "../../src/peer/peer.ts";
import { cases, explored, SETUP } from "./stories.ts";

const peer = async (name: string): Promise<PeerModule> =>
	await import(`../../fixtures/peers/${name}.ts`);

async function under(
	role: "frontend" | "backend",
	name: string,
): Promise<Setup> {
	return { ...SETUP, under: { [role]: await peer(name) } };
}

const CREATE = cases(`
id: test.create
title: One buffer of $pages pages is made and closed
spec: [pv.leak.grants]
tags: [gem]
matrix:
  pages: [1, 2]
steps:
  - gem.create: { as: buf, pages: $pages }
  - gem.close: { of: buf }
`);

const BE_ALLOC = cases(`
id: test.be-alloc
title: A buffer of the backend's pages
spec: [pv.leak.balloon]
tags: [gem, be-alloc]
use: { fixture: connected, with: { be-alloc: "1" } }
steps:
  - gem.create: { as: buf, pages: 2 }
  - gem.close: { of: buf }
`);

const standings = (progress: Progress) => Object.values(progress.cases);
const signatures = ({ findings }: Progress) =>
	findings.map(({ signature }) => signature);

describe("an exploration", () => {
	test("shares its runs among the cases, and finds nothing in the reference", async () => {
		const progress = await explored(CREATE, SETUP, { faults: ALL_FAULTS });
		expect(signatures(progress)).toEqual([]);
		for (const { runs, plain, faults } of standings(progress)) {
			expect(plain?.outcome).toBe("passed");
			expect([runs, faults]).toEqual([20, 19]);
		}
		expect(progress.finished).toBe(false);
	}, 60_000);

	test("comes to the end of the places, and draws pairs then", async () => {
		const progress = await explored(CREATE.slice(0, 1), SETUP, {
			faults: ["map-fails", "claim-fails"],
			pairs: 5,
			runs: 60,
		});
		// Two rings, a directory and one page: claimed once, mapped in two ways.
		expect(standings(progress)).toMatchObject([
			{ plain: { places: 12 }, faults: 12, pairs: 5, runs: 18 },
		]);
		expect(progress.finished).toBe(true);
	}, 30_000);

	test("finishes orders within a bound, or tries single switches and samples", async () => {
		const small = await explored(CREATE.slice(0, 1), SETUP, {
			orders: "dpor",
			preemptions: 0,
			runs: 400,
		});
		expect(standings(small)).toMatchObject([
			{ orders: { finished: true }, switches: 0, sampled: 0 },
		]);
		expect(small.finished).toBe(true);
		const ways = { orders: "dpor", preemptions: 2, depth: 3 } as const;
		const large = await explored(CREATE.slice(0, 1), SETUP, {
			...ways,
			runs: 31,
			batch: 5,
		});
		const [stands] = standings(large);
		expect(stands?.orders?.finished).toBe(false);
		for (const kind of ["switches", "sampled"] as const)
			expect(stands?.[kind]).toBeGreaterThan(5);
		expect(stands?.runs).toBe(31);
		const { tasks = 0, turns = 0 } = stands?.plain ?? {};
		const probability = pctProbability(tasks, turns, 3);
		expect(probability).toBe(1 / (tasks * turns ** 2));
		expect(progressText(large, ways)).toContain(
			`at least ${probability.toExponential(1)} (${tasks} tasks, ${turns} turns)`,
		);
	}, 60_000);

	test("a bug that only a fault shows is found by the sweep, though nobody named the place", async () => {
		const setup = await under("frontend", "frontend-loses-object");
		const plain = await explored(BE_ALLOC, setup, { runs: 1 });
		expect(signatures(plain)).toEqual([]);
		const { findings } = await explored(BE_ALLOC, setup, {
			faults: ["balloon-fails", "page-fails", "claim-fails"],
		});
		const [first] = findings;
		expect(first?.signature).toBe("leak-objects fe gem-object");
		expect(first?.struck).toHaveLength(1);
		expect(first?.command).toContain("--choices fault.");
		expect(first?.shrunk).toBe(true);
	}, 60_000);

	test("a failure that is known is not found, and the case is explored all the same", async () => {
		const setup = await under("backend", "backend-arms-without-looking");
		const known = isKnown([{ case: "*", rule: "wake-up" }]);
		const progress = await explored(
			CREATE.slice(0, 1),
			{ ...setup, known },
			{ faults: ["map-fails"], runs: 4 },
		);
		expect(signatures(progress)).toEqual([]);
		expect(standings(progress)).toMatchObject([{ runs: 4, faults: 3 }]);
	}, 60_000);

	test("is told in text and by the exit code", async () => {
		const setup = await under("backend", "backend-arms-without-looking");
		const ways = { faults: ["map-fails"], runs: 4 };
		const fine = await explored(CREATE.slice(0, 1), SETUP, ways);
		const wrong = await explored(CREATE.slice(0, 1), setup, ways);
		expect(campaignCode(fine)).toBe(0);
		expect(campaignCode(wrong)).toBe(1);
		expect(campaignCode({ ...fine, interrupted: true })).toBe(130);
		expect(campaignCode({ ...fine, cases: {} })).toBe(4);
		expect(progressText(fine)).toContain(
			"3 of 8 ways to strike tried, spread over the story",
		);
		expect(progressText(wrong)).toContain("failed without being explored");
		expect(progressText(wrong)).toContain("FOUND wake-up be, in 1 run");
		const again = await explored(CREATE.slice(0, 1), SETUP, ways);
		expect(JSON.stringify(again)).toBe(JSON.stringify(fine));
	}, 60_000);
});
