import type { Asker } from "./access.ts";
import type { StoreConnection } from "./connection.ts";
import type { Perms } from "./perms.ts";
import type { Node } from "./tree.ts";
import type { Match } from "./watch.ts";

/** A node that a transaction has touched. */
export interface Accessed {
	/** Its generation when it was first touched, -1 when it did not exist: what must still hold at the end. */
	readonly generation: number;
	/** Its permissions then. */
	readonly perms: Perms | undefined;
	/** As the transaction sees it; undefined when it does not exist there. */
	node: Node | undefined;
	modified: boolean;
	/** The event to be sent at the commit. */
	fires: Match | undefined;
}

/** A request inside a transaction with its answer, kept when transactions are replayed. */
export interface Deed {
	again(asker: Asker): unknown;
	answer: string;
}

/** A transaction of one connection: docs/misc/xenstore.txt, TRANSACTION_START. */
export class Transaction {
	readonly id: number;
	readonly asker: Asker;
	/** In the order of first touch. */
	readonly accessed = new Map<number, Accessed>();
	/** How the number of nodes of each owner will change. */
	readonly nodes = new Map<number, number>();
	/** Made at least one node: then the node quota is looked at in the end. */
	creates = false;
	/** Hit a limit in the middle of something: cannot be committed. */
	failed = false;
	/** A node that it made could not be stored: the older daemon misses it when it cleans up. */
	phantom = false;
	readonly deeds: Deed[] = [];

	constructor(id: number, connection: StoreConnection) {
		this.id = id;
		this.asker = { connection, tx: this };
	}

	addNodes(domid: number, count: number): void {
		this.nodes.set(domid, (this.nodes.get(domid) ?? 0) + count);
	}
}
