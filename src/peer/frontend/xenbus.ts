/**
 * A device's nodes in XenStore and the bus states, as drivers/xen/xenbus of Linux treats them.
 */
import { parseDecimal, parseState } from "../../displif/nodes.ts";
import {
	XenbusStateInitWait,
	XenbusStateUnknown,
} from "../../xen/abi/xenbus.ts";
import { ask, type Turns } from "../../xen/call.ts";
import { frontendPath } from "../toolstack.ts";
import type { Driver } from "./driver.ts";
import { EACCES, EAGAIN, ENOENT, failed } from "./status.ts";

/** A transaction that met a conflict is made anew so many times. */
const TRANSACTIONS = 100;
/** A state that could not be written for another reason is tried so many times. */
const STATE_WRITES = 3;
/** No bus state: a store that fails to answer says nothing of the backend, which may be well. */
export const UNREADABLE = -1;
/** The body of a transaction has found that there is nothing to write. */
const NOTHING = 1;

/** A node that the frontend publishes, below F. */
export interface Node {
	path: string;
	value: number;
}

export class Xenbus {
	protected readonly driver: Driver;
	readonly dev: number;
	/** F and B. */
	readonly front: string;
	back = "";
	backendId = 0;
	/** Watch events of this device alone: the token of device 1 is no beginning of that of device 10. */
	readonly token: string;
	protected readonly poll: number;

	constructor(driver: Driver, dev: number) {
		this.driver = driver;
		this.dev = dev;
		this.front = frontendPath(driver.context.domid, dev);
		this.token = `vdispl/${dev}/`;
		this.poll = driver.fresh();
	}

	/** Where the toolstack says that the backend is. */
	*findBackend(): Turns<number> {
		const back = yield* this.read(`${this.front}/backend`);
		if (back.status < 0) return back.status;
		const id = yield* this.read(`${this.front}/backend-id`);
		if (id.status < 0) return id.status;
		const domid = parseDecimal(id.value, 16);
		if (back.value === "" || domid === undefined) return failed("EINVAL");
		this.back = back.value;
		this.backendId = domid;
		return 0;
	}

	*watchBackend(): Turns<number> {
		const { status } = yield* ask("xs.watch", {
			path: `${this.back}/state`,
			token: this.token,
		});
		return status;
	}

	*unwatchBackend(): Turns {
		yield* ask("xs.unwatch", {
			path: `${this.back}/state`,
			token: this.token,
		});
	}

	*read(path: string, tx = 0): Turns<{ status: number; value: string }> {
		return yield* ask("xs.read", { tx, path });
	}

	/** Unknown for a node that is gone, or with all above it, which a guest may not see either; UNREADABLE when the store does not say. */
	*backendState(tx = 0): Turns<number> {
		const path = `${this.back}/state`;
		let { status, value } = yield* this.read(path, tx);
		if (status < 0 && status !== ENOENT && status !== EACCES)
			({ status, value } = yield* this.read(path, tx));
		if (status >= 0) return parseState(value) ?? XenbusStateUnknown;
		return status === ENOENT || status === EACCES
			? XenbusStateUnknown
			: UNREADABLE;
	}

	/** Change our own state. The node of a device that is being removed is not made again, and an equal value not written again. */
	*switchState(next: number): Turns<number> {
		let status = 0;
		for (let tries = 0; tries < STATE_WRITES; tries++) {
			status = yield* this.transact((tx) => this.writeState(tx, next));
			if (status >= 0) return status;
		}
		return status;
	}

	protected *writeState(tx: number, next: number): Turns<number> {
		const path = `${this.front}/state`;
		const { status, value } = yield* this.read(path, tx);
		if (status === ENOENT || status === EACCES) return NOTHING;
		if (status < 0) return status;
		if (value === String(next)) return NOTHING;
		return (yield* ask("xs.write", { tx, path, value: String(next) })).status;
	}

