/** One row for each form of a request: what the backend answers, and what it holds afterwards. */
import { expect, test } from "vitest";
import type { Body } from "../../src/displif/packet.ts";
import { ask, type Turns } from "../../src/xen/call.ts";
import {
	AT_REST,
	device,
	display,
	EDID,
	Guest,
	Harness,
	type HarnessOptions,
	RGB565,
} from "./harness.ts";

const ENOENT = -2;
const ENOMEM = -12;
const EBUSY = -16;
const EEXIST = -17;
const EINVAL = -22;
const ENOSPC = -28;
const EOPNOTSUPP = -95;
const BYTES = 64 * 64 * 4;

/** Connect, play, close, and see that nothing is left on either side. */
function connected(
	script: (guest: Guest, harness: Harness) => Turns,
	options: HarnessOptions & { connectors?: number; version?: string } = {},
): Harness {
	const { connectors = 1, version = "2", ...rest } = options;
	const harness = new Harness(rest).play(function* (harness) {
		const guest = new Guest(harness);
		yield* guest.connect(connectors, version);
		yield* script(guest, harness);
		yield* guest.state(5);
		yield* harness.rest();
		expect(yield* guest.backState()).toBe("2");
		expect((yield* guest.disconnect()).every((s) => s === 0)).toBe(true);
		yield* guest.state(6);
		expect(yield* harness.remove()).toBe(true);
		yield* harness.rest();
		expect(harness.held()).toEqual(AT_REST);
		yield* harness.stop();
		yield* harness.rest();
	});
	expect(harness.held()).toEqual({});
	expect(harness.findings()).toEqual([]);
	return harness;
}

const DBUF: Omit<Body<"DBUF_CREATE">, "id" | "operation"> = {
	dbuf_cookie: 1n,
	width: 64,
	height: 64,
	bpp: 32,
	buffer_sz: BYTES,
	flags: 0,
	gref_directory: 0,
	data_ofs: 0,
};

test("a buffer is mapped, attached, shown, flipped, detached and destroyed", () => {
	connected(function* (guest, harness) {
		const one = yield* guest.share(BYTES);
		const two = yield* guest.share(BYTES);
		const before = harness.held().mapped;
		expect(yield* guest.create(one, 1n)).toBe(0);
		expect(yield* guest.create(two, 2n)).toBe(0);
		expect(harness.held().mapped).toBe((before ?? 0) + 8);
		expect(yield* guest.attach(1n, 11n)).toBe(0);
		expect(yield* guest.attach(2n, 12n)).toBe(0);
		expect(yield* guest.setMode(11n)).toBe(0);
		yield* harness.sleep(50);
		expect(yield* guest.events()).toEqual([]);
		expect(yield* guest.status("PG_FLIP", { fb_cookie: 12n })).toBe(0);
		expect(yield* guest.events()).toEqual([]);
		yield* harness.sleep(50);
		expect(yield* guest.events()).toEqual([{ id: 0, cookie: 12n }]);
		expect(yield* guest.off()).toBe(0);
		for (const fb of [11n, 12n])
			expect(yield* guest.status("FB_DETACH", { fb_cookie: fb })).toBe(0);
		for (const [cookie, shared] of [
			[1n, one],
			[2n, two],
		] as const) {
			expect(yield* guest.status("DBUF_DESTROY", { dbuf_cookie: cookie })).toBe(
				0,
			);
			expect(yield* guest.unshare(shared)).toEqual(Array(5).fill(0));
		}
		expect(harness.held().mapped).toBe(before);
	});
});

