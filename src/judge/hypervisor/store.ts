/**
 * XenStore as the requests and their answers tell of it: a second set of books beside the store's own. It knows what docs/misc/xenstore.txt promises
 * and what both C daemons do; where they differ, or where the ledger does not say, nothing is concluded.
 */
import type { CallEntry } from "../../journal/entry.ts";
import type { CallName } from "../../xen/call.ts";
import { SecondBooks } from "./books.ts";

/** `rights`: who may see, write and hear of what. `whole`: what was answered with success has happened, all of it, and nothing else has. */
export type StorePromise = "rights" | "whole";

const READ = 1;
const WRITE = 2;
const OWNER = 4;
const RIGHTS: Readonly<Record<string, number>> = {
	n: 0,
	r: READ,
	w: WRITE,
	b: READ | WRITE,
};

interface Perm {
	domid: number;
	rights: number;
	/** Its domain did not exist when it was written, or has gone since: it says nothing any more. */
	void: boolean;
}
/** The first entry is the owner, with everybody else's right. */
type Perms = readonly Perm[];

interface Node {
	readonly value: string;
	readonly perms: Perms;
	/** Names right below, in the order in which they were made. */
	readonly children: readonly string[];
}
type Nodes = (path: string) => Node | undefined;

interface Watch {
	path: string;
	token: string;
	/** Characters that the watcher leaves out of every path. */
	prefix: number;
	/** A fault struck the request: it may be there or not. */
	unsure: boolean;
}

interface Client {
	watches: Watch[];
	/** Events that may be waiting, by path and token; true when they must be. */
	events: Map<string, boolean>;
	transactions: Map<number, Transaction>;
	/** Nodes it owns. */
	nodes: number;
}

interface Transaction {
	began: number;
	/** As they are in it, where it has changed them; undefined when it has removed them. */
	local: Map<string, Node | undefined>;
	/** What it certainly looked at, and when first. */
	touched: Map<string, number>;
	/** What it may have looked at. */
	named: Set<string>;
	/** Subtrees that it removed. */
	removed: string[];
	/** What nodes were before others changed them while it was open. */
	before: Map<string, (Node | undefined)[]>;
	/** Events of its commit, in order: `below` when those who watch above are told too. */
	events: { path: string; below: boolean }[];
	makes: boolean;
	/** A request in it failed for want of room. */
	failed: boolean;
	/** What it wrote of a node that exists did not fit: there is no way to commit the rest. */
	doomed: boolean;
	/** A domain has ended since. */
	death: boolean;
}

const EPERM = -1;
const ENOENT = -2;
const EAGAIN = -11;
const ENOMEM = -12;
const EACCES = -13;
const EEXIST = -17;
const ENOSPC = -28;
const ETIMEDOUT = -110;

/** Both daemons' defaults, and one more where they count differently. */
const WATCHES = 129;
const TRANSACTIONS = 11;
/** A node's size with which neither refuses it. */
const SMALL = 1500;
/** XENSTORE_PAYLOAD_MAX, less what a head may take. */
const PAYLOAD = 4000;

const parentOf = (path: string): string =>
	path.slice(0, path.lastIndexOf("/")) || "/";
const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1);
const below = (path: string, name: string): string =>
	path === "/" ? `/${name}` : `${path}/${name}`;
const isBelow = (path: string, above: string): boolean =>
	path.startsWith(above === "/" ? "/" : `${above}/`);
const isPath = (path: string): boolean =>
	path.length < 1024 && (path === "/" || /^(\/[A-Za-z0-9_@:-]+)+$/.test(path));
const key = (path: string, token: string): string => `${path}\0${token}`;

const root = (children: readonly string[]): Node => ({
	value: "",
	perms: [{ domid: 0, rights: 0, void: false }],
	children,
});

const client = (): Client => ({
	watches: [],
	events: new Map(),
	transactions: new Map(),
	nodes: 0,
});

type Asked = CallEntry<
	| "xs.read"
	| "xs.write"
	| "xs.mkdir"
	| "xs.rm"
	| "xs.directory"
	| "xs.directory-part"
	| "xs.get-perms"
	| "xs.set-perms"
>;

