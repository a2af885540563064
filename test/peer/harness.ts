/**
 * A world with the backend in domain 2 and guests whose frontends a test plays by raw calls. What a test says happens in turn; the driver's own tasks
 * run whenever it waits.
 */
import { type Choices, PlainChoices } from "../../src/base/choices.ts";
import {
	bufferPages,
	buildDirectory,
	directoryPages,
} from "../../src/displif/directory.ts";
import { buildEdid } from "../../src/displif/edid.ts";
import type { OpName } from "../../src/displif/ops/index.ts";
import {
	type Body,
	decodeEvent,
	decodeResponse,
	encodeRequest,
	type Response,
} from "../../src/displif/packet.ts";
import { Journal } from "../../src/journal/journal.ts";
import { judge } from "../../src/judge/judge.ts";
import { Ledger } from "../../src/judge/ledger.ts";
import type { Standing } from "../../src/judge/rule.ts";
import { RULES } from "../../src/judge/rules/index.ts";
import { backend } from "../../src/peer/backend.ts";
import {
	BACKEND_LIMITS,
	type Backend,
	type BackendLimits,
	type PeerContext,
	starter,
} from "../../src/peer/peer.ts";
import {
	addDevice,
	backendPath,
	createDomain,
	type DeviceShape,
	frontendPath,
	removeDevice,
} from "../../src/peer/toolstack.ts";
import { Faults } from "../../src/run/faults/faults.ts";
import { Runner } from "../../src/run/runner.ts";
import type { Task } from "../../src/run/task.ts";
import { ask, type CallName, type Turns } from "../../src/xen/call.ts";
import type { DisplayShape } from "../../src/xen/display.ts";
import { FrontRing, sharedRingInit } from "../../src/xen/ring.ts";
import { World, type WorldOptions } from "../../src/xen/world.ts";

export const FE = 1;
export const BE = 2;
export const FE2 = 3;

/** DRM FOURCC codes. */
export const XRGB8888 = 0x34325258;
export const RGB565 = 0x36314752;

/** The display's own: 1024 by 768, one character an octet. */
export const EDID = Buffer.from(buildEdid(1024, 768, 128)).toString("latin1");

export const display = (shape: Partial<DisplayShape> = {}): DisplayShape => ({
	name: "screen-0",
	width: 1024,
	height: 768,
	formats: [XRGB8888],
	edid: EDID,
	frameTicks: 16,
	hold: false,
	...shape,
});

export const device = (shape: Partial<DeviceShape> = {}): DeviceShape => ({
	fe: FE,
	be: BE,
	dev: 0,
	beAlloc: "0",
	connectors: [{ uniqueId: "screen-0", width: 800, height: 600 }],
	...shape,
});

export interface HarnessOptions {
	world?: Partial<WorldOptions>;
	choices?: Choices;
	limits?: Partial<BackendLimits>;
	versions?: string;
	devices?: readonly DeviceShape[];
	guests?: readonly number[];
	make?: (context: PeerContext) => Backend;
}

export class Harness {
	readonly world: World;
	readonly journal = new Journal();
	readonly faults = new Faults();
	readonly runner: Runner;
	readonly options: HarnessOptions;
	driver: Backend;

	constructor(options: HarnessOptions = {}) {
		this.options = options;
		this.world = new World({ displays: [display()], ...options.world });
		this.runner = new Runner(
			this.world,
			this.journal,
			options.choices ?? new PlainChoices(),
			this.faults,
		);
		this.driver = this.make();
	}

	private make(): Backend {
		const { limits, versions = "1,2", make = backend } = this.options;
		return make({
			role: "backend",
			domid: BE,
			limits: { ...BACKEND_LIMITS, ...limits },
			versions,
			...starter((name, body) => this.runner.offer(BE, name, body)),
		});
	}