test.each<[string, Partial<typeof DBUF>, number]>([
	["cookie 0", { dbuf_cookie: 0n }, EINVAL],
	["an unknown flag", { flags: 2 }, EINVAL],
	["allocation that be-alloc does not permit", { flags: 1 }, EINVAL],
	["an empty buffer", { buffer_sz: 0 }, EINVAL],
	["a picture larger than the buffer", { height: 65 }, EINVAL],
	["a short buffer", { buffer_sz: 4096 }, EINVAL],
	["width without height", { height: 0 }, EINVAL],
	["geometry without depth", { bpp: 0 }, EINVAL],
	[
		"a product that wraps at 32 bits",
		{ width: 0x10000, height: 0x10000, bpp: 8 },
		EINVAL,
	],
	[
		"a product that wraps at 64 bits",
		{ width: 0xffffffff, height: 0xffffffff, bpp: 0xffffffff },
		EINVAL,
	],
	["an offset that pushes the picture out", { data_ofs: 4 }, EINVAL],
	[
		"an offset behind the pages",
		{ width: 0, height: 0, bpp: 0, data_ofs: BYTES },
		EINVAL,
	],
	["no directory", { gref_directory: 0 }, EINVAL],
	["a reserved directory", { gref_directory: 1 }, EINVAL],
	["a directory that was never granted", { gref_directory: 5000 }, EINVAL],
	["a directory beyond the table", { gref_directory: 0xffffffff }, EINVAL],
	[
		"more octets than the guest may have",
		{ width: 0, height: 0, bpp: 0, buffer_sz: 0xffffffff },
		ENOMEM,
	],
])(
	"DBUF_CREATE with %s is refused and leaves nothing",
	(_what, form, status) => {
		connected(function* (guest, harness) {
			const shared = yield* guest.share(BYTES);
			const before = harness.held();
			const calls = harness.journal.length;
			expect(yield* guest.create(shared, 1n, form)).toBe(status);
			expect(harness.held()).toEqual(before);
			const maps = [...harness.journal.entries(calls)].filter(
				(entry) => entry.kind === "grant.map",
			);
			expect(maps.length).toBeLessThan(2);
			expect(yield* guest.create(shared, 1n)).toBe(0);
		});
	},
);

test("an imported buffer has no geometry, and an offset before its picture", () => {
	connected(function* (guest) {
		const shared = yield* guest.share(BYTES + 4096);
		const imported = { width: 0, height: 0, bpp: 0, data_ofs: 4092 };
		expect(yield* guest.create(shared, 1n, imported)).toBe(0);
		expect(yield* guest.attach(1n, 2n)).toBe(0);
		expect(yield* guest.attach(1n, 3n, 64, 65)).toBe(EINVAL);
		expect(yield* guest.setMode(2n)).toBe(0);
	});
});

test("a cookie in use is refused, and free again after its destroy", () => {
	connected(function* (guest) {
		const one = yield* guest.share(BYTES);
		const two = yield* guest.share(BYTES);
		expect(yield* guest.create(one, 1n)).toBe(0);
		expect(yield* guest.create(two, 1n)).toBe(EEXIST);
		expect(yield* guest.status("DBUF_DESTROY", { dbuf_cookie: 1n })).toBe(0);
		expect(yield* guest.status("DBUF_DESTROY", { dbuf_cookie: 1n })).toBe(
			ENOENT,
		);
		expect(yield* guest.unshare(one)).toEqual(Array(5).fill(0));
		expect(yield* guest.create(two, 1n)).toBe(0);
	});
});

test("a directory of two pages is followed to its end, and no further", () => {
	connected(function* (guest, harness) {
		const bytes = 1030 * 4096;
		const shared = yield* guest.share(bytes);
		const form = { width: 0, height: 0, bpp: 0 };
		expect(yield* guest.create(shared, 1n, form)).toBe(0);
		expect(yield* guest.status("DBUF_DESTROY", { dbuf_cookie: 1n })).toBe(0);
		const held = harness.held();
		const next = function* (page: number, words: number[], word = 0) {
			yield* guest.as(function* () {
				yield* ask("page.store", {
					gfn: shared.directoryGfns[page] as number,
					word,
					words,
				});
			});
		};
		const [first, second] = shared.directoryRefs as [number, number];
		// It ends early, it loops, it goes on, it names a reserved reference, it names one that is not granted.
		yield* next(0, [0]);
		expect(yield* guest.create(shared, 1n, form)).toBe(EINVAL);
		yield* next(0, [first]);
		expect(yield* guest.create(shared, 1n, form)).toBe(EINVAL);
		yield* next(0, [second]);
		yield* next(1, [first]);
		expect(yield* guest.create(shared, 1n, form)).toBe(EINVAL);
		yield* next(1, [0, 7]);
		expect(yield* guest.create(shared, 1n, form)).toBe(EINVAL);
		yield* next(1, [0, 4000]);
		expect(yield* guest.create(shared, 1n, form)).toBe(EINVAL);
		expect(harness.held()).toEqual(held);
		yield* next(1, [0, shared.refs[1023] as number]);
		expect(yield* guest.create(shared, 1n, form)).toBe(0);
	});
});

