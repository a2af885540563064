/**
 * XenStore in memory: docs/misc/xenstore.txt, in the manner of one of two C daemons.
 *
 * Synchronous and without a clock. Every call names the connection it comes over and, where the wire has one, the transaction (0: none).
 * Strings hold one octet a character. Answers are `{ ok: true, … }` or `{ ok: false, error }` with the name of the errno.
 */

import { Access, type Asker } from "./access.ts";
import { commit } from "./change.ts";
import { StoreConnection, type WatchEvent } from "./connection.ts";
import { Domains } from "./domain.ts";
import { type Done, type No, no, OK, type XsError } from "./error.ts";
import { Life } from "./life.ts";
import { type DaemonManners, MANNERS, type Manners } from "./manners.ts";
import * as nodes from "./nodes.ts";
import { PathTable } from "./path.ts";
import { formatPerm } from "./perms.ts";
import { Transaction } from "./transaction.ts";
import { Tree } from "./tree.ts";
import { Watches } from "./watch.ts";
import * as watching from "./watching.ts";

export type { WatchEvent } from "./connection.ts";
export { StoreConnection } from "./connection.ts";
export type { XsError } from "./error.ts";
export type { Manners } from "./manners.ts";

export interface StoreOptions {
	manners: Manners;
	/**
	 * Where a writer's own events go on the wire. The C daemons: before. `after-reply` is oxenstored's way in two more points: equal events are
	 * not merged, and a removed node is told before what was below it.
	 */
	eventOrder?: "before-reply" | "after-reply";
	/** What a conflict does: fail the transaction, or do it again and fail only if an answer differs. The C daemons: fail. */
	transactions?: "conflict" | "replay";
	/** Share the table of paths with other stores. */
	paths?: PathTable;
}

/** The classes and the one long function that a store is made of. */
export interface StoreParts {
	Access: typeof Access;
	Domains: typeof Domains;
	Life: typeof Life;
	Watches: typeof Watches;
	commit: typeof commit;
}

export const STORE_PARTS: StoreParts = {
	Access,
	Domains,
	Life,
	Watches,
	commit,
};

type Answer<T> = ({ ok: true } & T) | No;

export class XenStore {
	readonly manners: Manners;
	readonly daemon: DaemonManners;
	readonly options: Readonly<
		Required<Pick<StoreOptions, "eventOrder" | "transactions">>
	>;
	readonly domains: Domains;
	protected readonly paths: PathTable;
	protected readonly tree: Tree;
	protected readonly watches: Watches;
	protected readonly access: Access;
	protected readonly life: Life;
	protected readonly commit: typeof commit;
	protected nextConnection = 1;

	constructor(options: StoreOptions, parts: StoreParts = STORE_PARTS) {
		const { Access, Domains, Life, Watches } = parts;
		this.commit = parts.commit;
		this.manners = options.manners;
		this.daemon = MANNERS[options.manners];
		this.options = {
			eventOrder: options.eventOrder ?? "before-reply",
			transactions: options.transactions ?? "conflict",
		};
		this.paths = options.paths ?? new PathTable();
		this.tree = new Tree(this.paths);
		this.domains = new Domains(this.daemon, () => this.tree.generation);
		this.watches = new Watches(
			this.paths,
			this.options.eventOrder === "before-reply",
		);
		this.access = new Access(
			this.daemon,
			this.tree,
			this.domains,
			this.watches,
			this.options.eventOrder === "after-reply",
		);
		this.life = new Life(this.access, (domain) =>
			this.connect(new StoreConnection(this.nextConnection++, domain)),
		);
		this.life.start();
	}

	// ---- Connections.

	/** A client on the daemon's socket: it has domain 0's rights. */
	connectPrivileged(): StoreConnection {
		return this.connect(new StoreConnection(this.nextConnection++, undefined));
	}

	/** The connection of a domain's kernel; the domain is introduced if that was not done. */
	connectDomain(domid: number): StoreConnection {
		const known = this.domains.introduced(domid)?.connection;
		if (known !== undefined) return known;
		const error = this.life.introduce(domid);
		const connection = this.domains.get(domid)?.connection;
		if (connection === undefined)
			throw new Error(`domain ${domid} cannot be introduced: ${error}`);
		return connection;
	}

	protected connect(connection: StoreConnection): StoreConnection {
		this.access.connections.push(connection);
		return connection;
	}

	/** A socket client has gone. */
	disconnect(connection: StoreConnection): void {
		this.life.close(connection);
	}

	/** A connection that broke the wire protocol: it stays, but is served no more. */
	ignore(connection: StoreConnection): void {
		connection.ignored = true;
		this.access.reset(connection);
		connection.reset();
	}

