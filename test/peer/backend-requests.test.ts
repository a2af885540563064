/** One row for each form of a request: what the backend answers, and what it holds afterwards. */
import { expect, test } from "vitest";
import type { Body } from "../../src/displif/packet.ts";
import type { Turns } from "../../src/xen/call.ts";
import {
	AT_REST,
	EDID,
	Guest,
	Harness,
	type HarnessOptions,
	device,
	display,
	FE,
	BE,
	RGB565,
	share,
	XRGB8888,
} from "./harness.ts";

const EPERM = -1;
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
	});
	expect(harness.held()).toEqual(AT_REST);
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
			expect(
				yield* guest.status("DBUF_DESTROY", { dbuf_cookie: cookie }),
			).toBe(0);
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
])("DBUF_CREATE with %s is refused and leaves nothing", (_what, form, status) => {
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
});

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
				const { ask } = yield* imported();
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

function* imported() {
	return yield* (function* (): Turns<typeof import("../../src/xen/call.ts")> {
		return call;
	})();
}
import * as call from "../../src/xen/call.ts";

void [EPERM, ENOSPC, EOPNOTSUPP, EBUSY, EDID, device, display, FE, BE, RGB565, share, XRGB8888];
