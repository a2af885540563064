/** A frontend that the scenario plays on the wire: it keeps the protocol where the scenario says nothing, and breaks it where it does. */
import { errnoName } from "../../base/errno.ts";
import {
	XENDISPL_DBUF_FLG_REQ_ALLOC,
	XENDISPL_PROTOCOL_VERSION_INT,
} from "../../displif/constants.ts";
import { parseVersions } from "../../displif/nodes.ts";
import { decodeRequest } from "../../displif/packet.ts";
import { backendPath, frontendPath } from "../../peer/toolstack.ts";
import type { Step, StepOf } from "../../scenario/scenario.ts";
import {
	type IndexName,
	type TransportNode,
	XENBUS_STATES,
	type XenbusStateName,
} from "../../scenario/words.ts";
import {
	XenbusStateConnected,
	XenbusStateInitialising,
	XenbusStateInitWait,
	XenbusStateUnknown,
} from "../../xen/abi/xenbus.ts";
import { ask, type Turns } from "../../xen/call.ts";
import { RING_SLOTS } from "../../xen/ring.ts";
import { type NamedOf, StepError } from "../stage.ts";
import { type Made, makeBuffer, PAGE_OCTETS, readDirectory } from "./buffer.ts";
import {
	consume,
	type FrontLink,
	isPerConnector,
	openFrontLink,
	transportNodes,
} from "./front-link.ts";
import { requestPacket } from "./packet.ts";
import { PATIENCE, PeerSilent, Side } from "./side.ts";

/** How `publish` differs from a right one. */
export interface Publication {
	omit: readonly TransportNode[];
	set?: StepOf<"wire.publish">["args"]["set"];
	state: XenbusStateName;
	/** Text of the version node; the highest common one if not said. */
	version?: string | undefined;
}

/** Cookies lie above 32 bits, out of the way of those that scenarios write down. */
const FIRST_COOKIE = 0x1_0000_0001n;

/** How often a transaction is made again after a conflict. */
const RETRIES = 100;

export class ScriptFrontend extends Side {
	readonly role = "frontend";
	readonly peer = "be";
	/** The device that was published last: verbs without `dev` mean it. */
	dev = 0;
	private readonly links = new Map<number, FrontLink[]>();
	private readonly made = new Map<NamedOf<"buffer">, Made>();
	/** Their `refs` are the backend's. */
	private readonly allocatedByBackend = new Set<NamedOf<"buffer">>();
	private nextCookie = FIRST_COOKIE;

	private front(dev: number): string {
		return frontendPath(this.actor.domid, dev);
	}
	private back(dev: number): string {
		return backendPath(this.backend, this.actor.domid, dev);
	}
	private get backend(): number {
		return this.stage.actor(this.peer).domid;
	}

	/** The connector's link of the device published last. */
	link(step: Step, connector: number): FrontLink {
		const link = this.links.get(this.dev)?.[connector];
		if (link !== undefined) return link;
		throw new StepError(
			step,
			`${this.actor.name} has published no connector ${connector} of device ${this.dev}: wire.publish or wire.connect comes first`,
		);
	}

	// ---- Bus

	/** From wherever it is to Connected on both sides. */
	*connect(step: Step, dev: number, version: string | undefined): Turns {
		const back = this.back(dev);
		const state = yield* this.busState(this.front(dev));
		if (state !== XenbusStateInitialising && state !== XenbusStateUnknown)
			yield* this.setState(step, dev, "Initialising");
		yield* this.awaitState(step, this.peer, back, XenbusStateInitWait);
		yield* this.publish(step, dev, {
			omit: [],
			state: "Initialised",
			version,
		});
		yield* this.awaitState(step, this.peer, back, XenbusStateConnected);
		yield* this.setState(step, dev, "Connected");
	}

	*setState(step: Step, dev: number, state: XenbusStateName): Turns {
		const number = XENBUS_STATES.indexOf(state);
		yield* this.write(step, `${this.front(dev)}/state`, String(number));
	}

	/** New pages and ports for every connector, their nodes in one transaction, then the state. */
	*publish(step: Step, dev: number, how: Publication): Turns {
		this.dev = dev;
		yield* this.putAway(dev);
		const links: FrontLink[] = [];
		this.links.set(dev, links);
		const { connectors } = this.stage.device(this.actor.name, dev);
		for (const connector of connectors.keys())
			links.push(yield* openFrontLink(this, step, connector, this.backend));
		const texts = yield* this.texts(step, dev, links, how);
		const state = texts.get("state") ?? XENBUS_STATES.indexOf(how.state);
		texts.delete("state");
		yield* this.writeAll(step, this.front(dev), texts);
		yield* this.write(step, `${this.front(dev)}/state`, String(state));
	}

