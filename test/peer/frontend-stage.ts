/**
 * A world with a frontend in domain 1, and a backend in domain 2 that a test plays by raw calls. What a test says happens in turn; the driver's own
 * tasks run whenever it waits.
 */
import { type Choices, PlainChoices } from "../../src/base/choices.ts";
import { walkDirectory } from "../../src/displif/directory.ts";
import { fourcc } from "../../src/displif/format.ts";
import {
	decodeRequest,
	encodeEvent,
	encodeResponse,
	type Request,
} from "../../src/displif/packet.ts";
import { Journal } from "../../src/journal/journal.ts";
import { judge } from "../../src/judge/judge.ts";
import { Ledger } from "../../src/judge/ledger.ts";
import type { Standing } from "../../src/judge/rule.ts";
import { RULES } from "../../src/judge/rules/index.ts";
import { frontend } from "../../src/peer/frontend.ts";
import {
	BACKEND_LIMITS,
	type Body,
	type Frontend,
	type OperationName,
	type OperationResult,
	type Operations,
	type PeerContext,
	starter,
} from "../../src/peer/peer.ts";
import {
	addDevice,
	backendPath,
	createDomain,
	type DeviceShape,
	frontendPath,
} from "../../src/peer/toolstack.ts";
import { type Fault, Faults } from "../../src/run/faults/faults.ts";
import { Runner } from "../../src/run/runner.ts";
import type { Task } from "../../src/run/task.ts";
import { ask, type CallName, type Turns } from "../../src/xen/call.ts";
import type { DisplayShape } from "../../src/xen/display.ts";
import { BackRing } from "../../src/xen/ring.ts";
import { World, type WorldOptions } from "../../src/xen/world.ts";

export const FE = 1;
export const BE = 2;

/** The display behind the connector of `device()`. */
export const SCREEN: DisplayShape = {
	name: "screen-0",
	width: 800,
	height: 600,
	formats: [fourcc("XR24")],
	edid: "",
	frameTicks: 16,
	hold: false,
};

export const device = (shape: Partial<DeviceShape> = {}): DeviceShape => ({
	fe: FE,
	be: BE,
	dev: 0,
	beAlloc: "0",
	connectors: [{ uniqueId: "screen-0", width: 800, height: 600 }],
	...shape,
});

export interface StageOptions {
	world?: Partial<WorldOptions>;
	choices?: Choices;
	make?: (context: PeerContext) => Frontend;
	devices?: readonly DeviceShape[];
	/** Standing of the backend before the judge. */
	backend?: Standing;
}

export class Stage {
	readonly world: World;
	readonly journal = new Journal();
	readonly faults = new Faults();
	readonly runner: Runner;
	readonly driver: Frontend;
	readonly devices: readonly DeviceShape[];
	private readonly standing: Standing;

	constructor(options: StageOptions = {}) {
		this.world = new World({
			displays: [SCREEN],
			...options.world,
		});
		this.runner = new Runner(
			this.world,
			this.journal,
			options.choices ?? new PlainChoices(),
			this.faults,
		);
		this.driver = (options.make ?? frontend)(this.context(FE, "frontend"));
		this.devices = options.devices ?? [device()];
		this.standing = options.backend ?? "scripted";
	}

	context(domid: number, role: PeerContext["role"]): PeerContext {
		return {
			role,
			domid,
			limits: BACKEND_LIMITS,
			versions: "1,2",
			...starter((name, body) => this.runner.offer(domid, name, body)),
		};
	}

	/** Play a test from the creation of the domains to its end. Throws what the script throws. */
	play(script: (stage: Stage) => Turns): void {
		const stage = this;
		const director = this.runner.spawn(0, "test", function* () {
			yield* createDomain(FE);
			yield* createDomain(BE);
			for (const shape of stage.devices) yield* addDevice(shape);
			yield* script(stage);
		});
		for (const _ of this.runner.run(director));
		if (director.error !== undefined) throw director.error;
		const [crash] = this.runner.crashes;
		if (crash !== undefined) throw crash.task.error;
	}

	/** Start an operation of the driver. */
	start<N extends OperationName>(name: N, args: Operations[N]): Task {
		const operation = this.driver.operations[name];
		return this.runner.spawn(FE, name, ((verb) =>
			operation(args as never, verb)) as Body);
	}

	*join(task: Task): Turns<OperationResult> {
		yield* ask("task.join", { task: task.id, timeout: 0 });
		return task.result as OperationResult;
	}

	/** An operation from beginning to end. */
	*does<N extends OperationName>(
		name: N,
		args: Operations[N],
	): Turns<OperationResult> {
		return yield* this.join(this.start(name, args));
	}

