import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Ask, type CallName, call, type Reply } from "../xen/call.ts";
import { World } from "../xen/world.ts";
import type { Manners } from "../xen/xenstore/store.ts";
import { Journal } from "./journal.ts";
import { absolute, type NodeChange, StoreView } from "./store-view.ts";

const DOMIDS = [1, 2];

class Told {
	readonly world: World;
	readonly journal = new Journal();
	readonly view = new StoreView();
	changes: NodeChange[] = [];
	readonly open: { by: number; tx: number }[] = [];

	constructor(manners: Manners = "c423") {
		this.world = new World({ manners });
		for (const domid of DOMIDS) this.create(domid);
	}

	create(domid: number): void {
		this.say(0, "domain.create", { domid });
		const path = `/local/domain/${domid}`;
		this.say(0, "xs.write", { tx: 0, path, value: "" });
		this.say(0, "xs.set-perms", { tx: 0, path, perms: `n0\0r${domid}\0` });
		for (const own of ["data", "device"]) {
			this.say(0, "xs.write", { tx: 0, path: `${path}/${own}`, value: "" });
			const perms = `b${domid}\0`;
			this.say(0, "xs.set-perms", { tx: 0, path: `${path}/${own}`, perms });
		}
	}

	say<N extends CallName>(who: number, op: N, args: Ask<N>): Reply<N> {
		const said = call(op, args);
		const reply = this.world.apply(who, 1, said);
		const seq = this.journal.append(said, reply, who, 1, 0, 0, 0);
		this.changes.push(...this.view.follow(this.journal.entry(seq)));
		return reply as Reply<N>;
	}

	/** The committed store, without what was there before anybody came. */
	store(): Map<string, string> {
		const nodes = new Map<string, string>();
		for (const { path, value } of this.world.store.nodes())
			if (path.startsWith("/local")) nodes.set(path, value);
		return nodes;
	}
}

const who = fc.constantFrom(0, ...DOMIDS);
const domid = fc.constantFrom(...DOMIDS);
const path = fc
	.tuple(
		fc.constantFrom(
			"data",
			"device",
			"/local/domain/1/data",
			"/local/domain/2/data",
			"/local/domain/2/device",
			"/local/other",
		),
		fc.constantFrom("", "/a", "/a/b", "/a/b/c", "/d"),
	)
	.map(([top, rest]) => top + rest);
/** 0: outside; else one of the transactions that are open, if there is one. */
const tx = fc.nat(3);
const does = <T extends string>(...names: T[]) => fc.constantFrom(...names);
const anyDeed = fc.oneof(
	{
		weight: 12,
		arbitrary: fc.record({
			does: does("write", "write", "mkdir", "rm"),
			who,
			path,
			tx,
			value: fc.constantFrom("", "1", "2"),
		}),
	},
	{
		weight: 3,
		arbitrary: fc.record({
			does: does("perms"),
			who,
			path,
			tx,
			letter: does("n", "r", "w", "b"),
			owner: who,
		}),
	},
	{ weight: 3, arbitrary: fc.record({ does: does("start"), who }) },
	{
		weight: 3,
		arbitrary: fc.record({
			does: does("end"),
			n: fc.nat(9),
			commit: fc.nat(4),
		}),
	},
	{
		weight: 1,
		arbitrary: fc.record({ does: does("destroy", "create", "exit"), domid }),
	},
);
type Deed = typeof anyDeed extends fc.Arbitrary<infer D> ? D : never;

