/** Buffers that the backend allocates: its pages lent to the guest, and what becomes of them when the guest does not let go. */
import { expect, test } from "vitest";
import { SeededChoices } from "../../src/base/choices.ts";
import { ask, type Turns } from "../../src/xen/call.ts";
import {
	AT_REST,
	device,
	FE,
	Guest,
	Harness,
	type HarnessOptions,
	type Shared,
	share,
} from "./harness.ts";

const EBUSY = -16;
const EINVAL = -22;
const ENOMEM = -12;
const PAGES = 4;
const BYTES = PAGES * 4096;
const ALLOC = { flags: 1 };

interface Mapped {
	handle: number;
	gfn: number;
}

/** Connect a device with be-alloc, play, and leave it to the script to close. */
function allocating(
	script: (guest: Guest, harness: Harness) => Turns,
	options: HarnessOptions = {},
): Harness {
	return new Harness({ devices: [device({ beAlloc: "1" })], ...options }).play(
		function* (harness) {
			const guest = new Guest(harness);
			yield* guest.connect();
			yield* script(guest, harness);
		},
	);
}

function* finish(harness: Harness): Turns {
	expect(yield* harness.remove()).toBe(true);
	yield* harness.rest();
	expect(harness.held()).toEqual(AT_REST);
	yield* harness.stop();
}

/** A directory with no references in it, for so many pages. */
function* directory(guest: Guest, pages = 1): Turns<Shared> {
	return yield* guest.as(function* () {
		const own: { gfn: number; ref: number }[] = [];
		for (let i = 0; i < pages; i++) own.push(yield* share(2));
		for (const [i, { gfn }] of own.entries())
			yield* ask("page.store", {
				gfn,
				word: 0,
				words: [own[i + 1]?.ref ?? 0],
			});
		return {
			bytes: BYTES,
			gfns: [],
			refs: [],
			directoryGfns: own.map(({ gfn }) => gfn),
			directoryRefs: own.map(({ ref }) => ref),
		};
	});
}

function* words(guest: Guest, gfn: number): Turns<number[]> {
	const page = yield* guest.as(() =>
		ask("page.load", { gfn, word: 0, count: 1024 }),
	);
	return Array.from(page.words);
}

function* map(guest: Guest, ref: number): Turns<Mapped & { status: number }> {
	return yield* guest.as(() =>
		ask("grant.map", { granter: 2, ref, gfn: 0, flags: 2 }),
	);
}

function* unmap(guest: Guest, { handle, gfn }: Mapped): Turns {
	yield* guest.as(() => ask("grant.unmap", { handle, gfn }));
}

const destroy = (guest: Guest): Turns<number> =>
	guest.status("DBUF_DESTROY", { dbuf_cookie: 1n });

test("the directory lists exactly this buffer's pages, zeroed and writable", () => {
	const harness = allocating(function* (guest, harness) {
		const before = harness.held();
		const shared = yield* directory(guest);
		expect(yield* guest.create(shared, 1n, ALLOC)).toBe(0);
		const listed = yield* words(guest, shared.directoryGfns[0] as number);
		expect(listed[0]).toBe(0);
		const refs = listed.slice(1, 1 + PAGES);
		expect(new Set(refs).size).toBe(PAGES);
		expect(listed.slice(1 + PAGES).every((ref) => ref === 0)).toBe(true);
		for (const ref of refs) {
			const mapped = yield* map(guest, ref);
			expect(mapped.status).toBe(0);
			expect((yield* words(guest, mapped.gfn)).every((w) => w === 0)).toBe(
				true,
			);
			yield* unmap(guest, mapped);
		}
		expect(yield* guest.attach(1n, 2n)).toBe(0);
		expect(yield* guest.setMode(2n)).toBe(0);
		expect(yield* guest.status("FB_DETACH", { fb_cookie: 2n })).toBe(0);
		expect(yield* destroy(guest)).toBe(0);
		expect(harness.held()).toEqual(before);
		yield* finish(harness);
	});
	expect(harness.held()).toEqual({});
	expect(harness.findings()).toEqual([]);
});