	/** Play a test: domains, the backend's start, the devices, then the script. Throws what the script throws. */
	play(script: (harness: Harness) => Turns): this {
		const { guests = [FE], devices = [device()] } = this.options;
		const harness = this;
		const director = this.runner.spawn(0, "test", function* () {
			yield* createDomain(BE);
			for (const guest of guests) yield* createDomain(guest);
			harness.begin();
			yield* harness.idle();
			for (const shape of devices) yield* addDevice(shape);
			yield* harness.idle();
			yield* script(harness);
		});
		for (const _ of this.runner.run(director));
		if (director.error !== undefined) throw director.error;
		const [crash] = this.runner.crashes;
		if (crash !== undefined) throw crash.task.error;
		return this;
	}

	/** The driver's first task. */
	begin(): Task {
		return this.runner.spawn(
			BE,
			"main",
			() => this.driver.main(unused) as Turns,
		);
	}

	*stop(): Turns {
		const task = this.runner.spawn(
			BE,
			"stop",
			() => this.driver.stop(unused) as Turns,
		);
		yield* ask("task.join", { task: task.id, timeout: 0 });
	}

	/** The process dies and its kernel cleans up; a new one is started. */
	*crashAndRestart(): Turns {
		this.runner.kill(BE);
		yield* ask("driver.exit", { domid: BE });
		this.driver = this.make();
		this.begin();
	}

	/** Something done in a domain. */
	*as<T>(domid: number, body: () => Turns<T>): Turns<T> {
		const task = this.runner.spawn(domid, "script", body);
		yield* ask("task.join", { task: task.id, timeout: 0 });
		if (task.error !== undefined) throw task.error;
		return task.result as T;
	}

	/** Until nobody can move without time passing. */
	*idle(): Turns {
		yield* this.runner.pause({ until: "idle" });
	}

	/** Until nobody can move at all, or so many milliseconds have passed. */
	*rest(ticks = 120_000): Turns {
		yield* this.runner.pause({ until: "rest", limit: this.world.now + ticks });
	}

	*sleep(timeout: number): Turns {
		yield* ask("wait", {
			ports: [],
			token: "",
			completion: 1,
			display: false,
			timeout,
			why: "work",
		});
	}

	/** From now on the `nth` call of the backend of this kind, and the `times` - 1 after it, get this answer. */
	fault(at: CallName, nth: number, status: number, times = 1): void {
		this.faults.arm({
			at,
			domid: BE,
			nth,
			times,
			deed: { does: "answer", status },
			text: `${at} ${nth}`,
		});
	}

	*node(path: string): Turns<string | undefined> {
		const { status, value } = yield* ask("xs.read", { tx: 0, path });
		return status < 0 ? undefined : value;
	}

	*remove(fe = FE, dev = 0): Turns<boolean> {
		return yield* removeDevice(BE, fe, dev);
	}

	/** What a domain has not given back, by kind: two sets of books, the ledger's and the hypervisor's. */
	held(domid = BE): Record<string, number> {
		const ledger = new Ledger();
		for (const entry of this.journal.entries()) ledger.follow(entry);
		const held: Record<string, number> = {};
		for (const item of ledger.outstanding().filter((i) => i.domid === domid)) {
			const kind = item.kind === "object" ? item.object : item.kind;
			held[kind] = (held[kind] ?? 0) + 1;
		}
		const domain = this.world.domain(domid);
		const books = {
			"open entries": domain?.grants.open ?? 0,
			claimed: domain?.grants.claimed ?? 0,
			reserved: domain?.grants.reserved ?? 0,
			mapped: domain?.maptrack.count ?? 0,
			pages: domain?.physmap.inUse ?? 0,
			objects: domain?.objects.size ?? 0,
			locks: domain?.locks.size ?? 0,
			displays: domain?.displays.size ?? 0,
			ports: this.world.evtchn.table(domid)?.count ?? 0,
			watches: this.world.store.watchCount(this.world.connection(domid)),
		};
		for (const [kind, count] of Object.entries(books))
			if (count > 0) held[kind] = count;
		return held;
	}

