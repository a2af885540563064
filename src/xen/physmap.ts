/**
 * A domain's guest frame numbers: what stands behind each, its own page allocator, and its balloon.
 *
 * Facts: memory.h (XENMEM_decrease_reservation, XENMEM_populate_physmap), xen/common/memory.c; the balloon driver of Linux,
 * which hands out frame numbers without memory behind them for foreign mappings.
 */
import type { Frames } from "./frame.ts";
import { POISON } from "./frame.ts";

export interface PhysmapLimits {
	/** `max_pages` of the domain. */
	pages: number;
	/** How many frame numbers the balloon driver may have handed out at once. */
	balloon: number;
	/** How many it can hand out before it must give own memory away: holes beyond the domain's memory. */
	balloonCredit: number;
}

/** Nothing stands behind the frame number. */
const HOLE = 0;
const OWN = 1;
const FOREIGN = 2;
/** A page of the hypervisor's that the domain sees: its grant table. */
const XEN = 3;

/** Highest frame number a domain may use: 4 GiB. */
const GFN_MAX = 0xfffff;

export class Physmap {
	readonly domid: number;
	readonly limits: PhysmapLimits;
	protected readonly frames: Frames;
	/** By gfn. */
	protected readonly kinds: number[] = [HOLE];
	protected readonly backing: number[] = [0];
	protected readonly readonlys: boolean[] = [false];
	/** By gfn: handed out by `page.alloc`. */
	protected readonly used: boolean[] = [false];
	/** The allocator's free pages, newest last and handed out first. */
	protected readonly freeGfns: number[] = [];
	/** By gfn: 1 in the balloon's list, 2 taken from it. */
	protected readonly ballooned: number[] = [0];
	protected readonly balloonList: number[] = [];
	/** Pages that count against `max_pages`. */
	pages = 0;
	/** Pages given away by `decrease`, or lost under a foreign mapping: the allocator has them no more until they are populated again. */
	protected given = 0;
	/** Pages handed out by `page.alloc` and not freed. */
	inUse = 0;
	/** Frame numbers taken from the balloon and not given back. */
	balloonOut = 0;

	constructor(domid: number, limits: PhysmapLimits, frames: Frames) {
		this.domid = domid;
		this.limits = limits;
		this.frames = frames;
	}

	/** The frame behind a gfn, 0 when there is none. */
	frame(gfn: number): number {
		return this.backing[gfn] ?? 0;
	}

	/** The gfn's own frame, 0 for a hole or a foreign mapping. */
	ownFrame(gfn: number): number {
		const kind = this.kinds[gfn];
		return kind === OWN || kind === XEN ? (this.backing[gfn] as number) : 0;
	}

	isForeign(gfn: number): boolean {
		return this.kinds[gfn] === FOREIGN;
	}

	writable(gfn: number): boolean {
		return this.readonlys[gfn] !== true;
	}

	/** How many frame numbers wait in the balloon's list. */
	get balloonCredit(): number {
		return this.balloonList.length;
	}

	/** From now on only so many pages can still be had, as if others had taken the rest. */
	limitFree(free: number): void {
		for (const gfn of this.freeGfns.slice(free)) this.decrease(gfn);
		this.limits.pages = this.pages + this.given + free - this.freeGfns.length;
	}

	/** `page.alloc`: gfn, or 0 when `max_pages` is reached. */
	alloc(zeroed: boolean): number {
		const gfn = this.freeGfns.pop() ?? this.grow();
		if (gfn === 0) return 0;
		this.used[gfn] = true;
		this.inUse += 1;
		if (zeroed) this.frames.memory.fill(this.frame(gfn), 0);
		return gfn;
	}

	/** `page.free`: false for a page that the allocator did not hand out. */
	free(gfn: number): boolean {
		if (this.used[gfn] !== true) return false;
		this.used[gfn] = false;
		this.inUse -= 1;
		// Without memory behind it (ballooned out by hand) there is nothing to hand out again.
		if (this.kinds[gfn] === OWN) this.freeGfns.push(gfn);
		return true;
	}

	/** A page for the hypervisor's own tables: no part of the allocator and not counted in `max_pages`. */
	xenPage(): number {
		const gfn = this.fresh();
		this.kinds[gfn] = XEN;
		this.backing[gfn] = this.frames.alloc(this.domid, 0);
		return gfn;
	}

	/** The driver is gone: its pages and frame numbers come back, but the pages that `kept` names. */
	exit(kept: (gfn: number) => boolean): void {
		for (let gfn = 1; gfn < this.ballooned.length; gfn++) this.balloonGive(gfn);
		for (let gfn = 1; gfn < this.used.length; gfn++)
			if (this.used[gfn] === true && !kept(gfn)) this.free(gfn);
	}

	/** XENMEM_decrease_reservation of one: the count done. The domain's own reference goes; a foreign mapping keeps the frame. */
	decrease(gfn: number): number {
		if (this.kinds[gfn] !== OWN) return 0;
		this.giveAway(gfn);
		this.kinds[gfn] = HOLE;
		this.backing[gfn] = 0;
		return 1;
	}