function act(told: Told, deed: Deed): void {
	const alive = (domid: number) => told.world.life(domid) === "running";
	const inside = (who: number, tx: number) => {
		const mine = told.open.filter(({ by }) => by === who);
		return tx === 0 ? 0 : (mine[tx % Math.max(1, mine.length)]?.tx ?? 0);
	};
	if ("who" in deed && !alive(deed.who)) return;
	switch (deed.does) {
		case "write":
		case "mkdir":
		case "rm": {
			const at = { tx: inside(deed.who, deed.tx), path: deed.path };
			if (deed.does === "write")
				told.say(deed.who, "xs.write", { ...at, value: deed.value });
			else told.say(deed.who, `xs.${deed.does}`, at);
			return;
		}
		case "perms":
			told.say(deed.who, "xs.set-perms", {
				tx: inside(deed.who, deed.tx),
				path: deed.path,
				perms: `${deed.letter}${deed.owner}\0r2\0`,
			});
			return;
		case "start": {
			const { status, tx } = told.say(deed.who, "xs.transaction-start", {});
			if (status === 0) told.open.push({ by: deed.who, tx });
			return;
		}
		case "end": {
			const [ended] = told.open.splice(
				deed.n % Math.max(1, told.open.length),
				1,
			);
			if (ended === undefined || !alive(ended.by)) return;
			const { tx } = ended;
			told.say(ended.by, "xs.transaction-end", { tx, commit: deed.commit > 0 });
			return;
		}
		case "exit":
			if (alive(deed.domid)) told.say(0, "driver.exit", { domid: deed.domid });
			return;
		case "destroy":
			if (alive(deed.domid))
				told.say(0, "domain.destroy", { domid: deed.domid });
			return;
		case "create":
			if (!alive(deed.domid)) told.create(deed.domid);
	}
}

describe("what the ledger says of the store", () => {
	it.each(["c417", "c423"] as const)(
		"is what the store has (%s)",
		(manners) => {
			let nodes = 0;
			let committed = 0;
			let died = 0;
			fc.assert(
				fc.property(
					fc.array(anyDeed, { maxLength: 80, size: "max" }),
					(deeds) => {
						const told = new Told(manners);
						/** The store as its changes tell it. */
						const heard = new Map<string, string>();
						for (const deed of deeds) {
							act(told, deed);
							const store = told.store();
							const view = told.view
								.paths()
								.filter((path) => path.startsWith("/local"))
								.map((path) => [path, told.view.value(path)] as const);
							expect(new Map([...view].sort())).toEqual(
								new Map([...store].sort()),
							);
							for (const { path, before, after } of told.changes.splice(0)) {
								// A node that was only made for one below it comes without a change.
								expect(before).toBe(
									heard.get(path) ?? (before === "" ? "" : undefined),
								);
								if (after === undefined) heard.delete(path);
								else heard.set(path, after);
							}
							nodes += store.size;
							if (deed.does === "end") committed += 1;
							if (deed.does === "destroy") died += 1;
						}
					},
				),
				{ numRuns: 120, seed: 22 },
			);
			expect(nodes).toBeGreaterThan(10_000);
			expect(committed).toBeGreaterThan(200);
			expect(died).toBeGreaterThan(50);
		},
	);

	it("shows a transaction's writes when it commits, and none of a dropped or refused one", () => {
		const told = new Told();
		const path = "/local/domain/1/data/x";
		const start = () => told.say(1, "xs.transaction-start", {}).tx;
		const end = (tx: number, commit: boolean) =>
			told.say(1, "xs.transaction-end", { tx, commit }).status;
		told.changes = [];
		const dropped = start();
		told.say(1, "xs.write", { tx: dropped, path, value: "1" });
		end(dropped, false);
		const refused = start();
		told.say(1, "xs.write", { tx: refused, path, value: "2" });
		told.say(0, "xs.write", { tx: 0, path: `${path}y`, value: "" });
		told.say(0, "xs.write", { tx: 0, path, value: "0" });
		expect(end(refused, true)).toBe(-11);
		const made = start();
		told.say(1, "xs.write", { tx: made, path: "data/x", value: "3" });
		const write = told.journal.length - 1;
		expect(told.view.value(path)).toBe("0");
		told.say(1, "xs.mkdir", { tx: made, path });
		end(made, true);
		expect(told.view.value(path)).toBe("3");
		expect(told.changes.at(-1)).toEqual({
			path,
			before: "0",
			after: "3",
			domid: 1,
			written: write,
			seq: told.journal.length - 1,
		});
	});

	it("lists the nodes below one, and takes a relative path for its domain's", () => {
		const told = new Told();
		for (const name of ["b", "a", "a/c"])
			told.say(1, "xs.write", { tx: 0, path: `data/${name}`, value: "" });
		expect(told.view.children(absolute(1, "data"))).toEqual(["b", "a"]);
		expect(told.view.children("/local/domain/1/data/a")).toEqual(["c"]);
		expect(told.view.children("/local/domain/1/dat")).toEqual([]);
		expect(absolute(1, "/x")).toBe("/x");
	});
});
