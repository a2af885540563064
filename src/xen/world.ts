/**
 * The hypervisor in memory, behind one door.
 *
 * Everything a participant does is one call of the closed list in call.ts and passes `World.apply`. The world is synchronous and knows
 * no chance and no wall clock: its time is a number of virtual milliseconds that the runner moves.
 */

import type { AnyReply, Call, CallName } from "./call.ts";
import type { Handler } from "./calls/handler.ts";
import { HANDLERS } from "./calls/index.ts";
import { Display, type DisplayShape } from "./display.ts";
import type { Domain, Life } from "./domain.ts";
import { EventChannels } from "./evtchn.ts";
import { Frames, HeapMemory, type Memory } from "./frame.ts";
import { type GrantLimits, GrantTable, Maptrack } from "./grant.ts";
import { type MemoryMode, MemoryOrder } from "./memory-order.ts";
import { Physmap, type PhysmapLimits } from "./physmap.ts";
import { QUOTA_DEFAULTS } from "./xenstore/manners.ts";
import {
	type Manners,
	STORE_PARTS,
	type StoreConnection,
	type StoreParts,
	XenStore,
} from "./xenstore/store.ts";

/** Sizes of one domain. */
export interface DomainLimits {
	grants: GrantLimits;
	memory: PhysmapLimits;
	/** Ports it may have. */
	ports: number;
}

/** xen-command-line: gnttab_max_frames 64, gnttab_max_maptrack_frames 1024; xl.cfg: max_event_channels 1023. */
export const DOMAIN_LIMITS: DomainLimits = {
	grants: { frames: 64, maptrackFrames: 1024 },
	memory: { pages: 65536, balloon: 65536, balloonCredit: 65536 },
	ports: 1023,
};

export interface WorldOptions {
	manners: Manners;
	/** What each task sees of the others' stores into shared pages: at once in `sc`. */
	memory: MemoryMode;
	displays: readonly DisplayShape[];
	/** XenStore nodes that one guest may own: the daemon's quota. */
	storeNodes: number;
	/** Sizes by domain. */
	limits(domid: number): DomainLimits;
}

export const WORLD_DEFAULTS: WorldOptions = {
	manners: "c423",
	memory: "sc",
	displays: [],
	storeNodes: QUOTA_DEFAULTS.nodes,
	limits: () => DOMAIN_LIMITS,
};

/** The classes that the world is made of, and how each call is answered. */
export interface WorldParts {
	handlers: { [N in CallName]: Handler<N> };
	EventChannels: typeof EventChannels;
	Frames: typeof Frames;
	GrantTable: typeof GrantTable;
	Maptrack: typeof Maptrack;
	Physmap: typeof Physmap;
	XenStore: typeof XenStore;
	store: StoreParts;
}

export const WORLD_PARTS: WorldParts = {
	handlers: HANDLERS,
	EventChannels,
	Frames,
	GrantTable,
	Maptrack,
	Physmap,
	XenStore,
	store: STORE_PARTS,
};

/** What a module exports that stands in for the world itself: called afresh for each run. */
export interface WorldModule {
	default(options: Partial<WorldOptions>): World;
}

export class World {
	readonly options: WorldOptions;
	protected readonly parts: WorldParts;
	readonly frames: Frames;
	/** Undefined when every store is seen at once. */
	readonly order: MemoryOrder | undefined;
	readonly evtchn: EventChannels;
	readonly store: XenStore;
	readonly displays: Display[];
	protected readonly domains = new Map<number, Domain>();
	protected readonly connections = new Map<number, StoreConnection>();
	/** Tasks that have ended, by task id. */
	readonly ended = new Set<number>();
	/** Virtual milliseconds. Only the runner moves it. */
	now = 0;
	/** Counts how often a domain's life took a turn. */
	lives = 0;

