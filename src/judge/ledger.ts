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

export class Ledger {
	private readonly items = new Map<string, Item>();
	/** By batch: unclaimed references left. */
	private readonly batches = new Map<string, { left: number; seq: number }>();

	/** Everything still out, in the order it was made. */
	outstanding(): Item[] {
		const out = [...this.items.values()];
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
		if (!("reply" in entry) || entry.reply.status < 0) return;
		switch (entry.kind) {
			case "page.alloc":
				return this.add("page", domid, entry.reply.gfn, seq, entry.reply.frame);
			case "page.free":
				return this.remove("page", domid, entry.call.gfn);
			case "grant.reserve":
				this.batches.set(`${domid} ${entry.reply.batch}`, {
					left: entry.call.count,
					seq,
				});
				return;
			case "grant.claim": {
				const batch = this.batches.get(`${domid} ${entry.call.batch}`);
				if (batch !== undefined) batch.left -= 1;
				return this.add("reference", domid, entry.reply.ref, seq);
			}
			case "grant.release":
				this.batches.delete(`${domid} ${entry.call.batch}`);
				return;
			case "grant.access":
				return this.add("grant", domid, entry.call.ref, seq, entry.reply.frame);
			case "grant.end":
				return this.remove("grant", domid, entry.call.ref);
			case "grant.free":
				return this.remove("reference", domid, entry.call.ref);
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
				return this.add("port", domid, entry.reply.port, seq);
			case "evtchn.close":
				return this.remove("port", domid, entry.call.port);
			case "evtchn.reset":
				return this.drop(domid, "port");
			case "xs.watch":
				return this.add(
					"watch",
					domid,
					`${entry.call.path} ${entry.call.token}`,
					seq,
				);
			case "xs.unwatch":
				return this.remove(
					"watch",
					domid,
					`${entry.call.path} ${entry.call.token}`,
				);
			case "xs.reset-watches":
				this.drop(domid, "watch");
				return this.drop(domid, "transaction");
			case "xs.transaction-start":
				return this.add("transaction", domid, entry.reply.tx, seq);
			case "xs.transaction-end":
				return this.remove("transaction", domid, entry.call.tx);
			case "balloon.take":
				return this.add("balloon page", domid, entry.reply.gfn, seq);
			case "balloon.give":
				return this.remove("balloon page", domid, entry.call.gfn);
			case "object.make":
				return this.add(
					"object",
					domid,
					entry.reply.object,
					seq,
					0,
					entry.call.kind,
				);
			case "object.drop":
				return this.remove("object", domid, entry.call.object);
			case "lock.take":
				return this.add("lock", domid, entry.call.lock, seq);
			case "lock.give":
				return this.remove("lock", domid, entry.call.lock);
			case "driver.exit":
			case "domain.destroy":
				return this.forget(entry.call.domid);
			default:
		}
	}

	/** A transaction that ended with a conflict is gone as well. */
	followRefused(entry: Entry): void {
		if (entry.kind === "xs.transaction-end")
			this.remove("transaction", entry.domid, entry.call.tx);
	}

	private forget(domid: number): void {
		for (const [key, item] of [...this.items])
			if (item.domid === domid) this.items.delete(key);
		for (const key of [...this.batches.keys()])
			if (key.startsWith(`${domid} `)) this.batches.delete(key);
	}

	private drop(domid: number, kind: ItemKind): void {
		for (const [key, item] of [...this.items])
			if (item.domid === domid && item.kind === kind) this.items.delete(key);
	}

	private add(
		kind: ItemKind,
		domid: number,
		number: number | string,
		seq: number,
		frame = 0,
		object = "",
	): void {
		this.items.set(`${kind} ${domid} ${number}`, {
			kind,
			domid,
			number,
			frame,
			object,
			seq,
		});
	}

	private remove(kind: ItemKind, domid: number, number: number | string): void {
		this.items.delete(`${kind} ${domid} ${number}`);
	}
}
