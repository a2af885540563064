import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
	GNTMAP_host_map,
	GNTMAP_readonly,
	GNTST_bad_domain,
	GNTST_bad_page,
	GNTST_general_error,
	GNTST_okay,
	GTF_permit_access,
	GTF_reading,
	GTF_readonly,
	GTF_writing,
} from "./abi/grant-table.ts";
import { type Ask, type CallName, call, type Reply } from "./call.ts";
import { DOMAIN_LIMITS, World } from "./world.ts";

const DOMIDS = [1, 2, 3];
const PAGES = 2;
const REFS = 3;

/** A random deed. Numbers are taken modulo what there is. */
type Deed =
	| {
			does: "open";
			of: number;
			ref: number;
			to: number;
			page: number;
			readonly: boolean;
	  }
	| { does: "end"; of: number; ref: number }
	| {
			does: "map";
			by: number;
			of: number;
			ref: number;
			readonly: boolean;
			/** Not just any reference, but this one of the open ones, by whom it is for. */
			aimed: number | undefined;
	  }
	| { does: "unmap"; which: number; wrong: boolean }
	| { does: "give" | "fill"; of: number; page: number }
	| { does: "destroy" | "create"; of: number };

const domid = fc.constantFrom(...DOMIDS);
const ref = fc.nat(REFS - 1);
const page = fc.nat(PAGES - 1);
const kind = <T extends string>(does: T) => fc.constant(does);
const anyDeed: fc.Arbitrary<Deed> = fc.oneof(
	{
		weight: 4,
		arbitrary: fc.record({
			does: kind("open"),
			of: domid,
			ref,
			to: domid,
			page,
			readonly: fc.boolean(),
		}),
	},
	{ weight: 2, arbitrary: fc.record({ does: kind("end"), of: domid, ref }) },
	{
		weight: 8,
		arbitrary: fc.record({
			does: kind("map"),
			by: domid,
			of: domid,
			ref,
			readonly: fc.boolean(),
			aimed: fc.option(fc.nat(20), { nil: undefined, freq: 5 }),
		}),
	},
	{
		weight: 5,
		arbitrary: fc.record({
			does: kind("unmap"),
			which: fc.nat(30),
			wrong: fc.boolean(),
		}),
	},
	{
		weight: 1,
		arbitrary: fc.record({
			does: fc.constantFrom<"give" | "fill">("give", "fill"),
			of: domid,
			page,
		}),
	},
	{
		weight: 2,
		arbitrary: fc.record({
			does: fc.constantFrom<"destroy" | "create">("destroy", "create"),
			of: domid,
		}),
	},
);

interface Live {
	by: number;
	handle: number;
	gfn: number;
	of: number;
	ref: number;
	frame: number;
	readonly: boolean;
}

interface Entry {
	to: number;
	page: number;
	readonly: boolean;
}

interface Guest {
	refs: number[];
	gfns: number[];
	/** What stands behind each page, 0 for nothing. */
	frames: number[];
	entries: (Entry | undefined)[];
}

/** Beside the world, the little that grant-tables.txt says of it: a list of mappings, and entries that say who may. */
class Book {
	readonly world = new World({
		limits: () => ({
			...DOMAIN_LIMITS,
			grants: { frames: 1, maptrackFrames: 1 },
		}),
	});
	readonly guests = new Map<number, Guest>();
	live: Live[] = [];
	/** Dead, and not yet gone. */
	readonly zombies = new Set<number>();

	constructor() {
		for (const of of DOMIDS) this.do({ does: "create", of });
	}

	ask<N extends CallName>(who: number, op: N, args: Ask<N>): Reply<N> {
		return this.world.apply(who, 1, call(op, args)) as Reply<N>;
	}

