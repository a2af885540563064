/**
 * Grants, mappings and pages as the calls and their answers tell of them: a second set of books beside the hypervisor's own, from which it shares
 * nothing but the numbers of the headers. What an answer of a fault says is believed, but nothing is concluded from it.
 */
import type { CallEntry } from "../../journal/entry.ts";
import { DOMID_SELF } from "../../xen/abi/domid.ts";
import {
	GNTCOPY_dest_gref,
	GNTCOPY_source_gref,
	GNTMAP_host_map,
	GNTMAP_readonly,
	GNTST_no_space,
	GNTST_okay,
	GTF_reading,
	GTF_writing,
} from "../../xen/abi/grant-table.ts";
import type { CallName } from "../../xen/call.ts";
import { SecondBooks } from "./books.ts";

/** `marks`: an entry is in use exactly while something pins it. `mappings`: each live mapping holds its page, and what is handed out is handed out once. */
export type GrantPromise = "marks" | "mappings";

/** An entry of a grant table that was opened and not ended. */
interface Open {
	to: number;
	gfn: number;
	frame: number;
	readonly: boolean;
	/** Its driver is gone: it ends as soon as nobody maps it. */
	orphan: boolean;
}

interface Mapping {
	mapper: number;
	handle: number;
	granter: number;
	ref: number;
	gfn: number;
	frame: number;
	readonly: boolean;
}

interface Guest {
	/** Destroyed, and pages of it are still mapped. */
	zombie: boolean;
	entries: Map<number, Open>;
	claimed: Set<number>;
	handles: Map<number, Mapping>;
	/** What is mapped, by frame number. */
	foreign: Map<number, Mapping>;
	/** Own pages that are in use: the frame, by frame number. */
	own: Map<number, number>;
	/** Pages that were given back to its allocator, which may have parted with them since. */
	freed: Map<number, number>;
	/** Frame numbers taken from the balloon. */
	holes: Set<number>;
	/** It has looked for the pages of its table, and may write entries without a call. */
	byHand: boolean;
	/** A driver of it ended: which of its pages stayed, the ledger does not say. */
	exited: boolean;
}

const guest = (): Guest => ({
	zombie: false,
	entries: new Map(),
	claimed: new Set(),
	handles: new Map(),
	foreign: new Map(),
	own: new Map(),
	freed: new Map(),
	holes: new Set(),
	byHand: false,
	exited: false,
});

const PAGE_WORDS = 1024;
const PAGE_OCTETS = 4096;
/** Xen counts pins of one kind in eight bits and refuses in time. */
const PINS = 100;
const EBUSY = -16;

export class GrantBooks extends SecondBooks<GrantPromise> {
	private readonly guests = new Map<number, Guest>([[0, guest()]]);
	/** By granter and reference. */
	private readonly pins = new Map<string, Set<Mapping>>();
	/** Whose each frame is that is in use: by frame. */
	private readonly owners = new Map<number, { domid: number; gfn: number }>();
	/** How many live mappings each frame has. */
	private readonly held = new Map<number, number>();