	/** In the order in which they were made. */
	get connections(): readonly StoreConnection[] {
		return this.access.connections;
	}

	/** The oldest queued event, or the oldest whose token begins with `token`. It is taken off the queue. */
	takeEvent(connection: StoreConnection, token = ""): WatchEvent | undefined {
		const at = connection.events.findIndex((event) =>
			event.token.startsWith(token),
		);
		return at < 0 ? undefined : connection.events.splice(at, 1)[0];
	}

	hasEvent(connection: StoreConnection, token = ""): boolean {
		for (const event of connection.events)
			if (event.token.startsWith(token)) return true;
		return false;
	}

	/** Connections with events that were not taken. */
	pending(): StoreConnection[] {
		return this.connections.filter(({ events }) => events.length > 0);
	}

	watchCount(connection: StoreConnection): number {
		return connection.watches.length;
	}

	// ---- Domains, by the hypervisor.

	/** A domain has come to exist. The store knows nothing of it until it is introduced or named in a permission. */
	domainCreated(domid: number): void {
		this.domains.create(domid);
	}

	/** VIRQ_DOM_EXC: look which domains have changed. The calls below do so themselves. */
	virq(): void {
		this.life.check();
	}

	/** It has shut down or crashed, and still exists. */
	domainShutdown(domid: number): void {
		this.domains.setState(domid, "shutdown");
		this.life.check();
	}

	/** It runs on after a shutdown was only meant for a checkpoint; the toolstack tells the store with `resume`. */
	domainRunning(domid: number): void {
		this.domains.setState(domid, "running");
	}

	/** It is being torn down and others still hold on to its pages. */
	domainDying(domid: number): void {
		this.domains.setState(domid, "dying");
		this.life.check();
	}

	domainDestroyed(domid: number): void {
		this.domains.destroy(domid);
		this.life.check();
	}

	// ---- Nodes.

	read(connection: StoreConnection, tx: number, path: string) {
		return this.in(connection, tx, nodes.read, path);
	}

	/** Sets a node's value, making it and what is missing above it. */
	write(connection: StoreConnection, tx: number, path: string, value: string) {
		return this.in(connection, tx, nodes.write, path, value);
	}

	mkdir(connection: StoreConnection, tx: number, path: string) {
		return this.in(connection, tx, nodes.mkdir, path);
	}

	/** Removes a node and all below it; fine when only its parent exists. */
	rm(connection: StoreConnection, tx: number, path: string) {
		return this.in(connection, tx, nodes.rm, path);
	}

	directory(connection: StoreConnection, tx: number, path: string) {
		return this.in(connection, tx, nodes.directory, path);
	}

	/** A part of a long listing, from an octet offset on. */
	directoryPart(
		connection: StoreConnection,
		tx: number,
		path: string,
		offset: number,
	) {
		return this.in(connection, tx, nodes.directoryPart, path, offset);
	}

	getPerms(connection: StoreConnection, tx: number, path: string) {
		return this.in(connection, tx, nodes.getPerms, path);
	}

	/** Entries like `n1`, `r2`; the first names the owner. */
	setPerms(
		connection: StoreConnection,
		tx: number,
		path: string,
		perms: readonly string[],
	) {
		return this.in(connection, tx, nodes.setPerms, path, perms);
	}

	// ---- Watches.

	/** `depth`: how many levels below the path are seen; c423 only. */
	watch(
		connection: StoreConnection,
		path: string,
		token: string,
		depth = -1,
	): Done {
		return watching.watch(this.access, connection, path, token, depth);
	}

	unwatch(connection: StoreConnection, path: string, token: string): Done {
		return watching.unwatch(this.access, connection, path, token);
	}

	/** XS_RESET_WATCHES: drop the connection's watches and transactions. */
	resetWatches(connection: StoreConnection): Done {
		this.access.reset(connection);
		return OK;
	}

	// ---- Transactions.

	/** `tx`: the transaction the request itself is in; there is no nesting. */
	transactionStart(
		connection: StoreConnection,
		tx = 0,
	): Answer<{ tx: number }> {
		if (tx !== 0)
			return no(connection.transactions.has(tx) ? "EBUSY" : "ENOENT");
		const open = connection.transactions.size;
		if (this.domains.exceeds(connection, "transactions", open))
			return no("ENOSPC");
		this.tree.generation++;
		const id = connection.freeTransaction();
		connection.transactions.set(id, new Transaction(id, connection));
		return { ok: true, tx: id };
	}

	transactionEnd(
		connection: StoreConnection,
		id: number,
		apply: boolean,
	): Done {
		const tx = connection.transactions.get(id);
		if (tx === undefined) return no("ENOENT");
		let error = apply ? this.commit(this.access, tx) : undefined;
		if (error === "EAGAIN" && this.options.transactions === "replay")
			error = this.replay(tx);
		this.access.end(tx);
		return error === undefined ? OK : no(error);
	}