test("a large buffer fills a chain of directory pages", () => {
	const pages = 2050;
	const harness = allocating(function* (guest, harness) {
		const shared = yield* directory(guest, 3);
		const form = { ...ALLOC, buffer_sz: pages * 4096 };
		expect(yield* guest.create(shared, 1n, form)).toBe(0);
		const refs: number[] = [];
		for (const gfn of shared.directoryGfns)
			refs.push(...(yield* words(guest, gfn)).slice(1));
		expect(refs.slice(0, pages).every((ref) => ref >= 8)).toBe(true);
		expect(new Set(refs.slice(0, pages)).size).toBe(pages);
		expect(refs.slice(pages).every((ref) => ref === 0)).toBe(true);
		yield* finish(harness);
	});
	expect(harness.held()).toEqual({});
});

test("an offset, a short chain or a read-only directory is refused and leaves nothing", () => {
	allocating(function* (guest, harness) {
		const shared = yield* directory(guest);
		const before = harness.held();
		const create = (form: object) => guest.create(shared, 1n, form);
		expect(yield* create({ ...ALLOC, data_ofs: 4096 })).toBe(EINVAL);
		expect(yield* create({ ...ALLOC, buffer_sz: 1024 * 4096 })).toBe(EINVAL);
		expect(yield* create({ ...ALLOC, gref_directory: 3 })).toBe(EINVAL);
		const readonly = yield* guest.as(function* () {
			const { gfn } = yield* ask("page.alloc", { zeroed: true });
			const { ref } = yield* ask("grant.claim", { batch: 0 });
			yield* ask("grant.access", { ref, domid: 2, gfn, readonly: true });
			return ref;
		});
		expect(yield* create({ ...ALLOC, gref_directory: readonly })).toBe(EINVAL);
		expect(harness.held()).toEqual(before);
		expect(yield* words(guest, shared.directoryGfns[0] as number)).toEqual(
			Array(1024).fill(0),
		);
		yield* finish(harness);
	});
});

test.each([
	["page.alloc", 3, ENOMEM],
	["grant.claim", 3, -28],
	["grant.reserve", 1, -28],
	["grant.access", 2, -14],
	["page.store", 1, -5],
] as const)("a failing %s undoes the whole allocation", (at, nth, status) => {
	const harness = allocating(function* (guest, harness) {
		const shared = yield* directory(guest);
		const before = harness.held();
		harness.fault(at, nth, at === "page.store" ? -14 : status);
		expect(yield* guest.create(shared, 1n, ALLOC)).toBe(status);
		expect(harness.held()).toEqual(before);
		expect(yield* guest.create(shared, 1n, ALLOC)).toBe(0);
		yield* finish(harness);
	});
	expect(harness.held()).toEqual({});
	expect(harness.findings()).toEqual([]);
});

test("while the guest maps one page a destroy is refused and all grants stay", () => {
	const harness = allocating(function* (guest, harness) {
		const shared = yield* directory(guest);
		expect(yield* guest.create(shared, 1n, ALLOC)).toBe(0);
		const refs = (yield* words(guest, shared.directoryGfns[0] as number)).slice(
			1,
			1 + PAGES,
		);
		const mapped = yield* map(guest, refs[2] as number);
		const before = harness.held();
		expect(yield* destroy(guest)).toBe(EBUSY);
		expect(harness.held()).toEqual(before);
		for (const ref of refs) yield* unmap(guest, yield* map(guest, ref));
		yield* unmap(guest, mapped);
		// Mapped between the question and the end: what was ended already is opened again.
		harness.fault("grant.end", 3, EBUSY);
		expect(yield* destroy(guest)).toBe(EBUSY);
		expect(harness.held()).toEqual(before);
		for (const ref of refs) {
			const again = yield* map(guest, ref);
			expect(again.status).toBe(0);
			yield* unmap(guest, again);
		}
		expect(yield* destroy(guest)).toBe(0);
		yield* finish(harness);
	});
	expect(harness.held()).toEqual({});
	expect(harness.findings()).toEqual([]);
});

