import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GNTMAP_host_map } from "../xen/abi/grant-table.ts";
import { type Ask, type CallName, call, type Reply } from "../xen/call.ts";
import { World } from "../xen/world.ts";
import { type Connection, ExchangeView, type WireEntry } from "./exchange.ts";
import { Journal } from "./journal.ts";

const FE = 1;
const BE = 2;
const F = `/local/domain/${FE}/device/vdispl/0`;
const B = `/local/domain/${BE}/backend/vdispl/${FE}/0`;
const EVENT_SLOTS = 63;
const RING_SLOTS = 32;

/** One connector between two domains that are played word by word, and what the ledger makes of it. */
class Wire {
	readonly world = new World();
	readonly journal = new Journal();
	readonly view = new ExchangeView();
	heard: WireEntry[] = [];
	/** Ring page and event page, as each side has them. */
	near = { ring: 0, events: 0 };
	far = { ring: 0, events: 0 };

	constructor(start = 0, eventStart = start) {
		this.say(0, "domain.create", { domid: FE });
		this.say(0, "domain.create", { domid: BE });
		this.node(`${F}/backend-id`, String(BE));
		this.state(F, 1);
		this.state(B, 2);
		this.connect(start, eventStart);
	}

	say<N extends CallName>(who: number, op: N, args: Ask<N>): Reply<N> {
		const said = call(op, args);
		const reply = this.world.apply(who, 1, said);
		const seq = this.journal.append(said, reply, who, 1, 0, 0, 0);
		this.heard.push(...this.view.follow(this.journal.entry(seq)));
		return reply as Reply<N>;
	}

	node(path: string, value: string): void {
		this.say(0, "xs.write", { tx: 0, path, value });
	}

	state(dir: string, state: number): void {
		this.node(`${dir}/state`, String(state));
	}

	private lend(name: string, index: readonly number[]): [number, number] {
		const { gfn } = this.say(FE, "page.alloc", { zeroed: true });
		const { ref } = this.say(FE, "grant.claim", { batch: 0 });
		this.say(FE, "page.store", { gfn, word: 0, words: index });
		this.say(FE, "grant.access", { ref, domid: BE, gfn, readonly: false });
		this.node(`${F}/0/${name}`, String(ref));
		const map = { granter: FE, ref, gfn: 0, flags: GNTMAP_host_map };
		return [gfn, this.say(BE, "grant.map", map).gfn];
	}

	/** Fresh pages whose indexes stand at `start`, and both sides to Connected. */
	connect(start: number, eventStart: number): void {
		const [ring, farRing] = this.lend("req-ring-ref", [start, 0, start, 0]);
		const [events, farEvents] = this.lend("evt-ring-ref", [
			eventStart,
			eventStart,
		]);
		this.near = { ring, events };
		this.far = { ring: farRing, events: farEvents };
		this.state(F, 3);
		this.state(B, 4);
		this.state(F, 4);
	}

	store(
		who: number,
		page: "ring" | "events",
		at: number,
		words: number[],
	): void {
		const { [page]: gfn } = who === FE ? this.near : this.far;
		this.say(who, "page.store", { gfn, word: at, words });
	}

	/** What was heard since the last look, without changes of state. */
	take(): WireEntry[] {
		return this.heard.splice(0).filter(({ kind }) => kind !== "wire.state");
	}

	get connection(): Connection {
		return this.view.connection(FE, 0, 0) as Connection;
	}
}

const packet = (id: number, rest: number): number[] =>
	Array.from({ length: 16 }, (_, i) => (i === 0 ? id : (rest + i) >>> 0));

