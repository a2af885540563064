/** A backend that the scenario plays on the wire: it keeps the protocol where the scenario says nothing, and breaks it where it does. */
import { eventSlotWord, IN_PROD } from "../../displif/event-page.ts";
import { OP_BY_CODE } from "../../displif/ops/index.ts";
import { decodeRequest, describeRequest } from "../../displif/packet.ts";
import { backendPath, frontendPath } from "../../peer/toolstack.ts";
import type { Step, StepOf } from "../../scenario/scenario.ts";
import {
	type IndexName,
	isFrontend,
	type Participant,
	XENBUS_STATES,
	type XenbusStateName,
} from "../../scenario/words.ts";
import {
	XenbusStateClosing,
	XenbusStateInitialised,
	XenbusStateInitWait,
} from "../../xen/abi/xenbus.ts";
import { ask, type Turns } from "../../xen/call.ts";
import { bufferRefs, listed } from "../see.ts";
import { type NamedOf, StepError } from "../stage.ts";
import type { Task } from "../task.ts";
import { type BackLink, openBackLink } from "./back-link.ts";
import { eventPacket, opCode, responsePacket } from "./packet.ts";
import { type BackendBuffer, LOOK_AGAIN, Server } from "./serve.ts";
import { PATIENCE, PeerSilent, Side } from "./side.ts";

type Request = NamedOf<"request">;

/** Held while a packet is put on a ring or an event page: the serving task and a step may both be at it. */
const PUT = 1;

export class ScriptBackend extends Side {
	readonly role = "backend";
	readonly peer = "fe";
	links: BackLink[] = [];
	/** Buffers allocated here for frontends. */
	readonly buffers: BackendBuffer[] = [];
	/** The link that was spoken on last: verbs that name only a connector mean its device. */
	private recent: BackLink | undefined;
	private serving: { server: Server; task: Task } | undefined;

	/** The connector's link, of the device that was spoken with last. */
	link(step: Step, connector: number): BackLink {
		const links = this.linksOf(step, connector);
		const { recent } = this;
		return (links.find((l) => l.fe === recent?.fe && l.dev === recent.dev) ??
			links[0]) as BackLink;
	}

	private linksOf(step: Step, connector: number): BackLink[] {
		const links = this.links.filter((l) => l.connector === connector);
		if (links.length === 0)
			throw new StepError(
				step,
				`${this.actor.name} has connected no connector ${connector}: wire.connect comes first`,
			);
		return links;
	}

	private get guests(): Participant[] {
		return [...this.stage.actors.keys()].filter(isFrontend);
	}

	private back(guest: Participant, dev: number): string {
		return backendPath(this.actor.domid, this.stage.actor(guest).domid, dev);
	}
	private front(guest: Participant, dev: number): string {
		return frontendPath(this.stage.actor(guest).domid, dev);
	}

	// ---- Bus

	/** Device `dev` of every guest, from wherever it is to Connected here. A scripted guest must have published before. */
	*connect(step: Step, dev: number, versions: string | undefined): Turns {
		const guests: Participant[] = [];
		for (const guest of this.guests)
			if (yield* this.awaited(guest, dev)) guests.push(guest);
		if (guests.length === 0)
			throw new StepError(
				step,
				`no frontend can be connected: the scripted one has not gone to Initialised, and an own task would have to wait for it`,
			);
		for (const guest of guests) yield* this.offer(step, guest, dev, versions);
		for (const guest of guests) {
			yield* this.awaitState(
				step,
				guest,
				this.front(guest, dev),
				XenbusStateInitialised,
			);
			yield* this.attach(step, guest, dev);
			yield* this.setState(step, guest, dev, "Connected");
		}
		yield* this.lookAgain();
	}

	private *awaited(guest: Participant, dev: number): Turns<boolean> {
		if (this.stage.actor(guest).standing !== "scripted") return true;
		const state = yield* this.busState(this.front(guest, dev));
		return state === XenbusStateInitialised;
	}

	/** Offer the versions and go to InitWait, unless that was done. */
	private *offer(
		step: Step,
		guest: Participant,
		dev: number,
		versions: string | undefined,
	): Turns {
		const back = this.back(guest, dev);
		yield* this.detach(guest, dev);
		const state = yield* this.busState(back);
		const offered = yield* this.read(`${back}/versions`);
		const offers = versions ?? offered ?? this.stage.case.world.versions;
		if (offers !== offered) yield* this.write(step, `${back}/versions`, offers);
		if (state === XenbusStateClosing)
			yield* this.setState(step, guest, dev, "Closed");
		if (state !== XenbusStateInitWait)
			yield* this.setState(step, guest, dev, "InitWait");
	}

	*setState(
		step: Step,
		guest: Participant,
		dev: number,
		state: XenbusStateName,
	): Turns {
		const number = XENBUS_STATES.indexOf(state);
		yield* this.write(step, `${this.back(guest, dev)}/state`, String(number));
	}

