/** XenStore in memory: a first, small form. */
import type { ErrnoName } from "../../base/errno.ts";

export type Manners = "c423" | "c417";
export type XsError = ErrnoName;
type No = { ok: false; error: XsError };
export interface StoreConnection {
	id: number;
	domid: number;
}
interface Node {
	value: string;
	perms: string[];
	children: string[];
	generation: number;
}
interface Tx {
	seen: Map<string, number>;
	nodes: Map<string, Node | undefined>;
	touched: string[];
}
const no = (error: XsError): No => ({ ok: false, error });
const OK = { ok: true } as const;

export class XenStore {
	readonly manners: Manners;
	private nodes = new Map<string, Node>();
	private generation = 1;
	private nextId = 1;
	private nextTx = 1;
	private readonly txs = new Map<string, Tx>();
	private readonly watches: {
		conn: StoreConnection;
		path: string;
		shown: string;
		token: string;
	}[] = [];
	private readonly queues = new Map<
		number,
		{ path: string; token: string }[]
	>();

	constructor({ manners }: { manners: Manners }) {
		this.manners = manners;
		this.nodes.set("/", {
			value: "",
			perms: ["n0"],
			children: [],
			generation: 0,
		});
	}
	connectPrivileged(): StoreConnection {
		return this.connect(0);
	}
	connectDomain(domid: number): StoreConnection {
		return this.connect(domid);
	}
	private connect(domid: number): StoreConnection {
		const conn = { id: this.nextId++, domid };
		this.queues.set(conn.id, []);
		return conn;
	}
	domainCreated(_domid: number): void {}
	domainShutdown(_domid: number): void {
		this.fire("@releaseDomain", undefined);
	}
	domainDestroyed(domid: number): void {
		for (const [key] of [...this.txs])
			if (key.startsWith(`${domid}:`)) this.txs.delete(key);
		for (let i = this.watches.length - 1; i >= 0; i--)
			if (this.watches[i]?.conn.domid === domid && domid !== 0)
				this.watches.splice(i, 1);
		for (const [path, node] of [...this.nodes]) {
			if (path === "/" || !this.nodes.has(path)) continue;
			if (Number((node.perms[0] as string).slice(1)) === domid)
				this.remove(path);
		}
		this.fire("@releaseDomain", undefined);
	}
	hasEvent(conn: StoreConnection, token: string): boolean {
		return (this.queues.get(conn.id) ?? []).some((e) =>
			e.token.startsWith(token),
		);
	}
	takeEvent(conn: StoreConnection, token: string) {
		const queue = this.queues.get(conn.id) ?? [];
		const at = queue.findIndex((e) => e.token.startsWith(token));
		return at < 0 ? undefined : queue.splice(at, 1)[0];
	}
	watchCount(conn: StoreConnection): number {
		return this.watches.filter((w) => w.conn === conn).length;
	}
	private abs(conn: StoreConnection, path: string): string {
		return path.startsWith("/") || path.startsWith("@")
			? path
			: `/local/domain/${conn.domid}/${path}`;
	}
	private tx(conn: StoreConnection, tx: number): Tx | undefined | No {
		if (tx === 0) return undefined;
		return this.txs.get(`${conn.domid}:${tx}`) ?? no("ENOENT");
	}
	private get(tx: Tx | undefined, path: string): Node | undefined {
		if (tx === undefined) return this.nodes.get(path);
		if (tx.nodes.has(path)) return tx.nodes.get(path);
		const node = this.nodes.get(path);
		if (!tx.seen.has(path)) tx.seen.set(path, node?.generation ?? -1);
		return node;
	}
	private put(tx: Tx | undefined, path: string, node: Node | undefined): void {
		if (tx !== undefined) {
			tx.nodes.set(path, node);
			return;
		}
		if (node === undefined) this.nodes.delete(path);
		else this.nodes.set(path, { ...node, generation: this.generation++ });
	}
	private may(conn: StoreConnection, node: Node, right: "r" | "w"): boolean {
		if (conn.domid === 0) return true;
		const [first] = node.perms as [string];
		if (Number(first.slice(1)) === conn.domid) return true;
		const mine =
			node.perms.slice(1).find((p) => Number(p.slice(1)) === conn.domid) ??
			first;
		return mine[0] === right || mine[0] === "b";
	}
	private lookup(
		conn: StoreConnection,
		txid: number,
		given: string,
		right: "r" | "w",
	): { tx: Tx | undefined; path: string; node: Node } | No {
		const tx = this.tx(conn, txid);
		if (tx !== undefined && "ok" in tx) return tx;
		const path = this.abs(conn, given);
		if (!/^\/([A-Za-z0-9_@-]+(\/[A-Za-z0-9_@-]+)*)?$/.test(path))
			return no("EINVAL");
		const node = this.get(tx, path);
		if (node === undefined) return no("ENOENT");
		if (!this.may(conn, node, right)) return no("EACCES");
		return { tx, path, node };
	}
	read(
		conn: StoreConnection,
		tx: number,
		path: string,
	): { ok: true; value: string } | No {
		const found = this.lookup(conn, tx, path, "r");
		return "ok" in found ? found : { ok: true, value: found.node.value };
	}
	directory(
		conn: StoreConnection,
		tx: number,
		path: string,
	): { ok: true; names: string[] } | No {
		const found = this.lookup(conn, tx, path, "r");
		return "ok" in found
			? found
			: { ok: true, names: [...found.node.children] };
	}
	directoryPart(
		conn: StoreConnection,
		tx: number,
		path: string,
		offset: number,
	): { ok: true; generation: string; names: string } | No {
		const found = this.lookup(conn, tx, path, "r");
		if ("ok" in found) return found;
		const all = found.node.children.map((c) => `${c}\0`).join("");
		return {
			ok: true,
			generation: String(found.node.generation),
			names: `${all.slice(offset)}\0`,
		};
	}
	getPerms(
		conn: StoreConnection,
		tx: number,
		path: string,
	): { ok: true; perms: string[] } | No {
		const found = this.lookup(conn, tx, path, "r");
		return "ok" in found ? found : { ok: true, perms: [...found.node.perms] };
	}
	setPerms(
		conn: StoreConnection,
		tx: number,
		path: string,
		perms: string[],
	): typeof OK | No {
		const found = this.lookup(conn, tx, path, "r");
		if ("ok" in found) return found;
		this.put(found.tx, found.path, { ...found.node, perms });
		this.changed(found.tx, found.path);
		return OK;
	}
	write(
		conn: StoreConnection,
		tx: number,
		path: string,
		value: string,
	): typeof OK | No {
		return this.make(conn, tx, path, value);
	}
	mkdir(conn: StoreConnection, tx: number, path: string): typeof OK | No {
		return this.make(conn, tx, path, undefined);
	}
	private make(
		conn: StoreConnection,
		txid: number,
		given: string,
		value: string | undefined,
	): typeof OK | No {
		const found = this.lookup(conn, txid, given, "w");
		if (!("ok" in found)) {
			if (value !== undefined) {
				this.put(found.tx, found.path, { ...found.node, value });
				this.changed(found.tx, found.path);
			}
			return OK;
		}
		if (found.error !== "ENOENT") return found;
		const tx = this.tx(conn, txid);
		if (tx !== undefined && "ok" in tx) return tx;
		const path = this.abs(conn, given);
		const parts = path.slice(1).split("/");
		let at = "/";
		let parent = this.get(tx, "/") as Node;
		const missing: string[] = [];
		for (const part of parts) {
			const next = at === "/" ? `/${part}` : `${at}/${part}`;
			const node = missing.length > 0 ? undefined : this.get(tx, next);
			if (node === undefined) {
				if (missing.length === 0 && !this.may(conn, parent, "w"))
					return no("EACCES");
				missing.push(part);
			} else parent = node;
			at = missing.length > 0 ? at : next;
		}
		let base = `/${parts.slice(0, parts.length - missing.length).join("/")}`;
		for (const part of missing) {
			const above = this.get(tx, base) as Node;
			const next = base === "/" ? `/${part}` : `${base}/${part}`;
			const perms =
				conn.domid === 0
					? [...above.perms]
					: [
							`${(above.perms[0] as string)[0]}${conn.domid}`,
							...above.perms.slice(1),
						];
			this.put(tx, base, { ...above, children: [...above.children, part] });
			this.put(tx, next, {
				value: next === path ? (value ?? "") : "",
				perms,
				children: [],
				generation: 0,
			});
			base = next;
		}
		this.changed(tx, path);
		return OK;
	}
	rm(conn: StoreConnection, txid: number, given: string): typeof OK | No {
		const found = this.lookup(conn, txid, given, "w");
		if ("ok" in found) {
			if (found.error !== "ENOENT") return found;
			const tx = this.tx(conn, txid);
			if (tx !== undefined && "ok" in tx) return tx;
			const path = this.abs(conn, given);
			return this.get(tx, path.slice(0, path.lastIndexOf("/")) || "/") ===
				undefined
				? no("ENOENT")
				: OK;
		}
		this.remove(found.path, found.tx);
		return OK;
	}
	private remove(path: string, tx?: Tx): void {
		const below = (p: string): string[] => {
			const node = this.get(tx, p);
			return node === undefined
				? []
				: [...node.children.flatMap((c) => below(`${p}/${c}`)), p];
		};
		const gone = below(path);
		for (const p of gone) this.put(tx, p, undefined);
		const up = path.slice(0, path.lastIndexOf("/")) || "/";
		const parent = this.get(tx, up);
		if (parent !== undefined)
			this.put(tx, up, {
				...parent,
				children: parent.children.filter(
					(c) => c !== path.slice(path.lastIndexOf("/") + 1),
				),
			});
		for (const p of gone) if (p !== path) this.changed(tx, p, true);
		this.changed(tx, path);
	}
	private changed(tx: Tx | undefined, path: string, exact = false): void {
		if (tx !== undefined) {
			if (!tx.touched.includes(path)) tx.touched.push(path);
			return;
		}
		this.fire(path, this.nodes.get(path), exact);
	}
	private fire(path: string, _node: Node | undefined, exact = false): void {
		for (const watch of this.watches) {
			const hit = exact
				? watch.path === path
				: watch.path === path ||
					watch.path === "/" ||
					path.startsWith(`${watch.path}/`);
			if (hit) this.push(watch, path);
		}
	}
	private push(
		watch: {
			conn: StoreConnection;
			path: string;
			shown: string;
			token: string;
		},
		path: string,
	): void {
		const queue = this.queues.get(watch.conn.id) as {
			path: string;
			token: string;
		}[];
		const shown =
			watch.shown === watch.path
				? path
				: path.slice(watch.path.length - watch.shown.length);
		if (!queue.some((e) => e.path === shown && e.token === watch.token))
			queue.push({ path: shown, token: watch.token });
	}
	watch(conn: StoreConnection, shown: string, token: string): typeof OK | No {
		const path = this.abs(conn, shown);
		if (
			this.watches.some(
				(w) => w.conn === conn && w.path === path && w.token === token,
			)
		)
			return no("EEXIST");
		const watch = { conn, path, shown, token };
		this.watches.push(watch);
		this.push(watch, path);
		return OK;
	}
	unwatch(conn: StoreConnection, shown: string, token: string): typeof OK | No {
		const at = this.watches.findIndex(
			(w) =>
				w.conn === conn &&
				w.path === this.abs(conn, shown) &&
				w.token === token,
		);
		if (at < 0) return no("ENOENT");
		this.watches.splice(at, 1);
		return OK;
	}
	transactionStart(
		conn: StoreConnection,
		_tx: number,
	): { ok: true; tx: number } | No {
		const tx = this.nextTx++;
		this.txs.set(`${conn.domid}:${tx}`, {
			seen: new Map(),
			nodes: new Map(),
			touched: [],
		});
		return { ok: true, tx };
	}
	transactionEnd(
		conn: StoreConnection,
		txid: number,
		commit: boolean,
	): typeof OK | No {
		const tx = this.tx(conn, txid);
		if (tx === undefined || "ok" in tx) return no("ENOENT");
		this.txs.delete(`${conn.domid}:${txid}`);
		if (!commit) return OK;
		for (const [path, generation] of tx.seen)
			if ((this.nodes.get(path)?.generation ?? -1) !== generation)
				return no("EAGAIN");
		for (const [path, node] of tx.nodes) this.put(undefined, path, node);
		for (const path of tx.touched) this.fire(path, this.nodes.get(path));
		return OK;
	}
	getDomainPath(
		_conn: StoreConnection,
		domid: number,
	): { ok: true; path: string } | No {
		return { ok: true, path: `/local/domain/${domid}` };
	}
	introduce(conn: StoreConnection, _domid: number): typeof OK | No {
		if (conn.domid !== 0) return no("EACCES");
		this.fire("@introduceDomain", undefined);
		return OK;
	}
	resetWatches(conn: StoreConnection): typeof OK | No {
		for (let i = this.watches.length - 1; i >= 0; i--)
			if (this.watches[i]?.conn === conn) this.watches.splice(i, 1);
		return OK;
	}
}