describe("what the ledger says of the wire", () => {
	it("is what both sides put there, wherever the indexes stand", () => {
		const count = fc.integer({ min: 1, max: 12 });
		const anyDeed = fc.record({
			does: fc.constantFrom("request", "respond", "event", "consume"),
			count,
			any: fc.nat(),
		});
		const start = fc.constantFrom(0, 1, 31, 62, 0x7fff_fffe, 0xffff_fff0);
		let answered = 0;
		let events = 0;
		fc.assert(
			fc.property(
				start,
				fc.array(anyDeed, { maxLength: 50, size: "max" }),
				(start, deeds) => {
					// 63 slots do not divide 2^32: events that meet at the wrap lie over each other, in any implementation.
					const eventStart = start & 0x7fff_ffff;
					const wire = new Wire(start, eventStart);
					expect(wire.take()).toMatchObject([{ kind: "wire.open" }]);
					let reqProd = start;
					let rspProd = start;
					let inProd = eventStart;
					let inCons = eventStart;
					let id = 0;
					const waiting: { number: number; words: number[] }[] = [];
					let sent = 0;
					let eventNumber = 0;
					for (const { does, count, any } of deeds) {
						const expected: unknown[] = [];
						if (does === "request") {
							const room = RING_SLOTS - ((reqProd - rspProd) >>> 0);
							for (let i = Math.min(count, room); i > 0; i--) {
								id = (id + 1) % 4;
								const words = packet(id, any + i);
								wire.store(FE, "ring", 16 + (reqProd % RING_SLOTS) * 16, words);
								reqProd = (reqProd + 1) >>> 0;
								sent += 1;
								waiting.push({ number: sent, words });
								expected.push({
									kind: "wire.request",
									request: { number: sent, words: Uint32Array.from(words) },
								});
							}
							wire.store(FE, "ring", 0, [reqProd]);
						} else if (does === "respond") {
							for (let i = Math.min(count, waiting.length); i > 0; i--) {
								// In any order; of two with one id the older is meant.
								const picked = waiting[any % waiting.length];
								const at = waiting.findIndex(
									({ words }) => words[0] === picked?.words[0],
								);
								const [request] = waiting.splice(at, 1);
								const words = packet(request?.words[0] as number, any + 99);
								wire.store(BE, "ring", 16 + (rspProd % RING_SLOTS) * 16, words);
								rspProd = (rspProd + 1) >>> 0;
								expected.push({
									kind: "wire.response",
									words: Uint32Array.from(words),
									request: { number: request?.number },
								});
								answered += 1;
							}
							wire.store(BE, "ring", 2, [rspProd]);
						} else if (does === "event") {
							const room = EVENT_SLOTS - ((inProd - inCons) >>> 0);
							for (let i = Math.min(count, room); i > 0; i--) {
								const words = packet(i, any);
								const at = 16 + (inProd % EVENT_SLOTS) * 16;
								wire.store(BE, "events", at, words);
								inProd = (inProd + 1) >>> 0;
								eventNumber += 1;
								expected.push({
									kind: "wire.event",
									number: eventNumber,
									words: Uint32Array.from(words),
								});
								events += 1;
							}
							wire.store(BE, "events", 1, [inProd]);
						} else {
							const there = (inProd - inCons) >>> 0;
							inCons = (inCons + Math.min(count, there)) >>> 0;
							wire.store(FE, "events", 0, [inCons]);
						}
						expect(wire.take()).toMatchObject(expected);
						const { connection } = wire;
						expect(connection.unanswered.map(({ number }) => number)).toEqual(
							waiting.map(({ number }) => number),
						);
						expect([
							connection.reqProd,
							connection.rspProd,
							connection.inProd,
							connection.inCons,
						]).toEqual([reqProd, rspProd, inProd, inCons]);
					}
				},
			),
			{ numRuns: 60, seed: 31 },
		);
		expect(answered).toBeGreaterThan(1000);
		expect(events).toBeGreaterThan(1000);
	});

	it("tells an index that is out of bounds, and whose it is", () => {
		for (const [who, page, at, value, which, bound] of [
			[FE, "ring", 0, 33, "req_prod", 32],
			[BE, "ring", 2, 1, "rsp_prod", 0],
			[BE, "events", 1, 64, "in_prod", 63],
			[FE, "events", 0, 1, "in_cons", 0],
		] as const) {
			const wire = new Wire();
			wire.take();
			wire.store(who, page, at, [value]);
			const told = { kind: "wire.index", which, value, before: 0, bound };
			expect(wire.take()).toMatchObject([{ ...told, domid: who }]);
			// The other side's store into it is nobody's index.
			const other = new Wire();
			other.take();
			other.store(who === FE ? BE : FE, page, at, [value]);
			expect(other.take()).toMatchObject([{ which, foreign: true }]);
		}
		// To the brim is in bounds.
		const wire = new Wire();
		wire.take();
		wire.store(FE, "ring", 0, [32]);
		wire.store(BE, "events", 1, [63]);
		const kinds = wire.take().map(({ kind }) => kind);
		expect(kinds.filter((kind) => kind === "wire.request").length).toBe(32);
		expect(kinds.filter((kind) => kind === "wire.event").length).toBe(63);
	});

	it("takes a slot as its own writer left it", () => {
		const wire = new Wire();
		wire.take();
		wire.store(FE, "ring", 16, packet(1, 100));
		wire.store(BE, "ring", 16, packet(2, 200));
		wire.store(FE, "ring", 0, [1]);
		expect(wire.take()).toMatchObject([
			{ request: { words: Uint32Array.from(packet(1, 100)) } },
		]);
	});

	it("takes a slot that its writer publishes once more as it is by then", () => {
		const wire = new Wire();
		wire.take();
		wire.store(FE, "ring", 16, packet(1, 100));
		wire.store(FE, "ring", 0, [1]);
		wire.store(BE, "ring", 16, packet(1, 200));
		wire.store(BE, "ring", 2, [1]);
		wire.take();
		wire.store(FE, "ring", 0, [33]);
		expect(wire.take().at(-1)).toMatchObject({
			request: { number: 33, words: Uint32Array.from(packet(1, 200)) },
		});
	});

	it("goes on from an index that makes no sense as if it had not been", () => {
		const wire = new Wire();
		wire.take();
		wire.store(BE, "ring", 2, [63]);
		wire.store(FE, "ring", 16, packet(1, 100));
		wire.store(FE, "ring", 0, [1]);
		wire.store(BE, "ring", 16, packet(1, 200));
		wire.store(BE, "ring", 2, [1]);
		expect(wire.take()).toMatchObject([
			{ kind: "wire.index", which: "rsp_prod", value: 63 },
			{ kind: "wire.request" },
			{ kind: "wire.response", request: { number: 1 } },
		]);
	});

	it("follows each state, and a connection from Initialised to its end", () => {
		const wire = new Wire();
		const states = wire.heard.flatMap((entry) =>
			entry.kind === "wire.state"
				? [`${entry.side} ${entry.before ?? "-"} ${entry.after}`]
				: [],
		);
		expect(states).toEqual([
			"frontend - 1",
			"backend - 2",
			"frontend 1 3",
			"backend 2 4",
			"frontend 3 4",
		]);
		wire.take();
		// Closing alone is not the end.
		wire.state(B, 5);
		expect(wire.take()).toEqual([]);
		wire.store(FE, "ring", 0, [1]);
		expect(wire.take()).toMatchObject([{ kind: "wire.request" }]);
		wire.state(B, 6);
		expect(wire.take()).toMatchObject([{ kind: "wire.close" }]);
		expect(wire.view.connection(FE, 0, 0)).toBeUndefined();
		wire.store(FE, "ring", 0, [2]);
		expect(wire.take()).toEqual([]);
	});

	it.each([
		["the backend's domain dies", "domain.destroy", BE],
		["the frontend's domain dies", "domain.destroy", FE],
		["the backend's process ends", "driver.exit", BE],
	] as const)("ends a connection when %s", (_what, op, domid) => {
		const wire = new Wire();
		wire.take();
		wire.say(0, op, { domid });
		expect(wire.take()).toMatchObject([{ kind: "wire.close" }]);
	});

	it("does not take an earlier connection's slots for those of the next", () => {
		const wire = new Wire();
		const { near } = wire;
		wire.store(FE, "ring", 16, packet(7, 700));
		wire.store(FE, "ring", 0, [1]);
		wire.state(F, 6);
		wire.take();
		// The same page, written while there was no connection.
		wire.say(FE, "page.store", {
			gfn: near.ring,
			word: 0,
			words: [0, 0, 0, 0],
		});
		wire.say(FE, "page.store", {
			gfn: near.ring,
			word: 16,
			words: packet(8, 800),
		});
		wire.state(F, 3);
		wire.store(FE, "ring", 0, [1]);
		expect(wire.take()).toMatchObject([
			{ kind: "wire.open" },
			{ request: { words: Uint32Array.from(packet(8, 800)) } },
		]);
	});
});