export class StoreBooks extends SecondBooks<StorePromise> {
	/** The store as a daemon leaves it when it starts. */
	private readonly nodes = new Map<string, Node>([
		["/", root(["tool"])],
		["/tool", root(["xenstored"])],
		["/tool/xenstored", root([])],
	]);
	private readonly clients = new Map<number, Client>([[0, client()]]);
	/** When each node was changed last, for the committed store. */
	private readonly changed = new Map<string, number>();
	/** The most nodes that a domain had and could still make one, and the fewest with which it could not. */
	private readonly fine = new Map<number, number>();
	private readonly full = new Map<number, number>();
	/** Nodes that ended with their owner, and were not made again. */
	private readonly left = new Set<string>();
	private now = 0;

	protected enter(entry: CallEntry): void {
		this.now = entry.seq;
		switch (entry.kind) {
			case "xs.read":
			case "xs.write":
			case "xs.mkdir":
			case "xs.rm":
			case "xs.directory":
			case "xs.directory-part":
			case "xs.get-perms":
			case "xs.set-perms":
				this.asked(entry);
				return;
			case "xs.watch":
				this.watched(entry);
				return;
			case "xs.unwatch":
				this.unwatched(entry);
				return;
			case "xs.transaction-start":
				this.began(entry);
				return;
			case "xs.transaction-end":
				this.ended(entry);
				return;
			case "xs.reset-watches":
				if (entry.reply.status === 0) this.reset(entry.domid);
				return;
			case "xs.introduce":
				if (entry.reply.status !== 0) return;
				this.reset(entry.call.domid);
				this.of(entry.call.domid).events.clear();
				return;
			case "wait":
				this.waited(entry);
				return;
			case "driver.exit":
				if (entry.reply.status === 0) this.reset(entry.call.domid);
				return;
			case "domain.create":
				if (entry.reply.status === 0)
					this.clients.set(entry.call.domid, client());
				return;
			case "domain.destroy":
				if (entry.reply.status === 0) this.died(entry.call.domid);
				return;
			default:
		}
	}

	private of(domid: number): Client {
		let known = this.clients.get(domid);
		if (known === undefined) {
			known = client();
			this.clients.set(domid, known);
		}
		return known;
	}

	private reset(domid: number): void {
		const who = this.of(domid);
		who.watches = [];
		who.transactions.clear();
		// What was sent before may still be told.
		for (const event of who.events.keys()) who.events.set(event, false);
	}

	// ---- One request about one path.

	private asked(entry: Asked): void {
		const { domid, call, reply, fault } = entry;
		const path = absolute(domid, call.path);
		// The special names are no paths, and what is malformed is refused in many ways.
		if (!isPath(path) || (fault !== 0 && reply.status !== 0)) return;
		const who = this.of(domid);
		const tx = call.tx === 0 ? undefined : who.transactions.get(call.tx);
		if (call.tx !== 0 && tx === undefined) {
			if (reply.status >= 0)
				this.wrong(
					"whole",
					`is served in transaction ${call.tx}, which is not open`,
					"-ENOENT: a transaction ends with its commit, or with its conflict",
					"success",
				);
			return;
		}
		if (tx !== undefined) this.touch(tx, entry, path);
		const right = NEEDS[entry.kind];
		const sure = tx === undefined || this.isSure(tx, path);
		if (sure) {
			const nodes = this.view(tx);
			const allowed = look(nodes, domid, path, right);
			if (!this.agrees(entry, path, allowed, nodes)) return;
		}
		if (reply.status < 0) {
			if (reply.status === ENOSPC) this.refused(entry, path, tx);
			return;
		}
		this.change(entry, path, tx);
	}

	private touch(tx: Transaction, { kind, reply }: Asked, path: string): void {
		for (let at = path; ; at = parentOf(at)) {
			tx.named.add(at);
			if (at === "/") break;
		}
		if (kind === "xs.rm") tx.removed.push(path);
		if (
			(reply.status === 0 || reply.status === ENOENT) &&
			!tx.touched.has(path)
		)
			tx.touched.set(path, this.now);
	}

	/** Whether nobody has changed what the transaction may have looked at before. */
	private isSure(tx: Transaction, path: string): boolean {
		if (tx.before.size === 0) return true;
		for (let at = path; ; at = parentOf(at)) {
			if (tx.before.has(at)) return false;
			if (at === "/") return true;
		}
	}

