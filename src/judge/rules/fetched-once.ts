import { XENDISPL_EDID_MAX_SIZE } from "../../displif/constants.ts";
import { decodeRequest, decodeResponse } from "../../displif/packet.ts";
import type { Entry } from "../../journal/entry.ts";
import type { Connection, WireEntry } from "../../journal/exchange.ts";
import { RING_SLOTS, SLOT_WORDS } from "../../xen/ring.ts";
import { type Court, rule } from "../rule.ts";
import { EVENT_SLOTS, SharedPageMap, slotStart } from "../shared-rings.ts";

/** Words of the other side that lie in a page, and which of them the reader has loaded already. */
interface Lap {
	reader: number;
	/** First word, and how many. */
	at: number;
	words: number;
	what: string;
	/** By word: the entry that loaded it. */
	loads: Map<number, number>;
	/** Said once, or not to be said. */
	told: boolean;
}

interface State {
	pages: SharedPageMap;
	/** Indexes at the start of each connection. */
	starts: Map<Connection, { req: number; rsp: number; events: number }>;
	/** Responses published so far, by connection. */
	responses: Map<Connection, number>;
	/** By frame and key within it. */
	laps: Map<number, Map<string, Lap>>;
}

/** XSA-155 and its kin: between two loads of a word the other side may have changed it. */
export const fetchedOnce = rule<State>({
	id: "fetched-once",
	says: "Each word of a request, response, event, page directory or EDID is loaded once by the side that reads it, and the copy is checked and used.",
	families: ["R3"],
	owes: "both",
	level: "must",
	requirements: ["pv.fetch-once", "ring.copy-once"],
	assumes: ["ring-bounds"],
	observes: [
		"wire.open",
		"wire.close",
		"wire.request",
		"wire.response",
		"wire.event",
		"page.load",
		"grant.end",
	],
	start: () => ({
		pages: new SharedPageMap(),
		starts: new Map(),
		responses: new Map(),
		laps: new Map(),
	}),
	step(state, entry, court) {
		switch (entry.kind) {
			case "wire.open":
				return opened(state, entry.connection);
			case "wire.close":
				return closed(state, entry.connection);
			case "wire.request":
				return requested(state, entry, court);
			case "wire.response":
				return answered(state, entry, court);
			case "wire.event":
				return happened(state, entry);
			case "page.load":
				return loaded(state, entry, court);
			case "grant.end":
				// What the page holds from now on is its owner's own affair.
				if (entry.reply.status === 0) {
					const ended = court.exchange.memory.lastEnded;
					if (ended !== undefined) state.laps.delete(ended.frame);
				}
				return;
			default:
		}
	},
});

function opened({ starts, responses }: State, connection: Connection): void {
	// Requests that stand on the ring already are told of next.
	const { rspProd: req, rspProd: rsp, inProd: events } = connection;
	starts.set(connection, { req, rsp, events });
	responses.set(connection, 0);
}

function closed({ starts, responses, laps }: State, connection: Connection) {
	starts.delete(connection);
	responses.delete(connection);
	laps.delete(connection.ring);
	laps.delete(connection.events);
}

function begin(
	{ laps }: State,
	frame: number,
	key: string,
	lap: Omit<Lap, "loads" | "told"> & Partial<Pick<Lap, "told">>,
): void {
	let here = laps.get(frame);
	if (here === undefined) {
		here = new Map();
		laps.set(frame, here);
	}
	here.set(key, { told: false, ...lap, loads: new Map() });
}

const where = ({ connector, dev }: Connection) =>
	`connector ${connector} of device ${dev}`;

function requested(
	state: State,
	{ connection, request }: WireEntry & { kind: "wire.request" },
	court: Court,
): void {
	const start = state.starts.get(connection)?.req ?? 0;
	const slot = ((start + request.number - 1) >>> 0) % RING_SLOTS;
	const packet = decodeRequest(request.words);
	const what = `request ${packet.id} of ${where(connection)}`;
	// The slot was the frontend's last: a response that stood there has been taken.
	state.laps.get(connection.ring)?.delete(`response ${slot}`);
	begin(state, connection.ring, `request ${slot}`, {
		reader: connection.be,
		at: slotStart(slot),
		words: SLOT_WORDS,
		what,
	});
	if (packet.operation !== "DBUF_CREATE" && packet.operation !== "GET_EDID")
		return;
	// Only what the chain says now: a directory that is filled in later is read by the other side.
	const { memory } = court.exchange;
	const seen = new Set<number>();
	let ref = packet.body.gref_directory;
	for (
		let left = Math.ceil(packet.body.buffer_sz / 4096 / 1023);
		left > 0;
		left--
	) {
		const grant = memory.grant(connection.fe, ref);
		if (grant === undefined) return;
		// A page that two chains name, or one chain twice, is rightly read for each.
		const shared =
			seen.has(grant.frame) ||
			state.laps.get(grant.frame)?.has("directory") === true;
		seen.add(grant.frame);
		begin(state, grant.frame, "directory", {
			told: shared,
			reader: connection.be,
			at: 0,
			words: 1024,
			what: `the directory of ${what}`,
		});
		ref = memory.words(grant.frame)[0] as number;
	}
}