	/** Close the ports of an earlier publication and take its pages back, as far as the backend lets go of them. */
	private *putAway(dev: number): Turns {
		const links = this.links.get(dev) ?? [];
		this.links.delete(dev);
		for (const link of links) {
			for (const port of [link.reqPort, link.evtPort])
				if (port !== 0) yield* ask("evtchn.close", { port });
			yield* this.takeBack(link.ringPage);
			yield* this.takeBack(link.eventPage);
		}
	}

	/** Texts by path below the device's directory. */
	private *texts(
		step: Step,
		dev: number,
		links: readonly FrontLink[],
		{ omit, set, version }: Publication,
	): Turns<Map<string, string>> {
		const texts = new Map<string, string>();
		const named = version ?? (yield* this.commonVersion(dev));
		if (named !== undefined && !omit.includes("version"))
			texts.set("version", named);
		for (const link of links)
			for (const [name, number] of transportNodes(link))
				if (!omit.includes(name))
					texts.set(`${link.connector}/${name}`, String(number));
		for (const [name, given] of Object.entries(set ?? {})) {
			if (given === undefined) continue;
			const text =
				typeof given === "string"
					? given
					: String(this.stage.number(step, given, "args", "set", name));
			// A transport node without a connector stands for that of every connector.
			if (isPerConnector(name))
				for (const { connector } of links)
					texts.set(`${connector}/${name}`, text);
			else texts.set(name, text);
		}
		return texts;
	}

	/** The highest version that the backend offers and this protocol has; none when it offers nothing of use. */
	private *commonVersion(dev: number): Turns<string | undefined> {
		const offered = yield* this.read(`${this.back(dev)}/versions`);
		if (offered === undefined) return undefined;
		const common = (parseVersions(offered) ?? []).filter(
			(version) => version <= XENDISPL_PROTOCOL_VERSION_INT,
		);
		return common.length === 0 ? undefined : String(Math.max(...common));
	}

	private *writeAll(
		step: Step,
		directory: string,
		texts: ReadonlyMap<string, string>,
	): Turns {
		for (let left = RETRIES; left > 0; left--) {
			const { tx } = yield* ask("xs.transaction-start", {});
			for (const [name, text] of texts)
				yield* this.write(step, `${directory}/${name}`, text, tx);
			const { status } = yield* ask("xs.transaction-end", { tx, commit: true });
			if (status === 0) return;
			if (errnoName(status) !== "EAGAIN")
				throw new StepError(
					step,
					`${this.actor.name} could not commit its transport nodes: ${errnoName(status) ?? status}`,
				);
		}
		throw new StepError(
			step,
			`the transaction of ${this.actor.name} met a conflict ${RETRIES} times`,
		);
	}

	// ---- Buffers

	*buffer(step: StepOf<"wire.buffer">): Turns {
		const { as, pages } = step.args;
		const { refs, ...made } = yield* makeBuffer(this, step, this.backend);
		const named: NamedOf<"buffer"> = {
			kind: "buffer",
			by: "script",
			owner: this.actor.name,
			dev: this.dev,
			cookie: this.nextCookie++,
			size: pages * PAGE_OCTETS,
			width: 1024,
			height: pages,
			bpp: 32,
			gfns: [...made.gfns],
			refs,
			directoryGfns: made.directory.map(({ gfn }) => gfn),
			directoryRefs: made.directory.map(({ ref }) => ref),
			open: true,
		};
		this.made.set(named, made);
		this.stage.names.set(as, named);
	}

	private ownBuffer(step: Step, name: string): NamedOf<"buffer"> {
		const buffer = this.stage.named(step, name, "buffer");
		if (this.made.has(buffer)) return buffer;
		throw new StepError(
			step,
			`${name} was not made by ${this.actor.name} with wire.buffer`,
			"args",
			"of",
		);
	}

	/** End all grants of a buffer, its directory's too: the first status that is no success. */
	*endBuffer(step: Step, name: string): Turns<number> {
		const { pages, directory } = this.made.get(
			this.ownBuffer(step, name),
		) as Made;
		let first = 0;
		for (const { ref, gfn } of [...pages, ...directory]) {
			if (this.lent.get(ref) !== gfn) continue;
			const status = yield* this.end(ref);
			if (status < 0 && first === 0) first = status;
		}
		return first;
	}

	/** Free a buffer's pages and its directory's, whatever became of their grants. */
	*freeBuffer(step: Step, name: string): Turns<number> {
		const { gfns, directory } = this.made.get(
			this.ownBuffer(step, name),
		) as Made;
		let first = 0;
		for (const gfn of [...gfns, ...directory.map((page) => page.gfn)]) {
			const { status } = yield* ask("page.free", { gfn });
			if (status < 0 && first === 0) first = status;
		}
		return first;
	}

