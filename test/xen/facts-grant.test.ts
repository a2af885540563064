/** Section 8: grant tables, the granting side. */
import { expect } from "vitest";
import type { Driver } from "../../src/peer/frontend/driver.ts";
import { Quarantine } from "../../src/peer/frontend/quarantine.ts";
import { type Body, starter } from "../../src/peer/peer.ts";
import * as GNT from "../../src/xen/abi/grant-table.ts";
import { ask, type Turns } from "../../src/xen/call.ts";
import { DOMAIN_LIMITS } from "../../src/xen/world.ts";
import {
	BACK,
	Conversation,
	EBUSY,
	EINVAL,
	ENOSPC,
	FRONT,
	OTHER,
	READONLY,
	TOOLSTACK,
	WRITABLE,
} from "./conversation.ts";
import { facts } from "./fact.ts";

const { fact, complete } = facts("grant");

const {
	GNTST_bad_gntref,
	GNTST_general_error,
	GNTST_okay,
	GTF_permit_access,
	GTF_reading,
	GTF_readonly,
	GTF_writing,
} = GNT;

/** Marks of an entry, out of its flags. */
const IN_USE = GTF_reading | GTF_writing;

fact("8.1", "a reference is a right of one named domain", (talk) => {
	const { ref, gfn, frame } = talk.lend(FRONT, BACK);
	expect(talk.entry(FRONT, ref)).toEqual({
		flags: GTF_permit_access,
		domid: BACK,
		gfn,
	});
	// Whoever else knows the number can do nothing with it.
	talk.map(OTHER, FRONT, ref, WRITABLE, GNTST_general_error);
	talk.map(FRONT, FRONT, ref, WRITABLE, GNTST_general_error);
	// The same number in another domain's table is another entry.
	talk.map(FRONT, BACK, ref, WRITABLE, GNTST_general_error);
	expect(talk.map(BACK, FRONT, ref).frame).toBe(frame);
});

fact("8.2", "an entry has 8 octets, or 16 in version 2", (talk) => {
	expect(GNT.grantEntryV1.size).toBe(8);
	expect(GNT.grantEntryV2FullPage.size).toBe(16);
	expect(GNT.grantEntryV2SubPage.size).toBe(16);
	expect(GNT.grantEntryV1.fields).toMatchObject({
		flags: { type: "u16", offset: 0 },
		domid: { type: "u16", offset: 2 },
		frame: { type: "u32", offset: 4 },
	});
	// The entry of reference 9 is 16 octets after that of 7 in the table's first page.
	const { gfn: table } = talk.row(FRONT, "grant.table", { index: 0 });
	talk.lend(FRONT, OTHER);
	const { ref, gfn } = talk.lend(FRONT, BACK, true);
	expect(ref).toBe(9);
	const { words } = talk.row(FRONT, "page.load", {
		gfn: table,
		word: 18,
		count: 2,
	});
	expect(GNT.grantEntryV1.decode(words)).toEqual({
		flags: GTF_permit_access | GTF_readonly,
		domid: BACK,
		frame: gfn,
	});
});

fact("8.3", "512 entries fill a page", () => {
	expect(GNT.GRANT_ENTRIES_PER_PAGE_V1).toBe(512);
	expect(GNT.GRANT_ENTRIES_PER_PAGE_V2).toBe(256);
	// A table of one page has 512 - 8 for its guest.
	const talk = new Conversation({ grants: { frames: 1 } });
	talk.row(FRONT, "grant.reserve", { count: 505 }, ENOSPC);
	talk.row(FRONT, "grant.reserve", { count: 504 });
	talk.row(FRONT, "grant.claim", { batch: 0 }, ENOSPC);
});