	do(deed: Deed): void {
		switch (deed.does) {
			case "open": {
				const guest = this.guests.get(deed.of);
				if (guest === undefined) return;
				const { status } = this.ask(deed.of, "grant.access", {
					ref: guest.refs[deed.ref] as number,
					domid: deed.to,
					gfn: guest.gfns[deed.page] as number,
					readonly: deed.readonly,
				});
				const { to, page, readonly } = deed;
				const free = guest.entries[deed.ref] === undefined;
				expect(status === 0).toBe(free && guest.frames[page] !== 0);
				if (status === 0) guest.entries[deed.ref] = { to, page, readonly };
				return;
			}
			case "end": {
				const guest = this.guests.get(deed.of);
				if (guest === undefined) return;
				const { status } = this.ask(deed.of, "grant.end", {
					ref: guest.refs[deed.ref] as number,
				});
				const busy = this.mappings(deed.of, deed.ref).length > 0;
				expect(status === 0).toBe(!busy);
				if (!busy) guest.entries[deed.ref] = undefined;
				return;
			}
			case "map":
				this.map(this.aim(deed));
				return;
			case "unmap":
				this.unmap(deed);
				return;
			case "give": {
				const guest = this.guests.get(deed.of);
				if (guest === undefined) return;
				const gfn = guest.gfns[deed.page] as number;
				const { status } = this.ask(deed.of, "memory.decrease-reservation", {
					gfn,
				});
				expect(status).toBe(guest.frames[deed.page] === 0 ? 0 : 1);
				guest.frames[deed.page] = 0;
				return;
			}
			case "fill": {
				const guest = this.guests.get(deed.of);
				if (guest === undefined) return;
				const gfn = guest.gfns[deed.page] as number;
				const { status, frame } = this.ask(deed.of, "memory.populate-physmap", {
					gfn,
				});
				expect(status).toBe(guest.frames[deed.page] === 0 ? 1 : 0);
				if (status === 1) guest.frames[deed.page] = this.unused(frame);
				return;
			}
			case "destroy": {
				if (!this.guests.has(deed.of)) return;
				this.live = this.live.filter(({ by }) => by !== deed.of);
				this.guests.delete(deed.of);
				const kept = this.live.some(({ of }) => of === deed.of);
				expect(this.ask(0, "domain.destroy", { domid: deed.of })).toEqual({
					status: 0,
					zombie: kept,
				});
				this.zombies.add(deed.of);
				return;
			}
			case "create": {
				const { status } = this.ask(0, "domain.create", { domid: deed.of });
				const taken = this.guests.has(deed.of) || this.zombies.has(deed.of);
				expect(status === 0).toBe(!taken);
				if (!taken) this.furnish(deed.of);
			}
		}
	}

	private furnish(of: number): void {
		const pages = Array.from({ length: PAGES }, () =>
			this.ask(of, "page.alloc", { zeroed: false }),
		);
		this.guests.set(of, {
			refs: Array.from(
				{ length: REFS },
				() => this.ask(of, "grant.claim", { batch: 0 }).ref,
			),
			gfns: pages.map(({ gfn }) => gfn),
			frames: pages.map(({ frame }) => this.unused(frame)),
			entries: Array.from({ length: REFS }, () => undefined),
		});
	}

	/** A frame that was handed out just now: nobody has it, and nobody maps it. */
	private unused(frame: number): number {
		for (const { frames } of this.guests.values())
			expect(frames).not.toContain(frame);
		expect(this.live.map((map) => map.frame)).not.toContain(frame);
		return frame;
	}

	private mappings(of: number, ref: number): Live[] {
		return this.live.filter((map) => map.of === of && map.ref === ref);
	}

	private aim(deed: Extract<Deed, { does: "map" }>) {
		const open = [...this.guests].flatMap(([of, { entries }]) =>
			entries.flatMap((entry, ref) =>
				entry === undefined ? [] : [{ by: entry.to, of, ref }],
			),
		);
		if (deed.aimed === undefined || open.length === 0) return deed;
		return { ...deed, ...open[deed.aimed % open.length] };
	}

	private map({ by, of, ref, readonly }: Extract<Deed, { does: "map" }>): void {
		if (!this.guests.has(by)) return;
		const guest = this.guests.get(of);
		const reply = this.ask(by, "grant.map", {
			granter: of,
			ref: guest?.refs[ref] ?? 8 + ref,
			gfn: 0,
			flags: GNTMAP_host_map | (readonly ? GNTMAP_readonly : 0),
		});
		const [status, frame] = this.mayMap(by, of, ref, readonly);
		expect({ status: reply.status, frame: reply.frame }).toEqual({
			status,
			frame,
		});
		if (status !== GNTST_okay) return;
		const { handle, gfn } = reply;
		expect(this.live).not.toContainEqual(
			expect.objectContaining({ by, handle }),
		);
		this.live.push({ by, handle, gfn, of, ref, frame, readonly });
	}

