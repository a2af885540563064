/** Section 9: grant tables, the mapping side. */
import { expect } from "vitest";
import { DOMID_SELF } from "../../src/xen/abi/domid.ts";
import * as GNT from "../../src/xen/abi/grant-table.ts";
import { DOMAIN_LIMITS } from "../../src/xen/world.ts";
import {
	BACK,
	Conversation,
	EBUSY,
	EEXIST,
	EFAULT,
	ENOENT,
	FRONT,
	OTHER,
	READONLY,
	TOOLSTACK,
	WRITABLE,
} from "./conversation.ts";
import { facts } from "./fact.ts";

const { fact, complete } = facts("mapping");

const {
	GNTST_bad_copy_arg,
	GNTST_bad_domain,
	GNTST_bad_gntref,
	GNTST_bad_handle,
	GNTST_bad_page,
	GNTST_general_error,
	GNTST_no_space,
	GNTST_okay,
	GNTST_permission_denied,
	GTF_permit_access,
	GTF_reading,
	GTF_sub_page,
	GTF_writing,
} = GNT;

/** Marks of an entry, out of its flags. */
const IN_USE = GTF_reading | GTF_writing;

// ---- Map.

fact("9.1", "a map says what kind it is", (talk) => {
	expect([
		GNT.GNTMAP_device_map,
		GNT.GNTMAP_host_map,
		GNT.GNTMAP_readonly,
	]).toEqual([1, 2, 4]);
	const { ref } = talk.lend(FRONT, BACK);
	talk.map(BACK, FRONT, ref, 0, GNTST_bad_gntref);
	talk.map(BACK, FRONT, ref, GNT.GNTMAP_readonly, GNTST_bad_gntref);
	// This is looked at before the domain is.
	talk.map(BACK, 99, ref, 0, GNTST_bad_gntref);
	talk.map(BACK, FRONT, ref, READONLY);
});

fact("9.2", "no device, application or page-table mappings", (talk) => {
	const { ref } = talk.lend(FRONT, BACK);
	for (const kind of [
		GNT.GNTMAP_device_map,
		GNT.GNTMAP_device_map | GNT.GNTMAP_host_map,
		GNT.GNTMAP_host_map | GNT.GNTMAP_application_map,
		GNT.GNTMAP_host_map | GNT.GNTMAP_contains_pte,
	])
		talk.map(BACK, FRONT, ref, kind, GNTST_general_error);
	talk.row(FRONT, "grant.query", { ref }, { flags: 0 });
});

fact("9.3", "an unknown granter", (talk) => {
	talk.map(BACK, 99, 8, WRITABLE, GNTST_bad_domain);
	// Even who grants to itself says its number.
	const { ref } = talk.lend(BACK, BACK);
	talk.map(BACK, DOMID_SELF, ref, WRITABLE, GNTST_bad_domain);
});

fact("9.5", "no handle left", () => {
	expect(DOMAIN_LIMITS.grants.maptrackFrames).toBe(1024);
	const talk = new Conversation({ grants: { maptrackFrames: 1 } });
	const loans = [talk.lend(FRONT, BACK), talk.lend(FRONT, BACK)] as const;
	const maps = Array.from({ length: 256 }, (_, i) =>
		talk.map(BACK, FRONT, loans[i < 128 ? 0 : 1].ref),
	);
	talk.map(BACK, FRONT, loans[0].ref, READONLY, GNTST_no_space);
	// Another domain has its own; one that is given back can be had again.
	const { ref } = talk.lend(FRONT, OTHER);
	talk.map(OTHER, FRONT, ref);
	talk.unmap(BACK, maps[17] as (typeof maps)[0]);
	const { handle } = talk.map(BACK, FRONT, loans[1].ref, READONLY);
	expect(handle).toBe(maps[17]?.handle);
});

fact("9.6", "a reference beyond the table", (talk) => {
	talk.map(BACK, FRONT, 512, WRITABLE, GNTST_bad_gntref);
	talk.map(BACK, FRONT, 0xffff_ffff, WRITABLE, GNTST_bad_gntref);
	talk.map(BACK, FRONT, 511, WRITABLE, GNTST_general_error);
});