	/** The memory behind the gfn is the domain's no more; the allocator must not hand the gfn out either. */
	protected giveAway(gfn: number): void {
		this.frames.release(this.backing[gfn] as number);
		this.pages -= 1;
		this.given += 1;
		const free = this.freeGfns.indexOf(gfn);
		if (free >= 0) this.freeGfns.splice(free, 1);
	}

	/** XENMEM_populate_physmap of one: the count done, 0 at `max_pages` or over a populated frame number. */
	populate(gfn: number): number {
		if (gfn <= 0 || gfn > GFN_MAX) return 0;
		if ((this.kinds[gfn] ?? HOLE) !== HOLE) return 0;
		if (this.pages >= this.limits.pages) return 0;
		while (this.kinds.length <= gfn) this.fresh();
		this.kinds[gfn] = OWN;
		this.backing[gfn] = this.frames.alloc(this.domid, POISON);
		this.pages += 1;
		if (this.given > 0) this.given -= 1;
		return 1;
	}

	/** `balloon.take`: a gfn without memory, 0 when the balloon may not grow or the domain has no page to give. */
	balloonTake(): number {
		if (this.balloonOut >= this.limits.balloon) return 0;
		let gfn = this.takeHole(this.balloonList);
		if (gfn === undefined && this.limits.balloonCredit > 0) {
			this.limits.balloonCredit -= 1;
			gfn = this.fresh();
		}
		if (gfn === undefined) {
			gfn = this.freeGfns.pop() ?? this.grow();
			if (gfn === 0) return 0;
			this.decrease(gfn);
		}
		this.ballooned[gfn] = 2;
		this.balloonOut += 1;
		return gfn;
	}

	/** `balloon.give`: "foreign" while something is mapped there, "not-taken" when it was not taken from the balloon. */
	balloonGive(gfn: number): "ok" | "not-taken" | "foreign" {
		if (this.ballooned[gfn] !== 2) return "not-taken";
		if (this.kinds[gfn] !== HOLE) return "foreign";
		this.ballooned[gfn] = 1;
		this.balloonOut -= 1;
		this.balloonList.push(gfn);
		return "ok";
	}

	/** A hole to map a foreign page at, for a kernel that chooses the place itself. */
	hole(): number {
		return this.takeHole(this.holes) ?? this.fresh();
	}

	/** A hole that `hole` handed out is free again. */
	giveHole(gfn: number): void {
		this.holes.push(gfn);
	}
	protected readonly holes: number[] = [];

	/** The newest of a list that has nothing behind it: a guest may have populated one, or mapped something there by hand. */
	protected takeHole(list: number[]): number | undefined {
		const at = list.findLastIndex((gfn) => this.kinds[gfn] === HOLE);
		return at < 0 ? undefined : list.splice(at, 1)[0];
	}

	/** Whether something foreign can be mapped at the gfn: not over another mapping, nor over the grant table, nor beyond the address space. */
	mappable(gfn: number): boolean {
		const kind = this.kinds[gfn] ?? HOLE;
		return gfn > 0 && gfn <= GFN_MAX && (kind === HOLE || kind === OWN);
	}

	/** A foreign frame stands behind a mappable gfn from now on. The memory that stood there is lost to the domain. */
	mapForeign(gfn: number, frame: number, readonly: boolean): void {
		while (this.kinds.length <= gfn) this.fresh();
		if (this.kinds[gfn] === OWN) this.giveAway(gfn);
		this.kinds[gfn] = FOREIGN;
		this.backing[gfn] = frame;
		this.readonlys[gfn] = readonly;
	}

	unmapForeign(gfn: number): void {
		this.kinds[gfn] = HOLE;
		this.backing[gfn] = 0;
		this.readonlys[gfn] = false;
	}

	/** Teardown: every own frame is let go. How many are still held by foreign mappings. */
	releaseAll(): number {
		let held = 0;
		for (let gfn = 1; gfn < this.kinds.length; gfn++) {
			if (this.ownFrame(gfn) === 0) continue;
			if (!this.frames.release(this.backing[gfn] as number)) held += 1;
			this.kinds[gfn] = HOLE;
			this.backing[gfn] = 0;
		}
		this.pages = 0;
		return held;
	}

	/** A new page of memory at a new frame number; 0 at `max_pages`. */
	protected grow(): number {
		if (this.pages + this.given >= this.limits.pages) return 0;
		const gfn = this.fresh();
		this.kinds[gfn] = OWN;
		this.backing[gfn] = this.frames.alloc(this.domid, POISON);
		this.pages += 1;
		return gfn;
	}

	protected fresh(): number {
		const gfn = this.kinds.length;
		this.kinds.push(HOLE);
		this.backing.push(0);
		this.readonlys.push(false);
		this.used.push(false);
		this.ballooned.push(0);
		return gfn;
	}
}
