import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
	GNTCOPY_dest_gref,
	GNTCOPY_source_gref,
	GNTMAP_host_map,
	GNTMAP_readonly,
} from "../xen/abi/grant-table.ts";
import { type Ask, type CallName, call, type Reply } from "../xen/call.ts";
import { PAGE_WORDS, POISON } from "../xen/frame.ts";
import { World } from "../xen/world.ts";
import { Journal } from "./journal.ts";
import { MemoryView } from "./memory-view.ts";

const DOMIDS = [1, 2, 3];

/** A world whose calls are journalled, and what the ledger makes of them. */
class Told {
	readonly world = new World();
	readonly journal = new Journal();
	readonly view = new MemoryView();
	/** Numbers that came back, for later calls to name. */
	readonly gfns = new Map<number, number[]>();
	readonly refs = new Map<number, number[]>();
	readonly handles: { by: number; handle: number; gfn: number }[] = [];

	constructor() {
		for (const domid of DOMIDS) this.create(domid);
	}

	create(domid: number): void {
		this.say(0, "domain.create", { domid });
		const pages = [true, false, false].map(
			(zeroed) => this.say(domid, "page.alloc", { zeroed }).gfn,
		);
		this.gfns.set(domid, pages);
		this.refs.set(domid, []);
	}

	say<N extends CallName>(who: number, op: N, args: Ask<N>): Reply<N> {
		const said = call(op, args);
		const reply = this.world.apply(who, 1, said);
		const seq = this.journal.append(said, reply, who, 1, 0, 0, 0);
		this.view.follow(this.journal.entry(seq));
		return reply as Reply<N>;
	}

	gfn(who: number, at: number): number {
		const gfns = this.gfns.get(who) ?? [];
		return gfns[at % Math.max(1, gfns.length)] ?? 5000;
	}

	ref(who: number, at: number): number {
		const refs = this.refs.get(who) ?? [];
		return refs[at % Math.max(1, refs.length)] ?? 5000;
	}

	/** Grants, mappings and words are as the hypervisor has them. */
	compare(): { grants: number; maps: number } {
		const { world, view } = this;
		const grants: string[] = [];
		const maps: string[] = [];
		for (const domid of DOMIDS) {
			const domain = world.domain(domid);
			if (domain === undefined || domain.life === "zombie") continue;
			for (const ref of this.refs.get(domid) ?? []) {
				const { flags, domid: to, gfn } = domain.grants.entry(ref);
				if ((flags & 3) !== 0)
					grants.push(
						`${domid} ${ref} to ${to} at ${gfn} ${(flags & 4) !== 0}`,
					);
			}
			for (const handle of domain.maptrack.numbers()) {
				const map = domain.maptrack.get(handle);
				maps.push(
					`${domid} ${handle} of ${map?.granter} ${map?.ref} frame ${map?.frame} at ${map?.gfn}`,
				);
			}
			for (const gfn of this.gfns.get(domid) ?? []) {
				const frame = domain.physmap.frame(gfn);
				if (frame === 0) continue;
				// Compared by octets: a page of words is slow to compare one by one.
				const seen = Buffer.from(view.words(frame).buffer);
				const { buffer } = world.frames.memory.read(frame, 0, PAGE_WORDS);
				expect(seen.equals(Buffer.from(buffer)), `page ${gfn}`).toBe(true);
			}
		}
		const told = [...view.grants.values()].map(
			(g) => `${g.granter} ${g.ref} to ${g.to} at ${g.gfn} ${g.readonly}`,
		);
		expect([...new Set(told)].sort()).toEqual([...new Set(grants)].sort());
		const seen = [...view.maps.values()].map(
			(m) =>
				`${m.mapper} ${m.handle} of ${m.granter} ${m.ref} frame ${m.frame} at ${m.gfn}`,
		);
		expect(seen.sort()).toEqual(maps.sort());
		return { grants: grants.length, maps: maps.length };
	}
}

