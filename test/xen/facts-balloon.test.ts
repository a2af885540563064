/** Section 12: what a domain's memory is, and the balloon. */
import { expect } from "vitest";
import { CALLS } from "../../src/xen/call.ts";
import {
	BACK,
	Conversation,
	EBUSY,
	EFAULT,
	ENOMEM,
	FRONT,
	READONLY,
	TOOLSTACK,
	WRITABLE,
} from "./conversation.ts";
import { facts } from "./fact.ts";

const { fact, complete } = facts("balloon");

const page = (talk: Conversation, who: number) =>
	talk.row(who, "page.alloc", { zeroed: true });
const decrease = (talk: Conversation, who: number, gfn: number, done: number) =>
	talk.row(who, "memory.decrease-reservation", { gfn }, done);
const populate = (talk: Conversation, who: number, gfn: number, done: number) =>
	talk.row(who, "memory.populate-physmap", { gfn }, done);
const load = (talk: Conversation, who: number, gfn: number, status: number) =>
	talk.row(who, "page.load", { gfn, word: 0, count: 1 }, status);

fact("12.2", "decrease_reservation counts what it did", (talk) => {
	const { gfn, frame } = page(talk, FRONT);
	expect(decrease(talk, FRONT, gfn, 1).frame).toBe(frame);
	load(talk, FRONT, gfn, EFAULT);
	decrease(talk, FRONT, gfn, 0);
	// The frame can be anybody's now.
	expect(page(talk, BACK).frame).toBe(frame);
});

fact("12.3", "what is not the guest's cannot be given", (talk) => {
	decrease(talk, FRONT, 0, 0);
	decrease(talk, FRONT, 0xffff_ffff, 0);
	const { ref } = talk.lend(BACK, FRONT);
	const map = talk.map(FRONT, BACK, ref);
	decrease(talk, FRONT, map.gfn, 0);
	talk.poke(FRONT, map.gfn, 2);
	// A page of its grant table is the hypervisor's.
	const table = talk.row(FRONT, "grant.table", { index: 0 });
	decrease(talk, FRONT, table.gfn, 0);
	load(talk, FRONT, table.gfn, 0);
});

fact("12.4", "a mapped page outlives being given away", (talk) => {
	const { ref, gfn, frame } = talk.lend(FRONT, BACK);
	const map = talk.map(BACK, FRONT, ref);
	const second = talk.map(BACK, FRONT, ref, READONLY);
	talk.poke(FRONT, gfn, 31);
	decrease(talk, FRONT, gfn, 1);
	load(talk, FRONT, gfn, EFAULT);
	expect(talk.peek(BACK, map.gfn)).toBe(31);
	talk.row(FRONT, "grant.end", { ref }, EBUSY);
	// New memory is not that frame before the last mapping is gone.
	expect(populate(talk, FRONT, gfn, 1).frame).not.toBe(frame);
	talk.unmap(BACK, map);
	expect(page(talk, BACK).frame).not.toBe(frame);
	expect(talk.peek(BACK, second.gfn)).toBe(31);
	talk.unmap(BACK, second);
	expect(page(talk, BACK).frame).toBe(frame);
});

fact("12.5", "populate_physmap fills what is empty", () => {
	const talk = new Conversation({ memory: { pages: 3 } });
	const pages = [page(talk, FRONT), page(talk, FRONT), page(talk, FRONT)];
	populate(talk, FRONT, 500, 0);
	for (const { gfn } of pages) decrease(talk, FRONT, gfn, 1);
	// Anywhere in its address space, and what is there is nobody's leftover to rely on.
	populate(talk, FRONT, 500, 1);
	load(talk, FRONT, 500, 0);
	populate(talk, FRONT, 500, 0);
	populate(talk, FRONT, 501, 1);
	populate(talk, FRONT, 0, 0);
	populate(talk, FRONT, 0xffff_ffff, 0);
	populate(talk, FRONT, 502, 1);
	populate(talk, FRONT, 503, 0);
});

fact("12.6", "no domain goes over its maximum", () => {
	const talk = new Conversation({ memory: { pages: 2, balloonCredit: 0 } });
	const { gfn } = page(talk, FRONT);
	page(talk, FRONT);
	talk.row(FRONT, "page.alloc", { zeroed: true }, ENOMEM);
	populate(talk, FRONT, 700, 0);
	talk.row(FRONT, "balloon.take", {}, ENOMEM);
	decrease(talk, FRONT, gfn, 1);
	populate(talk, FRONT, 700, 1);
	populate(talk, FRONT, gfn, 0);
	talk.row(FRONT, "page.alloc", { zeroed: true }, ENOMEM);
	// Its grant table is not part of it, nor is what others have.
	talk.row(FRONT, "grant.table", { index: 40 });
	page(talk, BACK);
});

