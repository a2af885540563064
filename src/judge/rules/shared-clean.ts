import { bufferPages } from "../../displif/directory.ts";
import type { CallEntry } from "../../journal/entry.ts";
import type { Exchange, WireEntry } from "../../journal/exchange.ts";
import { PAGE_WORDS } from "../../xen/frame.ts";
import type { BookedRequest } from "../books.ts";
import { hex } from "../refusals.ts";
import { type Court, rule } from "../rule.ts";

/** A frame with contents that were not made for whoever sees it next. */
interface Leftover {
	/** Whose they are: the domain that it was lent to, or undefined when nobody cleared it for its owner. */
	lentTo: number | undefined;
	/** Words that its owner has stored since, by word; undefined before the first store. */
	written: Uint8Array | undefined;
}

/** A page of the frontend that the backend fills in while a request waits. */
interface Filled {
	request: Exchange;
	fe: number;
	be: number;
	/** Words from the start that the request lets it fill. */
	used: number;
	what: string;
	/** Words from the start that it has stored something in. */
	stored: number;
}

interface State {
	/** By frame. */
	leftovers: Map<number, Leftover>;
	filled: Map<number, Filled>;
}

/** What a peer gets to see was put there for it: no leftovers of an earlier use, no bytes behind the end of a list. */
export const sharedClean = rule<State>({
	id: "shared-clean",
	says: "A page that is opened for the peer shows it only what was put there for it: no words of an earlier use, nothing behind the end of a directory or of an EDID.",
	families: ["G6"],
	owes: "both",
	level: "must",
	requirements: ["pv.no-secrets", "displif.get-edid.edid-size"],
	besides: ["displif.dbuf-create.backend-allocates"],
	assumes: ["ring-bounds", "published-in-order"],
	observes: [
		"page.alloc",
		"page.free",
		"memory.populate-physmap",
		"page.store",
		"grant.access",
		"grant.end",
		"wire.request",
		"wire.response",
	],
	start: () => ({ leftovers: new Map(), filled: new Map() }),
	step(state, entry, court) {
		switch (entry.kind) {
			case "page.store":
				stored(state, entry, court);
				return;
			case "page.alloc":
				if (entry.reply.status !== 0) return;
				// It may have come from a guest that died while it waited for an answer.
				state.filled.delete(entry.reply.frame);
				if (entry.call.zeroed) state.leftovers.delete(entry.reply.frame);
				else left(state, entry.reply.frame, undefined);
				return;
			case "memory.populate-physmap":
				if (entry.reply.status === 1) left(state, entry.reply.frame, undefined);
				return;
			case "page.free":
				state.leftovers.delete(entry.reply.frame);
				return;
			case "grant.end": {
				const ended = court.exchange.memory.lastEnded;
				if (entry.reply.status === 0 && ended !== undefined)
					left(state, ended.frame, ended.to);
				return;
			}
			case "grant.access":
				opened(state, entry, court);
				return;
			case "wire.request":
				asked(state, entry, court);
				return;
			case "wire.response":
				answered(state, entry, court);
				return;
			default:
		}
	},
});

function left(
	{ leftovers }: State,
	frame: number,
	lentTo: number | undefined,
): void {
	leftovers.set(frame, { lentTo, written: undefined });
}

function stored(
	{ leftovers, filled }: State,
	{ domid, call: { word, words }, reply, seq }: CallEntry<"page.store">,
	court: Court,
): void {
	if (reply.status !== 0) return;
	const leftover = leftovers.get(reply.frame);
	if (leftover !== undefined) {
		leftover.written ??= new Uint8Array(PAGE_WORDS);
		leftover.written.fill(1, word, word + words.length);
	}
	const page = filled.get(reply.frame);
	if (page === undefined || page.be !== domid) return;
	page.stored = Math.max(page.stored, word + words.length);
	for (let at = Math.max(word, page.used); at < word + words.length; at++) {
		const value = words[at - word] as number;
		if (value === 0 || opens(domid, value, page.fe, court)) continue;
		court.breach({
			domid,
			message: `${court.tell(seq)} shows the frontend something behind the end of ${page.what}, in word ${at} of the page`,
			expected: `nothing but 0 from word ${page.used} on`,
			got: hex(value),
			entry: seq,
		});
		return;
	}
}

function opened(
	{ leftovers }: State,
	{ domid, call, reply: { status, frame }, seq }: CallEntry<"grant.access">,
	court: Court,
): void {
	if (status !== 0) return;
	const leftover = leftovers.get(frame);
	if (leftover === undefined || leftover.lentTo === call.domid) return;
	const { lentTo, written } = leftover;
	const words = court.exchange.memory.words(frame);
	const shown: number[] = [];
	for (let at = 0; at < PAGE_WORDS; at++)
		if (written?.[at] !== 1 && words[at] !== 0) shown.push(at);
	const [first] = shown;
	if (first === undefined) return;
	const name = (id: number) => court.participant(id)?.name ?? `domain ${id}`;
	court.breach({
		domid,
		message: `${court.tell(seq)} opens a page for ${name(call.domid)} of which ${shown.length} words still hold ${lentTo === undefined ? "what its last user left" : `what was there while it was lent to ${name(lentTo)}`}`,
		expected: "a page that was cleared, or written all over, before it is lent",
		got: `word ${first} holds ${hex(words[first] as number)} and was not stored since`,
		entry: seq,
	});
}

const where = ({ connector, device }: BookedRequest): string =>
	`connector ${connector} of device ${device.dev}`;

