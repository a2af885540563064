/**
 * What the ledger says of XenStore: the committed value of every node, and each change as it becomes visible. Writes inside a transaction
 * count when it commits.
 */
import type { CallEntry, Entry } from "./entry.ts";

export interface NodeChange {
	path: string;
	/** undefined: the node did not exist, or exists no more. */
	before: string | undefined;
	after: string | undefined;
	/** Who wrote it. */
	domid: number;
	/** The write itself, and the entry at which it became visible. */
	written: number;
	seq: number;
}

interface Write {
	path: string;
	value: string | undefined;
	seq: number;
}

/** A domain's relative path counts from its home. */
export const absolute = (domid: number, path: string): string =>
	path.startsWith("/") ? path : `/local/domain/${domid}/${path}`;

export class StoreView {
	private readonly nodes = new Map<string, string>();
	private readonly open = new Map<string, Write[]>();

	value(path: string): string | undefined {
		return this.nodes.get(path);
	}

	/** Names of the nodes right below a path, in the order they were made. */
	children(path: string): string[] {
		const names = new Set<string>();
		const prefix = `${path}/`;
		for (const node of this.nodes.keys())
			if (node.startsWith(prefix))
				names.add(node.slice(prefix.length).split("/", 1)[0] as string);
		return [...names];
	}

	/** Follow one entry: the changes it made visible. */
	follow(entry: Entry): NodeChange[] {
		switch (entry.kind) {
			case "xs.write":
			case "xs.mkdir":
			case "xs.rm":
				return this.write(entry);
			case "xs.transaction-start":
				if (entry.reply.status === 0)
					this.open.set(`${entry.domid} ${entry.reply.tx}`, []);
				return [];
			case "xs.transaction-end": {
				const key = `${entry.domid} ${entry.call.tx}`;
				const writes = this.open.get(key) ?? [];
				this.open.delete(key);
				if (entry.reply.status !== 0 || !entry.call.commit) return [];
				return writes.flatMap((w) => this.commit(w, entry.domid, entry.seq));
			}
			case "domain.destroy": {
				if (entry.reply.status !== 0) return [];
				const home = `/local/domain/${entry.call.domid}`;
				return this.commit(
					{ path: home, value: undefined, seq: entry.seq },
					entry.domid,
					entry.seq,
				);
			}
			default:
				return [];
		}
	}

	private write(
		entry: CallEntry<"xs.write" | "xs.mkdir" | "xs.rm">,
	): NodeChange[] {
		if (entry.reply.status !== 0) return [];
		const path = absolute(entry.domid, entry.call.path);
		const value =
			entry.kind === "xs.write"
				? entry.call.value
				: entry.kind === "xs.mkdir"
					? (this.nodes.get(path) ?? "")
					: undefined;
		const write: Write = { path, value, seq: entry.seq };
		if (entry.call.tx !== 0) {
			this.open.get(`${entry.domid} ${entry.call.tx}`)?.push(write);
			return [];
		}
		return this.commit(write, entry.domid, entry.seq);
	}

	private commit(
		{ path, value, seq }: Write,
		domid: number,
		at: number,
	): NodeChange[] {
		if (value !== undefined) {
			const before = this.nodes.get(path);
			this.nodes.set(path, value);
			return [{ path, before, after: value, domid, written: seq, seq: at }];
		}
		const changes: NodeChange[] = [];
		for (const [node, before] of [...this.nodes]) {
			if (node !== path && !node.startsWith(`${path}/`)) continue;
			this.nodes.delete(node);
			changes.push({
				path: node,
				before,
				after: undefined,
				domid,
				written: seq,
				seq: at,
			});
		}
		return changes;
	}
}