fact("12.7", "a domain changes its own memory only", (talk) => {
	// No call has a way to name another domain.
	for (const op of [
		"memory.decrease-reservation",
		"memory.populate-physmap",
	] as const)
		expect(Object.keys(CALLS[op].ask)).toEqual(["gfn"]);
	const mine = page(talk, FRONT);
	const theirs = page(talk, BACK);
	expect(mine.gfn).toBe(theirs.gfn);
	talk.poke(BACK, theirs.gfn, 17);
	decrease(talk, FRONT, mine.gfn, 1);
	expect(talk.peek(BACK, theirs.gfn)).toBe(17);
	populate(talk, FRONT, mine.gfn, 1);
	expect(talk.peek(BACK, theirs.gfn)).toBe(17);
});

fact("12.8", "foreign pages go where no memory is", (talk) => {
	const { ref, gfn: theirs } = talk.lend(BACK, FRONT);
	talk.poke(BACK, theirs, 77);
	const map = (gfn: number, status = 0) =>
		talk.row(
			FRONT,
			"grant.map",
			{ granter: BACK, ref, gfn, flags: WRITABLE },
			status,
		);
	// Ballooned out, or beyond RAM.
	const { gfn: ballooned } = talk.row(FRONT, "balloon.take", {});
	load(talk, FRONT, ballooned, EFAULT);
	for (const gfn of [ballooned, 0x8000]) {
		const { handle } = map(gfn);
		expect(talk.peek(FRONT, gfn)).toBe(77);
		talk.unmap(FRONT, { handle, gfn });
		load(talk, FRONT, gfn, EFAULT);
	}
	talk.row(FRONT, "balloon.give", { gfn: ballooned });
	// Over a page of its own the page is lost, also when the mapping is gone.
	const own = page(talk, FRONT);
	talk.poke(FRONT, own.gfn, 78);
	const { handle } = map(own.gfn);
	expect(talk.peek(FRONT, own.gfn)).toBe(77);
	talk.unmap(FRONT, { handle, gfn: own.gfn });
	load(talk, FRONT, own.gfn, EFAULT);
	expect(page(talk, BACK).frame).toBe(own.frame);
});

fact("12.9", "mapped pages are not the mapper's", () => {
	const talk = new Conversation({ memory: { pages: 4, balloonCredit: 2 } });
	const loans = [1, 2, 3, 4].map(() => talk.lend(BACK, FRONT));
	// The owner has reached its maximum by them, the mapper is far from it.
	talk.row(BACK, "page.alloc", { zeroed: true }, ENOMEM);
	for (const { ref } of loans) talk.map(FRONT, BACK, ref);
	for (let pages = 4; pages > 0; pages--) page(talk, FRONT);
	talk.row(FRONT, "page.alloc", { zeroed: true }, ENOMEM);
});

fact("12.10", "backend allocation costs memory here, numbers there", () => {
	const talk = new Conversation({
		memory: { pages: 8, balloon: 6, balloonCredit: 2 },
	});
	const maps: { gfn: number; handle: number }[] = [];
	for (let pages = 6; pages > 0; pages--) {
		const { ref } = talk.lend(BACK, FRONT);
		const { gfn } = talk.row(FRONT, "balloon.take", {});
		const flags = WRITABLE;
		const args = { granter: BACK, ref, gfn, flags };
		maps.push(talk.row(FRONT, "grant.map", args));
	}
	talk.row(FRONT, "balloon.take", {}, ENOMEM);
	// Two numbers were beyond RAM, for four the frontend gave pages away; the backend has two of eight left.
	for (let pages = 4; pages > 0; pages--) page(talk, FRONT);
	talk.row(FRONT, "page.alloc", { zeroed: true }, ENOMEM);
	page(talk, BACK);
	page(talk, BACK);
	talk.row(BACK, "page.alloc", { zeroed: true }, ENOMEM);
	// A frontend that lives and never unmaps keeps the backend's pages; one that dies does not.
	talk.row(FRONT, "balloon.give", { gfn: maps[0]?.gfn as number }, EBUSY);
	talk.row(TOOLSTACK, "domain.destroy", { domid: FRONT }, { zombie: false });
	for (let ref = 8; ref < 14; ref++) talk.row(BACK, "grant.end", { ref });
});

complete();
