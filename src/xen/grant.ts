/**
 * Grant tables, version 1 (grant_table.h, xen/common/grant_table.c; the free list as Linux keeps it in drivers/xen/grant-table.c).
 *
 * Entries are real: 8 octets each (flags u16, domid u16, frame u32) in pages of the granting domain, so that an owner may also
 * write them by hand. What the hypervisor knows beside them, pins and latched frames, is in `Active`.
 */
import {
	GNTMAP_application_map,
	GNTMAP_contains_pte,
	GNTMAP_device_map,
	GNTMAP_host_map,
	GNTMAP_readonly,
	GNTST_bad_domain,
	GNTST_bad_gntref,
	GNTST_bad_handle,
	GNTST_bad_page,
	GNTST_general_error,
	GNTST_no_space,
	GNTST_okay,
	GNTTAB_NR_RESERVED_ENTRIES,
	GTF_permit_access,
	GTF_reading,
	GTF_readonly,
	GTF_sub_page,
	GTF_type_mask,
	GTF_writing,
} from "./abi/grant-table.ts";
import type { Frames } from "./frame.ts";
import { PAGE_SIZE } from "./frame.ts";
import type { Physmap } from "./physmap.ts";

/** Entries of 8 octets in a page. */
export const ENTRIES_PER_PAGE = PAGE_SIZE / 8;
/** Handles in one page of map-track entries. */
export const HANDLES_PER_PAGE = 256;
/** Each kind of pin is counted in 8 bits; xen refuses at 128. */
export const PINS_MAX = 128;

export interface GrantLimits {
	/** Pages the table may grow to: `gnttab_max_frames`. */
	frames: number;
	/** Pages of map-track entries: `gnttab_max_maptrack_frames`. */
	maptrackFrames: number;
}

/** What the hypervisor keeps for an entry that is mapped: the frame is latched at the first map. */
interface Active {
	readers: number;
	writers: number;
	mapper: number;
	frame: number;
}

const REF_FREE = 0;
const REF_BATCH = 1;
const REF_CLAIMED = 2;

/** One domain's table and its owner's book-keeping of references. */
export class GrantTable {
	readonly domid: number;
	readonly limits: GrantLimits;
	protected readonly frames: Frames;
	protected readonly physmap: Physmap;
	/** gfns of the table's pages. */
	protected readonly pages: number[] = [];
	protected readonly freeRefs: number[] = [];
	protected readonly refStates: number[] = [];
	protected readonly batches = new Map<number, number[]>();
	protected readonly openFrames: number[] = [];
	readonly active = new Map<number, Active>();
	/** Entries of a driver that is gone, still mapped by the peer. */
	protected readonly deferred = new Set<number>();
	protected nextRef = GNTTAB_NR_RESERVED_ENTRIES;
	/** References that there may ever be; a scenario may lower it. */
	protected cap: number;
	protected nextBatch = 1;
	/** References in batches and not yet claimed. */
	reserved = 0;
	/** References claimed and not yet freed. */
	claimed = 0;
	/** Entries opened by `access` and not ended. */
	open = 0;

	constructor(
		domid: number,
		limits: GrantLimits,
		physmap: Physmap,
		frames: Frames,
	) {
		this.domid = domid;
		this.limits = limits;
		this.physmap = physmap;
		this.frames = frames;
		this.pages.push(physmap.xenPage());
		this.cap = limits.frames * ENTRIES_PER_PAGE;
	}

	/** From now on only so many references are free, as if others had taken the rest. */
	limitFree(free: number): void {
		this.cap = this.nextRef + free - this.freeRefs.length;
	}

	/** References the table has room for as it stands. */
	get size(): number {
		return this.pages.length * ENTRIES_PER_PAGE;
	}

	/** References that could still be claimed. */
	get free(): number {
		return this.freeRefs.length + this.cap - this.nextRef;
	}

	/** The gfn of table page `index`, growing the table as far as the limit; 0 beyond it. */
	page(index: number): number {
		while (this.pages.length <= index) {
			if (this.pages.length >= this.limits.frames) return 0;
			this.pages.push(this.physmap.xenPage());
		}
		return this.pages[index] as number;
	}

	// ---- The owner's free list.

	/** A batch of `count` references, or 0 when there are not so many. */
	reserve(count: number): number {
		if (count > this.free) return 0;
		const refs: number[] = [];
		for (let i = 0; i < count; i++) refs.push(this.takeRef());
		for (const ref of refs) this.refStates[ref] = REF_BATCH;
		const batch = this.nextBatch++;
		this.batches.set(batch, refs.reverse());
		this.reserved += count;
		return batch;
	}

	/** A reference out of a batch (0: the free list); 0 when it is empty, -1 for an unknown batch. */
	claim(batch: number): number {
		let ref = 0;
		if (batch === 0) {
			if (this.free <= 0) return 0;
			ref = this.takeRef();
		} else {
			const refs = this.batches.get(batch);
			if (refs === undefined) return -1;
			const last = refs.pop();
			if (last === undefined) return 0;
			ref = last;
			this.reserved -= 1;
		}
		this.refStates[ref] = REF_CLAIMED;
		this.claimed += 1;
		return ref;
	}