	/** What the rules say against a participant, or against anybody. */
	findings(blamed: string | "anybody" = "be"): string[] {
		const { guests = [FE] } = this.options;
		const standing: Standing = "scripted";
		const { findings } = judge(this.journal, RULES, {
			participants: [
				{ name: "be", role: "backend", domid: BE, standing: "subject" },
				...guests.map((domid) => ({
					name: `fe${domid}`,
					role: "frontend" as const,
					domid,
					standing,
				})),
			],
			place: () => ({ file: "test", line: 1, column: 1 }),
			announced: [],
			allowed: [],
		});
		return findings
			.filter((f) => blamed === "anybody" || f.blamed === blamed)
			.map((f) => `${f.rule}: ${f.message}`);
	}
}

/** What the backend holds when no device is there: its watch of the bus. */
export const AT_REST = { watch: 1, watches: 1 };

const unused = () => Promise.reject(new Error("a generator task asks itself"));

interface Wire {
	ring: FrontRing;
	ringGfn: number;
	ringRef: number;
	eventGfn: number;
	eventRef: number;
	requestPort: number;
	eventPort: number;
	inCons: number;
	nextId: number;
}

/** Pages of a guest with the directory that lists them. */
export interface Shared {
	bytes: number;
	gfns: number[];
	refs: number[];
	directoryGfns: number[];
	directoryRefs: number[];
}

export interface Event {
	id: number;
	cookie: bigint;
}

/** The frontend of a device, by raw calls. Its methods run in its domain. */
export class Guest {
	readonly harness: Harness;
	readonly fe: number;
	readonly dev: number;
	readonly front: string;
	readonly back: string;
	wires: Wire[] = [];

	constructor(harness: Harness, fe = FE, dev = 0) {
		this.harness = harness;
		this.fe = fe;
		this.dev = dev;
		this.front = frontendPath(fe, dev);
		this.back = backendPath(BE, fe, dev);
	}

	*as<T>(body: () => Turns<T>): Turns<T> {
		return yield* this.harness.as(this.fe, body);
	}

	*state(value: number | string): Turns {
		yield* this.write("state", String(value));
	}

	*write(node: string, value: string): Turns {
		yield* this.as(() =>
			ask("xs.write", { tx: 0, path: `${this.front}/${node}`, value }),
		);
	}

	*rm(node: string): Turns {
		yield* this.as(() =>
			ask("xs.rm", { tx: 0, path: `${this.front}/${node}` }),
		);
	}

	*backState(): Turns<string | undefined> {
		return yield* this.harness.node(`${this.back}/state`);
	}

	/** Rings, event pages and ports of so many connectors. */
	*prepare(connectors = 1): Turns {
		const wires = yield* this.as(function* () {
			const made: Wire[] = [];
			for (let i = 0; i < connectors; i++) {
				const ring = yield* share(BE);
				const event = yield* share(BE);
				yield* sharedRingInit(ring.gfn);
				const request = yield* ask("evtchn.alloc-unbound", { remote: BE });
				const events = yield* ask("evtchn.alloc-unbound", { remote: BE });
				made.push({
					ring: new FrontRing(ring.gfn),
					ringGfn: ring.gfn,
					ringRef: ring.ref,
					eventGfn: event.gfn,
					eventRef: event.ref,
					requestPort: request.port,
					eventPort: events.port,
					inCons: 0,
					nextId: 1,
				});
			}
			return made;
		});
		this.wires.push(...wires);
	}

	/** Publish the transport nodes and go Initialised. */
	*publish(version: string | undefined = "2", state = 3): Turns {
		const { front, wires } = this;
		yield* this.as(function* () {
			const { tx } = yield* ask("xs.transaction-start", {});
			const put = (node: string, value: string | number) =>
				ask("xs.write", { tx, path: `${front}/${node}`, value: String(value) });
			if (version !== undefined) yield* put("version", version);
			for (const [index, wire] of wires.entries()) {
				yield* put(`${index}/req-ring-ref`, wire.ringRef);
				yield* put(`${index}/req-event-channel`, wire.requestPort);
				yield* put(`${index}/evt-ring-ref`, wire.eventRef);
				yield* put(`${index}/evt-event-channel`, wire.eventPort);
			}
			yield* put("state", state);
			yield* ask("xs.transaction-end", { tx, commit: true });
		});
	}

