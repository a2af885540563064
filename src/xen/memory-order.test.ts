import { describe, expect, it } from "vitest";
import type { Ask, CallName, Reply } from "./call.ts";
import { call } from "./call.ts";
import type { MemoryMode } from "./memory-order.ts";
import { World } from "./world.ts";

const INDEX = 0;
const SLOT = 16;
const WRITER = 1;
const READER = 2;

/** A page of domain 2 that domain 1 has mapped: tasks 1 and 2 work on it. */
function shared(memory: MemoryMode, pick = (_count: number) => 0) {
	const world = new World({ memory });
	if (world.order !== undefined)
		world.order.choices = { pick: (_label, count) => pick(count) };
	world.createDomain(1);
	world.createDomain(2);
	const apply = <N extends CallName>(task: number, op: N, args: Ask<N>) => {
		const reply = world.apply(task, task, call(op, args)) as Reply<N>;
		expect(reply.status).toBeGreaterThanOrEqual(0);
		return reply;
	};
	const own = apply(READER, "page.alloc", { zeroed: true }).gfn;
	const { ref } = apply(READER, "grant.claim", { batch: 0 });
	apply(READER, "grant.access", { ref, domid: 1, gfn: own, readonly: false });
	const mapped = apply(WRITER, "grant.map", {
		granter: 2,
		ref,
		gfn: 0,
		flags: 2,
	}).gfn;
	const gfn = (task: number) => (task === WRITER ? mapped : own);
	return {
		store: (word: number, value: number, task = WRITER) =>
			apply(task, "page.store", { gfn: gfn(task), word, words: [value] }),
		load: (word: number, task = READER) =>
			apply(task, "page.load", { gfn: gfn(task), word, count: 1 }).words[0],
		does: (
			op: "memory.rmb" | "memory.wmb" | "memory.mb" | "grant.reserve",
			task = WRITER,
		) =>
			op === "grant.reserve"
				? apply(task, op, { count: 1 })
				: apply(task, op, {}),
		swap: (word: number, expected: number, next: number) =>
			apply(WRITER, "page.compare-exchange", {
				gfn: mapped,
				word,
				expected,
				next,
			}),
		end: () => world.order?.forget(WRITER),
		world,
	};
}

describe("memory order", () => {
	it("sc: a store is seen at once, and there is nothing in between", () => {
		const { world, store, load } = shared("sc");
		expect(world.order).toBeUndefined();
		store(SLOT, 7);
		expect(load(SLOT)).toBe(7);
	});

	it.each(["tso", "weak"] as const)(
		"%s: a task sees its own store before anybody else does; a full barrier, a call that leaves the domain, an atomic and its end drain it",
		(mode) => {
			const drains = [
				(at: ReturnType<typeof shared>) => at.does("memory.mb"),
				(at: ReturnType<typeof shared>) => at.does("grant.reserve"),
				(at: ReturnType<typeof shared>) => at.swap(3, 0, 1),
				(at: ReturnType<typeof shared>) => at.end(),
			];
			for (const drain of drains) {
				const at = shared(mode);
				at.store(SLOT, 7);
				expect(at.load(SLOT, WRITER)).toBe(7);
				at.does("memory.wmb");
				at.does("memory.mb", READER);
				expect(at.load(SLOT)).toBe(0);
				drain(at);
				at.does("memory.rmb", READER);
				expect(at.load(SLOT)).toBe(7);
			}
		},
	);

	it("weak: an index overtakes its slot when no write barrier stands between them", () => {
		const { store, load, does } = shared("weak");
		store(SLOT, 7);
		store(INDEX, 1);
		does("memory.rmb", READER);
		expect(load(INDEX)).toBe(1);
		expect(load(SLOT)).toBe(0);
	});

	it("weak: whatever drains first, an index does not pass a write barrier", () => {
		for (const choice of [0, 1, 2]) {
			const { store, load, does } = shared("weak", (count) =>
				Math.min(choice, count - 1),
			);
			store(SLOT, 7);
			does("memory.wmb");
			store(INDEX, 1);
			does("memory.rmb", READER);
			if (load(INDEX) === 1) expect(load(SLOT)).toBe(7);
		}
	});

	it("weak: two stores to one word are never seen the wrong way round", () => {
		const { store, load, does } = shared("weak");
		store(SLOT, 7);
		store(SLOT, 8);
		does("memory.mb");
		does("memory.rmb", READER);
		expect(load(SLOT)).toBe(8);
	});

	it("tso: stores drain in their order, barrier or not", () => {
		for (const choice of [0, 1, 2]) {
			const { store, load, does } = shared("tso", (count) =>
				Math.min(choice, count - 1),
			);
			store(SLOT, 7);
			store(INDEX, 1);
			does("memory.rmb", READER);
			if (load(INDEX) === 1) expect(load(SLOT)).toBe(7);
		}
	});

	it("weak: without a read barrier a load may be as old as the last one, and never older than what was shown", () => {
		let newest = false;
		const { store, load, does } = shared("weak", () => (newest ? 1 : 0));
		does("memory.rmb", READER);
		store(SLOT, 7);
		does("memory.mb");
		expect(load(SLOT)).toBe(0);
		newest = true;
		expect(load(SLOT)).toBe(7);
		newest = false;
		expect(load(SLOT)).toBe(7);
		store(SLOT, 8);
		does("memory.mb");
		expect(load(SLOT)).toBe(7);
		does("memory.rmb", READER);
		expect(load(SLOT)).toBe(8);
	});

	it("tso: a load is never old", () => {
		const { store, load, does } = shared("tso");
		does("memory.rmb", READER);
		store(SLOT, 7);
		does("memory.mb");
		expect(load(SLOT)).toBe(7);
	});
});