	/** The state of device `dev` towards every guest. */
	*setStates(step: Step, dev: number, state: XenbusStateName): Turns {
		for (const guest of this.guests)
			yield* this.setState(step, guest, dev, state);
	}

	private *attach(step: Step, guest: Participant, dev: number): Turns {
		const { connectors, fe } = this.stage.device(guest, dev);
		for (const connector of connectors.keys())
			this.links.push(
				yield* openBackLink(this, step, { guest, fe, dev, connector }),
			);
	}

	/** Let go of an earlier connection. */
	private *detach(guest: Participant, dev: number): Turns {
		const mine = ({ guest: whose, dev: which }: BackLink) =>
			whose === guest && which === dev;
		const old = this.links.filter(mine);
		this.links = this.links.filter((link) => !mine(link));
		if (this.recent !== undefined && mine(this.recent)) this.recent = undefined;
		yield* this.lookAgain();
		for (const link of old) {
			for (const port of [link.reqPort, link.evtPort])
				if (port !== 0) yield* ask("evtchn.close", { port });
			for (const handle of [link.ringHandle, link.eventHandle])
				if (this.mapped.has(handle)) yield* this.unmap(handle);
		}
	}

	// ---- Requests

	/** Wait for the next request of a connector. Serving ends: from here on the scenario answers. */
	*take(step: StepOf<"wire.take">): Turns<void> {
		const { connector, op, as } = step.args;
		yield* this.stopServing();
		const links = this.linksOf(step, connector);
		const self = this;
		const request = yield* this.until(
			{ ports: links.map(({ reqPort }) => reqPort) },
			PATIENCE,
			function* () {
				for (const link of links)
					if ((yield* link.ring.finalCheck()) > 0)
						return yield* self.takeFrom(link);
				return undefined;
			},
		);
		if (request === undefined)
			throw new PeerSilent(
				step,
				links.length === 1 ? (links[0] as BackLink).guest : this.peer,
				`no ${op ?? "request"} came on connector ${connector} within ${PATIENCE} ms`,
			);
		if (as !== undefined) this.stage.names.set(as, request);
		const code = ((request.words[0] as number) >>> 16) & 0xff;
		if (op !== undefined && OP_BY_CODE.get(code) !== op)
			throw new PeerSilent(
				step,
				this.recent?.guest ?? this.peer,
				`the next request on connector ${connector} is no ${op} but ${describeRequest(request.words)}`,
				"args",
				"op",
			);
	}

	/** Take a request that is there. It waits among the link's unanswered. */
	*takeFrom(link: BackLink): Turns<Request> {
		const words = yield* link.ring.take();
		const request: Request = {
			kind: "request",
			owner: this.actor.name,
			connector: link.connector,
			words,
			id: (words[0] as number) & 0xffff,
		};
		link.taken.push(request);
		this.recent = link;
		return request;
	}

	*reply(step: StepOf<"wire.reply">): Turns {
		const { args } = step;
		const { link, request } = this.replied(step);
		const id =
			args.id === undefined ? request?.id : this.number(step, args.id, "id");
		const code =
			args.op === undefined
				? request && ((request.words[0] as number) >>> 16) & 0xff
				: opCode(args.op);
		if (id === undefined || code === undefined)
			throw new StepError(
				step,
				`no request is waiting for an answer on connector ${link.connector}: take one, or give both \`id\` and \`op\``,
			);
		const edid_sz =
			args.edid_sz === undefined
				? 0
				: this.number(step, args.edid_sz, "edid_sz");
		const words = responsePacket(id, code, args.status, edid_sz, args.reserved);
		for (let left = args.times; left > 0; left--)
			yield* this.answer(link, words, args.notify);
		link.taken = link.taken.filter((one) => one !== request);
		this.recent = link;
	}

	/** The request that a reply is for, and the link it goes over. */
	private replied(step: StepOf<"wire.reply">): {
		link: BackLink;
		request: Request | undefined;
	} {
		const { to, connector } = step.args;
		if (to !== undefined) {
			const request = this.stage.named(step, to, "request");
			const own = this.links.find((l) => l.taken.includes(request));
			return { link: own ?? this.link(step, request.connector), request };
		}
		const link = this.link(step, connector);
		const links = [link, ...this.linksOf(step, connector)];
		const waiting = links.find((l) => l.taken.length > 0) ?? link;
		return { link: waiting, request: waiting.taken[0] };
	}

	/** Put a response on the ring, publish it and notify when the frontend asked for it. */
	*answer(link: BackLink, words: Uint32Array, notify = true): Turns {
		yield* ask("lock.take", { lock: PUT });
		yield* link.ring.put(words);
		const wanted = yield* link.ring.push();
		if (wanted && notify) yield* ask("evtchn.notify", { port: link.reqPort });
		yield* ask("lock.give", { lock: PUT });
	}

	/** The scenario has stored a shared index: what comes next goes on from there. */
	follow(step: Step, connector: number, which: IndexName, value: number): void {
		const link = this.link(step, connector);
		if (which === "rsp_prod") link.ring.follow(value);
		if (which === "in_prod") link.inProd = value;
	}

