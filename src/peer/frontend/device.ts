/**
 * One display device: its life along the bus states ("State diagrams" of displif.h), played by one task, the watch on the backend's state.
 */
import {
	XenbusStateClosed,
	XenbusStateClosing,
	XenbusStateConnected,
	XenbusStateInitialised,
	XenbusStateInitialising,
	XenbusStateInitWait,
	XenbusStateReconfiguring,
	XenbusStateUnknown,
} from "../../xen/abi/xenbus.ts";
import { ask, type Turns } from "../../xen/call.ts";
import type { Buffers } from "./buffers.ts";
import {
	type Config,
	isUnusable,
	readConfig,
	type Unusable,
} from "./config.ts";
import type { Connection } from "./connection.ts";
import { type Driver, waitFor } from "./driver.ts";
import type { Edids } from "./edids.ts";
import type { Screens } from "./screens.ts";
import { ENOENT, ETIMEDOUT, failed } from "./status.ts";
import { UNREADABLE, type Xenbus } from "./xenbus.ts";

/** How long a closing backend is waited for: 10 s, looked at every 100 ms or when the watch fires. */
const LET_GO_LOOKS = 100;
const LET_GO_MS = 100;
/** How long a backend may still stand in InitWait after it has written its state anew, before that is taken for a failed handshake. */
const HANDSHAKE_MS = 1000;
/** Until a backend's state that could not be read is looked at again. */
const LOOK_AGAIN_MS = 1000;
/** Operations that were let go have only their own things to give back. */
const DRAIN_MS = 5000;
/** The watch task ends by itself within the limits above; this is for one that is held up. */
const REMOVE_MS = 60_000;

export class Device {
	readonly driver: Driver;
	readonly xenbus: Xenbus;
	readonly buffers: Buffers;
	readonly screens: Screens;
	readonly edids: Edids;
	/** Our bus state, as last written. */
	protected state = XenbusStateInitialising;
	/** What is shared with the backend, from before Initialised until it has let go. */
	connection: Connection | undefined;
	/** The connection while requests may be sent. */
	live: Connection | undefined;
	/** Wakes the watch task beside the watch. */
	protected readonly kick: number;
	protected readonly drained: number;
	protected draining = false;
	/** Operations that are in the device. */
	protected users = 0;
	protected broken: string | undefined;
	protected removing = false;
	protected removed = 0;
	protected task = 0;
	/** When a handshake counts as failed: milliseconds, 0 for no doubt. */
	protected patience = 0;

	constructor(driver: Driver, dev: number) {
		const { parts } = driver;
		this.driver = driver;
		this.xenbus = new parts.Xenbus(driver, dev);
		this.buffers = new parts.Buffers(this);
		this.screens = new parts.Screens(this);
		this.edids = new parts.Edids(this);
		this.kick = driver.fresh();
		this.drained = driver.fresh();
	}

	/** The bus binds the driver: find the backend and watch it. What an earlier driver left as its state is taken back, else nothing is written. */
	*probe(): Turns<number> {
		let status = yield* this.xenbus.findBackend();
		if (status < 0) return status === ENOENT ? failed("ENODEV") : status;
		status = yield* this.switchState(XenbusStateInitialising);
		if (status < 0) return status;
		status = yield* this.xenbus.watchBackend();
		if (status < 0) return status;
		this.task = yield* this.driver.context.start(this.name(""), () =>
			this.watchTask(),
		);
		return 0;
	}

	/** The bus takes the driver off. 0, or -ETIMEDOUT when the backend did not let go in time. */
	*remove(): Turns<number> {
		if (this.removing || this.task === 0) return failed("EBUSY");
		this.removing = true;
		yield* this.wake();
		const { status } = yield* ask("task.join", {
			task: this.task,
			timeout: REMOVE_MS,
		});
		return status < 0 ? status : this.removed;
	}

	// ---- Operations in the device.

	enter(): void {
		this.users += 1;
	}

	*leave(): Turns {
		this.users -= 1;
		if (this.users > 0) return;
		if (this.draining)
			yield* ask("completion.complete", { completion: this.drained });
		else if (this.state === XenbusStateReconfiguring && !this.inUse())
			yield* this.wake();
	}