const domid = fc.constantFrom(...DOMIDS);
const n = fc.nat(30);
const value = fc.integer({ min: 0, max: 0xffff_ffff });
const does = <T extends string>(...names: T[]) => fc.constantFrom(...names);
const anyDeed = fc.oneof(
	{
		weight: 3,
		arbitrary: fc.record({
			does: does("alloc", "store", "exchange"),
			by: domid,
			n,
			zeroed: fc.boolean(),
			value,
		}),
	},
	{
		weight: 4,
		arbitrary: fc.record({
			does: does("grant", "end"),
			by: domid,
			to: domid,
			n,
			readonly: fc.boolean(),
		}),
	},
	{
		weight: 4,
		arbitrary: fc.record({
			does: does("map", "map over"),
			by: domid,
			of: domid,
			n,
			at: n,
			readonly: fc.boolean(),
			aimed: fc.integer({ min: 0, max: 3 }),
		}),
	},
	{ weight: 2, arbitrary: fc.record({ does: does("unmap"), n, still: n }) },
	{
		weight: 3,
		arbitrary: fc.record({
			does: does("copy"),
			by: domid,
			of: domid,
			n,
			at: n,
			out: fc.boolean(),
			offsets: fc.tuple(fc.nat(4095), fc.nat(4095), fc.nat(64)),
			aimed: fc.integer({ min: 0, max: 3 }),
		}),
	},
	{
		weight: 1,
		arbitrary: fc.record({
			does: does("free", "decrease", "populate", "balloon"),
			by: domid,
			n,
		}),
	},
	{
		weight: 1,
		arbitrary: fc.record({
			does: does("exit", "destroy", "create"),
			by: domid,
		}),
	},
);
type Deed = typeof anyDeed extends fc.Arbitrary<infer D> ? D : never;

/** Somebody who may map a reference of `of`, mostly. */
function aim(told: Told, by: number, of: number, n: number, aimed: number) {
	const open = [...told.view.grants.values()];
	const grant = open[n % Math.max(1, open.length)];
	return aimed === 0 || grant === undefined
		? { by, of, ref: told.ref(of, n) }
		: { by: grant.to, of: grant.granter, ref: grant.ref };
}

