/** A frontend that means harm: indices, storms, shared words rewritten, faults in every place. The device closes or goes on; nothing else suffers. */
import { expect, test } from "vitest";
import { SeededChoices } from "../../src/base/choices.ts";
import { encodeRequest } from "../../src/displif/packet.ts";
import { ask, type CallName, type Turns } from "../../src/xen/call.ts";
import {
	AT_REST,
	BE,
	device,
	display,
	FE,
	FE2,
	Guest,
	Harness,
	type HarnessOptions,
} from "./harness.ts";

const BYTES = 64 * 64 * 4;

const PAIR: HarnessOptions = {
	guests: [FE, FE2],
	devices: [
		device(),
		device({
			fe: FE2,
			connectors: [{ uniqueId: "screen-1", width: 800, height: 600 }],
		}),
	],
	world: { displays: [display(), display({ name: "screen-1" })] },
};

/** A hostile guest beside a good one, whose picture and flips go on whatever happens. */
function beside(
	script: (bad: Guest, harness: Harness) => Turns,
	options: HarnessOptions = {},
	judged = true,
): Harness {
	const harness = new Harness({ ...PAIR, ...options }).play(
		function* (harness) {
			const bad = new Guest(harness);
			const good = new Guest(harness, FE2);
			yield* bad.connect();
			yield* good.connect();
			yield* show(good);
			yield* script(bad, harness);
			expect(yield* good.backState()).toBe("4");
			expect(yield* good.status("PG_FLIP", { fb_cookie: 2n })).toBe(0);
			yield* harness.sleep(100);
			expect(yield* good.events()).toEqual([{ id: 0, cookie: 2n }]);
			yield* harness.stop();
			yield* harness.rest();
		},
	);
	expect(harness.held()).toEqual({});
	if (judged) expect(harness.findings()).toEqual([]);
	return harness;
}

function* show(guest: Guest): Turns {
	const shared = yield* guest.share(BYTES);
	expect(yield* guest.create(shared, 1n)).toBe(0);
	expect(yield* guest.attach(1n, 2n)).toBe(0);
	expect(yield* guest.setMode(2n)).toBe(0);
}

function* poke(
	guest: Guest,
	page: "ring" | "event",
	word: number,
	value: number,
): Turns {
	const wire = guest.wires[0] as (typeof guest.wires)[0];
	const gfn = page === "ring" ? wire.ringGfn : wire.eventGfn;
	yield* guest.as(() => ask("page.store", { gfn, word, words: [value] }));
}

function* notify(guest: Guest): Turns {
	const { requestPort: port } = guest.wires[0] as (typeof guest.wires)[0];
	yield* guest.as(() => ask("evtchn.notify", { port }));
}

test.each([36, 0x80000000, 0xffffffff])(
	"req_prod %i after three requests closes the device, and the ring is not looked at again",
	(value) => {
		beside(function* (bad, harness) {
			yield* show(bad);
			yield* poke(bad, "ring", 0, value);
			yield* notify(bad);
			yield* harness.idle();
			expect(yield* bad.backState()).toBe("6");
			expect(yield* bad.disconnect()).toEqual([0, 0]);
			yield* bad.state(1);
			yield* harness.idle();
			yield* bad.connect();
			yield* show(bad);
		});
	},
);

test("in_cons ahead of in_prod closes the device at the next event", () => {
	beside(function* (bad, harness) {
		yield* show(bad);
		yield* poke(bad, "event", 0, 5);
		expect(yield* bad.status("PG_FLIP", { fb_cookie: 2n })).toBe(0);
		yield* harness.sleep(100);
		expect(yield* bad.backState()).toBe("6");
	});
});

test("rings that are inconsistent from the start are not served", () => {
	beside(function* (bad, harness) {
		for (const [page, word, value] of [
			["ring", 0, 40],
			["ring", 2, 7],
			["event", 1, 64],
			["event", 0, 1],
		] as const) {
			yield* bad.state(5);
			yield* harness.idle();
			yield* bad.disconnect();
			yield* bad.state(1);
			yield* harness.idle();
			expect(yield* bad.backState()).toBe("2");
			yield* bad.prepare();
			yield* poke(bad, page, word, value);
			yield* bad.publish();
			yield* harness.idle();
			expect(yield* bad.backState()).toBe("6");
		}
	});
});

test("event indexes may start anywhere, and wrap", () => {
	beside(function* (bad, harness) {
		yield* bad.state(5);
		yield* harness.idle();
		yield* bad.disconnect();
		yield* bad.state(1);
		yield* harness.idle();
		yield* bad.prepare();
		yield* poke(bad, "event", 0, 0xfffffffe);
		yield* poke(bad, "event", 1, 0xfffffffe);
		const wire = bad.wires[0] as (typeof bad.wires)[0];
		wire.inCons = 0xfffffffe;
		yield* bad.publish();
		yield* harness.idle();
		yield* bad.state(4);
		yield* show(bad);
		for (let i = 0; i < 4; i++) {
			expect(yield* bad.status("PG_FLIP", { fb_cookie: 2n })).toBe(0);
			yield* harness.sleep(50);
			expect(yield* bad.events()).toEqual([{ id: i, cookie: 2n }]);
		}
	});
});

test("ten thousand notifications without a request cost few looks", () => {
	beside(
		function* (bad, harness) {
			const from = harness.journal.length;
			const { requestPort: port } = bad.wires[0] as (typeof bad.wires)[0];
			yield* bad.as(function* () {
				for (let i = 0; i < 10_000; i++) yield* ask("evtchn.notify", { port });
			});
			yield* harness.rest();
			const made = [...harness.journal.entries(from)].filter(
				(entry) => entry.domid === BE,
			);
			expect(made.length).toBeLessThan(200);
			yield* show(bad);
		},
		{ choices: new SeededChoices(1, "storm") },
	);
});

