import { describe, expect, test } from "vitest";
import {
	ALL_FAULTS,
	type ExploreOptions,
	explore,
} from "../../src/explore/explore.ts";
import type { Setup } from "../../src/explore/once.ts";
import {
	exploreCode,
	exploreJson,
	exploreText,
} from "../../src/explore/told.ts";
import type { PeerModule } from "../../src/peer/peer.ts";
import { cases, SETUP } from "./stories.ts";

const OPTIONS: ExploreOptions = {
	faults: [],
	pairs: 0,
	orders: undefined,
	preemptions: 1,
	depth: 3,
	window: "steps",
	runs: 40,
	seed: 1,
	stopped: () => false,
};

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

const REQUESTS = (memory: string) =>
	cases(`
id: test.requests
title: Two requests, one after the other
spec: [ring.notify]
tags: [gem]
world: { memory: ${memory} }
steps:
  - gem.create: { as: one, pages: 1 }
  - gem.close: { of: one }
`);

describe("an exploration", () => {
	test("shares its runs among the cases, and finds nothing in the reference", async () => {
		const explored = await explore(CREATE, SETUP, {
			...OPTIONS,
			faults: ALL_FAULTS,
		});
		expect(explored.map(({ runs }) => runs)).toEqual([20, 20]);
		for (const { outcome, findings, sweep } of explored) {
			expect(outcome).toBe("passed");
			expect(findings).toEqual([]);
			expect(sweep).toMatchObject({ tried: 19, finished: false });
		}
	}, 60_000);

	test("comes to the end of the places, and draws pairs then", async () => {
		const [one] = await explore(CREATE.slice(0, 1), SETUP, {
			...OPTIONS,
			faults: ["map-fails", "claim-fails"],
			pairs: 5,
			runs: 60,
		});
		// Two rings, a directory and one page: claimed once, mapped in two ways.
		expect(one?.sweep).toMatchObject({
			places: 12,
			tried: 12,
			pairs: 5,
			finished: true,
		});
		expect(one?.runs).toBe(18);
	}, 30_000);

	test("finishes orders within a bound, or samples them and says how likely it is to meet a bug", async () => {
		const [one] = await explore(CREATE.slice(0, 1), SETUP, {
			...OPTIONS,
			orders: "dpor",
			preemptions: 0,
			runs: 400,
		});
		expect(one?.orders).toMatchObject({ how: "dpor", finished: true });
		expect(one?.orders?.drawn).toBeUndefined();
		const [few] = await explore(CREATE.slice(0, 1), SETUP, {
			...OPTIONS,
			orders: "dpor",
			preemptions: 2,
			runs: 12,
		});
		expect(few?.orders?.finished).toBe(false);
		const drawn = few?.orders?.drawn;
		expect(drawn).toMatchObject({ how: "pct", depth: 3 });
		const { tasks = 0, turns = 0, probability } = drawn ?? {};
		expect(probability).toBe(1 / (tasks * turns ** 2));
	}, 60_000);

	test("a bug that only a fault shows is found by the sweep, though nobody named the place", async () => {
		const setup = await under("frontend", "frontend-loses-object");
		const [plain] = await explore(BE_ALLOC, setup, OPTIONS);
		expect(plain).toMatchObject({ outcome: "passed", findings: [] });
		const [swept] = await explore(BE_ALLOC, setup, {
			...OPTIONS,
			faults: ["balloon-fails", "page-fails", "claim-fails"],
		});
		const [first] = swept?.findings ?? [];
		expect(first?.signature).toBe("leak-objects fe gem-object");
		expect(first?.first.struck).toHaveLength(1);
		expect(first?.first.report.command).toContain("--choices fault.");
	}, 60_000);

	test.each([
		["backend", "backend-arms-without-looking", "sc", "wake-up be"],
		["backend", "backend-reads-requests-twice", "sc", "fetched-once be"],
		[
			"frontend",
			"frontend-publishes-requests-early",
			"weak",
			"published-in-order fe",
		],
		["backend", "backend-joins-under-its-lock", "sc", "leak-ports be port"],
	] as const)(
		"%s %s in %s memory is found",
		async (role, name, memory, signature) => {
			const [one] = await explore(REQUESTS(memory), await under(role, name), {
				...OPTIONS,
				orders: "dpor",
				runs: 10,
			});
			expect(one?.findings.map((finding) => finding.signature)).toContain(
				signature,
			);
		},
		60_000,
	);

	test("is told in text and JSON, and by the exit code", async () => {
		const setup = await under("backend", "backend-arms-without-looking");
		const told = (found: boolean) => async () => ({
			tool: { name: "xdisp-check" as const, version: "0" },
			seed: 1,
			implementations: { frontend: "reference", backend: "be.ts" },
			left: 0,
			interrupted: false,
			cases: await explore(CREATE.slice(0, 1), found ? setup : SETUP, {
				...OPTIONS,
				faults: ["map-fails"],
				runs: 4,
			}),
		});
		const [fine, wrong] = [await told(false)(), await told(true)()];
		expect(exploreCode(fine)).toBe(0);
		expect(exploreCode(wrong)).toBe(1);
		expect(exploreCode({ ...fine, interrupted: true })).toBe(130);
		expect(exploreCode({ ...fine, cases: [] })).toBe(4);
		expect(exploreText(fine)).toContain(
			"3 of 8 ways to strike tried, spread over the story",
		);
		expect(exploreText(wrong)).toContain("FAIL  wake-up be  in 1 run");
		expect(JSON.parse(exploreJson(wrong))).toMatchObject({
			cases: [{ findings: [{ signature: "wake-up be", runs: 1 }] }],
		});
		expect(exploreJson(fine)).toBe(exploreJson(await told(false)()));
	}, 60_000);
});
