/** Single nodes, read and written by one connection, in or out of a transaction. */

import type { StoreConnection } from "./connection.ts";
import type { Domains } from "./domain.ts";
import type { XsError } from "./error.ts";
import type { DaemonManners } from "./manners.ts";
import { type PathTable, ROOT } from "./path.ts";
import { type Perms, rightsOf } from "./perms.ts";
import type { Accessed, Transaction } from "./transaction.ts";
import type { Node, Tree } from "./tree.ts";
import type { Match, Watches } from "./watch.ts";

/** Octets of one permission entry in a node's record. */
const PERM_OCTETS = 8;

/** Who asks, and inside which transaction. Without a connection it is the store itself. */
export interface Asker {
	readonly connection: StoreConnection | undefined;
	readonly tx: Transaction | undefined;
}

export const ITSELF: Asker = { connection: undefined, tx: undefined };

/** What a write changes of a node; the generation is the store's to give. */
export type Content = Omit<Node, "generation">;

export class Access {
	readonly paths: PathTable;
	readonly tree: Tree;
	readonly domains: Domains;
	readonly watches: Watches;
	/** In the order in which they were made: the order of events. */
	readonly connections: StoreConnection[] = [];
	readonly manners: DaemonManners;
	/** Tell of a removed node before what was below it. */
	readonly rootFirst: boolean;
	/** Permission lists of the special names where those are no nodes. */
	readonly special = new Map<number, Perms>();
	/**
	 * C's errno, which the older daemon answers to some malformed requests. undefined is 0: there it aborts, where we say EINVAL.
	 * That it starts as ENOENT is what was recorded.
	 */
	errno: XsError | undefined = "ENOENT";

	constructor(
		manners: DaemonManners,
		tree: Tree,
		domains: Domains,
		watches: Watches,
		rootFirst: boolean,
	) {
		this.rootFirst = rootFirst;
		this.manners = manners;
		this.tree = tree;
		this.paths = tree.paths;
		this.domains = domains;
		this.watches = watches;
	}

	fail(error: XsError): XsError {
		this.errno = error;
		return error;
	}

	/** The absolute form of a path as a number, or why it is none. Special names are no paths unless asked for. */
	resolve(asker: Asker, path: string, special = false): number | XsError {
		const connection = asker.connection as StoreConnection;
		const first = path.charCodeAt(0);
		let at: number | undefined;
		if (first === 0x2f) at = this.paths.of(path);
		else if (first === 0x40) at = special ? this.paths.of(path) : -1;
		else {
			at = connection.relative.get(path);
			if (at === undefined) {
				at = this.paths.of(`${connection.home}/${path}`);
				connection.relative.set(path, at);
			}
		}
		if (
			at === -1 ||
			this.domains.exceeds(connection, "pathMax", this.paths.counted(at))
		)
			return this.fail("EINVAL");
		return at;
	}

	/** A node's permissions as they work now. */
	living(node: Node): Perms {
		return this.domains.living(node.perms, node.generation);
	}

	/** A node as the asker's transaction sees it, without a look at permissions. */
	read(asker: Asker, path: number): Node | XsError {
		if (asker.tx === undefined)
			return this.tree.get(path) ?? this.fail("ENOENT");
		const seen = this.touch(asker, asker.tx, path);
		if (typeof seen === "string") return seen;
		return seen.node ?? this.fail("ENOENT");
	}

	protected touch(
		asker: Asker,
		tx: Transaction,
		path: number,
	): Accessed | XsError {
		const seen = tx.accessed.get(path);
		if (seen !== undefined) return seen;
		if (
			this.domains.exceeds(
				asker.connection,
				"transactionNodes",
				tx.accessed.size,
			)
		) {
			tx.failed = true;
			return this.fail("ENOSPC");
		}
		const node = this.tree.get(path);
		const perms = node && this.living(node);
		const made: Accessed = {
			generation: node?.generation ?? -1,
			perms,
			node: node && perms ? { ...node, perms } : undefined,
			modified: false,
			fires: undefined,
		};
		tx.accessed.set(path, made);
		return made;
	}

	/** What a connection may do with a node. */
	rights(connection: StoreConnection | undefined, node: Node): number {
		return this.rightsBy(connection, () => this.living(node));
	}

	protected rightsBy(
		connection: StoreConnection | undefined,
		perms: () => Perms,
	): number {
		if (connection === undefined || connection.privileged) return 7;
		return rightsOf(perms(), connection.domid, connection.target?.domid);
	}

	/**
	 * A node for which the asker has all of `right`. Who may not know whether a node exists is told EACCES: the nearest existing ancestor
	 * decides.
	 */
	find(asker: Asker, path: number, right: number): Node | XsError {
		const node = this.read(asker, path);
		let error: XsError;
		if (typeof node === "string") {
			if (node === "ENOSPC") return node;
			error = node;
		} else {
			if ((this.rights(asker.connection, node) & right) === right) return node;
			error = "EACCES";
		}
		// Also for the privileged: inside a transaction the ancestors become part of it.
		for (let above = path; ; ) {
			above = this.paths.parent(above);
			const ancestor = this.read(asker, above);
			if (typeof ancestor !== "string") {
				const allowed = this.rights(asker.connection, ancestor) & right;
				return this.fail(allowed !== 0 ? error : "EACCES");
			}
			if (ancestor === "ENOSPC") return ancestor;
			if (above === ROOT) return this.fail("EACCES");
		}
	}