	private view(tx: Transaction | undefined): Nodes {
		return tx === undefined
			? (path) => this.nodes.get(path)
			: (path) =>
					tx.local.has(path) ? tx.local.get(path) : this.nodes.get(path);
	}

	/** Whether the answer is one that the store may give. */
	private agrees(
		entry: Asked,
		path: string,
		allowed: "yes" | "ENOENT" | "EACCES",
		nodes: Nodes,
	): boolean {
		const { kind, domid, reply } = entry;
		const { status } = reply;
		const makes = kind === "xs.write" || kind === "xs.mkdir";
		if (status >= 0) {
			if (allowed === "EACCES") {
				this.wrong(
					"rights",
					`${VERBS[kind]} ${path}, which domain ${domid} may not`,
					`-EACCES: ${permsText(nodes, path)}`,
					"success",
				);
				return true;
			}
			if (allowed === "ENOENT" && !makes && kind !== "xs.rm") {
				this.wrong(
					this.left.has(path) ? "rights" : "whole",
					`${VERBS[kind]} ${path}, which does not exist`,
					"-ENOENT",
					"success",
				);
				return false;
			}
			const node = nodes(path);
			if (node !== undefined) this.shown(entry, path, node);
			return true;
		}
		if (status === EACCES && allowed !== "EACCES")
			this.wrong(
				"rights",
				`is refused ${path}, where it may ${kind === "xs.set-perms" ? "change the rights" : kind === "xs.write" || kind === "xs.mkdir" || kind === "xs.rm" ? "write" : "read"}`,
				allowed === "yes" ? "success" : "-ENOENT",
				"-EACCES",
			);
		else if (status === ENOENT && allowed !== "ENOENT") {
			// A list of rights may name an owner that does not exist.
			if (kind === "xs.set-perms") return true;
			if (allowed === "EACCES")
				this.wrong(
					"rights",
					`is told that ${path} does not exist, of which it may know nothing`,
					"-EACCES",
					"-ENOENT",
				);
			else
				this.wrong(
					"whole",
					`does not find ${path}`,
					"success: it was made, and nothing has removed it",
					"-ENOENT",
				);
		} else if (
			status === EPERM &&
			!(kind === "xs.set-perms" && allowed === "yes")
		)
			this.wrong("rights", `is refused ${path}`, "another reason", "-EPERM");
		else if (status === ENOSPC && domid === 0)
			this.wrong(
				"whole",
				`is refused ${path} for want of room`,
				"no quota for domain 0",
				"-ENOSPC",
			);
		return true;
	}

	/** What a request that reads was shown. */
	private shown({ kind, reply }: Asked, path: string, node: Node): void {
		switch (kind) {
			case "xs.read": {
				const { value } = reply as CallEntry<"xs.read">["reply"];
				if (value !== node.value)
					this.wrong(
						"whole",
						`reads another value of ${path} than was written`,
						JSON.stringify(node.value),
						JSON.stringify(value),
					);
				return;
			}
			case "xs.directory": {
				const { names } = reply as CallEntry<"xs.directory">["reply"];
				const told = names.split("\0").filter((name) => name !== "");
				if ([...told].sort().join() !== [...node.children].sort().join())
					this.wrong(
						"whole",
						`is shown other names below ${path} than were made`,
						node.children.join(" ") || "none",
						told.join(" ") || "none",
					);
				return;
			}
			case "xs.get-perms": {
				const { perms } = reply as CallEntry<"xs.get-perms">["reply"];
				const told = parsePerms(perms, () => true);
				const [owner] = node.perms;
				const alive = node.perms.filter((perm, i) => i === 0 || !perm.void);
				const kept = alive.every((perm, i) =>
					told.some(
						(one, j) =>
							(i === 0) === (j === 0) &&
							one.domid === perm.domid &&
							one.rights === perm.rights,
					),
				);
				if (!kept || told[0]?.domid !== owner?.domid)
					this.wrong(
						"rights",
						`is shown other rights of ${path} than were given`,
						formatPerms(alive),
						formatPerms(told),
					);
				return;
			}
			default:
		}
	}

