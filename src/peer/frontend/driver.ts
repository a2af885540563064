/**
 * The driver: what all its devices share. Its parts are classes, so that a wrong implementation is this one with a single method
 * overridden.
 */
import type { ErrnoName } from "../../base/errno.ts";
import { ask, type Turns } from "../../xen/call.ts";
import type { OperationResult, PeerContext } from "../peer.ts";
import type { Buffers } from "./buffers.ts";
import type { Connection } from "./connection.ts";
import type { Device } from "./device.ts";
import type { Edids } from "./edids.ts";
import type { Events } from "./events.ts";
import type { Pages } from "./pages.ts";
import type { Quarantine } from "./quarantine.ts";
import type { Requests } from "./requests.ts";
import type { Screens } from "./screens.ts";
import { failed } from "./status.ts";
import type { Xenbus } from "./xenbus.ts";

/** The classes that a driver is made of. */
export interface Parts {
	Buffers: typeof Buffers;
	Connection: typeof Connection;
	Device: typeof Device;
	Edids: typeof Edids;
	Events: typeof Events;
	Pages: typeof Pages;
	Quarantine: typeof Quarantine;
	Requests: typeof Requests;
	Screens: typeof Screens;
	Xenbus: typeof Xenbus;
}

export class Driver {
	readonly context: PeerContext;
	readonly parts: Parts;
	readonly pages: Pages;
	readonly quarantine: Quarantine;
	readonly devices = new Map<number, Device>();
	protected lastId = 0;
	protected lastCookie = 0;

	constructor(context: PeerContext, parts: Parts) {
		this.context = context;
		this.parts = parts;
		this.pages = new parts.Pages(this);
		this.quarantine = new parts.Quarantine(this);
	}

	/** A number for a lock or a completion. */
	fresh(): number {
		this.lastId += 1;
		return this.lastId;
	}

	/** Never 0, and never twice in this guest, so that a late answer cannot be taken for another's. The high half is in use as with addresses. */
	cookie(): bigint {
		this.lastCookie += 1;
		return (BigInt(this.context.domid) << 32n) | BigInt(this.lastCookie << 4);
	}

	*bind(dev: number): Turns<OperationResult> {
		if (this.devices.has(dev)) return refused("EEXIST");
		const device = new this.parts.Device(this, dev);
		this.devices.set(dev, device);
		const status = yield* device.probe();
		if (status < 0) this.devices.delete(dev);
		return { status };
	}

	*unbind(dev: number): Turns<OperationResult> {
		const device = this.devices.get(dev);
		if (device === undefined) return refused("ENODEV");
		return { status: yield* device.remove() };
	}

	/** Let an operation use a device: it is not taken down before the operation has left. */
	*use(
		dev: number,
		operation: (device: Device) => Turns<OperationResult>,
	): Turns<OperationResult> {
		const device = this.devices.get(dev);
		if (device === undefined) return refused("ENODEV");
		device.enter();
		const result = yield* operation(device);
		yield* device.leave();
		return result;
	}
}

export const refused = (name: ErrnoName): OperationResult => ({
	status: failed(name),
});

/** Wait for a completion. True when it came in time. */
export function* waitFor(completion: number, timeout: number): Turns<boolean> {
	const { status } = yield* ask("wait", {
		ports: [],
		token: "",
		completion,
		display: false,
		timeout,
		why: "answer",
	});
	return status >= 0;
}