	/** Start a task that uses the device. */
	*spawn(name: string, body: () => Turns): Turns {
		const device = this;
		this.enter();
		yield* this.driver.context.start(this.name(`/${name}`), function* () {
			yield* body();
			yield* device.leave();
		});
	}

	/** Clients still hold something of the device. */
	protected inUse(): boolean {
		return this.buffers.gems.size > 0 || this.screens.framebuffers.size > 0;
	}

	/** An interrupt has found the backend out of its mind: the watch task closes the device. */
	*breakDown(message: string): Turns {
		this.broken ??= message;
		yield* this.wake();
	}

	protected *wake(): Turns {
		yield* ask("completion.complete", { completion: this.kick });
	}

	protected name(suffix: string): string {
		return `vdispl/${this.xenbus.dev}${suffix}`;
	}

	// ---- The watch task.

	protected *watchTask(): Turns {
		while (!this.removing) {
			const { status } = yield* this.awaitChange(this.patience, "work");
			if (this.removing) break;
			if (this.broken !== undefined) {
				const message = this.broken;
				this.broken = undefined;
				if (this.connection !== undefined)
					yield* this.fail(failed("EIO"), message);
				continue;
			}
			if (this.state === XenbusStateReconfiguring && !this.inUse())
				yield* this.switchState(XenbusStateInitialising);
			yield* this.backendChanged(
				yield* this.xenbus.backendState(),
				status === ETIMEDOUT,
			);
		}
		this.removed = yield* this.shutDown();
		this.driver.devices.delete(this.xenbus.dev);
	}

	protected *awaitChange(timeout: number, why: "work" | "answer") {
		return yield* ask("wait", {
			ports: [],
			token: this.xenbus.token,
			completion: this.kick,
			display: false,
			timeout,
			why,
		});
	}

	/** What the backend's state means in ours. Events may be merged, doubled or late, so only the states count. */
	protected *backendChanged(backend: number, late: boolean): Turns {
		const doubt = this.patience;
		this.patience = 0;
		switch (backend) {
			case XenbusStateUnknown:
			case XenbusStateInitialising:
			case XenbusStateClosed:
				yield* this.disconnect();
				return;
			case XenbusStateInitWait:
				if (this.state === XenbusStateInitialised && !late) {
					// It has written its state since we went to Initialised: the handshake has failed, or the watch has fired without cause. Time will tell.
					this.patience = HANDSHAKE_MS;
					return;
				}
				yield* this.disconnect();
				if (this.state === XenbusStateInitialising) yield* this.connect();
				return;
			case XenbusStateConnected:
				if (this.state === XenbusStateInitialised) yield* this.connected();
				return;
			case XenbusStateClosing:
				if (this.connection !== undefined) yield* this.stopUsing();
				return;
			case UNREADABLE:
				this.patience = LOOK_AGAIN_MS;
				return;
			default:
				this.patience = doubt;
		}
	}

	/** The backend is ready: read the configuration, make the transport, publish it, go to Initialised. */
	protected *connect(): Turns {
		const { xenbus } = this;
		const config = yield* this.readConfig();
		if (isUnusable(config))
			return yield* this.fail(config.status, config.message);
		const connection = new this.driver.parts.Connection(this, config);
		this.connection = connection;
		let status = yield* connection.open();
		if (status < 0) return yield* this.fail(status, "making the transport");
		status = yield* xenbus.publish(config.version, connection.nodes());
		// The toolstack is removing the device: there is nothing left to tell it.
		if (status === ENOENT) return yield* this.tearDown(true);
		if (status < 0) return yield* this.fail(status, "publishing the transport");
		status = yield* xenbus.offer(XenbusStateInitialised);
		if (status >= 0) {
			this.state = XenbusStateInitialised;
			return;
		}
		if (status !== failed("ENOTCONN"))
			return yield* this.fail(status, "going to Initialised");
		// The backend has moved on meanwhile; its watch event is in the queue, or has been taken.
		yield* this.tearDown(true);
		yield* this.wake();
	}

	/** What stands in the store now: a new connection may have another configuration. */
	protected *readConfig(): Turns<Config | Unusable> {
		return yield* readConfig(this.xenbus.front, this.xenbus.back);
	}