	protected enter(entry: CallEntry): void {
		const who = this.of(entry.domid);
		const { fault } = entry;
		switch (entry.kind) {
			case "page.load":
			case "page.store":
			case "page.compare-exchange":
				if (fault === 0) this.touched(who, entry);
				return;
			case "grant.table":
				who.byHand = true;
				return;
			case "grant.access":
				this.opened(who, entry);
				return;
			case "grant.query":
				this.queried(who, entry);
				return;
			case "grant.end":
				this.ended(who, entry);
				return;
			case "grant.claim":
				this.claimed(who, entry);
				return;
			case "grant.free":
				this.unclaimed(who, entry);
				return;
			case "grant.map":
				this.mapped(who, entry);
				return;
			case "grant.unmap":
				this.unmapped(who, entry);
				return;
			case "grant.copy":
				if (fault === 0) this.copied(who, entry);
				return;
			case "page.alloc":
				if (entry.reply.status === 0)
					this.gave(who, entry.domid, entry.reply.gfn, entry.reply.frame);
				return;
			case "memory.populate-physmap":
				if (entry.reply.status === 1)
					this.gave(who, entry.domid, entry.call.gfn, entry.reply.frame);
				return;
			case "page.free": {
				if (entry.reply.status !== 0) return;
				const frame = who.own.get(entry.call.gfn);
				this.lost(who, entry.call.gfn);
				if (frame !== undefined) who.freed.set(entry.call.gfn, frame);
				return;
			}
			case "memory.decrease-reservation":
				if (entry.reply.status !== 1) return;
				this.lost(who, entry.call.gfn);
				who.freed.delete(entry.call.gfn);
				return;
			case "balloon.take":
				if (entry.reply.status === 0) this.tookHole(who, entry.reply.gfn);
				return;
			case "balloon.give":
				if (entry.reply.status === 0) who.holes.delete(entry.call.gfn);
				return;
			case "driver.exit":
				if (entry.reply.status === 0) this.exited(entry.call.domid);
				return;
			case "domain.create":
				this.created(entry);
				return;
			case "domain.destroy":
				this.destroyed(entry);
				return;
			default:
		}
	}

	private of(domid: number): Guest {
		let known = this.guests.get(domid);
		if (known === undefined) {
			known = guest();
			this.guests.set(domid, known);
		}
		return known;
	}

	private pinsOf(granter: number, ref: number): ReadonlySet<Mapping> {
		return this.pins.get(`${granter} ${ref}`) ?? UNPINNED;
	}

	// ---- The granting side.

	private opened(
		who: Guest,
		{ domid, call, reply, fault }: CallEntry<"grant.access">,
	): void {
		const known = who.entries.get(call.ref);
		if (reply.status !== 0) {
			if (
				fault === 0 &&
				reply.status === EBUSY &&
				known === undefined &&
				!who.byHand
			)
				this.wrong(
					"marks",
					"finds an entry in use that is not open",
					"a closed entry can be opened",
					"-EBUSY",
				);
			return;
		}
		if (known !== undefined && !who.byHand)
			this.wrong(
				"marks",
				"opens an entry that is open already",
				"-EBUSY, for the entry names another page",
				"success",
			);
		const own = who.own.get(call.gfn);
		if (own !== undefined && own !== reply.frame)
			this.wrong(
				"mappings",
				`lends another page than the one behind frame number ${call.gfn}`,
				`frame ${own}`,
				`frame ${reply.frame}`,
			);
		who.entries.set(call.ref, {
			to: call.domid === DOMID_SELF ? domid : call.domid,
			gfn: call.gfn,
			frame: reply.frame,
			readonly: call.readonly,
			orphan: false,
		});
	}

	private queried(
		who: Guest,
		{ domid, call, reply, fault }: CallEntry<"grant.query">,
	): void {
		if (reply.status !== 0 || fault !== 0 || who.byHand) return;
		const pins = [...this.pinsOf(domid, call.ref)];
		const marks =
			(pins.length > 0 ? GTF_reading : 0) |
			(pins.some((pin) => !pin.readonly) ? GTF_writing : 0);
		if (reply.flags !== marks)
			this.wrong(
				"marks",
				`sees other in-use marks than its ${pins.length} live mapping${pins.length === 1 ? "" : "s"} make`,
				marksText(marks),
				marksText(reply.flags),
			);
	}

