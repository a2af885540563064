/**
 * One connector of a connected frontend: its request ring with the task that serves it, its event page, its screen.
 */
import { decodeRequest, encodeResponse } from "../../displif/packet.ts";
import { ask, type Turns } from "../../xen/call.ts";
import { BackRing } from "../../xen/ring.ts";
import { type Driver, JOIN } from "./driver.ts";
import type { Events } from "./events.ts";
import type { Flip } from "./flips.ts";
import type { ConnectorConfig } from "./handshake.ts";
import type { Link } from "./link.ts";
import { type Answer, dispatch, mayWait } from "./ops/handler.ts";
import type { Mapping } from "./pages.ts";
import type { Screen } from "./screen.ts";

/** So many notifications in a row without work are taken as they come; then the port is masked for a while. */
const IDLE_WAKES = 16;
/** Milliseconds that the port of a frontend that notifies without cause stays masked. */
const HOLD_OFF = 10;

export class Connector {
	readonly driver: Driver;
	readonly link: Link;
	readonly config: ConnectorConfig;
	/** The picture may reach so far: C/resolution, until the frontend has read the EDID, which wins over it. */
	width: number;
	height: number;
	/** Accepted flips whose event was not delivered yet, oldest first. */
	flips: Flip[] = [];
	screen: Screen | undefined;
	protected readonly wake: number;
	protected ring: BackRing | undefined;
	private events: Events | undefined;
	private readonly pages: Mapping[] = [];
	protected readonly ports: number[] = [];
	private object = 0;
	/** Of the request ring; 0 before it runs. */
	task = 0;
	/** Flips of the responses not yet published. */
	private accepted: Flip[] = [];
	protected unpublished = 0;

	constructor(link: Link, config: ConnectorConfig) {
		this.driver = link.driver;
		this.link = link;
		this.config = config;
		this.width = config.width;
		this.height = config.height;
		this.wake = this.driver.fresh();
	}

	get name(): string {
		return `${this.link.device.name}/${this.config.index}`;
	}

	get screenOrThrow(): Screen {
		if (this.screen === undefined)
			throw new Error(`connector ${this.name} serves before it is bound`);
		return this.screen;
	}

	/** Open the display, map both pages, bind both ports. What is wrong, or undefined; what was had so far is given back by `release`. */
	*bind(): Turns<string | undefined> {
		const { driver, config, link } = this;
		const { status, object } = yield* ask("object.make", {
			kind: "connector",
			name: this.name,
		});
		if (status < 0) return `connector ${config.index}: no memory`;
		this.object = object;
		const display = yield* driver.displays.acquire(config.uniqueId, this);
		if (typeof display === "number")
			return `connector ${config.index}: no display "${config.uniqueId}"`;
		this.screen = new driver.parts.Screen(this, display);
		const mapped = yield* driver.pages.map(
			link.fe,
			[config.requestRing, config.eventRing],
			"write",
			this.pages,
		);
		if (mapped < 0)
			return `connector ${config.index}: its pages cannot be mapped`;
		for (const remote_port of [config.requestPort, config.eventPort]) {
			const { status, port } = yield* ask("evtchn.bind-interdomain", {
				remote: link.fe,
				remote_port,
			});
			if (status < 0)
				return `connector ${config.index}: port ${remote_port} cannot be bound`;
			this.ports.push(port);
		}
		return yield* this.attach();
	}

	/** Own indexes from the shared pages; a frontend whose own make no sense is not served. */
	protected *attach(): Turns<string | undefined> {
		const { index } = this.config;
		const [requests, events] = this.pages as [Mapping, Mapping];
		this.ring = this.makeRing(requests.gfn);
		yield* this.ring.attach();
		if ((yield* this.ring.unconsumed()) < 0)
			return `connector ${index}: its request ring is inconsistent`;
		this.events = new this.driver.parts.Events(
			events.gfn,
			this.ports[1] as number,
		);
		return (yield* this.events.attach())
			? undefined
			: `connector ${index}: its event page is inconsistent`;
	}

	protected makeRing(gfn: number): BackRing {
		return new BackRing(gfn);
	}

	*start(): Turns {
		this.task = yield* this.driver.context.start(`ring ${this.name}`, () =>
			this.serve(),
		);
	}

	/** The link is closing: the ring's task ends after the request it is at. */
	*tellToStop(): Turns {
		yield* ask("completion.complete", { completion: this.wake });
	}

	*join(): Turns {
		if (this.task === 0) return;
		yield* ask("task.join", { task: this.task, timeout: JOIN });
	}