	private mayMap(
		by: number,
		of: number,
		ref: number,
		readonly: boolean,
	): [status: number, frame: number] {
		const guest = this.guests.get(of);
		if (guest === undefined)
			return [this.zombies.has(of) ? GNTST_general_error : GNTST_bad_domain, 0];
		const entry = guest.entries[ref];
		const [first] = this.mappings(of, ref);
		if (entry === undefined || entry.to !== by) return [GNTST_general_error, 0];
		if (entry.readonly && !readonly) return [GNTST_general_error, 0];
		const frame = first?.frame ?? (guest.frames[entry.page] as number);
		return [frame === 0 ? GNTST_bad_page : GNTST_okay, frame];
	}

	private unmap({ which, wrong }: Extract<Deed, { does: "unmap" }>): void {
		const map = this.live[which % Math.max(1, this.live.length)];
		if (map === undefined) return;
		const { handle, gfn } = map;
		const reply = this.ask(map.by, "grant.unmap", {
			handle,
			gfn: wrong ? gfn + 1000 : gfn,
		});
		expect(reply.status).toBe(wrong ? GNTST_general_error : GNTST_okay);
		if (!wrong) this.live = this.live.filter((other) => other !== map);
	}

	/** What can be seen of the world is what the book says. */
	check(): void {
		for (const of of [...this.zombies])
			if (!this.live.some((map) => map.of === of)) this.zombies.delete(of);
		for (const of of DOMIDS) {
			const life = this.guests.has(of)
				? "running"
				: this.zombies.has(of)
					? "zombie"
					: "gone";
			expect(this.world.life(of)).toBe(life);
			const domain = this.world.domain(of);
			expect(domain?.maptrack.count ?? 0).toBe(
				this.live.filter(({ by }) => by === of).length,
			);
			const { refs, entries } = this.guests.get(of) ?? {
				refs: [],
				entries: [],
			};
			for (const [i, ref] of refs.entries()) {
				const maps = this.mappings(of, i);
				const pins = domain?.grants.active.get(ref);
				expect(pins?.readers ?? 0).toBe(
					maps.filter(({ readonly }) => readonly).length,
				);
				expect(pins?.writers ?? 0).toBe(
					maps.filter(({ readonly }) => !readonly).length,
				);
				expect(domain?.grants.flags(ref)).toBe(
					(entries[i] === undefined ? 0 : GTF_permit_access) |
						(entries[i]?.readonly === true ? GTF_readonly : 0) |
						(maps.length > 0 ? GTF_reading : 0) |
						(maps.some(({ readonly }) => !readonly) ? GTF_writing : 0),
				);
			}
			expect(domain?.grants.open ?? 0).toBe(
				entries.filter((entry) => entry !== undefined).length,
			);
		}
		const counts = new Map<number, number>();
		for (const { frame } of this.live)
			counts.set(frame, (counts.get(frame) ?? 0) + 1);
		for (const [frame, count] of counts)
			expect(this.world.frames.mappings(frame)).toBe(count);
	}
}