	private ended(
		who: Guest,
		{ domid, call, reply, fault }: CallEntry<"grant.end">,
	): void {
		const pins = this.pinsOf(domid, call.ref).size;
		if (reply.status === 0) {
			if (pins > 0 && fault === 0 && !who.byHand)
				this.wrong(
					"marks",
					`ends a grant that ${pins === 1 ? "a mapping" : `${pins} mappings`} still use${pins === 1 ? "s" : ""}`,
					"-EBUSY until the last of them is gone",
					"success",
				);
			who.entries.delete(call.ref);
			return;
		}
		if (fault === 0 && pins === 0 && who.entries.has(call.ref) && !who.byHand)
			this.wrong(
				"marks",
				"cannot end a grant that nothing maps any more",
				"the marks are gone with the last mapping",
				`status ${reply.status}`,
			);
	}

	private claimed(
		who: Guest,
		{ domid, reply }: CallEntry<"grant.claim">,
	): void {
		if (reply.status !== 0) return;
		if (who.claimed.has(reply.ref))
			this.wrong(
				"mappings",
				"gets a reference that somebody has",
				"a reference that is free",
				`reference ${reply.ref}`,
			);
		const pins = this.pinsOf(domid, reply.ref).size;
		if (pins > 0 && !who.byHand)
			this.wrong(
				"marks",
				"gets a reference whose entry is still in use",
				"a reference that nothing maps",
				`reference ${reply.ref}, with ${pins} live mappings`,
			);
		who.claimed.add(reply.ref);
	}

	private unclaimed(
		who: Guest,
		{ call, reply, fault }: CallEntry<"grant.free">,
	): void {
		const open = who.entries.has(call.ref);
		if (reply.status === 0) {
			if (open && fault === 0 && !who.byHand)
				this.wrong(
					"marks",
					"frees the reference of an entry that is open",
					"-EINVAL until it is ended",
					"success",
				);
			who.claimed.delete(call.ref);
			who.entries.delete(call.ref);
		} else if (fault === 0 && !open && who.claimed.has(call.ref) && !who.byHand)
			this.wrong(
				"marks",
				"cannot free a reference whose entry is closed",
				"success",
				`status ${reply.status}`,
			);
	}

	// ---- The mapping side.

	private mapped(
		who: Guest,
		{ domid, call, reply, fault }: CallEntry<"grant.map">,
	): void {
		const owner = this.guests.get(call.granter);
		const entry = owner?.entries.get(call.ref);
		const pins = this.pinsOf(call.granter, call.ref);
		const readonly = (call.flags & GNTMAP_readonly) !== 0;
		const allowed =
			owner !== undefined &&
			!owner.zombie &&
			entry?.to === domid &&
			(readonly || !entry.readonly);
		if (reply.status !== GNTST_okay) {
			const plain = (call.flags & ~GNTMAP_readonly) === GNTMAP_host_map;
			const place =
				call.gfn === 0 ||
				((who.own.has(call.gfn) || who.holes.has(call.gfn)) &&
					!who.foreign.has(call.gfn));
			if (
				fault === 0 &&
				allowed &&
				plain &&
				place &&
				!owner.byHand &&
				owner.own.has(entry.gfn) &&
				pins.size < PINS &&
				reply.status !== GNTST_no_space
			)
				this.wrong(
					"marks",
					"is refused a page that was lent to it",
					"GNTST_okay: the entry is open, and for this domain",
					`status ${reply.status}`,
				);
			return;
		}
		const again = [...pins].find((pin) => pin.mapper === domid);
		const known = owner?.byHand !== true;
		if (known && !allowed && again === undefined)
			this.wrong(
				"mappings",
				"maps what nobody has lent to it",
				"an entry that is open for this domain, with this right",
				entry === undefined
					? `reference ${call.ref} of domain ${call.granter} is not open`
					: `reference ${call.ref} of domain ${call.granter} is open for domain ${entry.to}${entry.readonly ? ", read-only" : ""}`,
			);
		const frame =
			again?.frame ??
			(entry === undefined
				? undefined
				: (owner?.own.get(entry.gfn) ?? entry.frame));
		if (known && frame !== undefined && frame !== reply.frame)
			this.wrong(
				"mappings",
				"maps another page than the one that was lent",
				`frame ${frame}`,
				`frame ${reply.frame}`,
			);
		if (who.handles.has(reply.handle))
			this.wrong(
				"mappings",
				"gets a handle that stands for another mapping",
				"a handle that is free",
				`handle ${reply.handle}`,
			);
		if (who.foreign.has(reply.gfn))
			this.wrong(
				"mappings",
				"maps over another mapping",
				"a frame number with nothing foreign behind it",
				`gfn ${reply.gfn}`,
			);
		this.lost(who, reply.gfn);
		who.freed.delete(reply.gfn);
		this.pin({
			mapper: domid,
			handle: reply.handle,
			granter: call.granter,
			ref: call.ref,
			gfn: reply.gfn,
			frame: reply.frame,
			readonly,
		});
	}

