/**
 * What each domain has and has not given back, as the ledger tells it: the second set of books beside the hypervisor's own.
 */
import type { Entry } from "../journal/entry.ts";

/** One thing that somebody made and must give back. */
export interface Item {
	kind: ItemKind;
	domid: number;
	/** Number of the thing within its kind: gfn, reference, handle, port, … */
	number: number | string;
	/** Frame of a page, for who still maps it. */
	frame: number;
	/** A driver object's own kind. */
	object: string;
	/** Entry that made it. */
	seq: number;
}

export const ITEM_KINDS = [
	"page",
	"grant",
	"reference",
	"reserved reference",
	"mapping",
	"port",
	"watch",
	"transaction",
	"balloon page",
	"object",
	"lock",
] as const;
export type ItemKind = (typeof ITEM_KINDS)[number];

/** Numbers have 32 bits, names are texts. */
const key = (domid: number, number: number | string): number | string =>
	typeof number === "number"
		? domid * 0x1_0000_0000 + number
		: `${domid} ${number}`;

export class Ledger {
	private readonly items = new Map<ItemKind, Map<number | string, Item>>(
		ITEM_KINDS.map((kind) => [kind, new Map()]),
	);
	/** By batch: unclaimed references left. */
	private readonly batches = new Map<string, { left: number; seq: number }>();

	/** What `outstanding` told since the last entry: each kind of leak is a rule, and all ask at the same ones. */
	private list: readonly Item[] | undefined;

	/** Everything still out, in the order it was made. */
	outstanding(): readonly Item[] {
		this.list ??= this.listed();
		return this.list;
	}

	private listed(): Item[] {
		const out = [...this.items.values()].flatMap((items) => [
			...items.values(),
		]);
		for (const [key, { left, seq }] of this.batches) {
			const [domid, batch] = key.split(" ").map(Number) as [number, number];
			for (let i = 0; i < left; i++)
				out.push({
					kind: "reserved reference",
					domid,
					number: batch,
					frame: 0,
					object: "",
					seq,
				});
		}
		return out.sort((a, b) => a.seq - b.seq);
	}

	follow(entry: Entry): void {
		const { domid, seq } = entry;
		this.list = undefined;
		if (!("reply" in entry)) return;
		// A transaction that ends with a conflict is gone as well.
		if (entry.reply.status < 0 && entry.kind !== "xs.transaction-end") return;
		switch (entry.kind) {
			case "page.alloc":
				this.add("page", domid, entry.reply.gfn, seq, entry.reply.frame);
				return;
			case "page.free":
				this.remove("page", domid, entry.call.gfn);
				return;
			case "grant.reserve":
				this.batches.set(`${domid} ${entry.reply.batch}`, {
					left: entry.call.count,
					seq,
				});
				return;
			case "grant.claim": {
				const batch = this.batches.get(`${domid} ${entry.call.batch}`);
				if (batch !== undefined) batch.left -= 1;
				this.add("reference", domid, entry.reply.ref, seq);
				return;
			}
			case "grant.release":
				this.batches.delete(`${domid} ${entry.call.batch}`);
				return;
			case "grant.access":
				this.add("grant", domid, entry.call.ref, seq, entry.reply.frame);
				return;
			case "grant.end":
				this.remove("grant", domid, entry.call.ref);
				return;
			case "grant.free":
				this.remove("reference", domid, entry.call.ref);
				return;
			case "grant.map":
				if (entry.reply.status === 0)
					this.add(
						"mapping",
						domid,
						entry.reply.handle,
						seq,
						entry.reply.frame,
					);
				return;
			case "grant.unmap":
				if (entry.reply.status === 0 && entry.call.gfn !== 0)
					this.remove("mapping", domid, entry.call.handle);
				return;
			case "evtchn.alloc-unbound":
			case "evtchn.bind-interdomain":
				this.add("port", domid, entry.reply.port, seq);
				return;
			case "evtchn.close":
				this.remove("port", domid, entry.call.port);
				return;
			case "evtchn.reset":
				this.drop(domid, "port");
				return;
			case "xs.watch":
				this.add("watch", domid, `${entry.call.path} ${entry.call.token}`, seq);
				return;
			case "xs.unwatch":
				this.remove("watch", domid, `${entry.call.path} ${entry.call.token}`);
				return;
			case "xs.reset-watches":
				this.drop(domid, "watch");
				this.drop(domid, "transaction");
				return;
			case "xs.transaction-start":
				this.add("transaction", domid, entry.reply.tx, seq);
				return;
			case "xs.transaction-end":
				this.remove("transaction", domid, entry.call.tx);
				return;
			case "balloon.take":
				this.add("balloon page", domid, entry.reply.gfn, seq);
				return;
			case "balloon.give":
				this.remove("balloon page", domid, entry.call.gfn);
				return;
			case "object.make":
				this.add("object", domid, entry.reply.object, seq, 0, entry.call.kind);
				return;
			case "object.drop":
				this.remove("object", domid, entry.call.object);
				return;
			case "lock.take":
				this.add("lock", domid, entry.call.lock, seq);
				return;
			case "lock.give":
				this.remove("lock", domid, entry.call.lock);
				return;
			case "driver.exit":
			case "domain.destroy":
				this.forget(entry.call.domid);
				return;
			default:
		}
	}

	private forget(domid: number): void {
		for (const kind of ITEM_KINDS) this.drop(domid, kind);
		for (const key of [...this.batches.keys()])
			if (key.startsWith(`${domid} `)) this.batches.delete(key);
	}

	private drop(domid: number, kind: ItemKind): void {
		const items = this.of(kind);
		for (const [key, item] of items)
			if (item.domid === domid) items.delete(key);
	}

	private add(
		kind: ItemKind,
		domid: number,
		number: number | string,
		seq: number,
		frame = 0,
		object = "",
	): void {
		const item = { kind, domid, number, frame, object, seq };
		this.of(kind).set(key(domid, number), item);
	}

	private remove(kind: ItemKind, domid: number, number: number | string): void {
		this.of(kind).delete(key(domid, number));
	}

	private of(kind: ItemKind): Map<number | string, Item> {
		return this.items.get(kind) as Map<number | string, Item>;
	}
}