	/** From Initialising to Connected on both sides. */
	*connect(connectors = 1, version: string | undefined = "2"): Turns {
		yield* this.prepare(connectors);
		yield* this.publish(version);
		yield* this.harness.idle();
		const state = yield* this.backState();
		if (state !== "4") throw new Error(`the backend went to ${state}`);
		yield* this.state(4);
		yield* this.harness.idle();
	}

	/** End the grants of rings and event pages, close the ports: the statuses of the ends. */
	*disconnect(): Turns<number[]> {
		const wires = this.wires.splice(0);
		return yield* this.as(function* () {
			const statuses: number[] = [];
			for (const wire of wires) {
				for (const port of [wire.requestPort, wire.eventPort])
					yield* ask("evtchn.close", { port });
				statuses.push(yield* unshare(wire.ringRef, wire.ringGfn));
				statuses.push(yield* unshare(wire.eventRef, wire.eventGfn));
			}
			return statuses;
		});
	}

	/** Pages granted to the backend, and the directory that lists them. */
	*share(bytes: number): Turns<Shared> {
		return yield* this.as(function* () {
			const pages: { gfn: number; ref: number }[] = [];
			for (let i = bufferPages(bytes); i > 0; i--) pages.push(yield* share(BE));
			const own: { gfn: number; ref: number }[] = [];
			for (let i = directoryPages(bufferPages(bytes)); i > 0; i--)
				own.push(yield* share(BE));
			const refs = pages.map(({ ref }) => ref);
			const directoryRefs = own.map(({ ref }) => ref);
			for (const [i, words] of buildDirectory(refs, directoryRefs).entries())
				yield* ask("page.store", {
					gfn: (own[i] as { gfn: number }).gfn,
					word: 0,
					words,
				});
			return {
				bytes,
				gfns: pages.map(({ gfn }) => gfn),
				refs,
				directoryGfns: own.map(({ gfn }) => gfn),
				directoryRefs,
			};
		});
	}

	/** Take all of it back: the status of each end. */
	*unshare(shared: Shared): Turns<number[]> {
		return yield* this.as(function* () {
			const statuses: number[] = [];
			for (const [i, ref] of shared.refs.entries())
				statuses.push(yield* unshare(ref, shared.gfns[i] as number));
			for (const [i, ref] of shared.directoryRefs.entries())
				statuses.push(yield* unshare(ref, shared.directoryGfns[i] as number));
			return statuses;
		});
	}

	/** Put a packet on the ring. */
	*put(words: ArrayLike<number>, connector = 0): Turns {
		const { ring, requestPort } = this.wires[connector] as Wire;
		yield* this.as(function* () {
			yield* ring.put(words);
			if (yield* ring.push())
				yield* ask("evtchn.notify", { port: requestPort });
		});
	}

	/** Responses that are on the ring now. */
	*responses(connector = 0): Turns<Response[]> {
		const { ring } = this.wires[connector] as Wire;
		return yield* this.as(function* () {
			const taken: Response[] = [];
			while ((yield* ring.finalCheck()) > 0)
				taken.push(decodeResponse(yield* ring.take()));
			return taken;
		});
	}

	/** Send a request: its id. */
	*send<N extends OpName>(
		name: N,
		body: Omit<Body<N>, "operation" | "id">,
		connector = 0,
	): Turns<number> {
		const wire = this.wires[connector] as Wire;
		const id = wire.nextId++;
		yield* this.put(
			encodeRequest(name, { ...body, id } as Omit<Body<N>, "operation">),
			connector,
		);
		return id;
	}

