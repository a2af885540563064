/** The bus: which devices there are below backend/vdispl, and the driver's life. One task for each device, so that none disturbs another. */
import { parseDecimal } from "../../displif/nodes.ts";
import { ask, type Turns } from "../../xen/call.ts";
import type { Device } from "./device.ts";
import { type Driver, JOIN, waitForWork } from "./driver.ts";

/** Below our home. */
const ROOT = "backend/vdispl";
const TOKEN = "bus";
/** Milliseconds until a watch that was refused is asked for again. */
const RETRY = 1000;

export class Bus {
	protected readonly driver: Driver;
	/** By `<frontend>/<device>`. */
	readonly devices = new Map<string, Device>();
	private readonly stopped: number;
	private readonly ended: number;
	private alive = false;

	constructor(driver: Driver) {
		this.driver = driver;
		this.stopped = driver.fresh();
		this.ended = driver.fresh();
	}

	/** The driver's first task. */
	*main(): Turns {
		const { context, displays, flips } = this.driver;
		this.alive = true;
		const helpers = [
			yield* context.start("displays", () => displays.watch()),
			yield* context.start("flips", () => flips.watch()),
		];
		while (!this.driver.stopping && !(yield* this.watch()))
			yield* waitForWork(this.stopped, RETRY);
		while (!this.driver.stopping) {
			const { cause, path } = yield* ask("wait", {
				ports: [],
				token: TOKEN,
				completion: this.stopped,
				display: false,
				timeout: 0,
				why: "work",
			});
			if (cause === "watch") yield* this.changed(path);
		}
		yield* this.closeAll();
		yield* displays.finish();
		yield* flips.finish();
		for (const task of helpers)
			yield* ask("task.join", { task, timeout: JOIN });
		yield* this.driver.quarantine.finish();
		yield* ask("xs.unwatch", { path: ROOT, token: TOKEN });
		this.alive = false;
		yield* ask("completion.complete", { completion: this.ended });
	}

	/** Close every device, give everything back; returns when `main` has. */
	*stop(): Turns {
		this.driver.stopping = true;
		if (!this.alive) return;
		yield* ask("completion.complete", { completion: this.stopped });
		yield* ask("wait", {
			ports: [],
			token: "",
			completion: this.ended,
			display: false,
			timeout: 2 * JOIN,
			why: "answer",
		});
	}

	private *watch(): Turns<boolean> {
		const { status } = yield* ask("xs.watch", { path: ROOT, token: TOKEN });
		return status >= 0;
	}

	/** A node at, above or below a device's directory. What it is now the device finds out for itself. */
	protected *changed(path: string): Turns {
		const match = /backend\/vdispl\/(\d+\/\d+)(?:\/|$)/.exec(path);
		const device = match && this.devices.get(match[1] as string);
		if (device) yield* device.poke();
		else yield* this.scan();
	}

	/** Start what is new, and let what may have gone look. */
	protected *scan(): Turns {
		const { driver } = this;
		const found = new Set<string>();
		for (const fe of yield* driver.xenbus.list(ROOT)) {
			if (parseDecimal(fe, 16) === undefined) continue;
			for (const dev of yield* driver.xenbus.list(`${ROOT}/${fe}`)) {
				if (parseDecimal(dev, 16) === undefined) continue;
				const name = `${fe}/${dev}`;
				found.add(name);
				if (!this.devices.has(name)) yield* this.begin(name);
			}
		}
		for (const [name, device] of [...this.devices])
			if (!found.has(name)) yield* device.poke();
	}

	private *begin(name: string): Turns {
		const device = new this.driver.parts.Device(this.driver, name);
		this.devices.set(name, device);
		device.task = yield* this.driver.context.start(`device ${name}`, () =>
			device.main(),
		);
	}

	private *closeAll(): Turns {
		const devices = [...this.devices.values()];
		for (const device of devices) yield* device.poke();
		for (const { task } of devices)
			yield* ask("task.join", { task, timeout: JOIN });
	}
}