describe("grant tables", () => {
	it("go as the book of mappings says", () => {
		let mapped = 0;
		let zombies = 0;
		fc.assert(
			fc.property(
				fc.array(anyDeed, { maxLength: 60, size: "max" }),
				(deeds) => {
					const book = new Book();
					for (const deed of deeds) {
						book.do(deed);
						book.check();
						mapped += book.live.length;
						zombies += book.zombies.size;
					}
				},
			),
			{ numRuns: 100, seed: 8 },
		);
		// The deeds reach what the property is about.
		expect(mapped).toBeGreaterThan(2000);
		expect(zombies).toBeGreaterThan(100);
	});

	it("keep private batches apart, and give every reference once", () => {
		const claims = fc.array(
			fc.oneof(
				fc.record({ does: fc.constant("reserve" as const), n: fc.nat(40) }),
				fc.record({ does: fc.constant("claim" as const), n: fc.nat(4) }),
				fc.record({ does: fc.constant("free" as const), n: fc.nat(60) }),
				fc.record({ does: fc.constant("release" as const), n: fc.nat(4) }),
			),
			{ maxLength: 120 },
		);
		fc.assert(
			fc.property(claims, fc.integer({ min: 0, max: 100 }), (deeds, room) => {
				const world = new World();
				world.createDomain(1);
				const table = world.domain(1)?.grants;
				if (table === undefined) throw new Error("no domain");
				table.limitFree(room);
				const batches = new Map<number, number>();
				const claimed: number[] = [];
				for (const { does, n } of deeds) {
					const free =
						room -
						claimed.length -
						[...batches.values()].reduce((a, b) => a + b, 0);
					const batch = [...batches.keys()][n - 1] ?? 0;
					if (does === "reserve") {
						const made = n === 0 ? 0 : table.reserve(n);
						expect(made !== 0).toBe(n > 0 && n <= free);
						if (made !== 0) batches.set(made, n);
					} else if (does === "claim") {
						const left = batch === 0 ? free : (batches.get(batch) as number);
						const ref = table.claim(batch);
						expect(ref !== 0).toBe(left > 0);
						if (ref === 0) continue;
						expect(ref).toBeGreaterThanOrEqual(8);
						expect(claimed).not.toContain(ref);
						claimed.push(ref);
						if (batch !== 0) batches.set(batch, left - 1);
					} else if (does === "free") {
						const [ref] = claimed.splice(n, 1);
						expect(table.freeRef(ref ?? 4000)).toBe(ref !== undefined);
					} else {
						expect(table.releaseBatch(batch)).toBe(batch !== 0);
						batches.delete(batch);
					}
					expect(table.claimed).toBe(claimed.length);
				}
			}),
			{ numRuns: 150, seed: 8 },
		);
	});
});

describe("entries that their owner writes by hand", () => {
	it("are counted open once, and free when they are freed", () => {
		const world = new World();
		world.createDomain(1);
		const ask = <N extends CallName>(op: N, args: Ask<N>) =>
			world.apply(1, 1, call(op, args)) as Reply<N>;
		const { ref } = ask("grant.claim", { batch: 0 });
		const { gfn, frame } = ask("page.alloc", { zeroed: true });
		const table = ask("grant.table", { index: 0 }).gfn;
		const access = { ref, domid: 0, readonly: false };
		ask("grant.access", { ...access, gfn });
		ask("page.store", { gfn: table, word: ref * 2, words: [0, 0] });
		// Opened anew for another page: the first is shared no more.
		const next = ask("page.alloc", { zeroed: true });
		expect(ask("grant.access", { ...access, gfn: next.gfn }).status).toBe(0);
		expect(world.domain(1)?.grants.open).toBe(1);
		expect(world.frames.shared(frame)).toBe(false);
		expect(world.frames.shared(next.frame)).toBe(true);
		ask("page.store", { gfn: table, word: ref * 2, words: [0, 0] });
		expect(ask("grant.free", { ref }).status).toBe(0);
		expect(world.domain(1)?.grants.open).toBe(0);
		expect(world.frames.shared(next.frame)).toBe(false);
	});

	it("cannot be ended beyond the table", () => {
		const world = new World();
		world.createDomain(1);
		const { grants } = world.domain(1) as NonNullable<
			ReturnType<World["domain"]>
		>;
		expect(world.apply(1, 1, call("grant.end", { ref: 5000 })).status).toBe(
			-22,
		);
		expect(grants.size).toBe(512);
	});
});

describe("a page that another domain's number still names", () => {
	it("is counted right when its frame had another owner meanwhile", () => {
		const world = new World();
		world.createDomain(1);
		world.createDomain(2);
		const ask = <N extends CallName>(who: number, op: N, args: Ask<N>) =>
			world.apply(who, 1, call(op, args)) as Reply<N>;
		const { gfn, frame } = ask(1, "page.alloc", { zeroed: true });
		const { ref } = ask(1, "grant.claim", { batch: 0 });
		ask(1, "grant.access", { ref, domid: 2, gfn, readonly: false });
		// The first owner gives the page away under its open grant; the second has it now, and grants it too.
		ask(1, "memory.decrease-reservation", { gfn });
		const again = ask(2, "page.alloc", { zeroed: true });
		expect(again.frame).toBe(frame);
		const other = ask(2, "grant.claim", { batch: 0 });
		ask(2, "grant.access", {
			ref: other.ref,
			domid: 1,
			gfn: again.gfn,
			readonly: false,
		});
		ask(1, "grant.end", { ref });
		expect(world.frames.shared(frame)).toBe(true);
		ask(2, "grant.end", { ref: other.ref });
		expect(world.frames.shared(frame)).toBe(false);
	});
});