	/** A request was refused for want of room, which must be the truth. */
	private refused(
		{ kind, domid, call, fault }: Asked,
		path: string,
		tx: Transaction | undefined,
	): void {
		if (fault !== 0 || domid === 0) return;
		if (tx !== undefined) tx.failed = true;
		const node = this.view(tx)(path);
		if (kind === "xs.write" && node !== undefined) {
			const { value } = call as CallEntry<"xs.write">["call"];
			const size = value.length + node.children.join(" ").length;
			if (tx !== undefined) tx.doomed = true;
			if (tx === undefined && size < SMALL)
				this.wrong(
					"whole",
					`is refused ${path} for want of room`,
					`success: it exists already, and ${size} octets fit`,
					"-ENOSPC",
				);
			return;
		}
		if (kind !== "xs.write" && kind !== "xs.mkdir") return;
		let depth = 1;
		for (
			let at = parentOf(path);
			this.nodes.get(at) === undefined;
			at = parentOf(at)
		)
			depth += 1;
		const { value = "" } = call as { value?: string };
		if (value.length >= SMALL) return;
		this.quota(domid, this.of(domid).nodes + depth - 1);
	}

	/** So many nodes were too many: they were not before. */
	private quota(domid: number, count: number): void {
		const full = this.full.get(domid);
		if (full === undefined || count < full) this.full.set(domid, count);
		const fine = this.fine.get(domid) ?? 0;
		if (count < fine)
			this.wrong(
				"whole",
				`is refused a node with ${count} of its own`,
				`success: with ${fine} it could still make one`,
				"-ENOSPC",
			);
	}

	/** So many nodes were not too many: fewer never were. */
	private made(domid: number, count: number): void {
		this.fine.set(domid, Math.max(this.fine.get(domid) ?? 0, count));
		const full = this.full.get(domid);
		if (full !== undefined && count > full)
			this.wrong(
				"whole",
				`makes a node with ${count} of its own`,
				`-ENOSPC: ${full} were too many before`,
				"success",
			);
	}

	// ---- Changes.

	private change(
		entry: Asked,
		path: string,
		tx: Transaction | undefined,
	): void {
		const { kind, domid, call } = entry;
		const nodes = this.view(tx);
		const node = nodes(path);
		switch (kind) {
			case "xs.write": {
				const { value } = call as CallEntry<"xs.write">["call"];
				if (node === undefined) this.make(domid, path, value, tx);
				else this.set(path, { ...node, value }, tx);
				this.fire(path, tx, true, undefined);
				return;
			}
			case "xs.mkdir":
				if (node !== undefined) return;
				this.make(domid, path, "", tx);
				this.fire(path, tx, true, undefined);
				return;
			case "xs.rm":
				if (node !== undefined) this.remove(path, tx);
				return;
			case "xs.set-perms": {
				if (node === undefined) return;
				const { perms } = call as CallEntry<"xs.set-perms">["call"];
				const next = parsePerms(perms, (id) => this.clients.has(id));
				if (next.length === 0) return;
				this.set(path, { ...node, perms: next }, tx);
				this.fire(path, tx, true, node);
				return;
			}
			default:
		}
	}

	/** A node and what is missing above it. A guest owns what it makes; else the owner of the node above does. */
	private make(
		domid: number,
		path: string,
		value: string,
		tx: Transaction | undefined,
	): void {
		const nodes = this.view(tx);
		const missing = [path];
		let above = parentOf(path);
		while (nodes(above) === undefined && above !== "/") {
			missing.push(above);
			above = parentOf(above);
		}
		const parent = nodes(above);
		if (parent === undefined) return;
		const before = this.of(domid).nodes;
		if (tx !== undefined) tx.makes = true;
		else if (domid !== 0) this.made(domid, before);
		const [owner, ...others] = parent.perms as [Perm, ...Perm[]];
		const perms = domid === 0 ? parent.perms : [{ ...owner, domid }, ...others];
		this.set(
			above,
			{
				...parent,
				children: [...parent.children, nameOf(missing.at(-1) as string)],
			},
			tx,
		);
		for (const [i, at] of missing.entries()) {
			const child = missing[i - 1];
			this.set(
				at,
				{
					value: at === path ? value : "",
					perms,
					children: child === undefined ? [] : [nameOf(child)],
				},
				tx,
			);
		}
	}

