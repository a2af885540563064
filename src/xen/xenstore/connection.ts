import type { Asker } from "./access.ts";
import type { DomainRecord } from "./domain.ts";
import type { Transaction } from "./transaction.ts";
import type { Watch } from "./watch.ts";

export interface WatchEvent {
	/** The changed path as the watcher wrote it: relative for a relative watch. */
	path: string;
	token: string;
}

/** A way to ask the store: a socket client, which has domain 0's rights, or a domain's ring. */
export class StoreConnection {
	readonly id: number;
	/** Whose rights it has. */
	readonly domid: number;
	/** The domain whose ring this is; undefined for a socket client. */
	readonly domain: DomainRecord | undefined;
	/** Where its relative paths count from. */
	readonly home: string;
	/** Privileged connections may do everything and have no quotas. */
	readonly privileged: boolean;
	readonly watches: Watch[] = [];
	readonly transactions = new Map<number, Transaction>();
	nextTransaction = 1;
	/** Events not yet taken, oldest first. */
	readonly events: WatchEvent[] = [];
	/** Events ever queued, and resets ever made by XS_INTRODUCE: what a codec in front compares to know that something is new. */
	eventsQueued = 0;
	resets = 0;
	/** The domain it may act for, and those that may act for this one (XS_SET_TARGET). */
	target: StoreConnection | undefined;
	readonly actedForBy = new Set<StoreConnection>();
	/** Broke the wire protocol: nothing is read from it or sent to it any more. */
	ignored = false;
	closed = false;
	/** The server has it in hand: a release waits until its turn has come. */
	held = false;
	releasing = false;
	/** This connection outside of any transaction. */
	readonly outside: Asker;
	/** Relative paths seen before. */
	readonly relative = new Map<string, number>();

	constructor(id: number, domain: DomainRecord | undefined) {
		this.id = id;
		this.domain = domain;
		this.domid = domain?.domid ?? 0;
		this.home = `/local/domain/${this.domid}`;
		this.privileged = this.domid === 0;
		this.outside = { connection: this, tx: undefined };
	}

	/** The next number that no open transaction has. */
	freeTransaction(): number {
		for (;;) {
			const id = this.nextTransaction;
			this.nextTransaction = (id + 1) >>> 0;
			if (id !== 0 && !this.transactions.has(id)) return id;
		}
	}

	/** Forget what is queued. */
	reset(): void {
		this.events.length = 0;
		this.resets++;
	}
}
