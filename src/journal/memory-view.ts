/**
 * What the ledger says of memory: which frame stands behind a grant, who maps it, and what was stored where. It shares no code with the
 * hypervisor model, so that rules about that model have a second witness.
 */
import { DOMID_SELF } from "../xen/abi/domid.ts";
import {
	GNTCOPY_dest_gref,
	GNTCOPY_source_gref,
	GNTMAP_readonly,
} from "../xen/abi/grant-table.ts";
import { PAGE_WORDS, POISON } from "../xen/frame.ts";
import type { CallEntry, Entry } from "./entry.ts";
import { isLong } from "./journal.ts";

/** One open grant entry. */
export interface GrantView {
	granter: number;
	ref: number;
	to: number;
	gfn: number;
	frame: number;
	readonly: boolean;
	/** Journal entry that opened it. */
	seq: number;
}

/** One live mapping. */
export interface MapView {
	mapper: number;
	handle: number;
	granter: number;
	ref: number;
	gfn: number;
	frame: number;
	readonly: boolean;
	seq: number;
}

/** One number for a domain and a number of its own; -1, which nothing has, for what a node says and 32 bits do not hold. */
const key = (domid: number, number: number) =>
	number >>> 0 === number ? domid * 0x1_0000_0000 + number : -1;

const NONE: ReadonlySet<GrantView> = new Set();

export class MemoryView {
	/** By granter and reference. */
	readonly grants = new Map<number, GrantView>();
	/** By mapper and handle. */
	readonly maps = new Map<number, MapView>();
	private readonly byFrame = new Map<number, Set<MapView>>();
	/** By mapper and gfn. */
	private readonly byGfn = new Map<number, MapView>();
	/** Open grants of a frame. */
	private readonly grantsByFrame = new Map<number, Set<GrantView>>();
	/** The grant that the last successful `grant.end` closed. */
	lastEnded: GrantView | undefined;
	/** Grants of a driver that is gone: its kernel ends each when it is mapped no more. */
	private readonly deferred = new Set<GrantView>();
	private readonly stored = new Map<number, Uint32Array>();
	/** Frames that nobody cleared for their owner, and that hold poison where nothing was stored. */
	private readonly poisoned = new Set<number>();
	/** By domain and gfn: its own frame. */
	private readonly own = new Map<number, number[]>();

	grant(granter: number, ref: number): GrantView | undefined {
		return this.grants.get(key(granter, ref));
	}

	map(mapper: number, handle: number): MapView | undefined {
		return this.maps.get(key(mapper, handle));
	}

	/** What a domain has mapped at one of its frame numbers. */
	mappedAt(mapper: number, gfn: number): MapView | undefined {
		return this.byGfn.get(key(mapper, gfn));
	}

	/** Mappings of a frame that `owner` granted, by other domains. A frame that has become another domain's is mapped from that one. */
	foreign(frame: number, owner: number): MapView[] {
		return [...(this.byFrame.get(frame) ?? [])].filter(
			(m) => m.granter === owner && m.mapper !== owner,
		);
	}

	/** Open grants of a frame. */
	grantsOf(frame: number): ReadonlySet<GrantView> {
		return this.grantsByFrame.get(frame) ?? NONE;
	}

	/** The words of a frame that was handed out. */
	words(frame: number): Uint32Array {
		let words = this.stored.get(frame);
		if (words === undefined) {
			words = new Uint32Array(PAGE_WORDS);
			if (this.poisoned.has(frame)) words.fill(POISON);
			this.stored.set(frame, words);
		}
		return words;
	}