	/** A node and all below it go, and its name in the node above. */
	private remove(path: string, tx: Transaction | undefined): void {
		const nodes = this.view(tx);
		const going: string[] = [];
		const walk = (at: string) => {
			const node = nodes(at);
			if (node === undefined) return;
			for (const name of node.children) walk(below(at, name));
			going.push(at);
		};
		walk(path);
		const above = parentOf(path);
		const parent = nodes(above);
		if (parent !== undefined)
			this.set(
				above,
				{
					...parent,
					children: parent.children.filter((name) => name !== nameOf(path)),
				},
				tx,
			);
		for (const at of going) {
			const node = nodes(at);
			if (node === undefined) continue;
			if (tx === undefined) this.fire(at, tx, at === path, node);
			this.set(at, undefined, tx);
			if (tx !== undefined) this.fire(at, tx, at === path, node);
		}
	}

	private set(
		path: string,
		node: Node | undefined,
		tx: Transaction | undefined,
	): void {
		if (tx !== undefined) {
			tx.local.set(path, node);
			return;
		}
		const before = this.nodes.get(path);
		for (const { transactions } of this.clients.values())
			for (const open of transactions.values()) {
				const olds = open.before.get(path);
				if (olds === undefined) open.before.set(path, [before]);
				else olds.push(before);
			}
		this.changed.set(path, this.now);
		this.count(before, -1);
		this.count(node, 1);
		if (node === undefined) this.nodes.delete(path);
		else {
			this.nodes.set(path, node);
			this.left.delete(path);
		}
	}

	private count(node: Node | undefined, by: number): void {
		const owner = node?.perms[0]?.domid;
		const who = owner === undefined ? undefined : this.clients.get(owner);
		if (who !== undefined) who.nodes += by;
	}

	// ---- Transactions.

	private began({
		domid,
		reply,
		fault,
	}: CallEntry<"xs.transaction-start">): void {
		const { transactions } = this.of(domid);
		if (reply.status < 0) {
			if (fault === 0 && (domid === 0 || transactions.size < TRANSACTIONS - 3))
				this.wrong(
					"whole",
					`cannot begin a transaction with ${transactions.size} open`,
					"room for another",
					`status ${reply.status}`,
				);
			return;
		}
		if (reply.tx === 0 || transactions.has(reply.tx))
			this.wrong(
				"whole",
				"gets the number of a transaction that is open",
				"a number of its own, not 0",
				String(reply.tx),
			);
		if (domid !== 0 && transactions.size >= TRANSACTIONS)
			this.wrong(
				"whole",
				`begins a transaction with ${transactions.size} open`,
				"-ENOSPC at the limit",
				"success",
			);
		transactions.set(reply.tx, {
			began: this.now,
			local: new Map(),
			touched: new Map(),
			named: new Set(),
			removed: [],
			before: new Map(),
			events: [],
			makes: false,
			failed: false,
			doomed: false,
			death: false,
		});
	}

	private ended(entry: CallEntry<"xs.transaction-end">): void {
		const { domid, call, reply, fault } = entry;
		const { transactions } = this.of(domid);
		const tx = transactions.get(call.tx);
		if (tx === undefined) {
			if (reply.status >= 0 && fault === 0)
				this.wrong(
					"whole",
					`ends transaction ${call.tx}, which is not open`,
					"-ENOENT",
					"success",
				);
			return;
		}
		transactions.delete(call.tx);
		if (fault !== 0 && reply.status < 0) return;
		const { status } = reply;
		if (status === ENOENT || (!call.commit && status < 0)) {
			this.wrong(
				"whole",
				`cannot end transaction ${call.tx}, which is open`,
				call.commit ? "success, or -EAGAIN after a conflict" : "success",
				`status ${status}`,
			);
			return;
		}
		if (!call.commit) return;
		if (status >= 0) this.committed(domid, tx);
		else this.notCommitted(domid, tx, status);
	}

