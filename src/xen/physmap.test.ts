import { describe, expect, it } from "vitest";
import { World } from "./world.ts";

/** A domain's frame numbers, with so many pages, holes and balloon pages at most. */
function physmap(pages: number, balloonCredit: number, balloon = 1000) {
	const world = new World({
		manners: "c423",
		displays: [],
		limits: () => ({
			grants: { frames: 1, maptrackFrames: 1 },
			memory: { pages, balloon, balloonCredit },
			ports: 10,
		}),
	});
	world.createDomain(1);
	const domain = world.domain(1);
	if (domain === undefined) throw new Error("no domain");
	return domain.physmap;
}

const count = (take: () => number): number => {
	let got = 0;
	while (got < 1000 && take() !== 0) got += 1;
	return got;
};

describe("a domain's memory", () => {
	it("is as large as it is and no larger", () => {
		const map = physmap(20, 0);
		expect(count(() => map.alloc(true))).toBe(20);
	});

	it("gives the balloon what it has, each page once", () => {
		const map = physmap(20, 4);
		const kept = map.alloc(true);
		expect(count(() => map.balloonTake())).toBe(4 + 19);
		expect(map.free(kept)).toBe(true);
		expect(count(() => map.balloonTake())).toBe(1);
	});

	it("has a page again that was populated", () => {
		const map = physmap(2, 0);
		const first = map.alloc(true);
		map.alloc(true);
		expect(map.decrease(first)).toBe(1);
		expect(map.alloc(true)).toBe(0);
		expect(map.populate(first)).toBe(1);
		expect(map.populate(first)).toBe(0);
	});

	it("can be limited to so many free pages, whether they were ever used or not", () => {
		const map = physmap(100, 0);
		const used = Array.from({ length: 10 }, () => map.alloc(true));
		for (const gfn of used.slice(0, 6)) map.free(gfn);
		map.limitFree(3);
		expect(count(() => map.alloc(true))).toBe(3);
		expect(map.free(used[9] as number)).toBe(true);
		expect(count(() => map.alloc(true))).toBe(1);
	});
});
