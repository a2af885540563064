import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Journal } from "../../src/journal/journal.ts";
import { admit } from "../../src/xen/admit.ts";
import {
	CALL_NAMES,
	CALLS,
	type Call,
	type FieldType,
} from "../../src/xen/call.ts";
import { World } from "../../src/xen/world.ts";

describe("what a module asks", () => {
	it("becomes a call of its own", () => {
		const words = [1, 2];
		const call = admit("page.store", { gfn: 1, word: 2, words, extra: 9 });
		words[0] = 7;
		expect(call).toEqual({
			op: "page.store",
			gfn: 1,
			word: 2,
			words: Uint32Array.of(1, 2),
		});
	});

	it.each([
		["xs.frobnicate", {}, /"xs\.frobnicate" is no call of the door/],
		["constructor", {}, /"constructor" is no call/],
		[undefined, {}, /undefined is no call/],
		[Symbol("x"), {}, /a symbol is no call/],
		["grant.map", undefined, /granter, ref, gfn, flags is needed/],
		["grant.map", null, /was given null/],
		["evtchn.notify", {}, /`port` is undefined, but a whole number/],
		["evtchn.notify", { port: -1 }, /`port` is -1/],
		["evtchn.notify", { port: 1.5 }, /`port` is 1\.5/],
		["evtchn.notify", { port: Number.NaN }, /`port` is NaN/],
		["evtchn.notify", { port: 2 ** 32 }, /`port` is 4294967296/],
		["evtchn.notify", { port: 5n }, /`port` is 5n, a bigint/],
		["evtchn.notify", { port: "5" }, /`port` is "5"/],
		["page.alloc", { zeroed: 1 }, /`zeroed` is 1, but true or false/],
		["xs.read", { tx: 0, path: ["a"] }, /`path` is a list of 1/],
		["driver.note", { text: "x".repeat(70_000) }, /of 70000 characters/],
		["page.store", { gfn: 1, word: 0, words: [-1] }, /`words` is a list of 1/],
		["page.store", { gfn: 1, word: 0, words: { length: 2 } }, /an object/],
		["page.store", { gfn: 1, word: 0, words: Array(2 ** 21) }, /2097152/],
	])("%s %o is told", (op, asked, message) => {
		expect(admit(op, asked)).toMatch(message);
	});

	const FIELD: Record<FieldType, fc.Arbitrary<unknown>> = {
		u32: fc.oneof(
			{ weight: 6, arbitrary: fc.nat(12) },
			{ weight: 1, arbitrary: fc.integer({ min: 0, max: 0xffff_ffff }) },
			{
				weight: 1,
				arbitrary: fc.constantFrom(0x7ff0, 0xffff, 1024, 0xfffff, 0xffff_ffff),
			},
		),
		i32: fc.integer(),
		bool: fc.boolean(),
		str: fc.oneof(
			fc.constantFrom(
				"backend/vdispl",
				"backend",
				"/local/domain/2/device",
				"n1\0r2\0",
				"",
				"/",
				"@releaseDomain",
				"display",
				"\ud800",
				"é\0ü",
				"x".repeat(5000),
			),
			fc.string({ unit: "binary", maxLength: 20 }),
		),
		words: fc.oneof(
			fc.uint32Array({ maxLength: 8 }),
			fc.constantFrom(new Uint32Array(1024), new Uint32Array(5000)),
		),
	};
	const asking: fc.Arbitrary<{ domid: number; call: Call }> = fc
		.constantFrom(...CALL_NAMES)
		.chain((op) =>
			fc.record({
				domid: fc.constantFrom(1, 2),
				call: fc
					.record(
						Object.fromEntries(
							Object.entries(CALLS[op].ask).map(([name, type]) => [
								name,
								FIELD[type as FieldType],
							]),
						),
					)
					.map((asked) => {
						const call = admit(op, asked);
						if (typeof call === "string") throw new Error(call);
						return call;
					}),
			}),
		);

	it("is answered, whatever its numbers and texts are, and can be written down", () => {
		fc.assert(
			fc.property(fc.array(asking, { maxLength: 120 }), (story) => {
				const world = new World({
					displays: [
						{
							name: "display",
							width: 64,
							height: 64,
							formats: [0x34325258],
							edid: "",
							frameTicks: 16,
							hold: false,
						},
					],
					limits: () => ({
						grants: { frames: 2, maptrackFrames: 1 },
						memory: { pages: 64, balloon: 8, balloonCredit: 4 },
						ports: 20,
					}),
				});
				const journal = new Journal();
				world.createDomain(1);
				world.createDomain(2);
				for (const { domid, call } of story) {
					if (!world.ready(domid, domid, call)) continue;
					const reply = world.apply(domid, domid, call);
					expect(Number.isInteger(reply.status)).toBe(true);
					journal.append(call, reply, domid, domid, 0, 0, 0);
					world.advance(world.now + 1);
				}
				for (const entry of journal.entries()) expect(entry).toBeDefined();
			}),
			{ numRuns: 300, seed: 1 },
		);
	});
});