fact("8.4", "a table starts with 1 page and grows to its limit", (talk) => {
	const map = (ref: number, status: number) =>
		talk.row(
			BACK,
			"grant.map",
			{ granter: FRONT, ref, gfn: 0, flags: WRITABLE },
			status,
		);
	map(511, GNTST_general_error);
	map(512, GNTST_bad_gntref);
	// With the 505th reference a second page is there.
	talk.row(FRONT, "grant.reserve", { count: 504 });
	map(512, GNTST_bad_gntref);
	talk.row(FRONT, "grant.claim", { batch: 0 }, { ref: 512 });
	map(512, GNTST_general_error);
	map(1024, GNTST_bad_gntref);
	// The rest of 32768, and not one more.
	expect(DOMAIN_LIMITS.grants.frames).toBe(64);
	talk.row(FRONT, "grant.reserve", { count: 32768 - 8 - 505 });
	map(32767, GNTST_general_error);
	talk.row(FRONT, "grant.claim", { batch: 0 }, ENOSPC);
	talk.row(FRONT, "grant.table", { index: 63 });
	talk.row(FRONT, "grant.table", { index: 64 }, ENOSPC);
	map(32768, GNTST_bad_gntref);
});

fact("8.5", "references below 8 are the tools'", (talk) => {
	expect(GNT.GNTTAB_NR_RESERVED_ENTRIES).toBe(8);
	expect([GNT.GNTTAB_RESERVED_CONSOLE, GNT.GNTTAB_RESERVED_XENSTORE]).toEqual([
		0, 1,
	]);
	talk.row(FRONT, "grant.claim", { batch: 0 }, { ref: 8 });
	talk.row(FRONT, "grant.free", { ref: 1 }, EINVAL);
	// The tools open theirs without claiming; 0 is the console's and no driver's.
	const { gfn } = talk.row(FRONT, "page.alloc", { zeroed: true });
	const access = { domid: BACK, gfn, readonly: false };
	talk.row(FRONT, "grant.access", { ref: 1, ...access });
	talk.row(FRONT, "grant.access", { ref: 0, ...access }, EINVAL);
	talk.row(FRONT, "grant.access", { ref: 9, ...access }, EINVAL);
	talk.map(BACK, FRONT, 1);
});

fact("8.6", "types and sub-flags have their numbers", (talk) => {
	expect([
		GNT.GTF_invalid,
		GNT.GTF_permit_access,
		GNT.GTF_accept_transfer,
		GNT.GTF_transitive,
	]).toEqual([0, 1, 2, 3]);
	expect([
		GNT.GTF_readonly,
		GNT.GTF_reading,
		GNT.GTF_writing,
		GNT.GTF_PWT,
		GNT.GTF_PCD,
		GNT.GTF_PAT,
		GNT.GTF_sub_page,
	]).toEqual([4, 8, 16, 32, 64, 128, 256]);
	const { ref, gfn } = talk.lend(FRONT, BACK);
	for (const [flags, status] of [
		[0, GNTST_general_error],
		[2, GNTST_general_error],
		[3, GNTST_general_error],
		// How the page is cached changes nothing.
		[1 | 32 | 64 | 128, GNTST_okay],
	] as const) {
		talk.setEntry(FRONT, ref, { flags, domid: BACK, gfn });
		talk.map(BACK, FRONT, ref, WRITABLE, status);
	}
});

fact("8.7", "an entry is open when its flags are there, not before", (talk) => {
	const { ref } = talk.row(FRONT, "grant.claim", { batch: 0 });
	const { gfn } = talk.row(FRONT, "page.alloc", { zeroed: true });
	const { gfn: table } = talk.row(FRONT, "grant.table", { index: 0 });
	const word = ref * 2;
	// Domid and frame by hand: nobody can map yet.
	talk.row(FRONT, "page.store", {
		gfn: table,
		word,
		words: [BACK << 16, gfn],
	});
	talk.map(BACK, FRONT, ref, WRITABLE, GNTST_general_error);
	talk.row(FRONT, "memory.wmb", {});
	talk.row(FRONT, "page.store", {
		gfn: table,
		word,
		words: [(BACK << 16) | GTF_permit_access],
	});
	talk.map(BACK, FRONT, ref);
});