	/** Store a node that was read before, or whose absence was. `limited`: the node size quota counts. */
	write(
		asker: Asker,
		path: number,
		content: Content,
		limited: boolean,
	): Node | XsError {
		const generation = ++this.tree.generation;
		const seen = asker.tx?.accessed.get(path);
		if (seen !== undefined) seen.modified = true;
		const size =
			this.manners.nodeHeader +
			PERM_OCTETS * content.perms.length +
			content.value.length +
			content.childLength;
		if (limited && this.domains.exceeds(asker.connection, "nodeSize", size)) {
			if (asker.tx !== undefined) {
				asker.tx.failed = true;
				asker.tx.phantom ||= seen?.node === undefined;
			}
			return this.fail("ENOSPC");
		}
		const node: Node = {
			generation,
			value: content.value,
			perms: this.domains.living(content.perms, generation),
			children: content.children,
			childLength: content.childLength,
		};
		if (seen !== undefined) seen.node = node;
		else this.tree.set(path, node);
		return node;
	}

	/** Drop a single node, without its entry in the parent. */
	drop(asker: Asker, path: number): void {
		this.tree.generation++;
		const seen = asker.tx?.accessed.get(path);
		if (seen === undefined) {
			this.tree.delete(path);
			return;
		}
		seen.modified = true;
		seen.node = undefined;
	}

	/** A transaction is over, for better or worse. */
	end(tx: Transaction): void {
		tx.asker.connection?.transactions.delete(tx.id);
		if (tx.phantom) this.fail("EIO");
	}

	/** Forget all that a connection has in hand. */
	reset(connection: StoreConnection): void {
		this.watches.removeAll(connection);
		for (const tx of [...connection.transactions.values()]) this.end(tx);
	}

	/**
	 * Inside a transaction the owner of a node may be gone, or let go by XS_RELEASE: the newer daemon finds that out when it counts. One more
	 * node makes a domain that still exists known again.
	 */
	ownerGone(asker: Asker, domid: number, change: 1 | -1): boolean {
		if (asker.tx === undefined || this.manners.countsAtOnce) return false;
		const { domains } = this;
		return (
			(change > 0 ? domains.recordOfExisting(domid) : domains.get(domid)) ===
			undefined
		);
	}

	/** Count nodes for their owner, at once or when the transaction commits. */
	account(asker: Asker, domid: number, count: number): void {
		if (asker.tx !== undefined) asker.tx.addNodes(domid, count);
		else this.domains.addNodes(domid, count);
	}

	/** A change at `path`: inside a transaction its event waits for the commit. */
	fire(
		asker: Asker,
		path: number,
		node: Node | undefined,
		match: Match,
		before?: Perms,
	): void {
		if (asker.tx === undefined) {
			this.fireNow(path, node, match, before);
			return;
		}
		const seen = asker.tx.accessed.get(path);
		if (seen === undefined) throw new Error("event for an untouched node");
		if (seen.fires === undefined || match === "subtree") seen.fires = match;
	}

	/** Send the events of a committed change to all who watch it and may know of it. */
	fireNow(
		path: number,
		node: Node | undefined,
		match: Match,
		before?: Perms,
	): void {
		const reached = this.watches.reached(path, match);
		// In the middle of a commit looking for the node may fail, which leaves its mark on errno even where nobody watches.
		const looks = node === undefined && this.manners.leftoverErrno;
		if (!reached && !looks) return;
		for (const connection of this.connections)
			if (
				(looks || connection.watches.length > 0) &&
				this.mayKnow(connection, path, node, before)
			)
				this.watches.fire(connection, path, match);
	}

	/** Whether a connection may read the node or its parent, or could read the node before. */
	protected mayKnow(
		connection: StoreConnection,
		path: number,
		given: Node | undefined,
		before: Perms | undefined,
	): boolean {
		if (before && this.rightsBy(connection, () => before) & 1) return true;
		const node = given ?? this.tree.get(path);
		if (node === undefined) {
			this.fail("ENOENT");
			return false;
		}
		if (this.rights(connection, node) & 1) return true;
		const parent = this.tree.get(
			this.paths.isSpecial(path) ? ROOT : this.paths.parent(path),
		);
		if (parent === undefined) this.fail("ENOENT");
		return parent !== undefined && (this.rights(connection, parent) & 1) !== 0;
	}

	/** Send the event of a special name that is no node. */
	fireSpecial(path: number): void {
		const perms = this.special.get(path);
		if (perms === undefined) return;
		for (const connection of this.connections)
			if (this.rightsBy(connection, () => perms) & 1)
				this.watches.fire(connection, path, "exact");
	}

	/** Rights on the list of a special name that is no node. */
	specialRights(connection: StoreConnection | undefined, path: number): number {
		const perms = this.special.get(path);
		return perms === undefined ? 0 : this.rightsBy(connection, () => perms);
	}
}