	/** Something done in the backend's domain. */
	*backend<T>(body: () => Turns<T>): Turns<T> {
		const task = this.runner.spawn(BE, "script", body);
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

	/** Let so much time pass. */
	*sleep(ticks: number): Turns {
		yield* ask("wait", {
			ports: [],
			token: "",
			completion: 1,
			display: false,
			timeout: ticks,
			why: "work",
		});
	}

	fault(at: CallName, nth: number, status: number, times = 1): void {
		this.faults.arm({
			at,
			domid: FE,
			nth,
			times,
			deed: { does: "answer", status },
			text: `${at} ${nth}`,
		} as Fault);
	}

	*frontState(dev = 0): Turns<string> {
		return (yield* ask("xs.read", {
			tx: 0,
			path: `${frontendPath(FE, dev)}/state`,
		})).value;
	}

	*node(path: string): Turns<string | undefined> {
		const { status, value } = yield* ask("xs.read", { tx: 0, path });
		return status < 0 ? undefined : value;
	}

	/** What the frontend's domain has not given back, by kind: two sets of books, the ledger's and the hypervisor's. */
	held(domid = FE): Record<string, number> {
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
			balloon: domain?.physmap.balloonOut ?? 0,
			objects: domain?.objects.size ?? 0,
			ports: this.world.evtchn.table(domid)?.count ?? 0,
			watches: this.world.hasConnection(domid)
				? this.world.store.watchCount(this.world.connection(domid))
				: 0,
		};
		for (const [kind, count] of Object.entries(books))
			if (count > 0) held[kind] = count;
		return held;
	}

	/** What the rules say against a participant. */
	findings(blamed: "fe" | "be" = "fe"): string[] {
		const { findings } = judge(this.journal, RULES, {
			participants: [
				{ name: "fe", role: "frontend", domid: FE, standing: "subject" },
				{ name: "be", role: "backend", domid: BE, standing: this.standing },
			],
			place: () => ({ file: "test", line: 1, column: 1 }),
			announced: [],
			allowed: [],
		});
		return findings
			.filter((f) => f.blamed === blamed)
			.map((f) => `${f.rule}: ${f.message}`);
	}
}

interface Link {
	ring: BackRing;
	events: number;
	inProd: number;
	reqPort: number;
	evtPort: number;
	handles: { handle: number; gfn: number }[];
}

/** The backend of device `dev`, by raw calls. Its methods run in domain 2. */
export class Script {
	readonly stage: Stage;
	readonly dev: number;
	readonly back: string;
	readonly front: string;
	links: Link[] = [];
	/** Mapped buffers and directories. */
	maps: { handle: number; gfn: number }[] = [];

	constructor(stage: Stage, dev = 0) {
		this.stage = stage;
		this.dev = dev;
		this.back = backendPath(BE, FE, dev);
		this.front = frontendPath(FE, dev);
	}

	*state(value: number): Turns {
		yield* this.stage.backend(() =>
			ask("xs.write", {
				tx: 0,
				path: `${this.back}/state`,
				value: String(value),
			}),
		);
	}

	/** InitWait, offering `versions`; null: no list. */
	*invite(versions: string | null = "1,2"): Turns {
		const { back } = this;
		if (versions !== null)
			yield* this.stage.backend(() =>
				ask("xs.write", { tx: 0, path: `${back}/versions`, value: versions }),
			);
		yield* this.state(2);
	}

	/** Read the transport nodes, map the pages, bind the ports. */
	*attach(): Turns {
		const script = this;
		yield* this.stage.backend(function* () {
			for (let c = 0; ; c++) {
				const read = function* (name: string) {
					return Number(
						(yield* ask("xs.read", {
							tx: 0,
							path: `${script.front}/${c}/${name}`,
						})).value,
					);
				};
				if (
					(yield* ask("xs.read", {
						tx: 0,
						path: `${script.front}/${c}/req-ring-ref`,
					})).status < 0
				)
					return;
				const ring = yield* ask("grant.map", {
					granter: FE,
					ref: yield* read("req-ring-ref"),
					gfn: 0,
					flags: 2,
				});
				const evt = yield* ask("grant.map", {
					granter: FE,
					ref: yield* read("evt-ring-ref"),
					gfn: 0,
					flags: 2,
				});
				const req = yield* ask("evtchn.bind-interdomain", {
					remote: FE,
					remote_port: yield* read("req-event-channel"),
				});
				const ev = yield* ask("evtchn.bind-interdomain", {
					remote: FE,
					remote_port: yield* read("evt-event-channel"),
				});
				if (
					ring.status !== 0 ||
					evt.status !== 0 ||
					req.status < 0 ||
					ev.status < 0
				)
					throw new Error(
						`the backend cannot attach: ${ring.status} ${evt.status} ${req.status} ${ev.status}`,
					);
				const back = new BackRing(ring.gfn);
				yield* back.attach();
				script.links.push({
					ring: back,
					events: evt.gfn,
					inProd: 0,
					reqPort: req.port,
					evtPort: ev.port,
					handles: [ring, evt],
				});
			}
		});
	}

	/** From InitWait to Connected on both sides. */
	*connect(versions?: string | null): Turns {
		yield* this.invite(versions);
		yield* this.stage.idle();
		yield* this.attach();
		yield* this.state(4);
		yield* this.stage.idle();
	}