fact("8.8", "an idle entry is closed by compare-and-exchange", (talk) => {
	const { ref, gfn } = talk.lend(FRONT, BACK);
	const idle = { flags: GTF_permit_access, domid: BACK };
	// The owner looks: not in use. Then the backend maps.
	talk.row(FRONT, "grant.query", { ref }, { flags: 0 });
	const map = talk.map(BACK, FRONT, ref);
	// The exchange fails and shows why.
	const found = talk.exchange(FRONT, ref, idle, 0);
	expect(found).toBe(GTF_permit_access | IN_USE);
	expect(talk.entry(FRONT, ref).flags).toBe(found);
	// Once it is idle again, the exchange closes it.
	talk.unmap(BACK, map);
	expect(talk.exchange(FRONT, ref, idle, 0)).toBe(GTF_permit_access);
	talk.map(BACK, FRONT, ref, WRITABLE, GNTST_general_error);
	// That is what ending does.
	talk.setEntry(FRONT, ref, { ...idle, gfn });
	talk.row(FRONT, "grant.end", { ref });
	expect(talk.entry(FRONT, ref).flags).toBe(0);
});

fact("8.9", "an entry in use cannot be closed", (talk) => {
	const { ref, gfn } = talk.lend(FRONT, BACK);
	const map = talk.map(BACK, FRONT, ref, READONLY);
	talk.row(FRONT, "grant.end", { ref }, EBUSY);
	talk.row(FRONT, "grant.free", { ref }, EINVAL);
	// It is not opened for somebody else either.
	const access = { ref, domid: OTHER, gfn, readonly: false };
	talk.row(FRONT, "grant.access", access, EBUSY);
	talk.unmap(BACK, map);
	talk.row(FRONT, "grant.end", { ref });
	talk.row(FRONT, "grant.access", access);
});

fact("8.10", "ending access stops new mappings only", (talk) => {
	const { ref, gfn } = talk.lend(FRONT, BACK);
	const map = talk.map(BACK, FRONT, ref);
	talk.poke(FRONT, gfn, 7);
	// By force, since the entry is in use.
	talk.setEntry(FRONT, ref, { flags: 0, domid: BACK, gfn });
	expect(talk.peek(BACK, map.gfn)).toBe(7);
	talk.poke(BACK, map.gfn, 8);
	expect(talk.peek(FRONT, gfn)).toBe(8);
	talk.unmap(BACK, map);
	talk.map(BACK, FRONT, ref, WRITABLE, GNTST_general_error);
});

fact("8.11", "what is busy is deferred and tried again by timer", (talk) => {
	const { ref, gfn } = talk.lend(FRONT, BACK);
	const map = talk.map(BACK, FRONT, ref);
	// The frontend's deferred list, as Linux has it; its timer is a task.
	const timers: Body[] = [];
	const quarantine = new Quarantine({
		context: {
			domid: FRONT,
			...starter((_name, body) => timers.push(body)),
		},
		pages: {
			*endGrant(busy: number) {
				return (yield* ask("grant.end", { ref: busy })).status === 0;
			},
		},
		fresh: () => 1,
	} as unknown as Driver);
	talk.row(FRONT, "grant.end", { ref }, EBUSY);
	quarantine.keepGrant(ref, gfn);
	talk.run(FRONT, quarantine.watchOver());
	// Two tries find it busy, the third not.
	const pauses: number[] = [];
	const [timer] = timers as [Body];
	talk.run(FRONT, timer(undefined as never) as Turns, (timeout) => {
		pauses.push(timeout);
		expect(talk.entry(FRONT, ref).flags).toBe(GTF_permit_access | IN_USE);
		if (pauses.length === 3) talk.unmap(BACK, map);
	});
	expect(pauses[0]).toBe(1000);
	expect(pauses.length).toBe(3);
	expect(talk.entry(FRONT, ref).flags).toBe(0);
	talk.row(FRONT, "grant.claim", { batch: 0 }, { ref });
	talk.row(FRONT, "page.free", { gfn }, EINVAL);
});

fact("8.12", "trying to end changes nothing while busy", (talk) => {
	const { ref } = talk.lend(FRONT, BACK);
	talk.map(BACK, FRONT, ref, READONLY);
	const before = talk.entry(FRONT, ref);
	talk.row(FRONT, "grant.end", { ref }, EBUSY);
	expect(talk.entry(FRONT, ref)).toEqual(before);
	// Not even new mappings are stopped.
	talk.map(BACK, FRONT, ref, WRITABLE);
});