test("every limit is kept before anything is mapped", () => {
	connected(
		function* (guest) {
			const [one, two, three] = [
				yield* guest.share(BYTES),
				yield* guest.share(BYTES),
				yield* guest.share(BYTES),
			];
			expect(yield* guest.create(one, 1n)).toBe(0);
			expect(yield* guest.create(two, 2n)).toBe(0);
			expect(yield* guest.create(three, 3n)).toBe(ENOMEM);
			expect(yield* guest.status("DBUF_DESTROY", { dbuf_cookie: 1n })).toBe(0);
			expect(yield* guest.create(three, 3n)).toBe(0);
			expect(yield* guest.attach(2n, 11n)).toBe(0);
			expect(yield* guest.attach(2n, 12n)).toBe(0);
			expect(yield* guest.attach(2n, 13n)).toBe(ENOSPC);
			expect(yield* guest.status("FB_DETACH", { fb_cookie: 11n })).toBe(0);
			expect(yield* guest.attach(2n, 13n)).toBe(0);
		},
		{ limits: { pages: 8, framebuffers: 2 } },
	);
});

test("a page that cannot be mapped undoes those before it", () => {
	connected(function* (guest, harness) {
		const shared = yield* guest.share(BYTES);
		const held = harness.held();
		// The directory, then the fourth of four pages; GNTST_no_space.
		harness.fault("grant.map", 5, -13);
		expect(yield* guest.create(shared, 1n)).toBe(ENOSPC);
		expect(harness.held()).toEqual(held);
		expect(yield* guest.create(shared, 1n)).toBe(0);
	});
});

test("a page that would not be unmapped keeps its buffer alive", () => {
	connected(function* (guest, harness) {
		const shared = yield* guest.share(BYTES);
		expect(yield* guest.create(shared, 1n)).toBe(0);
		harness.fault("grant.unmap", 2, -1);
		expect(yield* guest.status("DBUF_DESTROY", { dbuf_cookie: 1n })).toBe(
			EBUSY,
		);
		expect(yield* guest.attach(1n, 2n)).toBe(-5);
		expect(yield* guest.create(shared, 1n)).toBe(EEXIST);
		expect(yield* guest.status("DBUF_DESTROY", { dbuf_cookie: 1n })).toBe(0);
		expect(yield* guest.unshare(shared)).toEqual(Array(5).fill(0));
	});
});

test("FB_ATTACH: unknown buffer, cookie 0 and twice, foreign format, sizes beyond the buffer", () => {
	connected(function* (guest) {
		const shared = yield* guest.share(BYTES);
		expect(yield* guest.create(shared, 1n)).toBe(0);
		expect(yield* guest.attach(9n, 2n)).toBe(ENOENT);
		expect(yield* guest.attach(1n, 0n)).toBe(EINVAL);
		expect(yield* guest.attach(1n, 2n, 0, 64)).toBe(EINVAL);
		expect(yield* guest.attach(1n, 2n, 64, 0)).toBe(EINVAL);
		expect(yield* guest.attach(1n, 2n, 64, 6400)).toBe(EINVAL);
		expect(yield* guest.attach(1n, 2n, 65, 64)).toBe(EINVAL);
		expect(yield* guest.attach(1n, 2n, 0xffffffff, 0xffffffff)).toBe(EINVAL);
		for (const pixel_format of [RGB565, 0])
			expect(
				yield* guest.status("FB_ATTACH", {
					dbuf_cookie: 1n,
					fb_cookie: 2n,
					width: 64,
					height: 64,
					pixel_format,
				}),
			).toBe(EINVAL);
		expect(yield* guest.attach(1n, 2n)).toBe(0);
		expect(yield* guest.attach(1n, 2n)).toBe(EEXIST);
		expect(yield* guest.status("FB_DETACH", { fb_cookie: 3n })).toBe(ENOENT);
		expect(yield* guest.status("FB_DETACH", { fb_cookie: 2n })).toBe(0);
		expect(yield* guest.status("FB_DETACH", { fb_cookie: 2n })).toBe(ENOENT);
	});
});