test("a state rewritten a thousand times costs few looks, and the last one counts", () => {
	beside(
		function* (bad, harness) {
			const from = harness.journal.length;
			yield* bad.as(function* () {
				for (let i = 0; i < 1000; i++)
					yield* ask("xs.write", {
						tx: 0,
						path: `${bad.front}/state`,
						value: "4",
					});
			});
			yield* bad.state(5);
			yield* harness.rest();
			const made = [...harness.journal.entries(from)].filter(
				(entry) => entry.domid === BE,
			);
			expect(made.length).toBeLessThan(1000);
			expect(yield* bad.backState()).toBe("2");
		},
		{ choices: new SeededChoices(1, "storm") },
	);
});

test("a request rewritten after it was taken is answered as it was", () => {
	for (let seed = 0; seed < 20; seed++)
		beside(
			function* (bad, harness) {
				const shared = yield* bad.share(BYTES);
				const wire = bad.wires[0] as (typeof bad.wires)[0];
				const create = (buffer_sz: number) =>
					encodeRequest("DBUF_CREATE", {
						id: 77,
						dbuf_cookie: 1n,
						width: 0,
						height: 0,
						bpp: 0,
						buffer_sz,
						flags: 0,
						gref_directory: shared.directoryRefs[0] as number,
						data_ofs: 0,
					});
				yield* bad.put(create(BYTES));
				yield* bad.as(function* () {
					for (let i = 0; i < 5; i++)
						yield* ask("page.store", {
							gfn: wire.ringGfn,
							word: 16,
							words: create(i % 2 === 0 ? 4096 * 1000 : BYTES),
						});
				});
				yield* harness.idle();
				const ring = harness.world.domain(FE)?.physmap.frame(wire.ringGfn);
				const loads = [...harness.journal.entries()].filter(
					(entry) =>
						entry.kind === "page.load" &&
						entry.domid === BE &&
						entry.reply.frame === ring &&
						entry.call.word >= 16,
				);
				expect(loads).toHaveLength(1);
				const { dbuf, mapped } = harness.held();
				// Ours and the good guest's four pages, or the good guest's alone.
				expect([`2 ${4 + 4 + 4}`, `1 ${4 + 4}`]).toContain(`${dbuf} ${mapped}`);
			},
			{ choices: new SeededChoices(seed, "rewrite") },
			// The guest writes over the response too, and the judge sees only the slot.
			false,
		);
});

/** Everything that a device's life asks of the world, each time it asks: one failure, and all is given back in the end. */
test.each<[CallName, number]>([
	["grant.map", -13],
	["grant.unmap", -1],
	["evtchn.bind-interdomain", -28],
	["display.open", -19],
	["display.import", -22],
	["display.show", -19],
	["xs.read", -5],
	["xs.write", -28],
	["xs.transaction-start", -28],
	["xs.transaction-end", -11],
	["xs.watch", -7],
	["grant.reserve", -28],
	["object.make", -12],
])("one failing %s at any place breaks nothing for good", (at, status) => {
	for (let nth = 1; nth < 40; nth += nth < 10 ? 1 : 5) {
		const harness = new Harness({ devices: [device({ beAlloc: "1" })] });
		harness.fault(at, nth, status);
		harness.play(function* (harness) {
			const guest = new Guest(harness);
			yield* harness.rest(5000);
			for (let round = 0; round < 2; round++) {
				yield* guest.prepare();
				yield* guest.publish();
				yield* harness.rest(3000);
				if ((yield* guest.backState()) === "4") {
					yield* guest.state(4);
					const shared = yield* guest.share(BYTES);
					yield* guest.create(shared, 1n);
					yield* guest.create(shared, 2n, { flags: 1 });
					yield* guest.attach(1n, 2n);
					yield* guest.setMode(2n);
					yield* guest.status("PG_FLIP", { fb_cookie: 2n });
					yield* guest.off();
					yield* guest.status("FB_DETACH", { fb_cookie: 2n });
					yield* guest.status("DBUF_DESTROY", { dbuf_cookie: 2n });
				}
				yield* guest.state(5);
				yield* harness.rest(5000);
				yield* guest.disconnect();
				yield* guest.state(6);
				yield* guest.state(1);
				yield* harness.rest(5000);
			}
			expect(yield* guest.backState()).toBe("2");
			expect(yield* harness.remove()).toBe(true);
			yield* harness.rest();
			expect(harness.held()).toEqual(AT_REST);
			yield* harness.stop();
			yield* harness.rest();
		});
		expect(harness.held()).toEqual({});
	}
});

test("the guest dies at any moment of a conversation", () => {
	for (let seed = 0; seed < 50; seed++) {
		const harness = new Harness({
			...PAIR,
			choices: new SeededChoices(seed, "death"),
		}).play(function* (harness) {
			const guest = new Guest(harness);
			const good = new Guest(harness, FE2);
			yield* good.connect();
			yield* guest.connect();
			const shared = yield* guest.share(BYTES);
			yield* guest.put(
				encodeRequest("DBUF_CREATE", {
					id: 1,
					dbuf_cookie: 1n,
					width: 64,
					height: 64,
					bpp: 32,
					buffer_sz: BYTES,
					flags: 0,
					gref_directory: shared.directoryRefs[0] as number,
					data_ofs: 0,
				}),
			);
			yield* ask("domain.destroy", { domid: FE });
			yield* harness.idle();
			yield* show(good);
			expect(harness.world.domain(FE)).toBeUndefined();
			yield* harness.remove();
			yield* harness.stop();
		});
		expect(harness.held()).toEqual({});
	}
});