function answered(
	state: State,
	{ connection, words, request }: WireEntry & { kind: "wire.response" },
	court: Court,
): void {
	const start = state.starts.get(connection)?.rsp ?? 0;
	const count = state.responses.get(connection) ?? 0;
	state.responses.set(connection, count + 1);
	const slot = ((start + count) >>> 0) % RING_SLOTS;
	const response = decodeResponse(words);
	begin(state, connection.ring, `response ${slot}`, {
		reader: connection.fe,
		at: slotStart(slot),
		words: SLOT_WORDS,
		what: `the response to request ${response.id} of ${where(connection)}`,
	});
	if (request === undefined) return;
	const asked = decodeRequest(request.words);
	if (asked.operation !== "DBUF_CREATE" && asked.operation !== "GET_EDID")
		return;
	const { memory } = court.exchange;
	const granted = response.status === 0;
	let ref = asked.body.gref_directory;
	const edid = asked.operation === "GET_EDID";
	// A size that no EDID has is the sender's word: what one can have is looked at.
	const octets = edid
		? Math.min(asked.body.buffer_sz, XENDISPL_EDID_MAX_SIZE)
		: asked.body.buffer_sz;
	const pages = Math.ceil(octets / 4096);
	for (let left = Math.ceil(pages / 1023); left > 0; left--) {
		const grant = memory.grant(connection.fe, ref);
		if (grant === undefined) return;
		const page = memory.words(grant.frame);
		// A page that another request that waits names too is still read for that one.
		const here = state.laps.get(grant.frame);
		if (here?.get("directory")?.told === false) here.delete("directory");
		if (granted && !edid)
			begin(state, grant.frame, "directory", {
				reader: connection.fe,
				at: 1,
				words: 1023,
				what: `the directory that was filled in for request ${asked.id} of ${where(connection)}`,
			});
		if (granted && edid)
			for (let i = 1; i <= pages; i++) {
				const data = memory.grant(connection.fe, page[i] as number);
				if (data !== undefined)
					begin(state, data.frame, "edid", {
						reader: connection.fe,
						at: 0,
						words: 1024,
						what: `the EDID of ${where(connection)}`,
					});
			}
		ref = page[0] as number;
	}
}

function happened(
	state: State,
	{ connection, number }: WireEntry & { kind: "wire.event" },
): void {
	const start = state.starts.get(connection)?.events ?? 0;
	const slot = ((start + number - 1) >>> 0) % EVENT_SLOTS;
	begin(state, connection.events, `event ${slot}`, {
		reader: connection.fe,
		at: slotStart(slot),
		words: SLOT_WORDS,
		what: `event ${number} of ${where(connection)}`,
	});
}

function loaded(
	{ laps }: State,
	entry: Entry & { kind: "page.load" },
	court: Court,
): void {
	const here = laps.get(entry.reply.frame);
	if (here === undefined || entry.reply.status !== 0) return;
	const { word, count } = entry.call;
	for (const lap of here.values()) {
		if (lap.reader !== entry.domid) continue;
		const last = Math.min(word + count, lap.at + lap.words);
		for (let at = Math.max(word, lap.at); at < last; at++) {
			const before = lap.loads.get(at);
			if (before === undefined) {
				lap.loads.set(at, entry.seq);
				continue;
			}
			if (lap.told) break;
			lap.told = true;
			court.breach({
				domid: entry.domid,
				message: `word ${at - lap.at} of ${lap.what} was loaded twice: the other side may have changed it in between`,
				expected: "one load, and the copy checked and used",
				got: `${court.tell(before)}, then again`,
				entry: entry.seq,
			});
			break;
		}
	}
}