	/** The task of the request ring. */
	protected *serve(): Turns {
		const port = this.ports[0] as number;
		let idle = 0;
		for (let first = true; ; first = false) {
			yield* ask("wait", {
				ports: [port],
				token: "",
				completion: this.wake,
				display: false,
				timeout: 0,
				why: "work",
			});
			if (this.link.closing) return;
			const taken = yield* this.takeRequests(first);
			if (taken < 0) {
				yield* this.link.fail(`connector ${this.name}: req_prod out of bounds`);
				return;
			}
			idle = taken === 0 ? idle + 1 : 0;
			if (idle > IDLE_WAKES) yield* this.holdOff(port);
			// The word that the link closes may have ended that.
			if (this.link.closing) return;
		}
	}

	/** A frontend that only notifies: while the port is masked any number of events is one. */
	private *holdOff(port: number): Turns {
		yield* ask("evtchn.mask", { port });
		yield* ask("wait", {
			ports: [],
			token: "",
			completion: this.wake,
			display: false,
			timeout: HOLD_OFF,
			why: "work",
		});
		yield* ask("evtchn.unmask", { port });
	}

	/**
	 * Answer what is on the ring, until nothing is left after the threshold was set anew. How many were taken; -1 when the frontend's index is
	 * out of bounds. A wake-up without work costs one look: the threshold still stands where it was put.
	 */
	protected *takeRequests(first: boolean): Turns<number> {
		const ring = this.ring as BackRing;
		let taken = 0;
		let count = first ? yield* ring.finalCheck() : yield* ring.unconsumed();
		while (count > 0) {
			for (let i = 0; i < count && !this.link.closing; i++, taken++)
				yield* this.answer(yield* ring.take());
			yield* this.publish();
			if (this.link.closing) return taken;
			count = yield* ring.finalCheck();
		}
		return count < 0 ? -1 : taken;
	}

	/** One request, one response with its id and operation. */
	protected *answer(words: Uint32Array): Turns {
		const request = decodeRequest(words);
		// Responses already made are not kept back by one that takes its time.
		if (mayWait(request.operation)) yield* this.publish();
		const answer: Answer = yield* dispatch(this, request);
		const { status, edid_sz } =
			typeof answer === "number" ? { status: answer, edid_sz: 0 } : answer;
		const { id, code } = request;
		yield* (this.ring as BackRing).put(
			encodeResponse(id, code, status, edid_sz),
		);
		this.unpublished += 1;
	}

	/** Make the responses visible, notify when the frontend wants it, and let the events of their flips go. */
	protected *publish(): Turns {
		if (this.unpublished === 0) return;
		this.unpublished = 0;
		const accepted = this.accepted;
		this.accepted = [];
		if (yield* (this.ring as BackRing).push())
			yield* ask("evtchn.notify", { port: this.ports[0] as number });
		for (const flip of accepted) flip.answered = true;
		if (accepted.some(({ done }) => done)) yield* this.deliver();
	}

	/** A flip is being shown: its event is owed from now on. */
	owe(flip: Flip): void {
		this.flips.push(flip);
		this.accepted.push(flip);
	}

	/** It could not be shown: no event, as if it had never been sent. */
	disown(flip: Flip): void {
		this.flips = this.flips.filter((other) => other !== flip);
		this.accepted = this.accepted.filter((other) => other !== flip);
	}

	/** These flips and all before them need not be waited for any longer; with `force` not even for their own response. */
	*finish(flips: readonly Flip[], force = false): Turns {
		const last = Math.max(...flips.map((flip) => this.flips.indexOf(flip)), -1);
		for (const flip of this.flips.slice(0, last + 1)) {
			flip.done = true;
			if (force) flip.answered = true;
		}
		yield* this.deliver();
	}

	/** Deliver the events that are due, in the order of the flips. What finds no room is kept and tried again by the clock. */
	protected *deliver(): Turns {
		const { link } = this;
		yield* link.enter();
		if (!link.closing) yield* this.postDue();
		yield* link.exit();
	}

	private *postDue(): Turns {
		const held = this.flips.findIndex((flip) => !flip.done || !flip.answered);
		const due = held < 0 ? this.flips : this.flips.slice(0, held);
		if (due.length === 0) return;
		const posted = yield* (this.events as Events).post(
			due.map(({ framebuffer }) => framebuffer.cookie),
		);
		if (posted < 0)
			return yield* this.link.fail(
				`connector ${this.name}: in_cons out of bounds`,
			);
		for (const { object } of this.flips.splice(0, posted))
			yield* ask("object.drop", { object });
	}

	/** Give back all that `bind` took. The ring's task has ended, and nobody posts events any more. */
	*release(): Turns {
		const { driver, link } = this;
		for (const { object } of this.flips.splice(0))
			yield* ask("object.drop", { object });
		if (this.screen !== undefined) {
			yield* this.screen.hide();
			yield* driver.displays.leave(this.screen.display, this);
		}
		yield* driver.pages.letGo(link.fe, this.pages);
		for (const port of this.ports.splice(0))
			yield* ask("evtchn.close", { port });
		if (this.object !== 0) yield* ask("object.drop", { object: this.object });
		this.object = 0;
	}
}
