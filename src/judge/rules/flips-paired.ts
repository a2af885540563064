import { XENDISPL_EVT_PG_FLIP } from "../../displif/constants.ts";
import { decodeEvent } from "../../displif/packet.ts";
import type { CallEntry, NoteEntry } from "../../journal/entry.ts";
import type { Connection, WireEntry } from "../../journal/exchange.ts";
import type { BookedRequest } from "../books.ts";
import { Presentations, type Show } from "../presentations.ts";
import { hex } from "../refusals.ts";
import { type Court, rule } from "../rule.ts";

/** Virtual milliseconds that an event may take: what the Linux frontend waits for it. */
const PATIENCE = 3100;
/** An event so soon after the show cannot come from a backend's own time-out. */
const AT_ONCE = 200;
/** Nor one so soon after the display had called for the drawing. */
const AFTER_FRAME = 10;
const EVENT_SLOTS = 63;

/** A PG_FLIP that was sent, and not refused. */
interface Flip {
	cookie: bigint;
	connection: Connection;
	/** Entry and time of its answer 0. */
	accepted: { seq: number; tick: number } | undefined;
	/** Entry of its event. */
	event: number | undefined;
	/** What put it on screen. */
	show: Show | undefined;
	frames: ReadonlySet<number>;
}

interface State {
	flips: Map<Connection, Flip[]>;
	/** Cookies of flips that had no event yet when a side left the link: one that is under way may still come. */
	over: Map<Connection, bigint[]>;
	/** Time of the last event of a connection, or since when a full page of events has room again. */
	last: Map<Connection, number>;
	/** Connections whose page of events was full. */
	full: Set<Connection>;
	shows: Presentations;
	/** By what `keyOf` makes of them: flips that were reported as done, and flips with their event. */
	done: Map<string, { reported: number; events: number; given: number }>;
	/** By frontend and task: the flip that it published last. */
	byTask: Map<string, Flip>;
}

/** The events of flips are those of the accepted flips, each once, when the picture is on screen. */
export const flipsPaired = rule<State>({
	id: "flips-paired",
	says: "Each accepted flip gets one event with its cookie on its connector, not before it is on screen and in bounded time; no event comes without a flip, and no flip is done before its event.",
	families: ["D5"],
	owes: "both",
	level: "must",
	requirements: ["displif.pg-flip.event"],
	besides: ["pv.bounded-wait"],
	assumes: ["one-reply", "ring-bounds", "published-in-order"],
	observes: [
		"wire.request",
		"wire.response",
		"wire.event",
		"wire.state",
		"wire.close",
		"page.store",
		"display.open",
		"display.import",
		"display.show",
		"display.hide",
		"display.close",
		"wait",
		"driver.result",
	],
	start: () => ({
		flips: new Map(),
		over: new Map(),
		last: new Map(),
		full: new Set(),
		shows: new Presentations(),
		done: new Map(),
		byTask: new Map(),
	}),
	step(state, entry, court) {
		switch (entry.kind) {
			case "page.store":
				for (const connection of state.full)
					if (room(connection) > 0) {
						state.full.delete(connection);
						state.last.set(connection, entry.tick);
					}
				return;
			case "wait":
				presented(state, entry, court);
				return;
			case "display.open":
				state.shows.opened(entry);
				return;
			case "display.import":
				state.shows.imported(entry, court.exchange.memory);
				return;
			case "display.show":
				shown(state, entry, court);
				return;
			case "display.hide":
			case "display.close":
				state.shows.over(entry.domid, entry.call.display);
				return;
			case "wire.request":
				asked(state, entry, court);
				return;
			case "wire.response":
				answered(state, entry, court);
				return;
			case "wire.event":
				came(state, entry, court);
				return;
			case "wire.state":
				// A side that leaves the link owes nothing from then on.
				if (entry.after === "3" || entry.after === "4") return;
				for (const connection of [...state.flips.keys()])
					if (connection.fe === entry.fe && connection.dev === entry.dev)
						ended(state, connection, court, court.tick(entry.seq));
				return;
			case "wire.close":
				ended(state, entry.connection, court, court.tick(entry.seq));
				return;
			case "driver.result":
				if (entry.note.operation === "page.flip" && entry.note.result >= 0)
					reported(state, entry, court);
				return;
			default:
		}
	},
	rest(state, court) {
		for (const connection of [...state.flips.keys()])
			ended(state, connection, court, court.tick());
	},
});