	/** Do a transaction again on the store as it is now: fine unless an answer differs. */
	protected replay(tx: Transaction): XsError | undefined {
		const changes = [...tx.accessed.values()].some(({ modified }) => modified);
		if (!changes) return undefined;
		const again = new Transaction(
			tx.id,
			tx.asker.connection as StoreConnection,
		);
		const same = tx.deeds.every(
			(deed) => JSON.stringify(deed.again(again.asker)) === deed.answer,
		);
		return same ? this.commit(this.access, again) : "EAGAIN";
	}

	/** Whether a request may name this transaction; 0 is none. */
	hasTransaction(connection: StoreConnection, tx: number): boolean {
		return tx === 0 || connection.transactions.has(tx);
	}

	/** Make a request in or out of a transaction, keeping it when transactions may be replayed. */
	protected in<A extends unknown[], T>(
		connection: StoreConnection,
		id: number,
		request: (access: Access, asker: Asker, ...args: A) => T,
		...args: A
	): T | No {
		if (id === 0) return request(this.access, connection.outside, ...args);
		const tx = connection.transactions.get(id);
		if (tx === undefined) return no("ENOENT");
		const answer = request(this.access, tx.asker, ...args);
		if (this.options.transactions === "replay")
			tx.deeds.push({
				again: (asker) => request(this.access, asker, ...args),
				answer: JSON.stringify(answer),
			});
		return answer;
	}

	// ---- Domains, by the toolstack.

	getDomainPath(
		_connection: StoreConnection,
		domid: number,
	): { ok: true; path: string } {
		return { ok: true, path: `/local/domain/${domid >>> 0}` };
	}

	/** XS_INTRODUCE: a domain's ring can be used from now on; again: its connection starts afresh. */
	introduce(connection: StoreConnection, domid: number): Done {
		if (!connection.privileged) return no("EACCES");
		const error = this.life.introduce(domid);
		return error === undefined ? OK : no(error);
	}

	/** XS_RELEASE: the store lets go of a domain, and removes what it owns. */
	release(connection: StoreConnection, domid: number): Done {
		return this.onDomain(connection, domid, (target) =>
			this.life.release(target),
		);
	}

	/** What a release had to wait for is over. */
	finishRelease(connection: StoreConnection): void {
		connection.releasing = false;
		this.life.release(connection);
	}

	isDomainIntroduced(
		connection: StoreConnection,
		domid: number,
	): Answer<{ introduced: boolean }> {
		if (!connection.privileged) return no("EACCES");
		const introduced =
			domid === DOMID_SELF || this.domains.introduced(domid) !== undefined;
		return { ok: true, introduced };
	}

	/** XS_RESUME: a later shutdown is news again. */
	resume(connection: StoreConnection, domid: number): Done {
		return this.onDomain(connection, domid, (target) => {
			if (target.domain !== undefined) target.domain.shutdown = false;
		});
	}

	/** XS_SET_TARGET: `domid` may do what `target` may. */
	setTarget(connection: StoreConnection, domid: number, target: number): Done {
		if (!connection.privileged) return no("EACCES");
		const actor = this.life.connected(domid);
		if (typeof actor === "string") return no(actor);
		const other = this.life.connected(target);
		if (typeof other === "string") return no(other);
		actor.target = other;
		other.actedForBy.add(actor);
		return OK;
	}

	protected onDomain(
		connection: StoreConnection,
		domid: number,
		act: (target: StoreConnection) => void,
	): Done {
		if (!connection.privileged) return no("EACCES");
		if (domid === 0) return no("EINVAL");
		const target = this.life.connected(domid);
		if (typeof target === "string") return no(target);
		act(target);
		return OK;
	}

	// ---- For who looks on.

	/** Every node, parents first: path, value, permissions. */
	*nodes(): Generator<{ path: string; value: string; perms: string[] }> {
		for (const [at, node] of this.tree.walk())
			yield {
				path: this.paths.text(at),
				value: node.value,
				perms: node.perms.map(formatPerm),
			};
	}

	/** Nodes in the whole store. */
	get nodeCount(): number {
		return this.tree.count;
	}

	/** Nodes a domain owns. */
	nodesOwned(domid: number): number {
		return this.domains.get(domid)?.nodes ?? 0;
	}

	/** What errno holds, which is what the older daemon answers to some malformed requests; undefined where it would abort. */
	get leftover(): XsError | undefined {
		return this.access.errno;
	}
}

/** DOMID_SELF of xen.h. */
const DOMID_SELF = 0x7ff0;