	private unmapped(
		who: Guest,
		{ call, reply, fault }: CallEntry<"grant.unmap">,
	): void {
		const mapping = who.handles.get(call.handle);
		if (reply.status !== GNTST_okay) {
			if (
				fault === 0 &&
				mapping !== undefined &&
				(call.gfn === mapping.gfn || call.gfn === 0)
			)
				this.wrong(
					"mappings",
					"cannot unmap what it has mapped",
					"GNTST_okay: the handle stands for a live mapping",
					`status ${reply.status}`,
				);
			return;
		}
		if (mapping === undefined) {
			if (fault === 0)
				this.wrong(
					"mappings",
					"unmaps a handle that stands for no mapping",
					"GNTST_bad_handle",
					"success",
				);
			return;
		}
		if (
			fault === 0 &&
			(reply.granter !== mapping.granter || reply.ref !== mapping.ref)
		)
			this.wrong(
				"mappings",
				"lets go of another page than the one its handle stands for",
				`reference ${mapping.ref} of domain ${mapping.granter}`,
				`reference ${reply.ref} of domain ${reply.granter}`,
			);
		if (call.gfn === 0) return;
		if (call.gfn !== mapping.gfn && fault === 0)
			this.wrong(
				"mappings",
				"unmaps at another place than where the page is mapped",
				`GNTST_general_error: it is mapped at gfn ${mapping.gfn}`,
				"success",
			);
		this.unpin(mapping);
	}

	private copied(
		who: Guest,
		{ domid, call, reply }: CallEntry<"grant.copy">,
	): void {
		const source = this.copyEnd(
			who,
			domid,
			(call.flags & GNTCOPY_source_gref) !== 0,
			call.source_domid,
			call.source,
			false,
		);
		const dest = this.copyEnd(
			who,
			domid,
			(call.flags & GNTCOPY_dest_gref) !== 0,
			call.dest_domid,
			call.dest,
			true,
		);
		const inside =
			call.source_offset + call.len <= PAGE_OCTETS &&
			call.dest_offset + call.len <= PAGE_OCTETS;
		if (reply.status === GNTST_okay) {
			if (source === "no" || dest === "no" || !inside)
				this.wrong(
					"mappings",
					`copies ${inside ? "a page that nobody has lent to it" : "beyond the end of a page"}`,
					"a negative GNTST_*",
					"success",
				);
		} else if (source === "yes" && dest === "yes" && inside)
			this.wrong(
				"marks",
				"is refused a copy of a page that was lent to it",
				"GNTST_okay",
				`status ${reply.status}`,
			);
	}

	/** Whether a domain may copy there; unsure when the ledger does not say. */
	private copyEnd(
		who: Guest,
		domid: number,
		byRef: boolean,
		of: number,
		at: number,
		writes: boolean,
	): "yes" | "no" | "unsure" {
		const granter = of === DOMID_SELF ? domid : of;
		if (!byRef) {
			if (granter !== domid || who.foreign.has(at)) return "no";
			return who.own.has(at) ? "yes" : "unsure";
		}
		const owner = this.guests.get(granter);
		if (owner === undefined || owner.zombie) return "no";
		if (owner.byHand) return "unsure";
		const entry = owner.entries.get(at);
		if (entry === undefined || entry.to !== domid || (writes && entry.readonly))
			return "no";
		return owner.own.has(entry.gfn) ? "yes" : "unsure";
	}

