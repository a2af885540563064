/** Domains come and go: XS_INTRODUCE, XS_RELEASE, VIRQ_DOM_EXC, and what dies with a domain. */

import { type Access, ITSELF } from "./access.ts";
import { removeOwned, without } from "./change.ts";
import type { StoreConnection } from "./connection.ts";
import type { DomainRecord } from "./domain.ts";
import type { XsError } from "./error.ts";
import { DOMID_ANY, perm, READ } from "./perms.ts";

const INTRODUCE = "@introduceDomain";
const RELEASE = "@releaseDomain";

export class Life {
	protected readonly access: Access;
	protected readonly open: (domain: DomainRecord) => StoreConnection;

	constructor(access: Access, open: (domain: DomainRecord) => StoreConnection) {
		this.access = access;
		this.open = open;
	}

	/** The store as a daemon leaves it when it starts: a few nodes, and domain 0. */
	start(): void {
		const { access } = this;
		const record = access.domains.record(0);
		record.introduced = true;
		record.connection = this.open(record);
		const owned = [perm(0, 0)];
		const plant = (text: string, children: readonly string[], perms = owned) =>
			access.write(
				ITSELF,
				access.paths.of(text),
				{
					value: "",
					perms,
					children: children.map((child) => access.paths.of(child)),
					childLength: children.reduce(
						(sum, child) => sum + child.length - child.lastIndexOf("/"),
						0,
					),
				},
				false,
			);
		plant("/", ["/tool"]);
		plant("/tool", ["/tool/xenstored"]);
		plant("/tool/xenstored", []);
		record.nodes = 3;
		if (access.manners.specialNodes) {
			plant(RELEASE, [], [...owned, perm(DOMID_ANY, READ)]);
			plant(INTRODUCE, []);
			record.nodes = 5;
		} else
			for (const name of [RELEASE, INTRODUCE])
				access.special.set(access.paths.of(name), owned);
	}

	/** A domain's connection, if it has one that can be used. */
	connected(domid: number): StoreConnection | XsError {
		const record = this.access.domains.introduced(domid);
		if (record === undefined) return "ENOENT";
		return record.connection ?? "EINVAL";
	}

	introduce(domid: number): XsError | undefined {
		const { domains } = this.access;
		const known = domains.introduced(domid);
		if (known === undefined) {
			if (!domains.exists(domid)) {
				if (domains.get(domid) === undefined) this.forgetTraces(domid);
				return this.access.fail("EINVAL");
			}
			const record = domains.record(domid);
			record.introduced = true;
			record.shutdown = false;
			record.connection = this.open(record);
			this.tell(INTRODUCE, domid, "both");
		}
		const connection = domains.get(domid)?.connection;
		if (connection === undefined) return this.access.fail("EINVAL");
		this.access.reset(connection);
		connection.reset();
		return undefined;
	}

	/** XS_RELEASE. A domain that others act for only loses that. */
	release(connection: StoreConnection): void {
		if (connection.held) {
			connection.held = false;
			connection.releasing = true;
			if (this.access.manners.specialNodes)
				this.access.watches.removeAll(connection);
			return;
		}
		const [actor] = [...connection.actedForBy].slice(-1);
		if (actor === undefined) this.close(connection);
		else connection.actedForBy.delete(actor);
	}

	/** Look which domains have shut down or gone: VIRQ_DOM_EXC. */
	check(): void {
		const { domains, manners } = this.access;
		const stopped = manners.releasesDying ? this.scan() : this.poll();
		domains.changed.clear();
		if (stopped) this.tell(RELEASE, 0, "name");
	}