fact("8.13", "what is deferred is not used again", (talk) => {
	const { ref, gfn } = talk.lend(FRONT, BACK);
	const second = talk.grant(FRONT, BACK, gfn);
	const idle = talk.lend(FRONT, BACK);
	const map = talk.map(BACK, FRONT, ref);
	const again = talk.map(BACK, FRONT, second);
	// The driver ends, and its kernel keeps what is busy.
	talk.row(TOOLSTACK, "driver.exit", { domid: FRONT });
	const free = () => talk.row(FRONT, "grant.claim", { batch: 0 }).ref;
	const page = () => talk.row(FRONT, "page.alloc", { zeroed: true }).gfn;
	expect(free()).toBe(idle.ref);
	expect(page()).toBe(idle.gfn);
	expect([ref, second]).not.toContain(free());
	expect(page()).not.toBe(gfn);
	// The peer still reads and writes it.
	talk.poke(BACK, map.gfn, 5);
	expect(talk.peek(FRONT, gfn)).toBe(5);
	// One reference is let go: it can be had again, the page not yet.
	talk.unmap(BACK, map);
	expect(free()).toBe(ref);
	expect(page()).not.toBe(gfn);
	expect(talk.peek(BACK, again.gfn)).toBe(5);
	talk.unmap(BACK, again);
	expect(free()).toBe(second);
	expect(page()).toBe(gfn);
});

fact("8.14", "read-only by compare-and-exchange, writable at will", (talk) => {
	const { ref, gfn } = talk.lend(FRONT, BACK);
	const open = { flags: GTF_permit_access, domid: BACK };
	const closed = GTF_permit_access | GTF_readonly;
	const map = talk.map(BACK, FRONT, ref);
	// Mapped writable: the exchange meets the mark.
	expect(talk.exchange(FRONT, ref, open, closed)).not.toBe(open.flags);
	talk.unmap(BACK, map);
	expect(talk.exchange(FRONT, ref, open, closed)).toBe(open.flags);
	talk.map(BACK, FRONT, ref, WRITABLE, GNTST_general_error);
	// With a reader in it, it can still be made writable.
	talk.map(BACK, FRONT, ref, READONLY);
	const flags = GTF_permit_access | GTF_reading;
	talk.setEntry(FRONT, ref, { flags, domid: BACK, gfn });
	talk.map(BACK, FRONT, ref, WRITABLE);
});

fact("8.15", "ENOSPC without a free reference; a batch is safe", () => {
	const talk = new Conversation({ grants: { frames: 1 } });
	const { batch } = talk.row(FRONT, "grant.reserve", { count: 2 });
	for (let left = 502; left > 0; left--)
		talk.row(FRONT, "grant.claim", { batch: 0 });
	talk.row(FRONT, "grant.claim", { batch: 0 }, ENOSPC);
	talk.row(FRONT, "grant.reserve", { count: 1 }, ENOSPC);
	// The batch has its own.
	const { ref } = talk.row(FRONT, "grant.claim", { batch });
	talk.row(FRONT, "grant.claim", { batch });
	talk.row(FRONT, "grant.claim", { batch }, ENOSPC);
	talk.row(FRONT, "grant.release", { batch });
	talk.row(FRONT, "grant.claim", { batch }, EINVAL);
	talk.row(FRONT, "grant.free", { ref });
	talk.row(FRONT, "grant.free", { ref }, EINVAL);
	talk.row(FRONT, "grant.claim", { batch: 0 }, { ref });
});

fact("8.16", "sixteen full HD buffers, four of 3840x2160", (talk) => {
	const references = (width: number, height: number) => {
		const pages = Math.ceil((width * height * 4) / 4096);
		return pages + Math.ceil(pages / 1023);
	};
	const room = (domid: number, count: number) => {
		let buffers = 0;
		while (talk.ask(domid, "grant.reserve", { count }).status === 0) buffers++;
		return buffers;
	};
	expect(references(1920, 1080)).toBe(2027);
	expect(room(FRONT, 2027)).toBe(16);
	expect(references(3840, 2160)).toBe(8108);
	expect(room(BACK, 8108)).toBe(4);
});

complete();
