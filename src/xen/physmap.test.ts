import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { call, type Reply } from "./call.ts";
import type { Physmap } from "./physmap.ts";
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

describe("frame numbers", () => {
	const LIMIT = 6;
	const CREDIT = 2;
	const BALLOON = 5;
	const which = fc.nat(20);
	const any = (...does: string[]) =>
		fc.record({ does: fc.constantFrom(...does), which });
	const anyDeed = fc.oneof(
		{ weight: 4, arbitrary: any("alloc", "free") },
		{ weight: 3, arbitrary: any("take", "give") },
		{ weight: 2, arbitrary: any("decrease", "populate") },
		{ weight: 2, arbitrary: any("map", "unmap", "hole") },
	);

	it("are one thing at a time, and what the balloon hands out comes back to it", () => {
		let lost = 0;
		let full = 0;
		fc.assert(
			fc.property(
				fc.array(anyDeed, { maxLength: 60, size: "max" }),
				(deeds) => {
					const world = new World({
						limits: () => ({
							grants: { frames: 1, maptrackFrames: 1 },
							memory: {
								pages: LIMIT,
								balloon: BALLOON,
								balloonCredit: CREDIT,
							},
							ports: 10,
						}),
					});
					world.createDomain(1);
					world.createDomain(2);
					const map = world.domain(1)?.physmap as Physmap;
					const theirs = world.domain(2)?.physmap as Physmap;
					const foreign = theirs.frame(theirs.alloc(true));
					/** Own pages by frame number, handed out or free. */
					const own = new Map<number, number>();
					const handed = new Set<number>();
					const taken = new Set<number>();
					const mapped = new Map<number, "by hand" | "hole">();
					/** Every number that the balloon ever handed out: it has each, or somebody has taken it. */
					const balloons = new Set<number>();
					const pickOf = (list: Iterable<number>, at: number) => {
						const all = [...list];
						return all.length === 0 ? 0 : (all[at % all.length] as number);
					};
					for (const { does, which } of deeds) {
						switch (does) {
							case "alloc": {
								const gfn = map.alloc(true);
								if (gfn === 0) {
									full += 1;
									break;
								}
								expect(handed.has(gfn) || taken.has(gfn)).toBe(false);
								expect(mapped.has(gfn)).toBe(false);
								own.set(gfn, map.ownFrame(gfn));
								handed.add(gfn);
								break;
							}
							case "free": {
								const gfn = pickOf(handed, which);
								expect(map.free(gfn)).toBe(gfn !== 0);
								handed.delete(gfn);
								break;
							}
							case "take": {
								const room = taken.size < BALLOON;
								const gfn = map.balloonTake();
								if (!room) expect(gfn).toBe(0);
								if (gfn === 0) break;
								expect(handed.has(gfn) || taken.has(gfn)).toBe(false);
								expect(map.frame(gfn)).toBe(0);
								own.delete(gfn);
								taken.add(gfn);
								balloons.add(gfn);
								break;
							}
							case "give": {
								const gfn = pickOf(taken, which);
								const empty = !own.has(gfn) && !mapped.has(gfn);
								const given = map.balloonGive(gfn);
								if (gfn === 0) expect(given).toBe("not-taken");
								else expect(given).toBe(empty ? "ok" : "foreign");
								if (given === "ok") taken.delete(gfn);
								break;
							}
							case "decrease": {
								const gfn = pickOf(own.keys(), which);
								expect(map.decrease(gfn)).toBe(gfn === 0 ? 0 : 1);
								own.delete(gfn);
								break;
							}
							case "populate": {
								const gfn = pickOf([...taken, ...handed, 50], which);
								const room = own.size < LIMIT && map.frame(gfn) === 0;
								expect(map.populate(gfn)).toBe(room ? 1 : 0);
								if (room) own.set(gfn, map.ownFrame(gfn));
								break;
							}
							case "map":
							case "hole": {
								const byHand = does === "map";
								const gfn = byHand
									? pickOf([...taken, ...own.keys(), 60], which)
									: map.hole();
								expect(map.mappable(gfn)).toBe(!mapped.has(gfn));
								if (mapped.has(gfn)) break;
								if (!byHand) expect(own.has(gfn) || taken.has(gfn)).toBe(false);
								if (own.delete(gfn)) lost += 1;
								world.frames.hold(foreign);
								map.mapForeign(gfn, foreign, false);
								mapped.set(gfn, byHand ? "by hand" : "hole");
								break;
							}
							case "unmap": {
								const gfn = pickOf(mapped.keys(), which);
								if (gfn === 0) break;
								map.unmapForeign(gfn);
								world.frames.drop(foreign);
								if (mapped.get(gfn) === "hole") map.giveHole(gfn);
								mapped.delete(gfn);
							}
						}
						// Pages that were free and are given away by the balloon or for good.
						for (const gfn of [...own.keys()])
							if (map.ownFrame(gfn) === 0) own.delete(gfn);
						expect({
							pages: map.pages,
							out: map.balloonOut,
							waiting: map.balloonCredit,
							inUse: map.inUse,
						}).toEqual({
							pages: own.size,
							out: taken.size,
							waiting: balloons.size - taken.size,
							inUse: handed.size,
						});
						expect(own.size).toBeLessThanOrEqual(LIMIT);
						const frames = [...own.keys()].map((gfn) => map.frame(gfn));
						expect(new Set(frames).size).toBe(own.size);
						expect(frames).not.toContain(foreign);
						for (const gfn of mapped.keys())
							if (map.frame(gfn) !== foreign)
								expect.fail(`${gfn} is not mapped`);
					}
				},
			),
			{ numRuns: 150, seed: 12 },
		);
		expect(lost).toBeGreaterThan(50);
		expect(full).toBeGreaterThan(50);
	});

	it("of the grant table, of the address space's end and of a mapping are not mapped over", () => {
		const world = new World();
		world.createDomain(1);
		world.createDomain(2);
		const { gfn: table } = world.apply(
			1,
			1,
			call("grant.table", { index: 0 }),
		) as Reply<"grant.table">;
		const map = world.domain(1)?.physmap as Physmap;
		expect(map.mappable(table)).toBe(false);
		expect(map.mappable(0)).toBe(false);
		expect(map.mappable(0xfffff)).toBe(true);
		expect(map.mappable(0x100000)).toBe(false);
		expect(map.decrease(table)).toBe(0);
		const gfn = map.hole();
		expect(map.mappable(gfn)).toBe(true);
		map.mapForeign(gfn, 1, true);
		expect(map.mappable(gfn)).toBe(false);
		expect(map.writable(gfn)).toBe(false);
		map.unmapForeign(gfn);
		expect(map.writable(gfn)).toBe(true);
	});

	it("and pages of a driver that has ended come back, but those kept for a peer", () => {
		const map = physmap(10, 4);
		const [kept, other] = [map.alloc(true), map.alloc(true)];
		const ballooned = map.balloonTake();
		map.exit((gfn) => gfn === kept);
		expect(map.inUse).toBe(1);
		expect(map.balloonOut).toBe(0);
		expect(map.alloc(true)).toBe(other);
		expect(map.balloonTake()).toBe(ballooned);
	});
});
