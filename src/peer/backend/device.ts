/**
 * One device: the bus state of B against that of F. Everything is decided from what the store says now, so that it does not matter which watch
 * events came, twice, late or merged.
 */
import { parseDecimal, parseState } from "../../displif/nodes.ts";
import {
	XenbusStateClosed,
	XenbusStateClosing,
	XenbusStateConnected,
	XenbusStateInitialised,
	XenbusStateInitialising,
	XenbusStateInitWait,
} from "../../xen/abi/xenbus.ts";
import { ask, type Turns } from "../../xen/call.ts";
import type { Driver } from "./driver.ts";
import type { Link } from "./link.ts";
import { ENOENT } from "./status.ts";

/** `again`: look once more; `rest`: nothing to do until something changes; `retry`: nor then, but try again by the clock; `gone`: B is removed. */
type Next = "again" | "rest" | "retry" | "gone";

const INITIALISING = String(XenbusStateInitialising);
const INIT_WAIT = String(XenbusStateInitWait);
const CONNECTED = String(XenbusStateConnected);
const CLOSING = String(XenbusStateClosing);
const CLOSED = String(XenbusStateClosed);

/** States in which the frontend is through with the link before, so that it can be offered a new one. */
const READY: readonly (number | undefined)[] = [
	XenbusStateInitialising,
	XenbusStateClosing,
	XenbusStateClosed,
];

/** Moves in a row that no way through the bus states needs: whoever changes the nodes that fast has to wait. */
const MOVES = 16;
/** Milliseconds until a state that could not be read or written is tried again; doubled each time, up to the longest. */
const FIRST_RETRY = 125;
const RETRY = 1000;
/** So often a driver that stops tries again. */
const LAST_TRIES = 3;
/** So many connections in a row may come to nothing before the next is offered only after a while. */
const REFUSALS = 3;
/** Milliseconds until a device is offered again after a connection that could not be made; doubled each time, up to 8 times: who waits for the offer is not to take the backend for dead. */
const COOL_DOWN = 1000;
/** So many wake-ups in a row that changed nothing are taken as they come; then watch events gather for a while. */
const IDLE_WAKES = 32;
const HOLD_OFF = 100;
/** xen.h: domain numbers from here on are reserved. */
const DOMID_FIRST_RESERVED = 0x7ff0;

export class Device {
	readonly driver: Driver;
	/** `<frontend>/<device>`, as below backend/vdispl. */
	readonly name: string;
	/** B, below our home. */
	protected readonly back: string;
	/** F, as B/frontend says. */
	protected front = "";
	/** B/state as we left it; undefined before the first look. */
	protected state: string | undefined;
	protected link: Link | undefined;
	/** Connections in a row that could not be made. */
	private refusals = 0;
	/** The frontend has gone Connected on this link. */
	private met = false;
	private readonly wake: number;
	private poked = false;
	private idle = 0;
	/** Looks in a row that ended in a retry. */
	private tries = 0;
	private object = 0;
	task = 0;

	constructor(driver: Driver, name: string) {
		this.driver = driver;
		this.name = name;
		this.back = `backend/vdispl/${name}`;
		this.wake = driver.fresh();
	}

	/** Something below B may have changed, or the link is broken, or the driver stops. */
	*poke(): Turns {
		if (this.poked) return;
		this.poked = true;
		yield* ask("completion.complete", { completion: this.wake });
	}

	/** The device's task: it ends when B is gone, or closed for good. */
	*main(): Turns {
		do {
			this.poked = false;
			this.state = undefined;
			yield* this.live();
			yield* this.forget();
		} while (this.poked && !this.driver.stopping);
		this.driver.bus.devices.delete(this.name);
	}

	private *live(): Turns {
		for (let moves = 0; ; ) {
			if (!(yield* this.announce())) {
				if (this.driver.stopping) return;
				yield* this.rest("retry");
				continue;
			}
			const before = this.state;
			const next = yield* this.step();
			if (next === "gone") return;
			if (next === "again" && ++moves < MOVES) continue;
			moves = 0;
			this.tries = next === "rest" ? 0 : this.tries + 1;
			// Nobody is left waiting for a backend that could not say at once that it goes.
			if (this.driver.stopping && (next === "rest" || this.tries > LAST_TRIES))
				return;
			this.idle = this.state === before ? this.idle + 1 : 0;
			yield* this.rest(next === "rest" ? "rest" : "retry");
		}
	}

	/** The device's own record. False when there is no memory for it. */
	private *announce(): Turns<boolean> {
		if (this.object !== 0) return true;
		const { object } = yield* ask("object.make", {
			kind: "device",
			name: this.name,
		});
		this.object = object;
		return object !== 0;
	}

	private *forget(): Turns {
		yield* this.disconnect();
		yield* this.watchFront("");
		if (this.object !== 0) yield* ask("object.drop", { object: this.object });
		this.object = 0;
		// The guest may be gone with its device, and then it has let go of everything.
		yield* this.driver.quarantine.again();
	}

	private *rest(next: "rest" | "retry"): Turns {
		const storm = this.idle > IDLE_WAKES;
		const { cause } = yield* ask("wait", {
			ports: [],
			token: storm ? "" : this.token,
			completion: this.wake,
			display: false,
			timeout: storm ? HOLD_OFF : next === "retry" ? this.pause : 0,
			why: "work",
		});
		// The next wake-up is waited for again, and only then held off.
		if (storm) this.idle = IDLE_WAKES - 1;
		if (cause === "completion") this.poked = false;
	}

	private get pause(): number {
		return Math.min(RETRY, FIRST_RETRY * 2 ** Math.max(0, this.tries - 1));
	}