	/** The next request of a connector. */
	*take(connector = 0): Turns<Request> {
		const { ring, reqPort } = this.links[connector] as Link;
		return yield* this.stage.backend(function* () {
			while ((yield* ring.finalCheck()) === 0) {
				const { status } = yield* ask("wait", {
					ports: [reqPort],
					token: "",
					completion: 0,
					display: false,
					timeout: 20_000,
					why: "work",
				});
				if (status < 0) throw new Error("no request came");
			}
			return decodeRequest(yield* ring.take());
		});
	}

	/** Put response words on the ring. */
	*respond(words: ArrayLike<number>, connector = 0): Turns {
		const { ring, reqPort } = this.links[connector] as Link;
		yield* this.stage.backend(function* () {
			yield* ring.put(words);
			if (yield* ring.push()) yield* ask("evtchn.notify", { port: reqPort });
		});
	}

	*answer(request: Request, status = 0, connector = 0, edid_sz = 0): Turns {
		yield* this.respond(
			encodeResponse(request.id, request.code, status, edid_sz),
			connector,
		);
	}

	/** Take a request and answer it. */
	*serve(status = 0, connector = 0): Turns<Request> {
		const request = yield* this.take(connector);
		yield* this.answer(request, status, connector);
		return request;
	}

	*flipEvent(id: number, cookie: bigint, connector = 0): Turns {
		const link = this.links[connector] as Link;
		yield* this.stage.backend(function* () {
			const word = 16 + (link.inProd % 63) * 16;
			yield* ask("page.store", {
				gfn: link.events,
				word,
				words: encodeEvent(id, cookie),
			});
			link.inProd = (link.inProd + 1) >>> 0;
			yield* ask("memory.wmb", {});
			yield* ask("page.store", {
				gfn: link.events,
				word: 1,
				words: [link.inProd],
			});
			yield* ask("evtchn.notify", { port: link.evtPort });
		});
	}

	*map(ref: number, readonly = false): Turns<number> {
		const map = yield* this.stage.backend(() =>
			ask("grant.map", { granter: FE, ref, gfn: 0, flags: readonly ? 6 : 2 }),
		);
		if (map.status !== 0) throw new Error(`map of ${ref}: ${map.status}`);
		this.maps.push(map);
		return map.gfn;
	}

	/** The words of a mapped page. */
	*load(gfn: number): Turns<ArrayLike<number>> {
		return (yield* this.stage.backend(() =>
			ask("page.load", { gfn, word: 0, count: 1024 }),
		)).words;
	}

	/** Map a directory and all that it lists: the gfns of the buffer's pages. */
	*mapBuffer(first: number, pages: number): Turns<number[]> {
		const chain = new Map<number, ArrayLike<number>>();
		for (let ref = first; ref !== 0 && chain.size < 10; ) {
			const words = yield* this.load(yield* this.map(ref));
			chain.set(ref, words);
			ref = words[0] as number;
		}
		const walked = walkDirectory(first, pages, (ref) => chain.get(ref));
		if (!walked.ok || walked.lastNext !== 0)
			throw new Error("a broken directory");
		const gfns: number[] = [];
		for (const ref of walked.grefs) gfns.push(yield* this.map(ref, true));
		return gfns;
	}

	/** Allocate a buffer in domain 2, grant it to the frontend and list it in the frontend's directory: the references. */
	*allocate(first: number, pages: number): Turns<number[]> {
		const refs: number[] = [];
		yield* this.stage.backend(function* () {
			for (let i = 0; i < pages; i++) {
				const { gfn } = yield* ask("page.alloc", { zeroed: true });
				const { ref } = yield* ask("grant.claim", { batch: 0 });
				yield* ask("grant.access", { ref, domid: FE, gfn, readonly: false });
				refs.push(ref);
			}
		});
		yield* this.list(first, refs);
		return refs;
	}

	/** Write references into the frontend's directory, and unmap it. */
	*list(first: number, refs: readonly number[]): Turns {
		for (let ref = first, at = 0; at < refs.length; at += 1023) {
			const gfn = yield* this.map(ref);
			const words = refs.slice(at, at + 1023);
			ref = (yield* this.load(gfn))[0] as number;
			yield* this.stage.backend(() =>
				ask("page.store", { gfn, word: 1, words }),
			);
		}
		yield* this.unmap();
	}

	*unmap(): Turns {
		const maps = this.maps;
		this.maps = [];
		yield* this.stage.backend(function* () {
			for (const { handle, gfn } of maps)
				yield* ask("grant.unmap", { handle, gfn });
		});
	}

	/** Unmap and unbind everything. */
	*detach(): Turns {
		yield* this.unmap();
		const links = this.links;
		this.links = [];
		yield* this.stage.backend(function* () {
			for (const { handles, reqPort, evtPort } of links) {
				for (const { handle, gfn } of handles)
					yield* ask("grant.unmap", { handle, gfn });
				for (const port of [reqPort, evtPort])
					yield* ask("evtchn.close", { port });
			}
		});
	}

	/** Let the frontend go in order: Closing, all given back, Closed, InitWait. */
	*letGo(): Turns {
		yield* this.state(5);
		yield* this.detach();
		yield* this.state(6);
		yield* this.state(2);
	}
}