	/** The rest of a batch goes back. False for an unknown batch. */
	releaseBatch(batch: number): boolean {
		const refs = this.batches.get(batch);
		if (refs === undefined) return false;
		this.batches.delete(batch);
		this.reserved -= refs.length;
		for (const ref of refs) this.putRef(ref);
		return true;
	}

	/** A claimed reference goes back to the free list. False when it is not claimed, or still open. */
	freeRef(ref: number): boolean {
		if (this.refStates[ref] !== REF_CLAIMED || this.flags(ref) !== 0)
			return false;
		this.noteClosed(ref);
		this.claimed -= 1;
		this.putRef(ref);
		return true;
	}

	isClaimed(ref: number): boolean {
		return this.refStates[ref] === REF_CLAIMED;
	}

	// ---- The entries.

	flags(ref: number): number {
		return this.word(ref, 0) & 0xffff;
	}

	/** Open an entry: the frame behind gfn, 0 when there is none. In use already: -1. */
	access(ref: number, domid: number, gfn: number, readonly: boolean): number {
		if ((this.flags(ref) & GTF_type_mask) !== 0) return -1;
		const frame = this.physmap.ownFrame(gfn);
		if (frame === 0) return 0;
		const flags = GTF_permit_access | (readonly ? GTF_readonly : 0);
		this.setWord(ref, 1, gfn);
		this.setWord(ref, 0, (domid << 16) | flags);
		this.noteClosed(ref);
		this.openFrames[ref] = frame;
		this.frames.granted(frame, 1);
		this.open += 1;
		return frame;
	}

	/** The entry is open no more, be it that `end` closed it or that the owner cleared its flags by hand. */
	protected noteClosed(ref: number): void {
		const frame = this.openFrames[ref] ?? 0;
		if (frame === 0) return;
		this.openFrames[ref] = 0;
		this.frames.granted(frame, -1);
		this.open -= 1;
	}

	/** Close by compare-and-exchange of the flags: false while reading or writing is set. */
	end(ref: number): boolean {
		const flags = this.flags(ref);
		if ((flags & (GTF_reading | GTF_writing)) !== 0) return false;
		this.setWord(ref, 0, this.word(ref, 0) & 0xffff0000);
		this.noteClosed(ref);
		return true;
	}

	/** The entry as memory holds it now: another way in than `access` is to store the words. */
	entry(ref: number): { flags: number; domid: number; gfn: number } {
		const head = this.word(ref, 0);
		return {
			flags: head & 0xffff,
			domid: head >>> 16,
			gfn: this.word(ref, 1),
		};
	}

	/**
	 * Pin an entry for a mapping. GNTST_okay and the frame, or the status that xen gives.
	 * When the entry is already pinned, type and domain in memory are not looked at again: ending by force does not stop a domain
	 * that holds a mapping from mapping once more (grant_table.c, map).
	 */
	pin(
		mapper: number,
		ref: number,
		readonly: boolean,
	): { status: number; frame: number } {
		const refused = (status: number) => ({ status, frame: 0 });
		if (ref >= this.size) return refused(GNTST_bad_gntref);
		let act = this.active.get(ref);
		if (act !== undefined && act.mapper !== mapper)
			return refused(GNTST_general_error);
		const wantWrite = !readonly;
		// Only the first mapping of its kind looks at the entry and marks it: a further one leaves it alone, even if its owner wiped the marks.
		const marks = act === undefined || (wantWrite && act.writers === 0);
		const entry = this.entry(ref);
		if (marks && wantWrite && (entry.flags & GTF_readonly) !== 0)
			return refused(GNTST_general_error);
		if (act === undefined) {
			if (
				(entry.flags & GTF_type_mask) !== GTF_permit_access ||
				(entry.flags & GTF_sub_page) !== 0 ||
				entry.domid !== mapper
			)
				return refused(GNTST_general_error);
			const frame = this.physmap.ownFrame(entry.gfn);
			if (frame === 0) return refused(GNTST_bad_page);
			act = { readers: 0, writers: 0, mapper, frame };
		}
		if ((wantWrite ? act.writers : act.readers) >= PINS_MAX)
			return refused(GNTST_general_error);
		if (wantWrite) act.writers += 1;
		else act.readers += 1;
		this.active.set(ref, act);
		if (marks)
			this.setWord(
				ref,
				0,
				this.word(ref, 0) | GTF_reading | (wantWrite ? GTF_writing : 0),
			);
		this.frames.hold(act.frame);
		return { status: GNTST_okay, frame: act.frame };
	}