	private committed(domid: number, tx: Transaction): void {
		if (tx.doomed)
			this.wrong(
				"whole",
				"commits a transaction without a write that was refused in it",
				"-ENOMEM: all of it or nothing",
				"success",
			);
		for (const [path, since] of tx.touched)
			if ((this.changed.get(path) ?? 0) > since) {
				this.wrong(
					"whole",
					`commits over a change of ${path} that it has not seen`,
					"-EAGAIN: somebody else has changed the node since",
					"success",
				);
				break;
			}
		const more = this.growth(tx).get(domid) ?? 0;
		const before = this.of(domid).nodes;
		// What it has seen of the rights of a removed node decides who hears of it.
		const seen = new Map(
			tx.events.map(({ path }) => [path, this.nodes.get(path)]),
		);
		for (const [path, node] of tx.local) {
			if (node === undefined && this.nodes.get(path) === undefined) continue;
			this.set(path, node, undefined);
		}
		if (tx.makes && domid !== 0) this.made(domid, before + more - 1);
		for (const { path, below: wide } of tx.events)
			this.fire(path, undefined, wide, seen.get(path));
	}

	private notCommitted(domid: number, tx: Transaction, status: number): void {
		if (status === EAGAIN) {
			const conflict =
				[...tx.named].some(
					(path) => (this.changed.get(path) ?? 0) > tx.began,
				) ||
				tx.removed.some((top) =>
					[...this.changed].some(
						([path, at]) => at > tx.began && isBelow(path, top),
					),
				);
			if (!conflict)
				this.wrong(
					"whole",
					"meets a conflict where there is none",
					"success: nobody has changed what it has looked at",
					"-EAGAIN",
				);
		} else if (status === ENOMEM && !tx.failed && !tx.death)
			this.wrong(
				"whole",
				"cannot commit, though each of its requests was answered with success",
				"success, or -EAGAIN after a conflict",
				`status ${status}`,
			);
		else if (status === ENOSPC) {
			if (domid === 0) {
				this.wrong(
					"whole",
					"cannot commit for want of room",
					"no quota for domain 0",
					"-ENOSPC",
				);
				return;
			}
			const more = this.growth(tx).get(domid) ?? 0;
			if (this.growth(tx).size === 1)
				this.quota(domid, this.of(domid).nodes + more - 1);
		}
	}

	/** How the number of nodes of each owner would change. */
	private growth(tx: Transaction): Map<number, number> {
		const counts = new Map<number, number>();
		const add = (node: Node | undefined, by: number) => {
			const owner = node?.perms[0]?.domid;
			if (owner !== undefined) counts.set(owner, (counts.get(owner) ?? 0) + by);
		};
		for (const [path, node] of tx.local) {
			add(this.nodes.get(path), -1);
			add(node, 1);
		}
		return counts;
	}

	// ---- Watches and their events.

	private watched({ domid, call, reply, fault }: CallEntry<"xs.watch">): void {
		const who = this.of(domid);
		const path = absolute(domid, call.path);
		const at = who.watches.findIndex(
			(one) => one.path === path && one.token === call.token,
		);
		const known = who.watches[at];
		if (reply.status !== 0) {
			if (fault !== 0 || !isPath(path)) return;
			if (reply.status === EEXIST && known === undefined)
				this.wrong(
					"whole",
					`cannot watch ${path}, which it does not watch`,
					"success",
					"-EEXIST",
				);
			else if (
				reply.status !== EEXIST &&
				(domid === 0 || who.watches.length < WATCHES - 3)
			)
				this.wrong(
					"whole",
					`cannot watch ${path} with ${who.watches.length} watches`,
					"room for another",
					`status ${reply.status}`,
				);
			return;
		}
		if (known !== undefined && !known.unsure && fault === 0)
			this.wrong(
				"whole",
				`watches ${path} twice with one token`,
				"-EEXIST",
				"success",
			);
		if (domid !== 0 && who.watches.length >= WATCHES)
			this.wrong(
				"whole",
				`sets a watch with ${who.watches.length} there`,
				"a refusal at the limit",
				"success",
			);
		if (known !== undefined) who.watches.splice(at, 1);
		const relative = !call.path.startsWith("/") && !call.path.startsWith("@");
		const watch = {
			path,
			token: call.token,
			prefix: relative ? home(domid).length + 1 : 0,
			unsure: fault !== 0,
		};
		who.watches.push(watch);
		// It fires once by itself, whether the node exists or may be read.
		this.send(who, watch, path, !watch.unsure && isPath(path));
	}