	private pin(mapping: Mapping): void {
		const { mapper, granter, ref, frame } = mapping;
		const who = this.of(mapper);
		who.handles.set(mapping.handle, mapping);
		who.foreign.set(mapping.gfn, mapping);
		const key = `${granter} ${ref}`;
		const pins = this.pins.get(key);
		if (pins === undefined) this.pins.set(key, new Set([mapping]));
		else pins.add(mapping);
		this.held.set(frame, (this.held.get(frame) ?? 0) + 1);
	}

	private unpin(mapping: Mapping): void {
		const { mapper, handle, granter, ref, gfn, frame } = mapping;
		const who = this.of(mapper);
		who.handles.delete(handle);
		if (who.foreign.get(gfn) === mapping) who.foreign.delete(gfn);
		const pins = this.pins.get(`${granter} ${ref}`);
		pins?.delete(mapping);
		const left = (this.held.get(frame) ?? 1) - 1;
		if (left > 0) this.held.set(frame, left);
		else this.held.delete(frame);
		if (pins === undefined || pins.size > 0) return;
		this.pins.delete(`${granter} ${ref}`);
		const owner = this.guests.get(granter);
		if (owner?.entries.get(ref)?.orphan === true) {
			owner.entries.delete(ref);
			owner.claimed.delete(ref);
		}
		if (owner?.zombie === true && !this.isHeld(granter))
			this.guests.delete(granter);
	}

	/** Whether somebody still maps pages of a domain. */
	private isHeld(granter: number): boolean {
		for (const key of this.pins.keys())
			if (key.startsWith(`${granter} `)) return true;
		return false;
	}

	// ---- Pages.

	private gave(who: Guest, domid: number, gfn: number, frame: number): void {
		const again = who.freed.get(gfn) === frame;
		who.freed.delete(gfn);
		const owner = this.owners.get(frame);
		if (owner !== undefined)
			this.wrong(
				"mappings",
				"gets a page that is in use",
				"a frame that nobody has",
				`frame ${frame}, which domain ${owner.domid} has at gfn ${owner.gfn}`,
			);
		if (!again && this.held.has(frame))
			this.wrong(
				"mappings",
				"gets a page that somebody has mapped",
				"no new use of a frame before its last mapping is gone",
				`frame ${frame}, with ${this.held.get(frame)} live mappings`,
			);
		if (who.foreign.has(gfn))
			this.wrong(
				"mappings",
				"gets a page where a foreign one is mapped",
				"a frame number with nothing behind it",
				`gfn ${gfn}`,
			);
		who.own.set(gfn, frame);
		this.owners.set(frame, { domid, gfn });
	}

	private lost(who: Guest, gfn: number): void {
		const frame = who.own.get(gfn);
		if (frame === undefined) return;
		who.own.delete(gfn);
		if (this.owners.get(frame)?.gfn === gfn) this.owners.delete(frame);
	}

	private tookHole(who: Guest, gfn: number): void {
		if (who.holes.has(gfn) || who.own.has(gfn) || who.foreign.has(gfn))
			this.wrong(
				"mappings",
				"gets a frame number that is in use",
				"one with nothing behind it that nobody has taken",
				`gfn ${gfn}`,
			);
		who.freed.delete(gfn);
		who.holes.add(gfn);
	}