const room = ({ inProd, inCons }: Connection): number =>
	EVENT_SLOTS - ((inProd - inCons) >>> 0);
const where = ({ connector, dev }: Connection): string =>
	`connector ${connector} of device ${dev}`;

/** Flips that an event ends alike: those to one framebuffer over one connection; or all of a frontend's, where tasks do not tell whose is whose. */
const keyOf = (fe: number, flip?: Flip): string =>
	flip === undefined
		? `${fe}`
		: `${fe} ${flip.connection.seq} ${flip.connection.connector} ${flip.cookie}`;

function doneOf(state: State, key: string) {
	let done = state.done.get(key);
	if (done === undefined) {
		done = { reported: 0, events: 0, given: 0 };
		state.done.set(key, done);
	}
	return done;
}

const framesOf = ({ buffer }: BookedRequest): ReadonlySet<number> =>
	new Set(buffer?.pages.grants.flatMap((grant) => grant?.frame ?? []));

function asked(
	{ flips, byTask }: State,
	{ connection, request }: WireEntry & { kind: "wire.request" },
	court: Court,
): void {
	const booked = court.books.request(request);
	if (booked?.packet.operation !== "PG_FLIP") return;
	let list = flips.get(connection);
	if (list === undefined) {
		list = [];
		flips.set(connection, list);
	}
	const flip: Flip = {
		cookie: booked.packet.body.fb_cookie,
		connection,
		accepted: undefined,
		event: undefined,
		show: undefined,
		frames: framesOf(booked),
	};
	list.push(flip);
	byTask.set(`${connection.fe} ${request.task}`, flip);
}

function answered(
	state: State,
	{ connection, request, seq }: WireEntry & { kind: "wire.response" },
	court: Court,
): void {
	const booked = request && court.books.request(request);
	if (booked?.packet.operation !== "PG_FLIP") return;
	const cookie = booked.packet.body.fb_cookie;
	const list = state.flips.get(connection) ?? [];
	const at = list.findIndex((f) => f.cookie === cookie && !f.accepted);
	const flip = list[at];
	if (flip === undefined) return;
	if (booked.status === 0) {
		flip.accepted = { seq, tick: court.tick(seq) };
		if (flip.event !== undefined) list.splice(at, 1);
		return;
	}
	list.splice(at, 1);
	passOn(flip, list.slice(at));
	if (flip.event === undefined) return;
	// The event was another's, of the same framebuffer.
	const other = list.findIndex((f) => f.cookie === cookie && !f.event);
	if (other >= 0) {
		const heir = list[other] as Flip;
		heir.event = flip.event;
		if (heir.accepted !== undefined) list.splice(other, 1);
		return;
	}
	court.breach({
		domid: connection.be,
		message: `the flip to ${hex(cookie)} on ${where(connection)} was refused, and yet an event said that it is on screen (${court.tell(flip.event)})`,
		expected: "no event for a flip that is refused",
		got: `status ${booked.status}`,
		entry: seq,
	});
}