fact("9.7", "an entry that is not for this", (talk) => {
	const { ref, gfn } = talk.lend(FRONT, BACK);
	const set = (flags: number, domid: number) =>
		talk.setEntry(FRONT, ref, { flags, domid, gfn });
	for (const [flags, domid] of [
		[GNT.GTF_invalid, BACK],
		[GNT.GTF_accept_transfer, BACK],
		[GNT.GTF_transitive, BACK],
		[GTF_permit_access | GTF_sub_page, BACK],
		[GTF_permit_access, OTHER],
	] as const) {
		set(flags, domid);
		talk.map(BACK, FRONT, ref, READONLY, GNTST_general_error);
	}
	set(GTF_permit_access, BACK);
	talk.map(BACK, FRONT, ref);
});

fact("9.8", "writing to a read-only entry", (talk) => {
	const { ref } = talk.lend(FRONT, BACK, true);
	talk.map(BACK, FRONT, ref, WRITABLE, GNTST_general_error);
	const { gfn } = talk.map(BACK, FRONT, ref, READONLY);
	// A reader does not become a writer, by a store or by another mapping.
	talk.row(BACK, "page.store", { gfn, word: 0, words: [1] }, EFAULT);
	talk.map(BACK, FRONT, ref, WRITABLE, GNTST_general_error);
});

fact("9.9", "a frame that is not the granter's memory", (talk) => {
	const { ref } = talk.row(FRONT, "grant.claim", { batch: 0 });
	const { gfn: hole } = talk.row(FRONT, "balloon.take", {});
	const entry = { flags: GTF_permit_access, domid: BACK };
	talk.setEntry(FRONT, ref, { ...entry, gfn: hole });
	talk.map(BACK, FRONT, ref, WRITABLE, GNTST_bad_page);
	// What another domain lent cannot be lent on.
	const lent = talk.lend(OTHER, FRONT);
	const { gfn } = talk.map(FRONT, OTHER, lent.ref);
	talk.setEntry(FRONT, ref, { ...entry, gfn });
	talk.map(BACK, FRONT, ref, WRITABLE, GNTST_bad_page);
	const access = { ref, domid: BACK, gfn, readonly: false };
	talk.row(FRONT, "grant.end", { ref });
	talk.row(FRONT, "grant.access", access, EFAULT);
});

fact("9.10", "an entry that another domain has mapped", (talk) => {
	const { ref, gfn } = talk.lend(FRONT, BACK);
	const map = talk.map(BACK, FRONT, ref);
	// Naming a new domain in it is in vain while the old one holds on.
	const entry = { flags: GTF_permit_access | IN_USE, domid: OTHER, gfn };
	talk.setEntry(FRONT, ref, entry);
	talk.map(OTHER, FRONT, ref, READONLY, GNTST_general_error);
	talk.unmap(BACK, map);
	talk.map(OTHER, FRONT, ref, READONLY);
});

fact("9.11", "128 mappings of a kind", (talk) => {
	const { ref } = talk.lend(FRONT, BACK);
	const readers = Array.from({ length: 128 }, () =>
		talk.map(BACK, FRONT, ref, READONLY),
	);
	talk.map(BACK, FRONT, ref, READONLY, GNTST_general_error);
	// Writers are counted apart.
	for (let left = 128; left > 0; left--) talk.map(BACK, FRONT, ref);
	talk.map(BACK, FRONT, ref, WRITABLE, GNTST_general_error);
	talk.unmap(BACK, readers[0] as (typeof readers)[0]);
	talk.map(BACK, FRONT, ref, READONLY);
});

fact("9.12", "a mapping is seen in the entry", (talk) => {
	const { ref } = talk.lend(FRONT, BACK);
	talk.row(FRONT, "grant.query", { ref }, { flags: 0 });
	talk.map(BACK, FRONT, ref, READONLY);
	talk.row(FRONT, "grant.query", { ref }, { flags: GTF_reading });
	talk.map(BACK, FRONT, ref, WRITABLE);
	talk.row(FRONT, "grant.query", { ref }, { flags: IN_USE });
	expect(talk.entry(FRONT, ref).flags).toBe(GTF_permit_access | IN_USE);
});

