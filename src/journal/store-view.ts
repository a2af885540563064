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

interface Node {
	value: string;
	/** By the first entry of its permissions. What a dead domain owns goes with it. */
	owner: number;
}

/** A request that changes the store. */
interface Write {
	path: string;
	seq: number;
	does: "write" | "mkdir" | "rm" | "own";
	/** The value to write. */
	value: string;
	/** The new owner. */
	owner: number;
}

const parentOf = (path: string): string =>
	path.slice(0, Math.max(0, path.lastIndexOf("/")));

/** A domain's relative path counts from its home. */
export const absolute = (domid: number, path: string): string =>
	path.startsWith("/") ? path : `/local/domain/${domid}/${path}`;

const NONE: readonly NodeChange[] = [];

export class StoreView {
	private readonly nodes = new Map<string, Node>();
	private readonly open = new Map<string, Write[]>();

	value(path: string): string | undefined {
		return this.nodes.get(path)?.value;
	}

	/** Every node that was made, with those above it. */
	paths(): string[] {
		return [...this.nodes.keys()];
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
	follow(entry: Entry): readonly NodeChange[] {
		switch (entry.kind) {
			case "xs.write":
			case "xs.mkdir":
			case "xs.rm":
			case "xs.set-perms":
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
				const gone = entry.call.domid;
				return [...this.nodes].flatMap(([path, { owner }]) =>
					owner === gone
						? this.remove(path, entry.domid, entry.seq, entry.seq)
						: [],
				);
			}
			default:
				return NONE;
		}
	}

	private write(
		entry: CallEntry<"xs.write" | "xs.mkdir" | "xs.rm" | "xs.set-perms">,
	): NodeChange[] {
		if (entry.reply.status !== 0) return [];
		const { kind, call, seq } = entry;
		const write: Write = {
			path: absolute(entry.domid, call.path),
			seq,
			does: "rm",
			value: "",
			owner: 0,
		};
		if (kind === "xs.write") {
			write.does = "write";
			write.value = entry.call.value;
		} else if (kind === "xs.mkdir") write.does = "mkdir";
		else if (kind === "xs.set-perms") {
			write.does = "own";
			write.owner = Number.parseInt(entry.call.perms.slice(1), 10);
		}
		if (call.tx !== 0) {
			this.open.get(`${entry.domid} ${call.tx}`)?.push(write);
			return [];
		}
		return this.commit(write, entry.domid, seq);
	}

	private commit(
		{ path, does, value, owner, seq }: Write,
		domid: number,
		at: number,
	): NodeChange[] {
		if (does === "rm") return this.remove(path, domid, seq, at);
		const node = this.nodes.get(path);
		if (does === "own") {
			if (node !== undefined) node.owner = owner;
			return [];
		}
		if (does === "mkdir" && node !== undefined) return [];
		const before = node?.value;
		if (node !== undefined) node.value = value;
		else this.make(path, value, domid);
		return [{ path, before, after: value, domid, written: seq, seq: at }];
	}

	/** A new node belongs to the guest that makes it, or, when a privileged one does, to the owner of the node above; so do the missing ones above. */
	private make(path: string, value: string, domid: number): Node {
		const above = parentOf(path);
		const parent =
			above === ""
				? undefined
				: (this.nodes.get(above) ?? this.make(above, "", domid));
		const owner = domid !== 0 ? domid : (parent?.owner ?? 0);
		const made = { value, owner };
		this.nodes.set(path, made);
		return made;
	}

	private remove(
		path: string,
		domid: number,
		written: number,
		at: number,
	): NodeChange[] {
		const changes: NodeChange[] = [];
		for (const [node, { value: before }] of [...this.nodes]) {
			if (node !== path && !node.startsWith(`${path}/`)) continue;
			this.nodes.delete(node);
			changes.push({
				path: node,
				before,
				after: undefined,
				domid,
				written,
				seq: at,
			});
		}
		return changes;
	}
}