	private touched(
		who: Guest,
		{
			kind,
			call,
			reply,
		}: CallEntry<"page.load" | "page.store" | "page.compare-exchange">,
	): void {
		const { gfn, word } = call;
		const mapping = who.foreign.get(gfn);
		const frame = mapping?.frame ?? who.own.get(gfn);
		const writes = kind !== "page.load";
		if (reply.status === 0) {
			if (frame === undefined) {
				if (!who.freed.has(gfn) && !who.byHand && !who.exited)
					this.wrong(
						"mappings",
						"reaches memory that is neither its own nor mapped",
						"-EFAULT",
						`frame ${reply.frame}`,
					);
			} else if (frame !== reply.frame)
				this.wrong(
					"mappings",
					`reaches another page than the one ${mapping === undefined ? "it was given" : "that is mapped"} there`,
					`frame ${frame}`,
					`frame ${reply.frame}`,
				);
			else if (writes && mapping?.readonly === true)
				this.wrong(
					"mappings",
					"writes through a read-only mapping",
					"-EFAULT",
					"success",
				);
			return;
		}
		const count =
			kind === "page.load"
				? call.count
				: kind === "page.store"
					? call.words.length
					: 1;
		if (
			frame !== undefined &&
			word + count <= PAGE_WORDS &&
			!(writes && mapping?.readonly === true)
		)
			this.wrong(
				"mappings",
				"does not reach the page that is there",
				`frame ${frame}`,
				`status ${reply.status}`,
			);
	}

	// ---- The life of domains.

	private exited(domid: number): void {
		const who = this.of(domid);
		for (const mapping of [...who.handles.values()]) this.unpin(mapping);
		for (const [ref, entry] of [...who.entries]) {
			if (this.pinsOf(domid, ref).size > 0) entry.orphan = true;
			else who.entries.delete(ref);
		}
		for (const ref of [...who.claimed])
			if (!who.entries.has(ref)) who.claimed.delete(ref);
		for (const gfn of [...who.own.keys()]) this.lost(who, gfn);
		who.freed.clear();
		who.holes.clear();
		who.exited = true;
	}

	private created({ call, reply }: CallEntry<"domain.create">): void {
		if (reply.status !== 0) return;
		if (this.guests.get(call.domid)?.zombie === true)
			this.wrong(
				"mappings",
				"makes a domain with the number of one whose pages are still mapped",
				"-EEXIST until the last mapping is gone",
				"success",
			);
		this.guests.set(call.domid, guest());
	}

	private destroyed({ call, reply }: CallEntry<"domain.destroy">): void {
		if (reply.status !== 0) return;
		const { domid } = call;
		const who = this.of(domid);
		for (const mapping of [...who.handles.values()]) this.unpin(mapping);
		for (const gfn of [...who.own.keys()]) this.lost(who, gfn);
		const held = this.isHeld(domid);
		if (reply.zombie !== held)
			this.wrong(
				"mappings",
				held
					? "lets a domain go whose pages are still mapped"
					: "keeps a domain of which nothing is mapped",
				held ? "a zombie until the last mapping is gone" : "no zombie",
				reply.zombie ? "a zombie" : "gone",
			);
		if (!held) {
			this.guests.delete(domid);
			return;
		}
		const zombie = guest();
		zombie.zombie = true;
		this.guests.set(domid, zombie);
	}
}

const UNPINNED: ReadonlySet<Mapping> = new Set();

const marksText = (flags: number): string =>
	[
		(flags & GTF_reading) !== 0 ? "GTF_reading" : "",
		(flags & GTF_writing) !== 0 ? "GTF_writing" : "",
	]
		.filter((name) => name !== "")
		.join(" | ") || "no mark";

/** The calls that say how grants and pages stand; loads and stores, which are many, say only whether they do. */
export const GRANT_CALLS = [
	"grant.claim",
	"grant.access",
	"grant.end",
	"grant.free",
	"grant.table",
	"grant.map",
	"grant.unmap",
	"grant.copy",
	"page.alloc",
	"page.free",
	"memory.decrease-reservation",
	"memory.populate-physmap",
	"balloon.take",
	"balloon.give",
	"driver.exit",
	"domain.create",
	"domain.destroy",
] as const satisfies readonly CallName[];