fact("9.13", "clearing a mapped entry does not stop its mapper", (talk) => {
	const { ref, gfn, frame } = talk.lend(FRONT, BACK);
	const map = talk.map(BACK, FRONT, ref);
	talk.setEntry(FRONT, ref, { flags: 0, domid: OTHER, gfn });
	// Once more, and the entry is not even marked again.
	const again = talk.map(BACK, FRONT, ref);
	expect(again.frame).toBe(frame);
	expect(talk.entry(FRONT, ref).flags).toBe(0);
	talk.map(OTHER, FRONT, ref, READONLY, GNTST_general_error);
	talk.unmap(BACK, map);
	talk.unmap(BACK, again);
	talk.map(BACK, FRONT, ref, WRITABLE, GNTST_general_error);
});

fact("9.14", "the frame is that of the first mapping", (talk) => {
	const { ref, frame } = talk.lend(FRONT, BACK);
	const { gfn, frame: next } = talk.row(FRONT, "page.alloc", { zeroed: true });
	const first = talk.map(BACK, FRONT, ref);
	const flags = GTF_permit_access | IN_USE;
	talk.setEntry(FRONT, ref, { flags, domid: BACK, gfn });
	const second = talk.map(BACK, FRONT, ref);
	expect(second.frame).toBe(frame);
	talk.unmap(BACK, first);
	expect(talk.map(BACK, FRONT, ref, READONLY).frame).toBe(frame);
	// When the last is gone, the entry is read anew.
	const { ref: other } = talk.lend(FRONT, BACK);
	const changed = talk.map(BACK, FRONT, other);
	talk.setEntry(FRONT, other, { flags, domid: BACK, gfn });
	talk.unmap(BACK, changed);
	expect(talk.map(BACK, FRONT, other).frame).toBe(next);
});

fact("9.15", "many references of a page, many mappings of one", (talk) => {
	const { ref, gfn, frame } = talk.lend(FRONT, BACK);
	const second = talk.grant(FRONT, BACK, gfn);
	const third = talk.grant(FRONT, OTHER, gfn, true);
	const maps = [
		talk.map(BACK, FRONT, ref),
		talk.map(BACK, FRONT, ref),
		talk.map(BACK, FRONT, second),
	];
	expect(new Set(maps.map(({ handle }) => handle)).size).toBe(3);
	expect(new Set(maps.map((map) => map.gfn)).size).toBe(3);
	const read = talk.map(OTHER, FRONT, third, READONLY);
	talk.poke(BACK, maps[2]?.gfn as number, 3);
	expect(talk.peek(OTHER, read.gfn)).toBe(3);
	expect([...maps, read].map((map) => map.frame)).toEqual(Array(4).fill(frame));
	// Each ends for itself.
	talk.unmap(BACK, maps[0] as (typeof maps)[0]);
	expect(talk.peek(BACK, maps[1]?.gfn as number)).toBe(3);
	talk.row(FRONT, "grant.end", { ref }, EBUSY);
});

fact("9.17", "a domain maps its own", (talk) => {
	const { ref, gfn } = talk.lend(FRONT, FRONT);
	const map = talk.map(FRONT, FRONT, ref);
	talk.poke(FRONT, map.gfn, 4);
	expect(talk.peek(FRONT, gfn)).toBe(4);
	talk.row(FRONT, "grant.end", { ref }, EBUSY);
	talk.unmap(FRONT, map);
	talk.row(FRONT, "grant.end", { ref });
});

// ---- Unmap.

fact("9.18", "a handle that stands for nothing", (talk) => {
	const { ref } = talk.lend(FRONT, BACK);
	const { handle, gfn } = talk.map(BACK, FRONT, ref);
	const unmap = (who: number, number: number, status: number) =>
		talk.row(who, "grant.unmap", { handle: number, gfn }, status);
	unmap(BACK, handle + 1, GNTST_bad_handle);
	unmap(BACK, 0xffff_ffff, GNTST_bad_handle);
	// Handles are the mapper's own.
	unmap(OTHER, handle, GNTST_bad_handle);
	unmap(FRONT, handle, GNTST_bad_handle);
	unmap(BACK, handle, GNTST_okay);
	unmap(BACK, handle, GNTST_bad_handle);
});