	/** Parts given here replace the right ones: a wrong world overrides exactly one function. */
	constructor(
		options: Partial<WorldOptions> = {},
		parts: Partial<WorldParts> = {},
		memory: Memory = new HeapMemory(),
	) {
		this.options = { ...WORLD_DEFAULTS, ...options };
		this.parts = { ...WORLD_PARTS, ...parts };
		this.frames = new this.parts.Frames(memory);
		this.evtchn = new this.parts.EventChannels();
		this.order =
			this.options.memory === "sc"
				? undefined
				: new MemoryOrder(this.options.memory, this.frames);
		this.store = new this.parts.XenStore(
			{ manners: this.options.manners },
			this.parts.store,
		);
		this.store.domains.quotas.nodes = this.options.storeNodes;
		this.displays = this.options.displays.map((shape) => new Display(shape));
		this.createDomain(0);
	}

	/** The one door: a call of a task of a domain, answered at once. Waits are applied when they are `ready`. */
	apply(domid: number, task: number, call: Call): AnyReply {
		const domain = this.domains.get(domid);
		if (domain === undefined) throw new Error(`domain ${domid} does not exist`);
		const handler = this.parts.handlers[call.op] as (
			world: World,
			domain: Domain,
			call: Call,
			task: number,
		) => AnyReply;
		if (this.order === undefined) return handler(this, domain, call, task);
		this.order.before(task, call);
		const reply = handler(this, domain, call, task);
		this.order.after(call, reply);
		return reply;
	}

	domain(domid: number): Domain | undefined {
		return this.domains.get(domid);
	}

	/** Domains that exist, zombies included, by number. */
	domids(): number[] {
		return [...this.domains.keys()].sort((a, b) => a - b);
	}

	life(domid: number): Life | "gone" {
		return this.domains.get(domid)?.life ?? "gone";
	}

	setLife(domain: Domain, life: Life): void {
		domain.life = life;
		this.lives += 1;
	}

	/** The store connection of a domain's kernel. */
	connection(domid: number): StoreConnection {
		const connection = this.connections.get(domid);
		if (connection === undefined)
			throw new Error(`domain ${domid} has no store connection`);
		return connection;
	}

	hasConnection(domid: number): boolean {
		return this.connections.has(domid);
	}

	/** False when the number is taken, also by a zombie. */
	createDomain(domid: number): boolean {
		if (this.domains.has(domid)) return false;
		const sizes = this.options.limits(domid);
		const { GrantTable, Maptrack, Physmap } = this.parts;
		const physmap = new Physmap(domid, { ...sizes.memory }, this.frames);
		const limits = { ...sizes.grants };
		this.domains.set(domid, {
			domid,
			life: "running",
			physmap,
			grants: new GrantTable(domid, limits, physmap, this.frames),
			maptrack: new Maptrack(limits),
			objects: new Map(),
			nextObject: 1,
			locks: new Map(),
			completions: new Map(),
			displays: new Set(),
		});
		this.evtchn.add(domid, sizes.ports);
		if (domid === 0) this.connections.set(0, this.store.connectPrivileged());
		else {
			this.store.domainCreated(domid);
			this.connections.set(domid, this.store.connectDomain(domid));
		}
		return true;
	}

	/**
	 * XEN_DOMCTL_destroydomain: its mappings are released, then its ports closed, then its pages freed. Pages that others map keep it
	 * a zombie. True when it is one.
	 */
	destroyDomain(domain: Domain): boolean {
		for (const handle of domain.maptrack.numbers())
			this.dropMapping(domain, handle);
		for (const id of domain.displays) this.displays[id - 1]?.close();
		domain.displays.clear();
		this.evtchn.destroy(domain.domid);
		domain.grants.forget();
		domain.objects.clear();
		this.setLife(domain, "zombie");
		domain.physmap.releaseAll();
		this.connections.delete(domain.domid);
		this.store.domainDestroyed(domain.domid);
		this.reap(domain.domid);
		return this.domains.has(domain.domid);
	}