function asked(
	{ filled }: State,
	{ connection, request, seq }: WireEntry & { kind: "wire.request" },
	court: Court,
): void {
	const booked = court.books.request(request);
	if (booked?.packet.operation === "DBUF_CREATE" && booked.buffer) {
		const { body, backendAllocates, pages } = booked.buffer;
		const count = bufferPages(body.buffer_sz);
		const what = `the directory of buffer ${hex(body.dbuf_cookie)}`;
		behindEnd(booked, pages.directoryFrames, count, seq, court);
		if (!backendAllocates) return;
		for (const [i, frame] of pages.directoryFrames.entries())
			filled.set(frame, {
				request,
				fe: connection.fe,
				be: connection.be,
				used: Math.min(PAGE_WORDS, 1 + count - i * (PAGE_WORDS - 1)),
				what,
				stored: 0,
			});
	}
	if (booked?.packet.operation === "GET_EDID" && booked.edid) {
		const count = bufferPages(booked.packet.body.buffer_sz);
		behindEnd(booked, booked.edid.directoryFrames, count, seq, court);
		for (const grant of booked.edid.grants)
			if (grant !== undefined)
				filled.set(grant.frame, {
					request,
					fe: connection.fe,
					be: connection.be,
					used: PAGE_WORDS,
					what: `the EDID buffer of ${where(booked)}`,
					stored: 0,
				});
	}
}

/** What drivers write for "no reference". */
const NO_REFERENCE = 0xffff_ffff;

/** Whether a word is a reference that its writer has opened for whoever reads it: that is no secret. */
const opens = (by: number, word: number, to: number, court: Court): boolean =>
	court.exchange.memory.grant(by, word)?.to === to;

/** A list has as many entries as the buffer has pages. */
function behindEnd(
	booked: BookedRequest,
	frames: readonly number[],
	count: number,
	seq: number,
	court: Court,
): void {
	const { fe, be } = booked.device;
	for (const [i, frame] of frames.entries()) {
		const words = court.exchange.memory.words(frame);
		const used = 1 + count - i * (PAGE_WORDS - 1);
		for (let at = Math.max(1, used); at < PAGE_WORDS; at++) {
			const value = words[at] as number;
			if (value === 0 || value === NO_REFERENCE || opens(fe, value, be, court))
				continue;
			court.breach({
				domid: fe,
				message: `page ${i} of the directory that ${booked.packet.operation} on ${where(booked)} names holds something behind its ${count} entries, in word ${at}`,
				expected: "0 behind the last entry",
				got: hex(value),
				entry: seq,
				level: "should",
			});
			return;
		}
	}
}

function answered(
	{ filled }: State,
	{ connection, request, seq }: WireEntry & { kind: "wire.response" },
	court: Court,
): void {
	const booked = request && court.books.request(request);
	if (booked === undefined) return;
	const { buffer, edid, packet, status } = booked;
	if (packet.operation === "DBUF_CREATE" && buffer?.backendAllocates) {
		for (const frame of buffer.pages.directoryFrames) filled.delete(frame);
		if (status === 0) listed(booked, seq, court);
	}
	if (packet.operation !== "GET_EDID" || edid === undefined) return;
	if (status === 0) unwritten(booked, filled, seq, court);
	for (const [i, grant] of edid.grants.entries()) {
		const page = grant && filled.get(grant.frame);
		if (page === undefined || page.request !== request) continue;
		filled.delete(grant?.frame ?? 0);
		const used = Math.ceil(booked.edid_sz / 4) - i * PAGE_WORDS;
		if (status !== 0 || page.stored <= used) continue;
		const words = court.exchange.memory.words(grant?.frame ?? 0);
		const at = words.findIndex(
			(word, n) => n >= used && n < page.stored && word !== 0,
		);
		if (at < 0) continue;
		court.breach({
			domid: connection.be,
			message: `the EDID for ${where(booked)} is ${booked.edid_sz} octets long, and the backend stored more behind it: page ${i} of the buffer, word ${at}`,
			expected: "nothing behind edid_sz",
			got: hex(words[at] as number),
			entry: seq,
		});
		return;
	}
}

/** What edid_sz counts has been written: behind that a frontend would read what was there before. */
function unwritten(
	booked: BookedRequest,
	filled: State["filled"],
	seq: number,
	court: Court,
): void {
	let words = 0;
	for (const grant of booked.edid?.grants ?? []) {
		const stored = grant === undefined ? 0 : filled.get(grant.frame)?.stored;
		words += stored ?? 0;
		if (stored !== PAGE_WORDS) break;
	}
	// A backend that copies by grant stores nothing.
	if (words === 0 || booked.edid_sz <= words * 4) return;
	court.breach({
		domid: booked.device.be,
		message: `the EDID for ${where(booked)} is said to have ${booked.edid_sz} octets, of which ${words * 4} were written`,
		expected: "an edid_sz of what was written",
		got: `edid_sz ${booked.edid_sz}`,
		entry: seq,
		requirements: ["displif.get-edid.edid-size"],
	});
}

/** Every entry that the backend wrote is a reference that it opened for this frontend. */
function listed(booked: BookedRequest, seq: number, court: Court): void {
	const { refs, grants } = booked.buffer?.pages ?? { refs: [], grants: [] };
	const { fe, be } = booked.device;
	const at = refs.findIndex((ref, i) => ref !== 0 && grants[i]?.to !== fe);
	if (at < 0) return;
	court.breach({
		domid: be,
		message: `entry ${at} of the directory of buffer ${hex(booked.buffer?.cookie ?? 0)} is no reference that the backend opened for its frontend`,
		expected: `references lent to this guest, ${refs.length} of them`,
		got: `${refs[at]} (${hex(refs[at] as number)})${grants[at] === undefined ? ", which is not open" : `, which is open for domain ${grants[at]?.to}`}`,
		entry: seq,
		requirements: ["pv.no-secrets", "displif.dbuf-create.backend-allocates"],
	});
}