	/** The backend is Connected: the displays come to life. */
	protected *connected(): Turns {
		const connection = this.connection as Connection;
		let status = yield* connection.start();
		if (status >= 0) status = yield* this.switchState(XenbusStateConnected);
		if (status < 0) return yield* this.fail(status, "going to Connected");
		this.live = connection;
	}

	/** The backend is closing, or we are: no more requests, nobody waits, and its pages are unmapped, for it cannot end before. */
	protected *stopUsing(): Turns {
		const { connection } = this;
		this.live = undefined;
		if (connection === undefined) return;
		yield* connection.stop();
		yield* this.screens.wakeAll();
		yield* this.drain();
		yield* this.buffers.unmapAll();
	}

	/** Wait until the operations that were let go have left. */
	protected *drain(): Turns {
		if (this.users === 0) return;
		this.draining = true;
		while (this.users > 0) if (!(yield* waitFor(this.drained, DRAIN_MS))) break;
		this.draining = false;
	}

	/** The backend has let go: be ready for a new one, or wait in Reconfiguring for the clients that still hold something. */
	protected *disconnect(): Turns {
		const { connection } = this;
		if (connection === undefined) return;
		yield* this.stopUsing();
		const next = this.inUse()
			? XenbusStateReconfiguring
			: XenbusStateInitialising;
		// State and nodes in one step: the backend must not bind what is about to go.
		yield* this.xenbus.retract(connection.nodes(), next);
		this.state = next;
		yield* this.release(true);
	}

	/** Take everything of the connection back, the published nodes too. The state is the caller's affair. */
	protected *tearDown(letGo: boolean): Turns {
		const { connection } = this;
		if (connection === undefined) return;
		yield* this.stopUsing();
		yield* this.xenbus.retract(connection.nodes());
		yield* this.release(letGo);
	}

	protected *release(letGo: boolean): Turns {
		const connection = this.connection as Connection;
		this.connection = undefined;
		yield* connection.close(letGo);
		this.broken = undefined;
		this.screens.cutOff();
		yield* this.buffers.cutOff(letGo);
		if (letGo) yield* this.driver.quarantine.tryNow();
	}

	/** xenbus_dev_fatal: say why, close in order, stay Closed until the bus takes the driver off. */
	protected *fail(status: number, message: string): Turns {
		yield* this.xenbus.reportError(status, message);
		yield* this.close();
	}

	/** Closing, wait for the backend, give everything back, Closed. False when the backend did not let go in time. */
	protected *close(): Turns<boolean> {
		const shared =
			this.state === XenbusStateInitialised ||
			this.state === XenbusStateConnected;
		yield* this.stopUsing();
		if (this.state !== XenbusStateClosed)
			yield* this.switchState(XenbusStateClosing);
		const letGo = !shared || (yield* this.awaitLetGo());
		yield* this.tearDown(letGo);
		yield* this.switchState(XenbusStateClosed);
		return letGo;
	}

	/** Closed, InitWait, Initialising and a node that is gone all say that the backend holds nothing of us any more. What it passes through before does not. */
	protected *awaitLetGo(): Turns<boolean> {
		for (let look = 0; look < LET_GO_LOOKS; look++) {
			if (this.hasLetGo(yield* this.xenbus.backendState())) return true;
			yield* this.awaitChange(LET_GO_MS, "answer");
		}
		return this.hasLetGo(yield* this.xenbus.backendState());
	}

	protected hasLetGo(backend: number): boolean {
		return (
			backend === XenbusStateClosed ||
			backend === XenbusStateInitWait ||
			backend === XenbusStateInitialising ||
			backend === XenbusStateUnknown
		);
	}

	/** The driver is taken off: from every state to Closed, with nothing left. */
	protected *shutDown(): Turns<number> {
		const letGo = yield* this.close();
		yield* this.screens.closeAll();
		yield* this.buffers.closeAll();
		yield* this.xenbus.unwatchBackend();
		return letGo ? 0 : ETIMEDOUT;
	}

	protected *switchState(next: number): Turns<number> {
		const status = yield* this.xenbus.switchState(next);
		this.state = next;
		return status;
	}
}
