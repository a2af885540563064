import { describe, expect, it } from "vitest";
import { type Ask, type CallName, call } from "../xen/call.ts";
import { World } from "../xen/world.ts";
import type { CallEntry } from "./entry.ts";
import { commute, footprint } from "./footprint.ts";
import { Journal } from "./journal.ts";

/** A world with domains 1 and 2, and a ledger of what they ask. */
function ledger() {
	const world = new World();
	const journal = new Journal();
	const says = <N extends CallName>(
		domid: number,
		op: N,
		args: Ask<N>,
	): CallEntry<N> => {
		const made = call(op, args);
		const reply = world.apply(domid, 1, made);
		return journal.entry(
			journal.append(made, reply, domid, 1, 0, 0, 0),
		) as CallEntry<N>;
	};
	says(0, "domain.create", { domid: 1 });
	says(0, "domain.create", { domid: 2 });
	return says;
}

describe("footprints", () => {
	it("loads of one page commute, a store beside them does not", () => {
		const says = ledger();
		const { gfn } = says(2, "page.alloc", { zeroed: true }).reply;
		const load = says(2, "page.load", { gfn, word: 0, count: 1 });
		const again = says(2, "page.load", { gfn, word: 9, count: 1 });
		const store = says(2, "page.store", { gfn, word: 0, words: [1] });
		expect(footprint(load)).toEqual([
			{ what: `frame ${load.reply.frame}`, write: false },
		]);
		expect(commute(load, again)).toBe(true);
		expect(commute(load, store)).toBe(false);
	});

	it("a map meets the end of its grant, not that of another", () => {
		const says = ledger();
		const { gfn } = says(2, "page.alloc", { zeroed: true }).reply;
		const { ref } = says(2, "grant.claim", { batch: 0 }).reply;
		const other = says(2, "grant.claim", { batch: 0 }).reply.ref;
		says(2, "grant.access", { ref, domid: 1, gfn, readonly: false });
		const map = says(1, "grant.map", { granter: 2, ref, gfn: 0, flags: 2 });
		expect(map.reply.status).toBe(0);
		expect(commute(map, says(2, "grant.end", { ref }))).toBe(false);
		expect(commute(map, says(2, "grant.end", { ref: other }))).toBe(true);
	});

	it("the death of a domain commutes with nothing that is touched", () => {
		const says = ledger();
		const port = says(2, "evtchn.alloc-unbound", { remote: 1 });
		const death = says(0, "domain.crash", { domid: 2 });
		expect(commute(port, death)).toBe(false);
	});
});