	*storeInto(step: StepOf<"wire.store">, of: string, value: number): Turns {
		const { page, index, word } = step.args;
		const buffer = this.ownBuffer(step, of);
		const { gfns, directory } = this.made.get(buffer) as Made;
		const ref = buffer.refs[index];
		// With backend allocation the buffer's pages are the backend's.
		if (
			page === "buffer" &&
			ref !== undefined &&
			this.allocatedByBackend.has(buffer)
		) {
			yield* this.storeByRef(step, this.backend, ref, word, value);
			return;
		}
		const gfn = page === "buffer" ? gfns[index] : directory[index]?.gfn;
		if (gfn === undefined)
			throw new StepError(
				step,
				`${of} has no ${page} page ${index}`,
				"args",
				"index",
			);
		yield* this.store(gfn, word, value);
	}

	// ---- Requests

	/** Send, and wait if the step says so: the status of the last response. */
	*send(step: StepOf<"wire.send">): Turns<number | undefined> {
		const { args } = step;
		const link = this.link(step, args.connector);
		const of =
			args.of === undefined
				? undefined
				: this.stage.named(step, args.of, "buffer");
		let status: number | undefined;
		for (let left = args.count; left > 0; left--) {
			const id =
				args.id === undefined
					? link.nextId++ & 0xffff
					: this.number(step, args.id, "id");
			const words = requestPacket(this.stage, step, id, of);
			if (args.publish) yield* this.awaitSlot(step, link);
			link.answers.delete(id);
			yield* link.ring.put(words);
			if (args.as !== undefined)
				this.stage.names.set(args.as, {
					kind: "request",
					owner: this.actor.name,
					connector: args.connector,
					words,
					id,
				});
			if (args.publish && (yield* link.ring.push()) && args.notify)
				yield* ask("evtchn.notify", { port: link.reqPort });
			if (args.wait) {
				status = yield* this.awaitAnswer(link, id);
				if (status === undefined) return this.unanswered(step, left, id);
			}
			if (of !== undefined) yield* this.created(of, words, status);
		}
		return status;
	}

	/** `replies` of the step tells a missing response better, as long as it can see that there was none at all. */
	private unanswered(
		step: StepOf<"wire.send">,
		left: number,
		id: number,
	): undefined {
		if (step.replies !== undefined && left === step.args.count)
			return undefined;
		throw new PeerSilent(
			step,
			this.peer,
			`${this.peer} sent no response to id ${id} within ${PATIENCE} ms`,
		);
	}

	/** The scenario has stored a shared index: what comes next goes on from there. */
	follow(step: Step, connector: number, which: IndexName, value: number): void {
		const link = this.link(step, connector);
		if (which === "req_prod") link.ring.follow(value);
		if (which === "rsp_prod") link.ring.followPeer(value);
		if (which === "in_cons") link.confirms = false;
	}

	private *awaitSlot(step: Step, link: FrontLink): Turns {
		if (link.ring.free > 0) return;
		const self = this;
		const free = yield* this.until(
			{ ports: [link.reqPort] },
			PATIENCE,
			function* () {
				yield* consume(self, link);
				return link.ring.free > 0 ? true : undefined;
			},
		);
		if (free === undefined)
			throw new PeerSilent(
				step,
				this.peer,
				`the ring of connector ${link.connector} is full: ${this.peer} sent no response to ${RING_SLOTS} requests within ${PATIENCE} ms`,
			);
	}

	private *awaitAnswer(link: FrontLink, id: number): Turns<number | undefined> {
		const self = this;
		return yield* this.until({ ports: [link.reqPort] }, PATIENCE, function* () {
			yield* consume(self, link);
			return link.answers.get(id)?.shift();
		});
	}

	/** What a DBUF_CREATE made of its buffer: the cookie it has now and, when the backend allocated, the references of its pages. */
	private *created(
		of: NamedOf<"buffer">,
		words: Uint32Array,
		status: number | undefined,
	): Turns {
		const request = decodeRequest(words);
		if (
			request.operation !== "DBUF_CREATE" ||
			(status !== undefined && status !== 0)
		)
			return;
		of.cookie = request.body.dbuf_cookie;
		const made = this.made.get(of);
		if (
			status === undefined ||
			made === undefined ||
			(request.body.flags & XENDISPL_DBUF_FLG_REQ_ALLOC) === 0
		)
			return;
		of.refs = yield* readDirectory(made, of);
		this.allocatedByBackend.add(of);
	}
}