function act(told: Told, deed: Deed): void {
	const alive = (who: number) => told.world.life(who) === "running";
	if ("by" in deed && deed.does !== "create" && !alive(deed.by)) return;
	switch (deed.does) {
		case "alloc": {
			const { status, gfn } = told.say(deed.by, "page.alloc", {
				zeroed: deed.zeroed,
			});
			const gfns = told.gfns.get(deed.by);
			if (status === 0 && gfns?.includes(gfn) === false) gfns.push(gfn);
			return;
		}
		case "store":
			told.say(deed.by, "page.store", {
				gfn: told.gfn(deed.by, deed.n),
				word: deed.n,
				words: [deed.value, deed.n, POISON],
			});
			return;
		case "exchange":
			told.say(deed.by, "page.compare-exchange", {
				gfn: told.gfn(deed.by, deed.n),
				word: 0,
				expected: deed.zeroed ? 0 : POISON,
				next: deed.value,
			});
			return;
		case "grant": {
			const { ref } = told.say(deed.by, "grant.claim", { batch: 0 });
			const refs = told.refs.get(deed.by);
			if (refs?.includes(ref) === false) refs.push(ref);
			told.say(deed.by, "grant.access", {
				ref,
				domid: deed.to,
				gfn: told.gfn(deed.by, deed.n),
				readonly: deed.readonly,
			});
			return;
		}
		case "end": {
			const ref = told.ref(deed.by, deed.n);
			told.say(deed.by, "grant.end", { ref });
			told.say(deed.by, "grant.free", { ref });
			return;
		}
		case "map":
		case "map over": {
			const { by, of, ref } = aim(told, deed.by, deed.of, deed.n, deed.aimed);
			if (!alive(by)) return;
			const { status, handle, gfn } = told.say(by, "grant.map", {
				granter: of,
				ref,
				gfn: deed.does === "map" ? 0 : told.gfn(by, deed.at),
				flags: GNTMAP_host_map | (deed.readonly ? GNTMAP_readonly : 0),
			});
			if (status !== 0) return;
			told.handles.push({ by, handle, gfn });
			const gfns = told.gfns.get(by);
			if (gfns?.includes(gfn) === false) gfns.push(gfn);
			return;
		}
		case "unmap": {
			const map = told.handles[deed.n % Math.max(1, told.handles.length)];
			if (map === undefined || !alive(map.by)) return;
			const { handle, gfn } = map;
			told.say(map.by, "grant.unmap", {
				handle,
				gfn: deed.still === 0 ? 0 : gfn,
			});
			return;
		}
		case "copy": {
			const { by, of, ref } = aim(told, deed.by, deed.of, deed.n, deed.aimed);
			if (!alive(by)) return;
			const [from, to, len] = deed.offsets;
			const gfn = told.gfn(by, deed.at);
			told.say(by, "grant.copy", {
				flags: deed.out ? GNTCOPY_source_gref : GNTCOPY_dest_gref,
				source_domid: deed.out ? of : by,
				source: deed.out ? ref : gfn,
				source_offset: from,
				dest_domid: deed.out ? by : of,
				dest: deed.out ? gfn : ref,
				dest_offset: to,
				len,
			});
			return;
		}
		case "free":
			told.say(deed.by, "page.free", { gfn: told.gfn(deed.by, deed.n) });
			return;
		case "decrease":
		case "populate": {
			const gfn = told.gfn(deed.by, deed.n);
			told.say(
				deed.by,
				deed.does === "decrease"
					? "memory.decrease-reservation"
					: "memory.populate-physmap",
				{ gfn },
			);
			return;
		}
		case "balloon":
			told.say(deed.by, "balloon.take", {});
			return;
		case "exit":
			told.say(0, "driver.exit", { domid: deed.by });
			return;
		case "destroy":
			told.say(0, "domain.destroy", { domid: deed.by });
			return;
		case "create":
			if (told.world.life(deed.by) === "gone") told.create(deed.by);
	}
}

describe("what the ledger says of memory", () => {
	it("is what the hypervisor has", () => {
		let grants = 0;
		let maps = 0;
		fc.assert(
			fc.property(
				fc.array(anyDeed, { maxLength: 100, size: "max" }),
				(deeds) => {
					const told = new Told();
					for (const deed of deeds) act(told, deed);
					const seen = told.compare();
					grants += seen.grants;
					maps += seen.maps;
				},
			),
			{ numRuns: 200, seed: 21 },
		);
		expect(grants).toBeGreaterThan(200);
		expect(maps).toBeGreaterThan(100);
	});

	it("tells who maps a frame, and which grants name it", () => {
		const told = new Told();
		const { gfn, frame } = told.say(1, "page.alloc", { zeroed: true });
		const grant = (domid: number) => {
			const { ref } = told.say(1, "grant.claim", { batch: 0 });
			told.say(1, "grant.access", { ref, domid, gfn, readonly: false });
			return ref;
		};
		const [forTwo, forItself] = [grant(2), grant(1)];
		const map = (who: number, ref: number) =>
			told.say(who, "grant.map", {
				granter: 1,
				ref,
				gfn: 0,
				flags: GNTMAP_host_map,
			});
		const first = map(2, forTwo);
		map(1, forItself);
		expect(told.view.foreign(frame, 1).map(({ mapper }) => mapper)).toEqual([
			2,
		]);
		expect([...told.view.grantsOf(frame)].map(({ ref }) => ref)).toEqual([
			forTwo,
			forItself,
		]);
		expect(told.view.map(2, first.handle)?.gfn).toBe(first.gfn);
		told.say(2, "grant.unmap", { handle: first.handle, gfn: first.gfn });
		expect(told.view.foreign(frame, 1)).toEqual([]);
		told.say(1, "grant.end", { ref: forTwo });
		expect(told.view.lastEnded?.ref).toBe(forTwo);
		expect(told.view.grant(1, forTwo)).toBeUndefined();
	});
});
