import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Frames, HeapMemory, PAGE_WORDS } from "./frame.ts";

const anyDeed = fc.record({
	does: fc.constantFrom(
		"alloc" as const,
		"release" as const,
		"hold" as const,
		"drop" as const,
	),
	which: fc.nat(20),
});

describe("frames", () => {
	it("are free when their owner and all who map them have let go", () => {
		let kept = 0;
		fc.assert(
			fc.property(
				fc.array(anyDeed, { maxLength: 80, size: "max" }),
				(deeds) => {
					const frames = new Frames(new HeapMemory());
					/** Frames that are not free: whether the owner has them, and how many map them. */
					const book = new Map<number, { owned: boolean; maps: number }>();
					for (const { does, which } of deeds) {
						const known = [...book].filter(
							([, { owned, maps }]) =>
								does === "alloc" || (does === "drop" ? maps > 0 : owned),
						);
						const [frame, state] = known[which % Math.max(1, known.length)] ?? [
							0,
							undefined,
						];
						if (does === "alloc") {
							const made = frames.alloc(which, 0);
							expect(made).toBeGreaterThan(0);
							expect(book.has(made)).toBe(false);
							expect(frames.owner(made)).toBe(which);
							book.set(made, { owned: true, maps: 0 });
						} else if (state === undefined) continue;
						else if (does === "release") {
							expect(frames.release(frame)).toBe(state.maps === 0);
							state.owned = false;
						} else if (does === "hold") {
							frames.hold(frame);
							state.maps += 1;
						} else {
							const last = !state.owned && state.maps === 1;
							expect(frames.drop(frame)).toBe(last);
							state.maps -= 1;
						}
						for (const [number, { owned, maps }] of [...book]) {
							expect(frames.owned(number)).toBe(owned);
							expect(frames.mappings(number)).toBe(maps);
							if (!owned && maps === 0) book.delete(number);
							if (!owned && maps > 0) kept += 1;
						}
					}
				},
			),
			{ numRuns: 200, seed: 9 },
		);
		expect(kept).toBeGreaterThan(500);
	});

	it("do not bear being let go twice", () => {
		const frames = new Frames(new HeapMemory());
		const frame = frames.alloc(1, 0);
		expect(() => frames.drop(frame)).toThrow("no mapping");
		frames.release(frame);
		expect(() => frames.release(frame)).toThrow("twice");
		expect(() => frames.hold(frame)).toThrow("free");
	});
});

describe("memory", () => {
	const word = fc.nat(PAGE_WORDS - 1);
	const value = fc.integer({ min: 0, max: 0xffff_ffff });
	const frame = fc.integer({ min: 1, max: 3 });
	const anyStore = fc.oneof(
		fc.record({ does: fc.constant("fill" as const), frame, value }),
		fc.record({ does: fc.constant("store" as const), frame, word, value }),
		fc.record({
			does: fc.constant("write" as const),
			frame,
			word,
			words: fc.array(value, { maxLength: 8 }),
		}),
	);

	it("holds what was stored last, and before that what it was filled with", () => {
		fc.assert(
			fc.property(fc.array(anyStore, { maxLength: 30 }), (deeds) => {
				const memory = new HeapMemory();
				const pages = [1, 2, 3, 4].map(() => new Uint32Array(PAGE_WORDS));
				for (const deed of deeds) {
					const page = pages[deed.frame] as Uint32Array;
					if (deed.does === "fill") {
						memory.fill(deed.frame, deed.value);
						page.fill(deed.value);
					} else if (deed.does === "store") {
						memory.store(deed.frame, deed.word, deed.value);
						page[deed.word] = deed.value;
					} else {
						const words = deed.words.slice(0, PAGE_WORDS - deed.word);
						memory.write(deed.frame, deed.word, words);
						page.set(words, deed.word);
					}
				}
				for (const number of [1, 2, 3]) {
					const page = pages[number] as Uint32Array;
					expect(memory.read(number, 0, PAGE_WORDS)).toEqual(page);
					expect(memory.read(number, 1000, 5)).toEqual(page.slice(1000, 1005));
					expect(memory.load(number, 1023)).toBe(page[1023]);
				}
			}),
			{ numRuns: 60, seed: 9 },
		);
	});

	it("is copied when it is read", () => {
		const memory = new HeapMemory();
		memory.store(1, 0, 5);
		const words = memory.read(1, 0, 2);
		words[0] = 6;
		expect(memory.load(1, 0)).toBe(5);
	});
});