	/** Undo one pin: writing is cleared with the last writable pin, reading with the last of all. True when a frame came free. */
	unpin(ref: number, readonly: boolean): { frame: number; freed: boolean } {
		const act = this.active.get(ref);
		if (act === undefined) throw new Error(`grant ${ref} is not pinned`);
		if (readonly) act.readers -= 1;
		else act.writers -= 1;
		if (act.readers < 0 || act.writers < 0)
			throw new Error(`grant ${ref} has no such pin`);
		let head = this.word(ref, 0);
		if (act.writers === 0) head &= ~GTF_writing;
		if (act.writers + act.readers === 0) {
			head &= ~GTF_reading;
			this.active.delete(ref);
		}
		this.setWord(ref, 0, head >>> 0);
		return { frame: act.frame, freed: this.frames.drop(act.frame) };
	}

	/** The driver is gone: its batches and idle entries end now, the busy ones as soon as they are unmapped. */
	exit(): void {
		for (const batch of [...this.batches.keys()]) this.releaseBatch(batch);
		for (let ref = GNTTAB_NR_RESERVED_ENTRIES; ref < this.nextRef; ref++) {
			if (this.refStates[ref] !== REF_CLAIMED) continue;
			if (this.end(ref)) this.freeRef(ref);
			else this.deferred.add(ref);
		}
	}

	/** A deferred entry that nobody maps any more ends: the gfn it named, else 0. */
	endDeferred(ref: number): number {
		if (!this.deferred.has(ref) || this.active.has(ref)) return 0;
		this.deferred.delete(ref);
		const { gfn } = this.entry(ref);
		this.end(ref);
		this.freeRef(ref);
		return gfn;
	}

	/** Whether some deferred entry still names the gfn. */
	names(gfn: number): boolean {
		for (const ref of this.deferred)
			if (this.entry(ref).gfn === gfn) return true;
		return false;
	}

	/** The domain is torn down: its entries mean nothing any more. Pins stay until the mappings go. */
	forget(): void {
		for (let ref = 0; ref < this.openFrames.length; ref++) this.noteClosed(ref);
		this.batches.clear();
		this.deferred.clear();
		this.reserved = 0;
		this.claimed = 0;
	}

	protected word(ref: number, half: 0 | 1): number {
		const gfn = this.pages[(ref / ENTRIES_PER_PAGE) | 0];
		if (gfn === undefined) return 0;
		const frame = this.physmap.ownFrame(gfn);
		if (frame === 0) return 0;
		return this.frames.memory.load(frame, (ref % ENTRIES_PER_PAGE) * 2 + half);
	}

	protected setWord(ref: number, half: 0 | 1, value: number): void {
		const gfn = this.page((ref / ENTRIES_PER_PAGE) | 0);
		const frame = gfn === 0 ? 0 : this.physmap.ownFrame(gfn);
		if (frame === 0) return;
		this.frames.memory.store(
			frame,
			(ref % ENTRIES_PER_PAGE) * 2 + half,
			value >>> 0,
		);
	}

	protected takeRef(): number {
		const ref = this.freeRefs.pop() ?? this.nextRef++;
		// The table grows on demand, as Linux' expansion does.
		this.page((ref / ENTRIES_PER_PAGE) | 0);
		return ref;
	}

	protected putRef(ref: number): void {
		this.refStates[ref] = REF_FREE;
		this.freeRefs.push(ref);
	}
}

/** One map-track entry: what a handle stands for. */
export interface Mapping {
	granter: number;
	ref: number;
	gfn: number;
	frame: number;
	readonly: boolean;
	/** The kernel found the frame number itself, so it takes it back. */
	kernelHole: boolean;
}

/** The mapping side of one domain: its handles. */
export class Maptrack {
	protected readonly limit: number;
	protected readonly handles: (Mapping | undefined)[] = [];
	protected readonly free: number[] = [];
	/** Handles in use. */
	count = 0;

	constructor(limits: GrantLimits) {
		this.limit = limits.maptrackFrames * HANDLES_PER_PAGE;
	}

	get(handle: number): Mapping | undefined {
		return this.handles[handle];
	}

	get full(): boolean {
		return this.count >= this.limit;
	}

	add(mapping: Mapping): number {
		const handle = this.free.pop() ?? this.handles.length;
		this.handles[handle] = mapping;
		this.count += 1;
		return handle;
	}

	remove(handle: number): void {
		this.handles[handle] = undefined;
		this.free.push(handle);
		this.count -= 1;
	}

	/** Handles in use, ascending. */
	numbers(): number[] {
		const used: number[] = [];
		for (let handle = 0; handle < this.handles.length; handle++)
			if (this.handles[handle] !== undefined) used.push(handle);
		return used;
	}
}

/** Status of the flags alone, before any table is looked at. */
export function mapFlagsStatus(flags: number): number {
	if ((flags & (GNTMAP_device_map | GNTMAP_host_map)) === 0)
		return GNTST_bad_gntref;
	// A guest with hardware paging has no page-table entries or devices to map for.
	if (
		(flags &
			(GNTMAP_device_map | GNTMAP_application_map | GNTMAP_contains_pte)) !==
		0
	)
		return GNTST_general_error;
	return GNTST_okay;
}

export const isReadonly = (flags: number): boolean =>
	(flags & GNTMAP_readonly) !== 0;
export { GNTST_bad_domain, GNTST_bad_handle, GNTST_no_space };