	/** All transport nodes and the version appear together, or none. */
	*publish(version: number, nodes: readonly Node[]): Turns<number> {
		const { front } = this;
		const offered = this.offered(version, nodes);
		return yield* this.transact(function* (tx) {
			const { status } = yield* ask("xs.read", { tx, path: `${front}/state` });
			if (status < 0) return status;
			for (const { path, value } of offered) {
				const written = yield* ask("xs.write", {
					tx,
					path: `${front}/${path}`,
					value: String(value),
				});
				if (written.status < 0) return written.status;
			}
			return 0;
		});
	}

	/** What is published: the version that was chosen, and the transport. */
	protected offered(version: number, nodes: readonly Node[]): Node[] {
		return [{ path: "version", value: version }, ...nodes];
	}

	/**
	 * Go to `next` only while the backend is still in InitWait; -ENOTCONN when it has moved on. Events of what it did before are taken out
	 * of the queue first: whatever the watch says from now on is news.
	 */
	*offer(next: number): Turns<number> {
		return yield* this.transact((tx) => this.writeOffer(tx, next));
	}

	protected *writeOffer(tx: number, next: number): Turns<number> {
		if ((yield* this.backendState(tx)) !== XenbusStateInitWait)
			return failed("ENOTCONN");
		yield* this.drainEvents();
		return yield* this.writeState(tx, next);
	}

	/** Take back what was published and, when `next` is given, leave the state that promises it, in one step. */
	*retract(nodes: readonly Node[], next?: number): Turns<number> {
		let status = 0;
		for (let tries = 0; tries < STATE_WRITES; tries++) {
			status = yield* this.transact((tx) =>
				this.writeRetraction(tx, nodes, next),
			);
			if (status >= 0) return status;
		}
		return status;
	}

	protected *writeRetraction(
		tx: number,
		nodes: readonly Node[],
		next: number | undefined,
	): Turns<number> {
		const { status } = yield* this.read(`${this.front}/state`, tx);
		if (status < 0)
			return status === ENOENT || status === EACCES ? NOTHING : status;
		for (const path of ["version", ...nodes.map((node) => node.path)]) {
			const removed = yield* ask("xs.rm", {
				tx,
				path: `${this.front}/${path}`,
			});
			if (removed.status < 0 && removed.status !== ENOENT)
				return removed.status;
		}
		if (next === undefined) return 0;
		return Math.min(yield* this.writeState(tx, next), 0);
	}

	/** xenbus_dev_fatal: the text that the administrator finds below error/. The state is the caller's affair. */
	*reportError(status: number, message: string): Turns {
		const value = `${-status} ${message}`;
		yield* ask("driver.note", { text: value });
		const home = this.front.slice(0, this.front.indexOf("/device/"));
		yield* ask("xs.write", {
			tx: 0,
			path: `${home}/error/device/vdispl/${this.dev}/error`,
			value,
		});
	}

	/** Take what the watch has queued, without waiting: the completion is there already, and a watch event goes before it. */
	protected *drainEvents(): Turns {
		yield* ask("completion.complete", { completion: this.poll });
		for (;;) {
			const { status, cause } = yield* ask("wait", {
				ports: [],
				token: this.token,
				completion: this.poll,
				display: false,
				timeout: 1000,
				why: "answer",
			});
			if (status < 0 || cause !== "watch") return;
		}
	}

	/** Run a body in a transaction until it commits without conflict. A negative status of the body, or NOTHING, drops it. */
	protected *transact(body: (tx: number) => Turns<number>): Turns<number> {
		for (let tries = 0; tries < TRANSACTIONS; tries++) {
			const { status, tx } = yield* ask("xs.transaction-start", {});
			if (status < 0) return status;
			const wrote = yield* body(tx);
			const commit = wrote === 0;
			const end = yield* ask("xs.transaction-end", { tx, commit });
			if (!commit) return Math.min(wrote, 0);
			if (end.status !== EAGAIN) return end.status;
		}
		return EAGAIN;
	}
}