	/** One look at the store, and at most one move. */
	protected *step(): Turns<Next> {
		const { xenbus } = this.driver;
		const state = yield* xenbus.readOrStatus(`${this.back}/state`);
		if (typeof state === "number") return state === ENOENT ? "gone" : "retry";
		if (state !== this.state) return yield* this.adopt(state);
		const wanted = yield* this.wanted();
		if (wanted && this.front === "") return "retry";
		const front = parseState(
			this.front === "" ? undefined : yield* xenbus.read(`${this.front}/state`),
		);
		switch (state) {
			case INITIALISING:
				return wanted ? yield* this.offer() : yield* this.shut();
			case INIT_WAIT:
				if (!wanted) return yield* this.shut();
				return front === XenbusStateInitialised
					? yield* this.connect()
					: "rest";
			case CONNECTED:
				if (wanted && this.lives(front)) return "rest";
				return yield* this.shut();
			case CLOSED:
				if (!wanted || !READY.includes(front)) return "rest";
				yield* this.coolDown();
				return yield* this.offer();
			default:
				return yield* this.shut();
		}
	}

	/**
	 * B/state is not what we wrote: the first look, a removal by the toolstack (Closing), or a device made anew (Initialising). Whatever link
	 * there was is over, and a state that a dead predecessor left is closed visibly.
	 */
	protected *adopt(state: string): Turns<Next> {
		yield* this.disconnect();
		this.state = state;
		return state === INITIALISING || state === CLOSED
			? "again"
			: yield* this.shut();
	}

	/** Whether the device is to be offered: the toolstack wants it and says where its frontend is. */
	private *wanted(): Turns<boolean> {
		const { driver, back } = this;
		const { xenbus } = driver;
		const online = yield* xenbus.read(`${back}/online`);
		const front = (yield* xenbus.read(`${back}/frontend`)) ?? "";
		yield* this.watchFront(front);
		return online !== "0" && front !== "" && !driver.stopping;
	}

	/** The frontend is still on the link that it published. */
	private lives(front: number | undefined): boolean {
		if (this.link === undefined || this.link.broken !== undefined) return false;
		if (front === XenbusStateConnected) this.met = true;
		return (
			front === XenbusStateConnected ||
			(front === XenbusStateInitialised && !this.met)
		);
	}

	/** Publish the versions and go to InitWait. */
	protected *offer(): Turns<Next> {
		return yield* this.go(INIT_WAIT, {
			versions: this.driver.context.versions,
		});
	}

	/** Read what the frontend has published, bind all of it, go to Connected; or undo what was done and close. */
	protected *connect(): Turns<Next> {
		const { driver } = this;
		const fe = parseDecimal(
			yield* driver.xenbus.read(`${this.back}/frontend-id`),
			16,
		);
		const config =
			fe === undefined || fe >= DOMID_FIRST_RESERVED
				? "frontend-id is no domain"
				: yield* driver.handshake.read(this.front);
		if (config === undefined) return "retry";
		if (typeof config === "string") return yield* this.refuse(config);
		this.link = new driver.parts.Link(this, fe as number, config);
		this.met = false;
		const wrong = yield* this.link.open();
		if (wrong !== undefined) return yield* this.refuse(wrong);
		const next = yield* this.go(CONNECTED, {}, (tx) =>
			driver.handshake.stands(this.front, config, tx),
		);
		if (this.state === CONNECTED) {
			this.refusals = 0;
			yield* this.link.start();
		} else yield* this.disconnect();
		return next;
	}

	/** After connections that came to nothing the next is offered later and later: a frontend that tries at once would keep both busy for ever. */
	private *coolDown(): Turns {
		const many = this.refusals - REFUSALS;
		if (many <= 0) return;
		const { cause } = yield* ask("wait", {
			ports: [],
			token: "",
			completion: this.wake,
			display: false,
			timeout: COOL_DOWN * 2 ** Math.min(many - 1, 3),
			why: "work",
		});
		if (cause === "completion") this.poked = false;
	}

	private *refuse(why: string): Turns<Next> {
		this.refusals += 1;
		yield* ask("driver.note", { text: `device ${this.name}: ${why}` });
		return yield* this.shut();
	}

	/** Closing, give back everything, Closed. */
	protected *shut(): Turns<Next> {
		if (this.state !== CLOSING) {
			const next = yield* this.go(CLOSING);
			if (this.state !== CLOSING) {
				yield* this.disconnect();
				return next;
			}
		}
		yield* this.disconnect();
		return yield* this.go(CLOSED);
	}

	protected *disconnect(): Turns {
		const { link } = this;
		this.link = undefined;
		if (link !== undefined) yield* link.close();
	}

	protected *go(
		state: string,
		nodes?: Readonly<Record<string, string>>,
		holds?: (tx: number) => Turns<boolean>,
	): Turns<Next> {
		const switched = yield* this.driver.xenbus.switchState(
			this.back,
			this.state ?? "",
			state,
			nodes,
			holds,
		);
		if (switched === "failed") return "retry";
		if (switched === "done") this.state = state;
		return "again";
	}

	/** Watch F/state, wherever F is now. */
	protected *watchFront(front: string): Turns {
		if (front === this.front) return;
		const { token } = this;
		if (this.front !== "")
			yield* ask("xs.unwatch", { path: `${this.front}/state`, token });
		this.front = "";
		if (front === "") return;
		const { status } = yield* ask("xs.watch", {
			path: `${front}/state`,
			token,
		});
		if (status >= 0) this.front = front;
	}

	/** The blank keeps device 1 from taking the events of device 10. */
	protected get token(): string {
		return `front ${this.name} `;
	}
}