	private unwatched({
		domid,
		call,
		reply,
		fault,
	}: CallEntry<"xs.unwatch">): void {
		const who = this.of(domid);
		const path = absolute(domid, call.path);
		const at = who.watches.findIndex(
			(one) => one.path === path && one.token === call.token,
		);
		const known = who.watches[at];
		if (reply.status === 0) {
			if (known === undefined && fault === 0)
				this.wrong(
					"whole",
					`ends a watch of ${path} that it has not set`,
					"-ENOENT",
					"success",
				);
			if (known === undefined) return;
			who.watches.splice(at, 1);
			// What it has sent may be told yet.
			for (const [event, must] of who.events)
				if (must && event.endsWith(`\0${call.token}`))
					who.events.set(event, false);
		} else if (
			reply.status === ENOENT &&
			known !== undefined &&
			!known.unsure &&
			fault === 0
		)
			this.wrong(
				"whole",
				`cannot end its watch of ${path}`,
				"success",
				"-ENOENT",
			);
	}

	private send(who: Client, watch: Watch, path: string, must: boolean): void {
		const shown = path.slice(watch.prefix);
		const event = key(shown, watch.token);
		const fits = shown.length + watch.token.length < PAYLOAD;
		who.events.set(event, (who.events.get(event) ?? false) || (must && fits));
	}

	/** A node has changed: who hears of it, and who must. `before` is what it was, when its rights count too. */
	private fire(
		path: string,
		tx: Transaction | undefined,
		wide: boolean,
		before: Node | undefined,
	): void {
		if (tx !== undefined) {
			tx.events.push({ path, below: wide });
			return;
		}
		const node = this.nodes.get(path);
		const parent = this.nodes.get(parentOf(path));
		for (const [domid, who] of this.clients) {
			if (who.watches.length === 0) continue;
			const reads = (one: Node | undefined) =>
				one !== undefined && (rightsOf(domid, one.perms) & READ) !== 0;
			if (!reads(node) && !reads(before) && !reads(parent)) continue;
			const must = node === undefined ? reads(before) : reads(node);
			for (const watch of who.watches)
				if (watch.path === path || (wide && isBelow(path, watch.path)))
					this.send(who, watch, path, must && !watch.unsure);
		}
	}

	private waited({ domid, call, reply, fault }: CallEntry<"wait">): void {
		const who = this.clients.get(domid);
		if (who === undefined || call.token === "") return;
		if (reply.status === ETIMEDOUT && fault === 0) {
			for (const [event, must] of who.events) {
				const [path, token = ""] = event.split("\0");
				if (must && token.startsWith(call.token))
					this.wrong(
						"rights",
						`is not told of ${path}`,
						"a watch event: it may read the node",
						"-ETIMEDOUT",
					);
			}
			return;
		}
		if (reply.status !== 0 || reply.cause !== "watch") return;
		const event = key(reply.path, reply.token);
		const known = who.events.has(event);
		// A fault may double an event, or merge two.
		if (fault !== 0) who.events.set(event, false);
		else if (known) who.events.delete(event);
		if (known || fault !== 0 || reply.path.startsWith("@")) return;
		const path = absolute(domid, reply.path);
		const node = this.nodes.get(path);
		const hidden =
			node !== undefined && (rightsOf(domid, node.perms) & READ) === 0;
		this.wrong(
			"rights",
			`is told of ${path}`,
			hidden
				? "no event of a node that it may not read"
				: "one event for each change that it watches and may know of",
			`an event with token ${reply.token}`,
		);
	}

	// ---- A domain ends: what it owns goes, and its rights.

	private died(domid: number): void {
		this.clients.delete(domid);
		this.fine.delete(domid);
		this.full.delete(domid);
		for (const { transactions } of this.clients.values())
			for (const tx of transactions.values()) tx.death = true;
		const visit = (path: string): void => {
			const node = this.nodes.get(path);
			if (node === undefined) return;
			if (node.perms[0]?.domid === domid) {
				for (const at of this.nodes.keys())
					if (at === path || isBelow(at, path)) this.left.add(at);
				this.remove(path, undefined);
				return;
			}
			for (const name of node.children) visit(below(path, name));
		};
		visit("/");
		for (const [path, node] of this.nodes)
			this.nodes.set(path, without(node, domid));
		for (const { transactions } of this.clients.values())
			for (const { local } of transactions.values())
				for (const [path, node] of local)
					if (node !== undefined) local.set(path, without(node, domid));
	}
}

