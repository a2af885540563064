import { ERRNO } from "../../base/errno.ts";
import type { CallEntry } from "../../journal/entry.ts";
import { isLong } from "../../journal/journal.ts";
import {
	GNTCOPY_dest_gref,
	GNTCOPY_source_gref,
	GNTMAP_readonly,
	GNTTAB_NR_RESERVED_ENTRIES,
} from "../../xen/abi/grant-table.ts";
import type { BookedBuffer } from "../books.ts";
import { NamedReferences } from "../named-references.ts";
import { hex } from "../refusals.ts";
import { type Court, rule } from "../rule.ts";

const PAGE_WORDS = 1024;
const PAGE_OCTETS = 4096;

interface State {
	named: NamedReferences;
	/** By domain and gfn: what was mapped there last. */
	mapped: Map<string, { granter: number; ref: number; readonly: boolean }>;
	/** By domain and handle: the gfn of a mapping. */
	gfns: Map<string, number>;
	/** By domain: what a fault has shown it in a page in place of what is there. Nobody can tell that from a reference. */
	feigned: Map<number, Set<number>>;
	/** By domain, display and buffer: the frame numbers that the display has been handed. */
	shown: Map<string, { domid: number; display: number; gfns: Set<number> }>;
}

type Touch = CallEntry<"page.load" | "page.store" | "page.compare-exchange">;

const key = (...parts: number[]) => parts.join(" ");

/** What belongs to the other side is reached through the pages that it granted and named, as it granted them, while they are mapped. */
export const foreignMemory = rule<State>({
	id: "foreign-memory",
	says: "Foreign memory is touched only inside the bytes of references that the other side has named, with the permission asked for, while they are mapped.",
	families: ["G5"],
	owes: "both",
	level: "must",
	requirements: ["pv.foreign-bounds", "grant.readonly"],
	besides: ["pv.size-overflow"],
	assumes: [],
	observes: [
		"page.load",
		"page.store",
		"page.compare-exchange",
		"grant.map",
		"grant.unmap",
		"grant.copy",
		"display.import",
		"display.release",
		"display.close",
		"driver.exit",
		"domain.destroy",
	],
	start: (court) => ({
		named: new NamedReferences(court.books, court.exchange),
		mapped: new Map(),
		gfns: new Map(),
		feigned: new Map(),
		shown: new Map(),
	}),
	step(state, entry, court) {
		switch (entry.kind) {
			case "page.load":
				if (entry.fault !== 0 && entry.reply.status === 0) feign(state, entry);
				if (entry.reply.status < 0 && entry.fault === 0)
					missed(state, entry, court);
				return;
			case "page.store":
			case "page.compare-exchange":
				if (entry.reply.status < 0 && entry.fault === 0)
					missed(state, entry, court);
				return;
			case "grant.map":
				mapped(state, entry, court);
				return;
			case "grant.copy":
				copied(state, entry, court);
				return;
			case "grant.unmap":
				unmapped(state, entry, court);
				return;
			case "display.import":
				imported(state, entry, court);
				return;
			case "display.release":
				if (entry.reply.status === 0)
					state.shown.delete(
						key(entry.domid, entry.call.display, entry.call.buffer),
					);
				return;
			case "display.close":
				forget(
					state,
					({ domid, display }) =>
						domid === entry.domid && display === entry.call.display,
				);
				return;
			case "driver.exit":
			case "domain.destroy":
				forget(state, ({ domid }) => domid === entry.call.domid);
				return;
			default:
		}
	},
});

function forget(
	{ shown }: State,
	which: (one: { domid: number; display: number }) => boolean,
): void {
	for (const [name, one] of shown) if (which(one)) shown.delete(name);
}

/** An access that the memory did not take. */
function missed({ mapped }: State, entry: Touch, court: Court): void {
	if (entry.reply.status !== -ERRNO.EFAULT) return;
	const { gfn, word } = entry.call;
	const before = mapped.get(key(entry.domid, gfn));
	const own = court.exchange.memory.frameOf(entry.domid, gfn) !== undefined;
	const count =
		entry.kind === "page.load"
			? entry.call.count
			: entry.kind === "page.store"
				? entry.call.words.length
				: 1;
	const page =
		before === undefined
			? `frame number ${gfn}, where it has mapped nothing`
			: `frame number ${gfn}, where the reference ${before.ref} of ${nameOf(court, before.granter)} is or was mapped`;
	const there =
		own || court.exchange.memory.mappedAt(entry.domid, gfn) !== undefined;
	const how = !there
		? "while no memory is there"
		: word + count > PAGE_WORDS
			? `from word ${word} for ${count} words, beyond the end of the page`
			: before?.readonly
				? "for writing, which it had mapped for reading"
				: undefined;
	if (how === undefined) return;
	court.breach({
		domid: entry.domid,
		message: `${nameOf(court, entry.domid)} touched ${page}, ${how}`,
		expected:
			"only words of pages that are mapped, with the permission asked for",
		got: court.tell(entry.seq),
		entry: entry.seq,
		requirements:
			before?.readonly && there
				? ["grant.readonly", "pv.foreign-bounds"]
				: ["pv.foreign-bounds"],
	});
}

/** A reference is mapped because the other side has named it; that the hypervisor refuses makes the try no better. */
function mapped(
	state: State,
	entry: CallEntry<"grant.map">,
	court: Court,
): void {
	const { granter, ref, flags } = entry.call;
	if (entry.reply.status === 0) {
		const { gfn, handle } = entry.reply;
		state.mapped.set(key(entry.domid, gfn), {
			granter,
			ref,
			readonly: (flags & GNTMAP_readonly) !== 0,
		});
		state.gfns.set(key(entry.domid, handle), gfn);
	}
	if (entry.fault === 0) unnamed(state, entry, granter, ref, "mapped", court);
}