	/** Drop a mapping whose handle is in use: unpin, and see whether that was the last thing that kept a zombie. */
	dropMapping(domain: Domain, handle: number): void {
		const mapping = domain.maptrack.get(handle);
		if (mapping === undefined)
			throw new Error(`handle ${handle} is not in use`);
		const granter = this.domains.get(mapping.granter);
		if (granter === undefined)
			throw new Error(`granter ${mapping.granter} vanished while mapped`);
		domain.maptrack.remove(handle);
		domain.physmap.unmapForeign(mapping.gfn);
		if (mapping.kernelHole) domain.physmap.giveHole(mapping.gfn);
		granter.grants.unpin(mapping.ref, mapping.readonly);
		const gfn = granter.grants.endDeferred(mapping.ref);
		// The page may be lent by another reference too, which is still mapped.
		if (gfn !== 0 && !granter.grants.names(gfn)) granter.physmap.free(gfn);
		this.reap(mapping.granter);
	}

	/**
	 * A user-space driver's process is gone and its handles close: the kernel unmaps what it had mapped, closes its ports and watches,
	 * frees its memory, and ends its grants. A grant that is still mapped stays with its page until the peer unmaps.
	 */
	driverExit(domain: Domain): void {
		for (const handle of domain.maptrack.numbers())
			this.dropMapping(domain, handle);
		this.evtchn.reset(domain.domid);
		for (const id of domain.displays) this.displays[id - 1]?.close();
		domain.displays.clear();
		domain.objects.clear();
		domain.locks.clear();
		domain.completions.clear();
		if (this.hasConnection(domain.domid))
			this.store.resetWatches(this.connection(domain.domid));
		domain.grants.exit();
		domain.physmap.exit((gfn) => domain.grants.names(gfn));
	}

	/** A zombie goes when nothing of it is mapped any more. */
	protected reap(domid: number): void {
		const domain = this.domains.get(domid);
		if (domain?.life !== "zombie" || domain.grants.active.size > 0) return;
		this.domains.delete(domid);
		this.evtchn.remove(domid);
	}

	/** Whether a blocking call could be answered now. Every other call always can. */
	ready(domid: number, task: number, call: Call): boolean {
		switch (call.op) {
			case "wait":
				return this.waitCause(domid, call) !== undefined;
			case "lock.take": {
				const holder = this.domains.get(domid)?.locks.get(call.lock);
				return holder === undefined || holder === task;
			}
			case "task.join":
				return this.ended.has(call.task);
			default:
				return true;
		}
	}

	/** What would end a wait now, in the order of its fields. Asked of every waiting task at every turn: it makes no object. */
	waitCause(
		domid: number,
		call: Extract<Call, { op: "wait" }>,
	): "port" | "watch" | "completion" | "display" | undefined {
		if (this.raisedPort(domid, call.ports) !== 0) return "port";
		if (
			call.token !== "" &&
			this.hasConnection(domid) &&
			this.store.hasEvent(this.connection(domid), call.token)
		)
			return "watch";
		if (
			call.completion !== 0 &&
			(this.domains.get(domid)?.completions.get(call.completion) ?? 0) > 0
		)
			return "completion";
		if (call.display && this.raisedDisplay(domid) !== 0) return "display";
		return undefined;
	}

	/** The first of these ports that is pending and not masked; 0 for none. */
	raisedPort(domid: number, ports: ArrayLike<number>): number {
		if (ports.length === 0) return 0;
		const table = this.evtchn.table(domid);
		for (let i = 0; i < ports.length; i++) {
			const number = ports[i] as number;
			const port = table?.get(number);
			if (port?.pending === true && !port.masked) return number;
		}
		return 0;
	}

	/** The first open display with an event; 0 for none. */
	raisedDisplay(domid: number): number {
		for (const display of this.domains.get(domid)?.displays ?? [])
			if ((this.displays[display - 1]?.events.length ?? 0) > 0) return display;
		return 0;
	}

	/** When something in the world moves by itself next, 0 for never: the displays' frames. */
	get due(): number {
		let due = 0;
		for (const display of this.displays)
			if (display.due !== 0 && (due === 0 || display.due < due))
				due = display.due;
		return due;
	}

	/** Let time be `now`. */
	advance(now: number): void {
		this.now = now;
		for (const display of this.displays) display.advance(now);
	}
}
