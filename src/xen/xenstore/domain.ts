/**
 * What the store knows of domains: which exist, since when, and how much each has.
 *
 * A domain's generation is the store's at the moment it was first heard of. A permission entry written before that was meant for an
 * earlier domain of the same number and does nothing.
 */

import type { StoreConnection } from "./connection.ts";
import { type DaemonManners, QUOTA_DEFAULTS, type Quota } from "./manners.ts";
import { DOMID_ANY, type Perm, type Perms } from "./perms.ts";

export type LifeState = "running" | "shutdown" | "dying";

export interface DomainRecord {
	readonly domid: number;
	readonly generation: number;
	/** Which life of the number it is; 0 when it was never asked for. */
	life: number;
	/** XS_INTRODUCE was seen: it has a ring. */
	introduced: boolean;
	/** That it has shut down was noticed. */
	shutdown: boolean;
	connection: StoreConnection | undefined;
	/** Nodes it owns. */
	nodes: number;
	features: number;
	readonly quotas: Record<Quota, number>;
}

export class Domains {
	protected readonly manners: DaemonManners;
	/** In order of first mention. */
	protected readonly records = new Map<number, DomainRecord>();
	/** The hypervisor's view. */
	protected readonly existing = new Map<
		number,
		{ life: number; state: LifeState }
	>();
	/** Changes that the daemon was not yet told of, by domain: the life that ended, if one did. */
	readonly changed = new Map<number, number>();
	protected lives = 0;
	readonly quotas: Record<Quota, number> = { ...QUOTA_DEFAULTS };
	protected readonly generation: () => number;

	constructor(manners: DaemonManners, generation: () => number) {
		this.manners = manners;
		this.generation = generation;
		this.create(0);
		this.changed.clear();
	}

	create(domid: number): void {
		this.existing.set(domid, { life: ++this.lives, state: "running" });
		this.changed.set(domid, this.changed.get(domid) ?? 0);
	}

	setState(domid: number, state: LifeState): void {
		const now = this.existing.get(domid);
		if (now === undefined || now.state === state) return;
		now.state = state;
		this.changed.set(domid, this.changed.get(domid) ?? 0);
	}

	destroy(domid: number): void {
		const now = this.existing.get(domid);
		if (now === undefined) return;
		this.existing.delete(domid);
		this.changed.set(domid, now.life);
	}

	exists(domid: number): boolean {
		return this.existing.has(domid);
	}

	/** Whether no domain has a higher number: only then does asking the hypervisor for one that is gone fail with an errno. */
	isLast(domid: number): boolean {
		for (const other of this.existing.keys()) if (other > domid) return false;
		return true;
	}

	now(domid: number): { life: number; state: LifeState } | undefined {
		return this.existing.get(domid);
	}

	get(domid: number): DomainRecord | undefined {
		return this.records.get(domid);
	}

	introduced(domid: number): DomainRecord | undefined {
		const record = this.records.get(domid);
		return record?.introduced === true ? record : undefined;
	}

	all(): DomainRecord[] {
		return [...this.records.values()];
	}

	/** The record of a domain, made when this is the first that is heard of it. */
	record(domid: number): DomainRecord {
		const known = this.records.get(domid);
		if (known !== undefined) return known;
		const made: DomainRecord = {
			domid,
			generation: this.generation(),
			life: this.existing.get(domid)?.life ?? 0,
			introduced: false,
			shutdown: false,
			connection: undefined,
			nodes: 0,
			features: this.manners.features,
			quotas: { ...this.quotas },
		};
		this.records.set(domid, made);
		return made;
	}

	/** The record of a domain if it exists or is known. */
	recordOfExisting(domid: number): DomainRecord | undefined {
		const known = this.records.get(domid);
		if (known === undefined)
			return this.exists(domid) ? this.record(domid) : undefined;
		if (known.life === 0) known.life = this.existing.get(domid)?.life ?? 0;
		return known;
	}

	forget(domid: number): void {
		this.records.delete(domid);
	}

	addNodes(domid: number, count: number): void {
		const record = this.recordOfExisting(domid);
		if (record !== undefined) record.nodes = Math.max(0, record.nodes + count);
	}

	/** Whether `count` of a thing is too much for who asks over this connection. */
	exceeds(
		connection: StoreConnection | undefined,
		what: keyof DaemonManners["slack"],
		count: number,
	): boolean {
		if (
			connection === undefined ||
			(connection.privileged &&
				!(what === "pathMax" && this.manners.pathLimitForAll))
		)
			return false;
		const quota = this.quotaOf(connection.domain, what);
		return quota !== 0 && count + this.manners.slack[what] >= quota;
	}

	/** Whether a transaction may change a domain's number of nodes by `count`. */
	nodesExceed(record: DomainRecord, count: number): boolean {
		if (record.domid === 0 || (count < 0 && !this.manners.countsAtOnce))
			return false;
		const quota = this.quotaOf(record, "nodes");
		return quota !== 0 && record.nodes + count >= quota;
	}

	/** A quota set for the domain itself goes before the common one; the older daemon has only the latter. */
	quotaOf(record: DomainRecord | undefined, what: Quota): number {
		return this.manners.types > 23 && record !== undefined
			? record.quotas[what]
			: this.quotas[what];
	}

	/** The list as it works now for a node of this generation: entries of domains that are gone, or came later, are ignored. */
	living(perms: Perms, generation: number): Perms {
		for (let i = 1; i < perms.length; i++)
			if (this.stale(perms[i] as Perm, generation))
				return perms.map((entry, at) =>
					at > 0 && this.stale(entry, generation)
						? { ...entry, ignored: true }
						: entry,
				);
		return perms;
	}

	protected stale(entry: Perm, generation: number): boolean {
		if (
			entry.ignored ||
			(this.manners.specialNodes && entry.domid === DOMID_ANY)
		)
			return false;
		const record = this.records.get(entry.domid);
		return record === undefined || record.generation > generation;
	}

	/** A list as a client gave it: domains become known by being named, entries of those that do not exist are ignored. */
	named(perms: Perms, inVain: () => void): Perms {
		return perms.map((entry) => {
			if (this.manners.specialNodes && entry.domid === DOMID_ANY) return entry;
			if (this.recordOfExisting(entry.domid) !== undefined) return entry;
			if (this.isLast(entry.domid)) inVain();
			return { ...entry, ignored: true };
		});
	}
}