function copied(
	state: State,
	entry: CallEntry<"grant.copy">,
	court: Court,
): void {
	const { flags, source_domid, source, dest_domid, dest } = entry.call;
	if (entry.fault !== 0) return;
	if ((flags & GNTCOPY_source_gref) !== 0)
		unnamed(state, entry, source_domid, source, "copied from", court);
	if ((flags & GNTCOPY_dest_gref) !== 0)
		unnamed(state, entry, dest_domid, dest, "copied to", court);
}

function feign({ feigned }: State, entry: CallEntry<"page.load">): void {
	const { words } = entry.reply;
	const shown = feigned.get(entry.domid) ?? new Set();
	feigned.set(entry.domid, shown);
	if (!isLong(words)) for (const word of Array.from(words)) shown.add(word);
}

function unnamed(
	{ named, feigned }: State,
	{ domid, seq }: CallEntry,
	granter: number,
	ref: number,
	does: string,
	court: Court,
): void {
	// The tools' references are another rule's.
	if (ref < GNTTAB_NR_RESERVED_ENTRIES || named.has(domid, granter, ref))
		return;
	if (feigned.get(domid)?.has(ref) === true) return;
	court.breach({
		domid,
		message: `${nameOf(court, domid)} ${does} the reference ${ref} of ${nameOf(court, granter)}, which nothing that is alive names to it`,
		expected:
			"references of the connection's own pages, of live buffers, or of requests that are not answered yet",
		got: court.tell(seq),
		entry: seq,
		requirements: ["pv.foreign-bounds"],
	});
}

/** What the display still reads without a copy stays mapped. */
function unmapped(
	state: State,
	entry: CallEntry<"grant.unmap">,
	court: Court,
): void {
	const { handle, gfn: at } = entry.call;
	if (entry.reply.status !== 0 || at === 0) return;
	const gfn = state.gfns.get(key(entry.domid, handle));
	state.gfns.delete(key(entry.domid, handle));
	if (gfn === undefined || state.shown.size === 0) return;
	for (const { domid, display, gfns } of state.shown.values()) {
		if (domid !== entry.domid || !gfns.has(gfn)) continue;
		court.breach({
			domid,
			message: `${nameOf(court, domid)} unmapped frame number ${gfn}, the reference ${entry.reply.ref} of ${nameOf(court, entry.reply.granter)}, while display ${display} had the buffer that it belongs to`,
			expected: "display.release answered with 0 before a page is unmapped",
			got: court.tell(entry.seq),
			entry: entry.seq,
		});
		return;
	}
}

function imported(
	state: State,
	entry: CallEntry<"display.import">,
	court: Court,
): void {
	const { domid, seq, call, reply } = entry;
	// A list too long for the ledger is not seen.
	if (isLong(call.pages)) return;
	const pages = Array.from(call.pages);
	if (reply.status === 0)
		state.shown.set(key(domid, call.display, call.buffer), {
			domid,
			display: call.display,
			gfns: new Set(pages),
		});
	if (entry.fault !== 0) return;
	const wrong = outside(state, call, pages, domid, court);
	if (wrong === undefined) return;
	court.breach({
		domid,
		message: `${nameOf(court, domid)} handed display ${call.display} a picture ${wrong}`,
		expected: "a picture within the pages of one buffer, all of them mapped",
		got: court.tell(seq),
		entry: seq,
		requirements: ["pv.foreign-bounds", "pv.size-overflow"],
	});
}

function outside(
	{ mapped }: State,
	{ offset, stride, height }: CallEntry<"display.import">["call"],
	pages: readonly number[],
	domid: number,
	court: Court,
): string | undefined {
	const { memory } = court.exchange;
	const octets = pages.length * PAGE_OCTETS;
	const end = offset + stride * height;
	if (end > octets)
		return `that ends at octet ${end} of ${pages.length} pages, which have ${octets}`;
	const frames: number[] = [];
	for (const gfn of pages) {
		const frame = memory.mappedAt(domid, gfn)?.frame;
		if (frame !== undefined) frames.push(frame);
		else if (memory.frameOf(domid, gfn) === undefined) {
			const ref = mapped.get(key(domid, gfn))?.ref;
			return `on frame number ${gfn}, ${ref === undefined ? "where nothing is mapped" : `where the reference ${ref} is mapped no more`}`;
		}
	}
	if (frames.length === 0) return undefined;
	const buffers = bookedBy(domid, court);
	if (buffers.some(({ pages: own }) => holds(own.grants, frames)))
		return undefined;
	const some = buffers.find(({ pages: own }) =>
		own.grants.some((grant) => grant?.frame === frames[0]),
	);
	return some === undefined
		? "on pages that no live buffer lists"
		: `on pages of which not all are buffer ${hex(some.cookie)}'s`;
}

function holds(
	grants: BookedBuffer["pages"]["grants"],
	frames: readonly number[],
): boolean {
	const own = new Set(grants.map((grant) => grant?.frame));
	return frames.every((frame) => own.has(frame));
}

/** Buffers of frontends whose backend it is: live, or asked for. */
function bookedBy(domid: number, court: Court): BookedBuffer[] {
	const buffers: BookedBuffer[] = [];
	for (const device of court.books.latest()) {
		if (device.be !== domid) continue;
		buffers.push(...device.buffers.values());
		for (const { buffer } of device.pending)
			if (buffer !== undefined) buffers.push(buffer);
	}
	return buffers;
}

const nameOf = (court: Court, domid: number): string =>
	court.participant(domid)?.name ?? `domain ${domid}`;