fact("9.19", "an address that the handle does not map", (talk) => {
	const first = talk.lend(FRONT, BACK);
	const second = talk.lend(FRONT, BACK);
	const one = talk.map(BACK, FRONT, first.ref);
	const two = talk.map(BACK, FRONT, second.ref);
	const wrong = { handle: one.handle, gfn: two.gfn };
	talk.row(BACK, "grant.unmap", wrong, GNTST_general_error);
	// Nothing has changed by it.
	talk.row(FRONT, "grant.query", { ref: first.ref }, { flags: IN_USE });
	talk.row(FRONT, "grant.query", { ref: second.ref }, { flags: IN_USE });
	talk.unmap(BACK, one);
	talk.unmap(BACK, two);
});

fact("9.20", "address 0 leaves the mapping", (talk) => {
	const { ref } = talk.lend(FRONT, BACK);
	const map = talk.map(BACK, FRONT, ref);
	talk.poke(BACK, map.gfn, 6);
	talk.unmap(BACK, { handle: map.handle, gfn: 0 });
	expect(talk.peek(BACK, map.gfn)).toBe(6);
	talk.row(FRONT, "grant.query", { ref }, { flags: IN_USE });
	// The handle still stands for it, until it is gone.
	talk.unmap(BACK, map);
	const { handle } = map;
	talk.row(BACK, "grant.unmap", { handle, gfn: 0 }, GNTST_bad_handle);
});

fact("9.21", "the marks go with the last of their kind", (talk) => {
	const { ref } = talk.lend(FRONT, BACK);
	const flags = (marks: number) =>
		talk.row(FRONT, "grant.query", { ref }, { flags: marks });
	const readers = [1, 2].map(() => talk.map(BACK, FRONT, ref, READONLY));
	const writers = [1, 2].map(() => talk.map(BACK, FRONT, ref));
	flags(IN_USE);
	for (const map of writers.slice(0, 1)) talk.unmap(BACK, map);
	flags(IN_USE);
	for (const map of writers.slice(1)) talk.unmap(BACK, map);
	flags(GTF_reading);
	for (const map of readers.slice(0, 1)) talk.unmap(BACK, map);
	flags(GTF_reading);
	for (const map of readers.slice(1)) talk.unmap(BACK, map);
	flags(0);
	// A lone writer takes both with it.
	talk.unmap(BACK, talk.map(BACK, FRONT, ref));
	flags(0);
});

fact("9.22", "a second unmap may hit another mapping", (talk) => {
	const first = talk.lend(FRONT, BACK);
	const second = talk.lend(FRONT, BACK);
	const { gfn } = talk.row(BACK, "balloon.take", {});
	const map = (ref: number) =>
		talk.row(BACK, "grant.map", { granter: FRONT, ref, gfn, flags: WRITABLE });
	const { handle } = map(first.ref);
	const again = { handle, gfn };
	talk.unmap(BACK, again);
	talk.row(BACK, "grant.unmap", again, GNTST_bad_handle);
	// Somebody maps at the same place and is given the same number: the late unmap ends theirs.
	expect(map(second.ref).handle).toBe(handle);
	talk.row(BACK, "grant.unmap", again, { status: 0, ref: second.ref });
	talk.row(FRONT, "grant.query", { ref: second.ref }, { flags: 0 });
});

// ---- Copy.

/** A copy from a grant of the frontend into an own page of the backend, or the other way. */
const copy = (
	flags: number,
	source: [domid: number, at: number, offset: number],
	dest: [domid: number, at: number, offset: number],
	len: number,
) => ({
	flags,
	source_domid: source[0],
	source: source[1],
	source_offset: source[2],
	dest_domid: dest[0],
	dest: dest[1],
	dest_offset: dest[2],
	len,
});
const FROM_GRANT = GNT.GNTCOPY_source_gref;
const TO_GRANT = GNT.GNTCOPY_dest_gref;

fact("9.23", "a copy stays in its pages", (talk) => {
	const { ref, gfn } = talk.lend(FRONT, BACK);
	const { gfn: own } = talk.row(BACK, "page.alloc", { zeroed: true });
	const row = (from: number, to: number, len: number, status: number) =>
		talk.row(
			BACK,
			"grant.copy",
			copy(FROM_GRANT, [FRONT, ref, from], [BACK, own, to], len),
			status,
		);
	row(4095, 0, 2, GNTST_bad_copy_arg);
	row(0, 4095, 2, GNTST_bad_copy_arg);
	row(0, 0, 4097, GNTST_bad_copy_arg);
	row(4097, 0, 0, GNTST_bad_copy_arg);
	// To the last octet.
	talk.row(FRONT, "page.store", { gfn, word: 1023, words: [0x11223344] });
	row(4093, 1, 3, GNTST_okay);
	expect(talk.peek(BACK, own)).toBe(0x11223300);
	row(0, 0, 4096, GNTST_okay);
	expect(talk.peek(BACK, own)).toBe(0);
});