function came(
	state: State,
	{ connection, words, seq }: WireEntry & { kind: "wire.event" },
	court: Court,
): void {
	const tick = court.tick(seq);
	const before = state.last.get(connection) ?? 0;
	const wasFull = state.full.has(connection);
	state.last.set(connection, tick);
	if (room(connection) <= 0) state.full.add(connection);
	const { type, fb_cookie: cookie } = decodeEvent(words);
	if (type !== XENDISPL_EVT_PG_FLIP) return;
	const list = state.flips.get(connection) ?? [];
	const at = list.findIndex((f) => f.cookie === cookie && !f.event);
	const flip = list[at];
	if (flip === undefined) {
		unasked(state, connection, cookie, seq, court);
		return;
	}
	flip.event = seq;
	doneOf(state, keyOf(connection.fe)).events += 1;
	doneOf(state, keyOf(connection.fe, flip)).events += 1;
	if (flip.accepted !== undefined) list.splice(at, 1);
	const from = Math.max(before, court.since(connection.be));
	if (!wasFull && isLate(flip, from, tick)) tellLate([flip], court);
	const { show } = flip;
	if (show === undefined || show.over) return;
	const later = list.filter((f) => !f.event).map((f) => f.cookie);
	if (isWithdrawn(connection, [cookie, ...later], court)) return;
	if (
		tick - show.tick < AT_ONCE ||
		(show.framed !== undefined && tick - show.framed <= AFTER_FRAME)
	)
		show.early = { event: seq, cookie, connection };
}

/**
 * The frontend itself has asked for the end of what it wanted to see: nobody waits for the screen. A flip that is ended so may take those before
 * it along, since events keep the order of the flips.
 */
function isWithdrawn(
	{ fe, dev, connector }: Connection,
	cookies: readonly bigint[],
	court: Court,
): boolean {
	const pending = [...(court.books.device(fe, dev)?.pending ?? [])];
	return pending.some(
		({ packet, connection }) =>
			(packet.operation === "FB_DETACH" &&
				cookies.includes(packet.body.fb_cookie)) ||
			(packet.operation === "SET_CONFIG" && connection.connector === connector),
	);
}

function unasked(
	state: State,
	connection: Connection,
	cookie: bigint,
	seq: number,
	court: Court,
): void {
	const over = state.over.get(connection) ?? [];
	const at = over.indexOf(cookie);
	if (at >= 0) {
		over.splice(at, 1);
		return;
	}
	const waiting = [...state.flips.values()]
		.flat()
		.find(
			(f) =>
				f.cookie === cookie &&
				!f.event &&
				f.connection.fe === connection.fe &&
				f.connection.dev === connection.dev,
		);
	court.breach({
		domid: connection.be,
		message: `an event on ${where(connection)} says that a flip to ${hex(cookie)} is on screen, and no such flip waits for one there`,
		expected: "one event for each accepted flip, on the flip's own connector",
		got:
			waiting === undefined
				? `an event with fb_cookie ${hex(cookie)} too many`
				: `the event of a flip on connector ${waiting.connection.connector}`,
		entry: seq,
	});
}

function shown(
	state: State,
	entry: CallEntry<"display.show">,
	court: Court,
): void {
	const show = state.shows.shown(entry);
	if (show === undefined || show.frames.size === 0) return;
	const name = state.shows.nameOf(entry.domid, show.display);
	for (const [connection, list] of state.flips) {
		if (connection.be !== entry.domid) continue;
		// Two connectors may show one buffer: each on the display that its unique-id names.
		if (name !== undefined && name !== uniqueId(connection, court)) continue;
		const flip = list.find((f) => !f.event && !f.show && isOf(show, f));
		if (flip === undefined) continue;
		flip.show = show;
		return;
	}
}

const isOf = ({ frames }: Show, flip: Flip): boolean =>
	[...frames].some((frame) => flip.frames.has(frame));

/** What was taken for the show of a flip that is refused was that of a later one, and so on: a backend may answer many at once. */
function passOn({ show }: Flip, later: readonly Flip[]): void {
	let left = show;
	for (const flip of later) {
		if (left === undefined) return;
		if (isOf(left, flip)) [flip.show, left] = [left, flip.show];
	}
}