test("a buffer with a framebuffer on it is not destroyed", () => {
	connected(function* (guest) {
		const shared = yield* guest.share(BYTES);
		expect(yield* guest.create(shared, 1n)).toBe(0);
		expect(yield* guest.attach(1n, 2n)).toBe(0);
		expect(yield* guest.status("DBUF_DESTROY", { dbuf_cookie: 1n })).toBe(
			EBUSY,
		);
		expect(yield* guest.status("FB_DETACH", { fb_cookie: 2n })).toBe(0);
		expect(yield* guest.status("DBUF_DESTROY", { dbuf_cookie: 1n })).toBe(0);
		expect(yield* guest.unshare(shared)).toEqual(Array(5).fill(0));
	});
});

test("SET_CONFIG stays within the connector, and flips need a mode", () => {
	connected(function* (guest) {
		const shared = yield* guest.share(BYTES);
		expect(yield* guest.create(shared, 1n)).toBe(0);
		expect(yield* guest.attach(1n, 2n)).toBe(0);
		const mode = { fb_cookie: 2n, x: 0, y: 0, width: 64, height: 64, bpp: 32 };
		const set = (form: Partial<typeof mode>) =>
			guest.status("SET_CONFIG", { ...mode, ...form });
		expect(yield* guest.off()).toBe(0);
		expect(yield* guest.status("PG_FLIP", { fb_cookie: 2n })).toBe(EINVAL);
		expect(yield* set({ fb_cookie: 3n })).toBe(ENOENT);
		expect(yield* set({ fb_cookie: 0n })).toBe(ENOENT);
		expect(yield* set({ width: 0 })).toBe(EINVAL);
		expect(yield* set({ width: 801 })).toBe(EINVAL);
		expect(yield* set({ x: 737 })).toBe(EINVAL);
		expect(yield* set({ y: 537 })).toBe(EINVAL);
		expect(yield* set({ x: 0xffffffff, width: 2 })).toBe(EINVAL);
		expect(yield* guest.status("PG_FLIP", { fb_cookie: 2n })).toBe(EINVAL);
		expect(yield* set({ x: 736, y: 536 })).toBe(0);
		expect(yield* guest.status("PG_FLIP", { fb_cookie: 3n })).toBe(ENOENT);
		expect(yield* guest.status("PG_FLIP", { fb_cookie: 2n })).toBe(0);
		// Off before it was presented: its event comes before the answer.
		expect(yield* guest.off()).toBe(0);
		expect(yield* guest.events()).toEqual([{ id: 0, cookie: 2n }]);
		expect(yield* guest.status("PG_FLIP", { fb_cookie: 2n })).toBe(EINVAL);
	});
});

test("GET_EDID writes the display's octets, and its size counts from then on", () => {
	connected(function* (guest, harness) {
		const shared = yield* guest.share(32768);
		const held = harness.held();
		const get = (buffer_sz: number, gref_directory: number) =>
			guest.call("GET_EDID", { buffer_sz, gref_directory });
		const directory = shared.directoryRefs[0] as number;
		expect((yield* get(32767, directory)).status).toBe(EINVAL);
		expect((yield* get(32768, 0)).status).toBe(EINVAL);
		expect((yield* get(32768, shared.refs[0] as number)).status).toBe(EINVAL);
		const { status, edid_sz, strays } = yield* get(32768, directory);
		expect({ status, edid_sz, strays }).toEqual({
			status: 0,
			edid_sz: 128,
			strays: [],
		});
		expect(harness.held()).toEqual(held);
		const { words } = yield* guest.as(() =>
			ask("page.load", {
				gfn: shared.gfns[0] as number,
				word: 0,
				count: 33,
			}),
		);
		const octets = Buffer.from(Uint32Array.from(words).buffer);
		expect(octets.subarray(0, 128).toString("latin1")).toBe(EDID);
		expect(words[32]).toBe(0);
		expect(yield* guest.unshare(shared)).toEqual(Array(9).fill(0));
		const buffer = yield* guest.share(BYTES);
		expect(yield* guest.create(buffer, 1n)).toBe(0);
		expect(yield* guest.attach(1n, 2n)).toBe(0);
		expect(
			yield* guest.status("SET_CONFIG", {
				fb_cookie: 2n,
				x: 0,
				y: 0,
				width: 1024,
				height: 768,
				bpp: 32,
			}),
		).toBe(0);
	});
});