test("pages that the guest keeps after Closed wait in the quarantine until it lets go", () => {
	const harness = allocating(function* (guest, harness) {
		const shared = yield* directory(guest);
		expect(yield* guest.create(shared, 1n, ALLOC)).toBe(0);
		const refs = (yield* words(guest, shared.directoryGfns[0] as number)).slice(
			1,
			1 + PAGES,
		);
		const mapped = [
			yield* map(guest, refs[0] as number),
			yield* map(guest, refs[3] as number),
		];
		yield* guest.state(5);
		yield* harness.idle();
		expect(yield* guest.backState()).toBe("2");
		expect(harness.held()).toMatchObject({ grant: 2, page: 2, reference: 2 });
		yield* harness.sleep(3500);
		for (const page of mapped) yield* unmap(guest, page);
		expect(harness.held()).toMatchObject({ grant: 2 });
		yield* harness.sleep(4000);
		expect(harness.held().grant).toBeUndefined();
		expect(harness.held().pages).toBeUndefined();
		yield* finish(harness);
	});
	expect(harness.held()).toEqual({});
	expect(harness.findings()).toEqual([]);
});

test("what is in the quarantine counts against the guest's limit, also after it reconnects", () => {
	const harness = allocating(
		function* (guest, harness) {
			const shared = yield* directory(guest);
			expect(yield* guest.create(shared, 1n, ALLOC)).toBe(0);
			const refs = (yield* words(
				guest,
				shared.directoryGfns[0] as number,
			)).slice(1, 1 + PAGES);
			const mapped: Mapped[] = [];
			for (const ref of refs) mapped.push(yield* map(guest, ref));
			yield* guest.state(5);
			yield* harness.idle();
			yield* guest.disconnect();
			yield* guest.state(1);
			yield* harness.idle();
			yield* guest.connect();
			expect(yield* guest.create(shared, 1n, ALLOC)).toBe(0);
			expect(yield* guest.create(shared, 2n, ALLOC)).toBe(ENOMEM);
			for (const page of mapped) yield* unmap(guest, page);
			yield* harness.sleep(70_000);
			expect(yield* guest.create(shared, 2n, ALLOC)).toBe(0);
			yield* finish(harness);
		},
		{ limits: { pages: 2 * PAGES } },
	);
	expect(harness.held()).toEqual({});
});

test("a guest that never lets go costs a bounded number of tries", () => {
	const harness = allocating(function* (guest, harness) {
		const shared = yield* directory(guest);
		expect(yield* guest.create(shared, 1n, ALLOC)).toBe(0);
		const [, ref] = yield* words(guest, shared.directoryGfns[0] as number);
		yield* map(guest, ref as number);
		const from = harness.journal.length;
		yield* guest.state(5);
		yield* harness.rest();
		const ends = [...harness.journal.entries(from)].filter(
			(entry) => entry.kind === "grant.end" && entry.call.ref === ref,
		);
		// Five in the first half minute, and one each 16 seconds from then on.
		expect(ends.length).toBeLessThan(13);
		expect(harness.held()).toMatchObject({ grant: 1, page: 1 });
		// Its death lets go for it: the next closing of one of its devices finds out.
		yield* ask("domain.destroy", { domid: FE });
		yield* harness.remove();
		yield* harness.rest();
		expect(harness.held()).toEqual(AT_REST);
		yield* harness.stop();
	});
	expect(harness.findings()).toEqual([]);
});

test("fifty orders of turns: the guest unmaps while the backend destroys and closes", () => {
	for (let seed = 0; seed < 50; seed++) {
		const harness = allocating(
			function* (guest, harness) {
				const shared = yield* directory(guest);
				expect(yield* guest.create(shared, 1n, ALLOC)).toBe(0);
				const refs = (yield* words(
					guest,
					shared.directoryGfns[0] as number,
				)).slice(1, 1 + PAGES);
				const mapped: Mapped[] = [];
				for (const ref of refs) mapped.push(yield* map(guest, ref));
				yield* guest.send("DBUF_DESTROY", { dbuf_cookie: 1n });
				for (const page of mapped) yield* unmap(guest, page);
				yield* harness.idle();
				const [response] = yield* guest.responses();
				expect([0, EBUSY]).toContain(response?.status);
				if (response?.status === EBUSY)
					for (const ref of refs) yield* unmap(guest, yield* map(guest, ref));
				yield* finish(harness);
			},
			{ choices: new SeededChoices(seed, "alloc") },
		);
		expect(harness.held()).toEqual({});
		expect(harness.findings()).toEqual([]);
	}
});
