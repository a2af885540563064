import { describe, expect, test } from "vitest";
import { footprints, once, type Setup } from "../../src/explore/once.ts";
import { FAULTS } from "../../src/run/faults/index.ts";
import { SETUP, story } from "./stories.ts";

const CREATE = story(`
id: test.create
title: One buffer is made and closed
spec: [pv.leak.grants]
tags: [gem]
steps:
  - gem.create: { as: buf, pages: 2 }
    replies: ok
  - gem.close: { of: buf }
    replies: ok
`);

describe("one run of a plan", () => {
	test("passes where the plain run does, and is the same every time", async () => {
		const [first, second] = [
			await once(CREATE, SETUP, { picks: [] }),
			await once(CREATE, SETUP, { picks: [] }),
		];
		expect(first.outcome).toBe("passed");
		expect(first.found).toEqual([]);
		expect(first.picks).toEqual([]);
		expect(first.points.some(({ label }) => label === "turn")).toBe(true);
		expect(second.state).toBe(first.state);
		expect(second.journal?.hash()).toBe(first.journal?.hash());
	});

	test("switching kinds of faults on changes nothing as long as none is picked", async () => {
		const plain = await once(CREATE, SETUP, { picks: [] });
		const asked = await once(CREATE, SETUP, {
			picks: [],
			faults: FAULTS.map(({ name }) => name),
		});
		expect(asked.journal?.hash()).toBe(plain.journal?.hash());
		expect(asked.struck).toEqual([]);
		const places = asked.points.filter(
			({ label }) => label === "fault.claim-fails.fe",
		);
		// Two rings, a directory and two pages.
		expect(places).toHaveLength(5);
	});

	test("a fault strikes by its pick alone, and the operation that it spoils is no finding", async () => {
		const pick = { label: "fault.claim-fails.fe", occurrence: 4, value: 1 };
		const spoilt = await once(CREATE, SETUP, { picks: [pick] });
		expect(spoilt.struck.map((stroke) => stroke.pick)).toEqual([pick]);
		expect(spoilt.struck[0]).toMatchObject({ op: "grant.claim", who: "fe" });
		expect(spoilt.picks).toEqual([pick]);
		expect(spoilt.report.notes.join()).toContain("ended early after a fault");
		expect(spoilt.outcome).toBe("passed");
	});

	test("a drawn run is played again by its picks", async () => {
		const drawn = await once(CREATE, SETUP, { picks: [], seed: 7 });
		expect(drawn.picks.length).toBeGreaterThan(0);
		const again = await once(CREATE, SETUP, { picks: drawn.picks });
		expect(again.journal?.hash()).toBe(drawn.journal?.hash());
	});

	test("knows what every call touched", async () => {
		const { journal } = await once(CREATE, SETUP, { picks: [] });
		if (journal === undefined) throw new Error("no journal");
		const steps = [...footprints(journal)];
		expect(steps.some(({ touches }) => touches.length > 0)).toBe(true);
	});

	test("what a scripted side asks may be refused as well, and nothing else of it is touched", async () => {
		const scripted = story(`
id: test.scripted
title: A scripted frontend maps what it was lent
spec: [grant.end-in-use]
tags: [grants]
cast: { fe: scripted }
steps:
  - wire.connect: {}
  - wire.buffer: { as: lent, pages: 1 }
`);
		const { places } = await once(scripted, SETUP, {
			picks: [],
			faults: FAULTS.map(({ name }) => name),
		});
		const kinds = new Set(
			places
				.filter(({ label }) => label.endsWith(".fe"))
				.map(({ label }) => label.split(".")[1]),
		);
		expect(kinds).toContain("access-fails");
		for (const name of kinds)
			expect(FAULTS.find((kind) => kind.name === name)?.refuses).toBe(true);
		const pick = { label: "fault.access-fails.fe", occurrence: 3, value: 1 };
		const refused = await once(scripted, SETUP, { picks: [pick] });
		expect(refused.struck).toHaveLength(1);
		expect(refused.outcome).toBe("passed");
	});

	test("tells of every signature that decides it, each once", async () => {
		const under = {
			backend: await import(
				"../../fixtures/peers/backend-reads-requests-twice.ts"
			),
			frontend: await import("../../fixtures/peers/frontend-keeps-watch.ts"),
		};
		const { found } = await once(CREATE, { ...SETUP, under }, { picks: [] });
		expect(found.map(({ signature }) => signature).sort()).toEqual([
			"fetched-once be",
			"leak-watches fe watch",
		]);
	});

	test("a story that a fault has struck stands still before it ends", async () => {
		const pick = { label: "fault.claim-fails.fe", occurrence: 4, value: 1 };
		const [plain, struck] = [
			await once(CREATE, SETUP, { picks: [] }),
			await once(CREATE, SETUP, { picks: [pick] }),
		];
		expect(plain.report.ticks).toBeLessThan(10_000);
		expect(struck.report.ticks).toBeGreaterThanOrEqual(10_000);
	});

	test("a fault that cannot happen to an implementation has no place in it", async () => {
		const lacks = ["grant-errors"];
		const frontend = { ...SETUP.reference.frontend, lacks };
		const labels = async (under: Setup["under"]) => {
			const faults = ["claim-fails", "reserve-fails"];
			const setup = { ...SETUP, under };
			const { places } = await once(CREATE, setup, { picks: [], faults });
			return new Set(places.map(({ label }) => label));
		};
		expect(await labels({})).toContain("fault.claim-fails.fe");
		expect([...(await labels({ frontend }))]).toEqual([
			"fault.reserve-fails.fe",
		]);
	});
});