	/** The older daemon asks for the state of every domain it knows, the newest first. True when one has stopped and none has gone since. */
	protected scan(): boolean {
		const { access } = this;
		const { domains } = access;
		let stopped = false;
		for (const record of domains.all().reverse()) {
			const { domid } = record;
			// Another's end may have been its own.
			if (domains.get(domid) !== record) continue;
			const now = domains.now(domid);
			if (now === undefined && domains.isLast(domid)) access.fail("ESRCH");
			if (!record.introduced) {
				if (now === undefined) this.forget(record);
				continue;
			}
			if (now?.state === "shutdown" && !record.shutdown) {
				record.shutdown = true;
				stopped = true;
			}
			if (now !== undefined && now.state !== "dying") continue;
			if (this.drop(record)) stopped = false;
		}
		return stopped;
	}

	/** The newer daemon is told which domains have changed, and looks whether it is still the life it knows. */
	protected poll(): boolean {
		const { domains } = this.access;
		let stopped = false;
		const changed = [...domains.changed].sort(([a], [b]) => a - b);
		for (const [domid, ended] of changed) {
			const now = domains.now(domid);
			const reports = [
				...(ended === 0 ? [] : [{ life: ended, state: "dead" }]),
				...(now === undefined ? [] : [now]),
			];
			for (const { life, state } of reports) {
				const record = domains.get(domid);
				if (record === undefined) continue;
				if (record.life === 0) record.life = life;
				const same = record.life === life;
				if (!record.introduced) {
					if (!same) this.forget(record);
					continue;
				}
				if (same && state === "shutdown" && !record.shutdown) {
					record.shutdown = true;
					stopped = true;
					this.tell(RELEASE, domid, "domain");
				}
				if (same && state !== "dead") continue;
				if (this.drop(record)) stopped = false;
			}
		}
		return stopped;
	}

	/** Let go of a domain's connection; it stays while others act for the domain. */
	protected drop(record: DomainRecord): boolean {
		const { connection } = record;
		if (connection === undefined) return false;
		record.connection = undefined;
		if (connection.actedForBy.size === 0) this.close(connection);
		return true;
	}

	/** A domain known only from a permission. */
	protected forget(record: DomainRecord): void {
		this.forgetTraces(record.domid);
		this.access.domains.forget(record.domid);
	}

	/** A connection ends, and with a ring its domain. */
	close(connection: StoreConnection): void {
		if (connection.closed) return;
		const { access } = this;
		connection.closed = true;
		access.reset(connection);
		connection.reset();
		for (const other of access.connections)
			if (other.actedForBy.delete(connection) && orphan(other))
				this.close(other);
		access.connections.splice(access.connections.indexOf(connection), 1);
		const { domain } = connection;
		if (domain === undefined) return;
		this.forgetTraces(domain.domid);
		access.domains.forget(domain.domid);
		this.tell(RELEASE, domain.domid, "both");
	}

	/** Remove what a domain owns, and its rights. */
	protected forgetTraces(domid: number): void {
		const { access } = this;
		removeOwned(access, domid, access.manners.strikesPermissions);
		for (const [path, perms] of access.special)
			access.special.set(path, without(perms, domid));
		if (!access.manners.strikesPermissions) return;
		for (const name of [RELEASE, INTRODUCE]) {
			const path = access.paths.of(name);
			const node = access.tree.get(path);
			if (node?.perms.some((entry) => entry.domid === domid))
				access.tree.set(path, { ...node, perms: without(node.perms, domid) });
		}
	}

	/** Fire a special name: itself, its form with the domain's number, or both. Only the newer daemon has the latter. */
	protected tell(
		name: string,
		domid: number,
		form: "name" | "domain" | "both",
	) {
		const { access } = this;
		const path = access.paths.of(name);
		if (!access.manners.specialNodes) {
			access.fireSpecial(path);
			return;
		}
		const node = access.tree.get(path);
		if (form !== "domain") access.fireNow(path, node, "nodepth");
		if (form !== "name")
			access.fireNow(access.paths.of(`${name}/${domid}`), node, "depth");
	}
}

/** A ring whose domain is gone, kept only by those that acted for it. */
const orphan = ({ actedForBy, domain }: StoreConnection): boolean =>
	actedForBy.size === 0 && domain?.connection === undefined;
