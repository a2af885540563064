/**
 * One connection with the backend: for each connector a request ring and an event page with their grants, ports and interrupts, made afresh
 * each time the backend is ready and taken back when it has let go.
 */
import { ask, type Turns } from "../../xen/call.ts";
import { sharedRingInit } from "../../xen/ring.ts";
import type { Config } from "./config.ts";
import type { Device } from "./device.ts";
import type { Driver } from "./driver.ts";
import type { Events } from "./events.ts";
import { type Lent, nothingLent } from "./pages.ts";
import type { Orphan, Pending, Requests } from "./requests.ts";
import type { Node } from "./xenbus.ts";

/** A shared page with its event channel, and the task that is its interrupt. */
interface Channel {
	readonly connector: number;
	readonly kind: "req" | "evt";
	readonly page: Lent;
	/** 0 before it is allocated. */
	port: number;
	/** Completion that ends the interrupt. */
	readonly stop: number;
	/** The interrupt's task, 0 before it was started. */
	task: number;
	running: boolean;
}

/** How long the end of an interrupt is waited for; it only has its present work to finish. */
const INTERRUPT_MS = 1000;

export class Connection {
	readonly driver: Driver;
	readonly device: Device;
	readonly config: Config;
	readonly backendId: number;
	protected readonly channels: Channel[] = [];
	protected readonly rings: Requests[] = [];
	protected readonly pages: Events[] = [];
	/** Driver objects of the connectors. */
	protected objects: number[] = [];
	/** What waits for a late answer or for the end. */
	protected readonly orphans = new Set<Orphan>();
	/** Whether the backend had let go, once the connection is over. */
	protected over: { letGo: boolean } | undefined;
	protected ended = false;

	constructor(device: Device, config: Config) {
		this.driver = device.driver;
		this.device = device;
		this.config = config;
		this.backendId = device.xenbus.backendId;
	}

	requests(connector: number): Requests {
		return this.rings[connector] as Requests;
	}

	/** Pages, grants and ports of all connectors. After a failure `close` takes back what there is. */
	*open(): Turns<number> {
		for (const connector of this.config.connectors.keys())
			for (const kind of ["req", "evt"] as const) {
				const status = yield* this.openChannel(connector, kind);
				if (status < 0) return status;
			}
		return 0;
	}

	protected *openChannel(
		connector: number,
		kind: Channel["kind"],
	): Turns<number> {
		const { driver } = this;
		const channel: Channel = {
			connector,
			kind,
			page: nothingLent(),
			port: 0,
			stop: driver.fresh(),
			task: 0,
			running: false,
		};
		// Listed before anything is had, so that a failure half-way leaves nothing out.
		this.channels.push(channel);
		let status = yield* driver.pages.allocatePages(channel.page, 1);
		if (status < 0) return status;
		const gfn = channel.page.gfns[0] as number;
		if (kind === "req") yield* sharedRingInit(gfn);
		status = yield* driver.pages.claimReferences(channel.page);
		if (status >= 0)
			status = yield* driver.pages.grantPages(
				channel.page,
				this.backendId,
				false,
			);
		if (status < 0) return status;
		const allocated = yield* ask("evtchn.alloc-unbound", {
			remote: this.backendId,
		});
		if (allocated.status < 0) return allocated.status;
		channel.port = allocated.port;
		if (kind === "req")
			this.rings.push(new driver.parts.Requests(this, gfn, channel.port));
		else this.pages.push(new driver.parts.Events(this, connector, gfn));
		return 0;
	}

	/** What the backend needs to know, below F. */
	nodes(): Node[] {
		return this.channels.flatMap(({ connector, kind, page, port }) => [
			{ path: `${connector}/${kind}-ring-ref`, value: page.refs[0] ?? 0 },
			{ path: `${connector}/${kind}-event-channel`, value: port },
		]);
	}

	/** The backend is Connected: displays come to life, interrupts run. */
	*start(): Turns<number> {
		for (const index of this.config.connectors.keys()) {
			const name = `${this.device.xenbus.dev}/${index}`;
			const { status, object } = yield* ask("object.make", {
				kind: "connector",
				name,
			});
			if (status < 0) return status;
			this.objects.push(object);
		}
		for (const channel of this.channels) {
			channel.running = true;
			const name = `vdispl/${this.device.xenbus.dev}/${channel.connector}/${channel.kind}`;
			channel.task = yield* this.driver.context.start(name, () =>
				this.interrupt(channel),
			);
		}
		return 0;
	}

	/** Look for work after each notification. A peer whose index is out of bounds is not listened to any more. */
	protected *interrupt(channel: Channel): Turns {
		const { connector, kind } = channel;
		const source =
			kind === "req"
				? this.requests(connector)
				: (this.pages[connector] as Events);
		while (!this.ended) {
			const { cause } = yield* ask("wait", {
				ports: [channel.port],
				token: "",
				completion: channel.stop,
				display: false,
				timeout: 0,
				why: "work",
			});
			if (cause === "completion") break;
			if (this.ended || (yield* source.receive())) continue;
			yield* this.device.breakDown(
				`${kind} index of connector ${connector} out of bounds`,
			);
			break;
		}
		channel.running = false;
	}

	/** No request is sent from now on, and who waits for an answer is let go without. */
	*stop(): Turns {
		for (const ring of this.rings) yield* ring.stop();
	}

	/** Keep what an unanswered request still needs. */
	*adopt(pending: Pending, orphan: Orphan): Turns {
		pending.orphan = orphan;
		yield* this.keep(orphan);
	}

	/** Keep something until the end of the connection. */
	*keep(orphan: Orphan): Turns {
		this.orphans.add(orphan);
		if (this.over === undefined) return;
		this.orphans.delete(orphan);
		yield* orphan.release(this.over.letGo);
	}

	/** The answer that an orphan waited for has come, in an interrupt; what follows may have to wait again, so a task of its own does it. */
	*settle(orphan: Orphan, status: number): Turns {
		if (this.orphans.delete(orphan))
			yield* this.device.spawn("late answer", () => orphan.late(status));
	}

	/** Give back all that the connection was made of. `letGo`: the backend is known to have released its side. */
	*close(letGo: boolean): Turns {
		yield* this.endInterrupts();
		this.over = { letGo };
		for (const orphan of [...this.orphans]) {
			this.orphans.delete(orphan);
			yield* orphan.release(letGo);
		}
		for (const { port, page } of this.channels) {
			if (port !== 0) yield* ask("evtchn.close", { port });
			if (letGo) yield* this.driver.pages.takeBack(page);
			else yield* this.driver.pages.surrender(page);
		}
		this.channels.length = 0;
		for (const object of this.objects) yield* ask("object.drop", { object });
		this.objects = [];
	}

	protected *endInterrupts(): Turns {
		this.ended = true;
		for (const { running, stop, task } of this.channels) {
			if (task === 0) continue;
			if (running) yield* ask("completion.complete", { completion: stop });
			yield* ask("task.join", { task, timeout: INTERRUPT_MS });
		}
	}
}