fact("9.24", "without a reference a copy is from and to own pages", (talk) => {
	const { ref, gfn } = talk.lend(FRONT, BACK);
	const { gfn: own } = talk.row(BACK, "page.alloc", { zeroed: true });
	talk.row(
		BACK,
		"grant.copy",
		copy(0, [FRONT, gfn, 0], [BACK, own, 0], 4),
		GNTST_permission_denied,
	);
	talk.row(
		BACK,
		"grant.copy",
		copy(FROM_GRANT, [FRONT, ref, 0], [FRONT, gfn, 0], 4),
		GNTST_permission_denied,
	);
	// With DOMID_SELF, and by reference on the other side.
	talk.poke(BACK, own, 9);
	talk.row(
		BACK,
		"grant.copy",
		copy(TO_GRANT, [DOMID_SELF, own, 0], [FRONT, ref, 0], 4),
	);
	expect(talk.peek(FRONT, gfn)).toBe(9);
	talk.row(
		OTHER,
		"grant.copy",
		copy(FROM_GRANT, [FRONT, ref, 0], [OTHER, 1, 0], 4),
		GNTST_general_error,
	);
});

fact("9.25", "a grant of part of a page is for copying", (talk) => {
	const { ref, gfn } = talk.lend(FRONT, BACK);
	const { gfn: own } = talk.row(BACK, "page.alloc", { zeroed: true });
	const flags = GTF_permit_access | GTF_sub_page;
	talk.poke(FRONT, gfn, 12);
	talk.setEntry(FRONT, ref, { flags, domid: BACK, gfn });
	talk.map(BACK, FRONT, ref, READONLY, GNTST_general_error);
	const out = copy(FROM_GRANT, [FRONT, ref, 0], [BACK, own, 0], 4);
	talk.row(BACK, "grant.copy", out);
	expect(talk.peek(BACK, own)).toBe(12);
	talk.setEntry(FRONT, ref, { flags: GNT.GTF_transitive, domid: BACK, gfn });
	talk.map(BACK, FRONT, ref, READONLY, GNTST_general_error);
});

fact("9.26", "status values", () => {
	expect([
		GNT.GNTST_okay,
		GNT.GNTST_general_error,
		GNT.GNTST_bad_domain,
		GNT.GNTST_bad_gntref,
		GNT.GNTST_bad_handle,
		GNT.GNTST_bad_virt_addr,
		GNT.GNTST_bad_dev_addr,
		GNT.GNTST_no_device_space,
		GNT.GNTST_permission_denied,
		GNT.GNTST_bad_page,
		GNT.GNTST_bad_copy_arg,
		GNT.GNTST_address_too_big,
		GNT.GNTST_eagain,
		GNT.GNTST_no_space,
	]).toEqual(Array.from({ length: 14 }, (_, i) => 0 - i));
});

// ---- Death of domains.

const destroy = (talk: Conversation, domid: number, zombie: boolean) =>
	talk.row(TOOLSTACK, "domain.destroy", { domid }, { status: 0, zombie });

fact("9.27", "who dies lets go of what it mapped", (talk) => {
	const { ref, gfn } = talk.lend(FRONT, BACK);
	talk.map(BACK, FRONT, ref);
	talk.map(BACK, FRONT, ref, READONLY);
	const mine = talk.lend(BACK, FRONT);
	const { near } = talk.link(FRONT, BACK);
	talk.row(FRONT, "grant.query", { ref }, { flags: IN_USE });
	destroy(talk, BACK, false);
	talk.row(FRONT, "grant.query", { ref }, { flags: 0 });
	talk.row(FRONT, "grant.end", { ref });
	talk.row(FRONT, "page.free", { gfn });
	talk.row(FRONT, "evtchn.status", { port: near }, { remote_port: 0 });
	talk.map(FRONT, BACK, mine.ref, WRITABLE, GNTST_bad_domain);
});