	// ---- Events

	*event(step: StepOf<"wire.event">): Turns {
		const { args } = step;
		const link = this.link(step, args.connector);
		const cookie =
			args.of === undefined
				? args.fb_cookie === undefined
					? 0n
					: this.stage.number(step, args.fb_cookie, "args", "fb_cookie")
				: this.cookieOf(step, args.of);
		for (let left = args.times; left > 0; left--) {
			const id =
				args.id === undefined ? undefined : this.number(step, args.id, "id");
			yield* this.putEvent(
				link,
				(next) => eventPacket(id ?? next, cookie, args.type, args.reserved),
				args.notify,
			);
		}
	}

	private cookieOf(step: StepOf<"wire.event">, of: string): bigint {
		const { words } = this.stage.named(step, of, "request");
		const request = decodeRequest(words);
		if (request.operation !== undefined && "fb_cookie" in request.body)
			return request.body.fb_cookie;
		throw new StepError(
			step,
			`${of} has no fb_cookie: ${describeRequest(words)}`,
			"args",
			"of",
		);
	}

	/** Publish one event and notify. A full page is the scenario's affair. */
	*putEvent(
		link: BackLink,
		packet: (next: number) => Uint32Array,
		notify = true,
	): Turns {
		yield* ask("lock.take", { lock: PUT });
		const words = packet(link.nextEvent++ & 0xffff);
		yield* ask("page.store", {
			gfn: link.eventGfn,
			word: eventSlotWord(link.inProd),
			words,
		});
		yield* ask("memory.wmb", {});
		link.inProd = (link.inProd + 1) >>> 0;
		yield* this.store(link.eventGfn, IN_PROD, link.inProd);
		if (notify) yield* ask("evtchn.notify", { port: link.evtPort });
		yield* ask("lock.give", { lock: PUT });
	}

	// ---- Serving

	/** Answer requests in the background from now on, in place of an earlier serving. */
	*serve(step: StepOf<"wire.serve">): Turns {
		if (this.links.length === 0)
			throw new StepError(
				step,
				`${this.actor.name} has connected nothing to serve: wire.connect comes first`,
			);
		yield* this.stopServing();
		const server = new Server(this, step.args.except ?? {}, step.args.count);
		const task = this.stage.launch(this.actor, "serve", () => server.run());
		this.serving = { server, task };
	}

	private *stopServing(): Turns {
		const { serving } = this;
		if (serving === undefined) return;
		this.serving = undefined;
		serving.server.stop();
		if (serving.task.state !== "runnable") return;
		yield* ask("completion.complete", { completion: LOOK_AGAIN });
		yield* ask("task.join", { task: serving.task.id, timeout: PATIENCE });
	}

	private *lookAgain(): Turns {
		if (this.serving?.task.state === "runnable")
			yield* ask("completion.complete", { completion: LOOK_AGAIN });
	}

	// ---- Pages

	/** End the grants of the pages that were allocated here for a buffer: the first status that is no success. */
	*endBuffer(step: Step, name: string): Turns<number> {
		this.stage.named(step, name, "buffer");
		let first = 0;
		for (const ref of bufferRefs(this.stage, name).refs) {
			if (!this.lent.has(ref)) continue;
			const status = yield* this.end(ref);
			if (status < 0 && first === 0) first = status;
		}
		return first;
	}

	/** Into a page of a buffer or of its directory, through its reference. A request that was taken stands for the buffer that it names. */
	*storeInto(step: StepOf<"wire.store">, of: string, value: number): Turns {
		const { page, index, word } = step.args;
		const { owner, refs, directoryRefs } = this.pagesOf(step, of);
		const ref = (page === "directory" ? directoryRefs : refs)[index];
		if (ref === undefined)
			throw new StepError(
				step,
				`${of} has no ${page} page ${index}: its request named none`,
				"args",
				"index",
			);
		const own = page === "buffer" && this.lent.has(ref);
		const granter = own ? this.actor.domid : owner;
		yield* this.storeByRef(step, granter, ref, word, value);
	}

	private pagesOf(step: StepOf<"wire.store">, of: string) {
		const { stage } = this;
		if (stage.names.get(of)?.kind !== "request") {
			const buffer = stage.named(step, of, "buffer");
			return {
				owner: stage.actor(buffer.owner).domid,
				...bufferRefs(stage, of),
			};
		}
		const request = stage.named(step, of, "request");
		const packet = decodeRequest(request.words);
		const link = this.links.find((l) => l.taken.includes(request));
		const { fe } = link ?? this.link(step, request.connector);
		if (packet.operation !== undefined && "gref_directory" in packet.body) {
			const { gref_directory, buffer_sz } = packet.body;
			return { owner: fe, ...listed(stage, fe, gref_directory, buffer_sz) };
		}
		throw new StepError(
			step,
			`${of} names no pages: ${describeRequest(request.words)}`,
			"args",
			"of",
		);
	}
}