const NEEDS: Readonly<Record<Asked["kind"], number>> = {
	"xs.read": READ,
	"xs.directory": READ,
	"xs.directory-part": READ,
	"xs.get-perms": READ,
	"xs.write": WRITE,
	"xs.mkdir": WRITE,
	"xs.rm": WRITE,
	"xs.set-perms": WRITE | OWNER,
};

const VERBS: Readonly<Record<Asked["kind"], string>> = {
	"xs.read": "reads",
	"xs.directory": "lists",
	"xs.directory-part": "lists",
	"xs.get-perms": "reads the rights of",
	"xs.write": "writes",
	"xs.mkdir": "makes",
	"xs.rm": "removes",
	"xs.set-perms": "gives rights on",
};

const home = (domid: number): string => `/local/domain/${domid}`;

/** A domain's relative path counts from its home. */
const absolute = (domid: number, path: string): string =>
	path.startsWith("/") || path.startsWith("@")
		? path
		: `${home(domid)}/${path}`;

/** What a domain may do with a node. The first entry that names it counts; the owner may do everything. */
function rightsOf(domid: number, perms: Perms): number {
	const [owner, ...others] = perms as [Perm, ...Perm[]];
	if (domid === 0 || owner.domid === domid) return READ | WRITE | OWNER;
	const own = others.find((perm) => !perm.void && perm.domid === domid);
	return own?.rights ?? owner.rights;
}

/** Who may not know whether a node exists is told so: the nearest node above that exists decides. */
function look(
	nodes: Nodes,
	domid: number,
	path: string,
	right: number,
): "yes" | "ENOENT" | "EACCES" {
	const node = nodes(path);
	if (node !== undefined)
		return (rightsOf(domid, node.perms) & right) === right ? "yes" : "EACCES";
	for (let at = parentOf(path); ; at = parentOf(at)) {
		const above = nodes(at);
		if (above !== undefined)
			return (rightsOf(domid, above.perms) & right) !== 0 ? "ENOENT" : "EACCES";
		if (at === "/") return "EACCES";
	}
}

function parsePerms(text: string, exists: (domid: number) => boolean): Perm[] {
	return text
		.split("\0")
		.filter((one) => one !== "")
		.map((one) => {
			const domid = Number.parseInt(one.slice(1), 10);
			return {
				domid,
				rights: RIGHTS[one[0] as string] ?? 0,
				void: !exists(domid),
			};
		});
}

const LETTERS = ["n", "r", "w", "b"] as const;
const formatPerms = (perms: Perms): string =>
	perms.map(({ domid, rights }) => `${LETTERS[rights]}${domid}`).join(" ");

/** The rights that decide about a path: its own, or those of the nearest node above that exists. */
function permsText(nodes: Nodes, path: string): string {
	for (let at = path; ; at = parentOf(at)) {
		const node = nodes(at);
		if (node !== undefined)
			return `the rights of ${at} are ${formatPerms(node.perms.filter((perm) => !perm.void))}`;
		if (at === "/") return "nothing is there";
	}
}

const without = (node: Node, domid: number): Node =>
	node.perms.some((perm) => perm.domid === domid)
		? {
				...node,
				perms: node.perms.map((perm) =>
					perm.domid === domid ? { ...perm, void: true } : perm,
				),
			}
		: node;

/** The calls that these books are kept from. */
export const STORE_CALLS = [
	"xs.read",
	"xs.write",
	"xs.mkdir",
	"xs.rm",
	"xs.directory",
	"xs.directory-part",
	"xs.get-perms",
	"xs.set-perms",
	"xs.watch",
	"xs.unwatch",
	"xs.transaction-start",
	"xs.transaction-end",
	"xs.reset-watches",
	"xs.introduce",
	"wait",
	"driver.exit",
	"domain.create",
	"domain.destroy",
] as const satisfies readonly CallName[];