fact("9.28", "a dead granter stays while its pages are mapped", (talk) => {
	const first = talk.lend(FRONT, BACK);
	const second = talk.lend(FRONT, OTHER);
	const map = talk.map(BACK, FRONT, first.ref);
	const other = talk.map(OTHER, FRONT, second.ref, READONLY);
	talk.poke(BACK, map.gfn, 21);
	destroy(talk, FRONT, true);
	expect(talk.world.life(FRONT)).toBe("zombie");
	expect(talk.peek(BACK, map.gfn)).toBe(21);
	// Memory that is given out now is not that page.
	for (let pages = 50; pages > 0; pages--)
		expect(talk.lend(BACK, OTHER).frame).not.toBe(map.frame);
	talk.unmap(BACK, map);
	expect(talk.world.life(FRONT)).toBe("zombie");
	talk.unmap(OTHER, other);
	expect(talk.world.life(FRONT)).toBe("gone");
});

fact("9.29", "a zombie's number is taken", (talk) => {
	const { ref } = talk.lend(FRONT, BACK);
	const map = talk.map(BACK, FRONT, ref);
	destroy(talk, FRONT, true);
	talk.row(TOOLSTACK, "domain.create", { domid: FRONT }, EEXIST);
	talk.unmap(BACK, map);
	talk.row(TOOLSTACK, "domain.create", { domid: FRONT });
});

const RELEASE = "@releaseDomain";

fact("9.30", "the store looks when a domain has been torn down", (talk) => {
	const { ref } = talk.lend(FRONT, BACK);
	const map = talk.map(BACK, FRONT, ref);
	talk.row(TOOLSTACK, "xs.watch", { path: RELEASE, token: "gone" });
	const event = () => talk.awaits(TOOLSTACK, { token: "gone" })?.path;
	expect(event()).toBe(RELEASE);
	expect(event()).toBeUndefined();
	destroy(talk, FRONT, true);
	expect(event()).toBe(RELEASE);
	// At the zombie's end the store has forgotten it long since.
	talk.unmap(BACK, map);
	expect(event()).toBeUndefined();
});

fact("9.31", "the store forgets a zombie", (talk) => {
	const path = `/local/domain/${FRONT}`;
	const { ref } = talk.lend(FRONT, BACK);
	talk.map(BACK, FRONT, ref);
	talk.row(FRONT, "xs.write", { tx: 0, path: "data/x", value: "1" });
	talk.row(BACK, "xs.mkdir", { tx: 0, path: "data/y" });
	destroy(talk, FRONT, true);
	talk.row(TOOLSTACK, "xs.read", { tx: 0, path: `${path}/data/x` }, ENOENT);
	talk.row(TOOLSTACK, "xs.read", { tx: 0, path: `${path}/data` }, ENOENT);
	talk.row(BACK, "xs.read", { tx: 0, path: "data/y" });
});

fact("9.32", "a mapping keeps its granter in existence", (talk) => {
	const { ref } = talk.lend(FRONT, BACK);
	const map = talk.map(BACK, FRONT, ref);
	destroy(talk, FRONT, true);
	talk.unmap(BACK, map);
	// The mapper lives.
	expect(talk.world.life(BACK)).toBe("running");
	talk.row(BACK, "grant.unmap", map, GNTST_bad_handle);
	talk.map(BACK, FRONT, ref, WRITABLE, GNTST_bad_domain);
});

fact("9.33", "nothing more is mapped of a dying domain", (talk) => {
	const first = talk.lend(FRONT, BACK);
	const second = talk.lend(FRONT, BACK);
	talk.map(BACK, FRONT, first.ref);
	destroy(talk, FRONT, true);
	// Not even what is mapped already.
	for (const { ref } of [first, second])
		talk.map(BACK, FRONT, ref, READONLY, GNTST_general_error);
	const { gfn } = talk.row(BACK, "page.alloc", { zeroed: true });
	const out = copy(FROM_GRANT, [FRONT, first.ref, 0], [BACK, gfn, 0], 4);
	talk.row(BACK, "grant.copy", out, GNTST_general_error);
});

complete();
