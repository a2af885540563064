/**
 * The backend: what all its devices share. Its parts are classes and one table of handlers, so that a wrong implementation is this one
 * with a single function overridden.
 */
import { ask, type Turns } from "../../xen/call.ts";
import type { PeerContext } from "../peer.ts";
import type { Bus } from "./bus.ts";
import type { Connector } from "./connector.ts";
import type { Device } from "./device.ts";
import type { Directories } from "./directories.ts";
import type { Displays } from "./displays.ts";
import type { Events } from "./events.ts";
import type { Flips } from "./flips.ts";
import type { Handshake } from "./handshake.ts";
import type { Limits } from "./limits.ts";
import type { Link } from "./link.ts";
import type { Handlers } from "./ops/handler.ts";
import type { Pages } from "./pages.ts";
import type { Quarantine } from "./quarantine.ts";
import type { Screen } from "./screen.ts";
import type { Xenbus } from "./xenbus.ts";

/** Milliseconds that one of our own tasks is waited for. It has been told to end and waits for nothing that we hold. */
export const JOIN = 60_000;

/** What a backend is made of. */
export interface Parts {
	Bus: typeof Bus;
	Connector: typeof Connector;
	Device: typeof Device;
	Directories: typeof Directories;
	Displays: typeof Displays;
	Events: typeof Events;
	Flips: typeof Flips;
	Handshake: typeof Handshake;
	Limits: typeof Limits;
	Link: typeof Link;
	Pages: typeof Pages;
	Quarantine: typeof Quarantine;
	Screen: typeof Screen;
	Xenbus: typeof Xenbus;
	handlers: Handlers;
}

export class Driver {
	readonly context: PeerContext;
	readonly parts: Parts;
	readonly bus: Bus;
	readonly directories: Directories;
	readonly displays: Displays;
	readonly flips: Flips;
	readonly handshake: Handshake;
	readonly limits: Limits;
	readonly pages: Pages;
	readonly quarantine: Quarantine;
	readonly xenbus: Xenbus;
	/** Told to stop: devices close and are not offered again. */
	stopping = false;
	private lastId = 0;

	constructor(context: PeerContext, parts: Parts) {
		this.context = context;
		this.parts = parts;
		this.xenbus = new parts.Xenbus();
		this.limits = new parts.Limits(context.limits);
		this.pages = new parts.Pages(this);
		this.quarantine = new parts.Quarantine(this);
		this.directories = new parts.Directories(this);
		this.handshake = new parts.Handshake(this);
		this.displays = new parts.Displays(this);
		this.flips = new parts.Flips(this);
		this.bus = new parts.Bus(this);
	}

	/** A number for a lock, a completion or a buffer of the display. Never 0. */
	fresh(): number {
		this.lastId += 1;
		return this.lastId;
	}
}

/** Wait for new work: a completion or, with a timeout, the time. */
export function* waitForWork(completion: number, timeout = 0): Turns {
	yield* ask("wait", {
		ports: [],
		token: "",
		completion,
		display: false,
		timeout,
		why: "work",
	});
}

/** Wait for an answer that a completion announces. True when it came in time. */
export function* waitForAnswer(
	completion: number,
	timeout: number,
): Turns<boolean> {
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