	/** Send a request and take its response, for which so much time may pass. */
	*call<N extends OpName>(
		name: N,
		body: Omit<Body<N>, "operation" | "id">,
		connector = 0,
	): Turns<Response> {
		const id = yield* this.send(name, body, connector);
		const { requestPort } = this.wires[connector] as Wire;
		for (;;) {
			const [response, ...more] = yield* this.responses(connector);
			if (response !== undefined) {
				if (response.id !== id || more.length > 0)
					throw new Error(`expected one response to ${id}, got ${response.id}`);
				return response;
			}
			const { status } = yield* this.as(() =>
				ask("wait", {
					ports: [requestPort],
					token: "",
					completion: 0,
					display: false,
					timeout: 5000,
					why: "answer",
				}),
			);
			if (status < 0) throw new Error(`no response to ${name}`);
		}
	}

	*status<N extends OpName>(
		name: N,
		body: Omit<Body<N>, "operation" | "id">,
		connector = 0,
	): Turns<number> {
		return (yield* this.call(name, body, connector)).status;
	}

	/** Take the events that are on the page now; the backend learns of it unless `silent`. */
	*events(connector = 0, silent = false): Turns<Event[]> {
		const wire = this.wires[connector] as Wire;
		return yield* this.as(function* () {
			const { words } = yield* ask("page.load", {
				gfn: wire.eventGfn,
				word: 1,
				count: 1,
			});
			const taken: Event[] = [];
			for (; wire.inCons !== words[0]; wire.inCons = (wire.inCons + 1) >>> 0) {
				const slot = yield* ask("page.load", {
					gfn: wire.eventGfn,
					word: 16 + (wire.inCons % 63) * 16,
					count: 16,
				});
				const { id, fb_cookie } = decodeEvent(slot.words);
				taken.push({ id, cookie: fb_cookie });
			}
			if (!silent)
				yield* ask("page.store", {
					gfn: wire.eventGfn,
					word: 0,
					words: [wire.inCons],
				});
			return taken;
		});
	}

	/** A buffer of the guest's, 64 × 64 × 32 unless told. */
	*create(
		shared: Shared,
		cookie: bigint,
		body: Partial<Body<"DBUF_CREATE">> = {},
	): Turns<number> {
		return yield* this.status("DBUF_CREATE", {
			dbuf_cookie: cookie,
			width: 64,
			height: 64,
			bpp: 32,
			buffer_sz: shared.bytes,
			flags: 0,
			gref_directory: shared.directoryRefs[0] ?? 0,
			data_ofs: 0,
			...body,
		});
	}

	*attach(dbuf: bigint, fb: bigint, width = 64, height = 64): Turns<number> {
		return yield* this.status("FB_ATTACH", {
			dbuf_cookie: dbuf,
			fb_cookie: fb,
			width,
			height,
			pixel_format: XRGB8888,
		});
	}

	*setMode(fb: bigint, connector = 0): Turns<number> {
		return yield* this.status(
			"SET_CONFIG",
			{ fb_cookie: fb, x: 0, y: 0, width: 64, height: 64, bpp: 32 },
			connector,
		);
	}

	*off(connector = 0): Turns<number> {
		return yield* this.status(
			"SET_CONFIG",
			{ fb_cookie: 0n, x: 0, y: 0, width: 0, height: 0, bpp: 0 },
			connector,
		);
	}
}

export function* share(to: number): Turns<{ gfn: number; ref: number }> {
	const { gfn } = yield* ask("page.alloc", { zeroed: true });
	const { ref } = yield* ask("grant.claim", { batch: 0 });
	yield* ask("grant.access", { ref, domid: to, gfn, readonly: false });
	return { gfn, ref };
}

/** The page is freed only when its grant could be ended. */
export function* unshare(ref: number, gfn: number): Turns<number> {
	const { status } = yield* ask("grant.end", { ref });
	if (status < 0) return status;
	yield* ask("grant.free", { ref });
	yield* ask("page.free", { gfn });
	return status;
}