	follow(entry: Entry): void {
		switch (entry.kind) {
			case "grant.access":
				if (entry.reply.status === 0)
					this.open({
						granter: entry.domid,
						ref: entry.call.ref,
						to: entry.call.domid,
						gfn: entry.call.gfn,
						frame: entry.reply.frame,
						readonly: entry.call.readonly,
						seq: entry.seq,
					});
				return;
			case "grant.end":
				if (entry.reply.status === 0)
					this.lastEnded = this.close(entry.domid, entry.call.ref);
				return;
			case "grant.map": {
				if (entry.reply.status !== 0) return;
				const { handle, gfn, frame } = entry.reply;
				const { granter, ref, flags } = entry.call;
				this.disown(entry.domid, gfn);
				const map = {
					mapper: entry.domid,
					handle,
					granter,
					ref,
					gfn,
					frame,
					readonly: (flags & GNTMAP_readonly) !== 0,
					seq: entry.seq,
				};
				this.maps.set(key(entry.domid, handle), map);
				this.byGfn.set(key(entry.domid, gfn), map);
				let maps = this.byFrame.get(frame);
				if (maps === undefined) {
					maps = new Set();
					this.byFrame.set(frame, maps);
				}
				maps.add(map);
				return;
			}
			case "grant.unmap":
				// With address 0 the mapping stays.
				if (entry.reply.status === 0 && entry.call.gfn !== 0)
					this.unmap(entry.domid, entry.call.handle);
				return;
			case "grant.copy":
				if (entry.reply.status === 0) this.copied(entry);
				return;
			case "page.alloc": {
				if (entry.reply.status !== 0) return;
				const { gfn, frame } = entry.reply;
				// A page that comes back from the domain's own allocator holds what it held.
				const used = this.frameOf(entry.domid, gfn) === frame;
				if (entry.call.zeroed || !used) this.clear(frame, entry.call.zeroed);
				this.adopt(entry.domid, gfn, frame);
				return;
			}
			case "memory.populate-physmap":
				if (entry.reply.status !== 1) return;
				this.clear(entry.reply.frame, false);
				this.adopt(entry.domid, entry.call.gfn, entry.reply.frame);
				return;
			case "memory.decrease-reservation":
				if (entry.reply.status === 1) this.disown(entry.domid, entry.call.gfn);
				return;
			case "balloon.take":
				if (entry.reply.status === 0) this.disown(entry.domid, entry.reply.gfn);
				return;
			case "page.store": {
				if (entry.reply.status !== 0 || isLong(entry.call.words)) return;
				const words = this.words(entry.reply.frame);
				const { word } = entry.call;
				for (let i = 0; i < entry.call.words.length; i++)
					words[word + i] = entry.call.words[i] as number;
				return;
			}
			case "page.compare-exchange":
				if (
					entry.reply.status === 0 &&
					entry.reply.found === entry.call.expected
				)
					this.words(entry.reply.frame)[entry.call.word] = entry.call.next;
				return;
			case "driver.exit":
			case "domain.destroy": {
				if (entry.reply.status !== 0) return;
				const gone = entry.call.domid;
				if (entry.kind === "domain.destroy") this.own.delete(gone);
				for (const map of [...this.maps.values()])
					if (map.mapper === gone) this.unmap(gone, map.handle);
				for (const grant of [...this.grants.values()]) {
					if (grant.granter !== gone) continue;
					if (entry.kind === "domain.destroy" || !this.mapped(grant))
						this.close(grant.granter, grant.ref);
					else this.deferred.add(grant);
				}
				return;
			}
			default:
		}
	}

	/** A domain's own frame behind a frame number; undefined when it has no memory there. */
	frameOf(domid: number, gfn: number): number | undefined {
		return this.own.get(domid)?.[gfn];
	}

	private adopt(domid: number, gfn: number, frame: number): void {
		let frames = this.own.get(domid);
		if (frames === undefined) {
			frames = [];
			this.own.set(domid, frames);
		}
		frames[gfn] = frame;
	}

	private disown(domid: number, gfn: number): void {
		delete this.own.get(domid)?.[gfn];
	}

	private clear(frame: number, zeroed: boolean): void {
		this.stored.delete(frame);
		if (zeroed) this.poisoned.delete(frame);
		else this.poisoned.add(frame);
	}

	/** The frame at one end of a copy: behind a reference, which is latched while it is mapped, or an own page. */
	private copyEnd(
		caller: number,
		byRef: boolean,
		domid: number,
		at: number,
	): number | undefined {
		if (!byRef) return this.frameOf(caller, at);
		const granter = domid === DOMID_SELF ? caller : domid;
		for (const map of this.maps.values())
			if (map.granter === granter && map.ref === at) return map.frame;
		const grant = this.grant(granter, at);
		return grant && (this.frameOf(granter, grant.gfn) ?? grant.frame);
	}

	private copied({ domid, call }: CallEntry<"grant.copy">): void {
		const fromRef = (call.flags & GNTCOPY_source_gref) !== 0;
		const toRef = (call.flags & GNTCOPY_dest_gref) !== 0;
		const from = this.copyEnd(domid, fromRef, call.source_domid, call.source);
		const to = this.copyEnd(domid, toRef, call.dest_domid, call.dest);
		if (from === undefined || to === undefined) return;
		const octets = (frame: number, offset: number) =>
			new Uint8Array(this.words(frame).buffer, offset, call.len);
		octets(to, call.dest_offset).set(octets(from, call.source_offset));
	}

	private open(grant: GrantView): void {
		this.close(grant.granter, grant.ref);
		this.grants.set(key(grant.granter, grant.ref), grant);
		let grants = this.grantsByFrame.get(grant.frame);
		if (grants === undefined) {
			grants = new Set();
			this.grantsByFrame.set(grant.frame, grants);
		}
		grants.add(grant);
	}

	private close(granter: number, ref: number): GrantView | undefined {
		const grant = this.grants.get(key(granter, ref));
		if (grant === undefined) return undefined;
		this.grants.delete(key(granter, ref));
		this.grantsByFrame.get(grant.frame)?.delete(grant);
		this.deferred.delete(grant);
		return grant;
	}

	private unmap(mapper: number, handle: number): void {
		const map = this.maps.get(key(mapper, handle));
		if (map === undefined) return;
		this.maps.delete(key(mapper, handle));
		if (this.byGfn.get(key(mapper, map.gfn)) === map)
			this.byGfn.delete(key(mapper, map.gfn));
		this.byFrame.get(map.frame)?.delete(map);
		const grant = this.grant(map.granter, map.ref);
		if (grant !== undefined && this.deferred.has(grant) && !this.mapped(grant))
			this.close(grant.granter, grant.ref);
	}

	private mapped({ granter, ref, frame }: GrantView): boolean {
		return this.foreign(frame, granter).some((m) => m.ref === ref);
	}
}