test("GET_EDID is unknown in version 1, and unsupported without an EDID", () => {
	const script = function* (guest: Guest): Turns {
		const shared = yield* guest.share(32768);
		const gref_directory = shared.directoryRefs[0] as number;
		expect(
			yield* guest.status("GET_EDID", { buffer_sz: 32768, gref_directory }),
		).toBe(EOPNOTSUPP);
	};
	connected(script, { version: "1" });
	connected(script, { world: { displays: [display({ edid: "" })] } });
});

test("unknown operations are refused, and buffers go over connector 0", () => {
	connected(
		function* (guest) {
			const words = new Uint32Array(16);
			words[0] = 0x001f0007;
			yield* guest.put(words);
			yield* guest.harness.idle();
			const [unknown] = yield* guest.responses();
			expect(unknown).toMatchObject({ id: 7, code: 0x1f, status: EOPNOTSUPP });
			const shared = yield* guest.share(BYTES);
			const gref_directory = shared.directoryRefs[0] as number;
			const create = { ...DBUF, gref_directory };
			expect(yield* guest.status("DBUF_CREATE", create, 1)).toBe(EINVAL);
			expect(yield* guest.status("DBUF_CREATE", create, 0)).toBe(0);
			expect(yield* guest.status("DBUF_DESTROY", { dbuf_cookie: 1n }, 1)).toBe(
				EINVAL,
			);
			expect(yield* guest.attach(1n, 2n)).toBe(0);
			expect(yield* guest.setMode(2n, 1)).toBe(0);
			expect(yield* guest.status("PG_FLIP", { fb_cookie: 2n }, 1)).toBe(0);
			yield* guest.harness.sleep(100);
			expect(yield* guest.events(0)).toEqual([]);
			expect(yield* guest.events(1)).toEqual([{ id: 0, cookie: 2n }]);
			expect(yield* guest.status("FB_DETACH", { fb_cookie: 2n }, 1)).toBe(
				EINVAL,
			);
			expect(yield* guest.status("FB_DETACH", { fb_cookie: 2n }, 0)).toBe(0);
		},
		{
			connectors: 2,
			world: { displays: [display(), display({ name: "screen-1" })] },
			devices: [
				device({
					connectors: [
						{ uniqueId: "screen-0", width: 800, height: 600 },
						{ uniqueId: "screen-1", width: 800, height: 600 },
					],
				}),
			],
		},
	);
});

test("stale octets in reserved fields are no reason to refuse", () => {
	connected(function* (guest) {
		const words = new Uint32Array(16).fill(0xdeadbeef);
		words[0] = 0xbe150001;
		yield* guest.put(words);
		yield* guest.harness.idle();
		const [response] = yield* guest.responses();
		expect(response).toMatchObject({ id: 1, status: ENOENT, strays: [] });
	});
});

test("32 requests in one push get 32 responses", () => {
	connected(function* (guest) {
		for (let i = 0; i < 32; i++)
			yield* guest.send("PG_FLIP", { fb_cookie: BigInt(i + 1) });
		yield* guest.harness.idle();
		const responses = yield* guest.responses();
		expect(responses.map(({ id }) => id)).toEqual(
			Array.from({ length: 32 }, (_, i) => i + 1),
		);
	});
});