const uniqueId = ({ fe, dev, connector }: Connection, court: Court) =>
	court.exchange.store.value(
		`/local/domain/${fe}/device/vdispl/${dev}/${connector}/unique-id`,
	);

function presented(
	state: State,
	{ domid, reply, tick }: CallEntry<"wait">,
	court: Court,
): void {
	if (reply.cause !== "display" || reply.status < 0) return;
	if (reply.event === "lost") state.shows.over(domid, reply.display);
	if (reply.event === "frame") state.shows.framed(domid, reply, tick);
	if (reply.event !== "presented") return;
	for (const { early } of state.shows.presented(domid, reply)) {
		if (early === undefined) continue;
		court.breach({
			domid,
			message: `the event of the flip to ${hex(early.cookie)} on ${where(early.connection)} came before the display had presented the picture`,
			expected: "an event once the picture is on screen",
			got: "the display said so only afterwards",
			entry: early.event,
		});
	}
}

/** What was accepted long enough ago and had no event. */
function ended(
	state: State,
	connection: Connection,
	court: Court,
	now: number,
): void {
	const list = state.flips.get(connection);
	if (list === undefined) return;
	state.flips.delete(connection);
	const open = list.filter((flip) => !flip.event);
	state.over.set(
		connection,
		open.map(({ cookie }) => cookie),
	);
	const { fe, be } = connection;
	for (const flip of open)
		for (const key of [keyOf(fe), keyOf(fe, flip)])
			doneOf(state, key).given += 1;
	if (state.full.has(connection) || !court.running(be)) return;
	const from = Math.max(state.last.get(connection) ?? 0, court.since(be));
	const late = open.filter((flip) => isLate(flip, from, now));
	if (late.length > 0) tellLate(late, court);
}

const isLate = ({ accepted }: Flip, from: number, now: number): boolean =>
	accepted !== undefined && now - Math.max(accepted.tick, from) >= PATIENCE;

function tellLate(late: readonly Flip[], court: Court): void {
	const [first] = late;
	if (first?.accepted === undefined) return;
	court.breach({
		domid: first.connection.be,
		message: `${late.length} flip${late.length === 1 ? "" : "s"} on ${where(first.connection)} answered with 0 had no event in ${PATIENCE} ms`,
		expected: "one event for each accepted flip, in bounded time",
		got: `none for the flip to ${hex(first.cookie)} (${court.tell(first.accepted.seq)})`,
		entry: first.accepted.seq,
		requirements: ["displif.pg-flip.event", "pv.bounded-wait"],
	});
}

/** The client is told that its flip is done: then its event has come, or was waited for long enough. */
function reported(
	state: State,
	{ domid, task, tick, seq }: NoteEntry<"driver.result">,
	court: Court,
): void {
	// What comes over a link that the ledger takes for closed is not seen.
	for (const device of court.books.latest())
		if (device.fe === domid && !device.open) return;
	const own = state.byTask.get(`${domid} ${task}`);
	state.byTask.delete(`${domid} ${task}`);
	const done = doneOf(state, keyOf(domid, own));
	done.reported += 1;
	let waited = 0;
	for (const [connection, list] of state.flips)
		if (connection.fe === domid)
			for (const { accepted, event, cookie } of list)
				if (
					!event &&
					accepted &&
					tick - accepted.tick >= PATIENCE - 100 &&
					(own === undefined ||
						(own.connection === connection && own.cookie === cookie))
				)
					waited += 1;
	if (done.reported <= done.events + done.given + waited) return;
	done.reported -= 1;
	court.breach({
		domid,
		message:
			own === undefined
				? "page.flip was reported as done before the event of the flip came"
				: `page.flip to ${hex(own.cookie)} on ${where(own.connection)} was reported as done before its event came`,
		expected: `the event, or ${PATIENCE} ms without it`,
		got: `${done.events} events so far for ${done.reported + 1} flips reported`,
		entry: seq,
	});
}
