import type { CallEntry } from "../../journal/entry.ts";
import type { Connection, WireEntry } from "../../journal/exchange.ts";
import { type BookedRequest, isReset } from "../books.ts";
import { hex } from "../refusals.ts";
import { type Court, rule } from "../rule.ts";

/** A picture that a backend has put on a display. */
interface Show {
	be: number;
	display: number;
	frames: ReadonlySet<number>;
	call: CallEntry<"display.show">["call"];
	seq: number;
}

/** A request that was answered with 0 and whose picture has not been seen to be shown, or taken off. */
interface Promised {
	connection: Connection;
	request: BookedRequest;
	/** Entry of the answer. */
	seq: number;
	/** Whether this is what was promised. */
	kept(show: Show | undefined): boolean;
	/** Of a switch-off: the display it is about. */
	display: string | undefined;
	expected: string;
}

interface State {
	/** By domain and display: its name. */
	names: Map<string, string>;
	/** By domain, display and buffer: frames of the pages handed over. */
	buffers: Map<string, ReadonlySet<number>>;
	/** Backends that show copies: what of, is not seen. */
	copies: Set<number>;
	/** By domain and display: what was shown last, unless it was taken off since. */
	last: Map<string, Show | undefined>;
	/** In the order in which they were shown. */
	shows: Show[];
	promised: Promised[];
}

const key = (...parts: number[]) => parts.join(" ");

/** Success of a mode or a flip is a promise about the screen. */
export const onScreen = rule<State>({
	id: "on-screen",
	says: "A mode that was answered with 0 shows its framebuffer on the connector's own display where the request says, a flip its framebuffer, and a connector that was switched off nothing.",
	families: ["D5", "D3"],
	owes: "backend",
	level: "must",
	requirements: [
		"displif.set-config.shows",
		"displif.set-config.reset",
		"displif.pg-flip.event",
	],
	assumes: ["one-reply", "published-in-order"],
	observes: [
		"display.open",
		"display.import",
		"display.show",
		"display.hide",
		"display.close",
		"wire.response",
		"wire.event",
		"wire.close",
		"phase",
	],
	start: () => ({
		names: new Map(),
		buffers: new Map(),
		copies: new Set(),
		last: new Map(),
		shows: [],
		promised: [],
	}),
	step(state, entry, court) {
		switch (entry.kind) {
			case "display.open":
				if (entry.reply.status === 0)
					state.names.set(
						key(entry.domid, entry.reply.display),
						entry.call.name,
					);
				return;
			case "display.import":
				imported(state, entry, court);
				return;
			case "display.show":
				if (entry.reply.status === 0) shown(state, entry);
				return;
			case "display.hide":
			case "display.close":
				off(state, key(entry.domid, entry.call.display));
				return;
			case "wire.response":
				answered(state, entry, court);
				return;
			case "wire.event":
				settle(
					state,
					court,
					entry.seq,
					({ connection, request }) =>
						connection === entry.connection &&
						request.packet.operation === "PG_FLIP" &&
						(entry.words[2] as number) ===
							Number(request.packet.body.fb_cookie & 0xffff_ffffn),
					false,
				);
				return;
			case "wire.close":
				settle(
					state,
					court,
					entry.seq,
					({ connection }) => connection === entry.connection,
					true,
				);
				return;
			case "phase":
				if (entry.note.name === "epilogue")
					settle(state, court, entry.seq, () => true, true);
				return;
			default:
		}
	},
});

function imported(
	{ buffers, copies }: State,
	{ domid, call, reply }: CallEntry<"display.import">,
	court: Court,
): void {
	if (reply.status !== 0) return;
	const { memory } = court.exchange;
	const frames = new Set<number>();
	let own = 0;
	for (const gfn of Array.from(call.pages)) {
		const foreign = memory.mappedAt(domid, gfn)?.frame;
		const frame = foreign ?? memory.frameOf(domid, gfn);
		if (frame === undefined) continue;
		frames.add(frame);
		// A page of its own that it has lent is a guest's buffer as well.
		if (foreign === undefined && memory.grantsOf(frame).size === 0) own += 1;
	}
	if (own > 0) copies.add(domid);
	buffers.set(key(domid, call.display, call.buffer), frames);
}

function shown(
	state: State,
	{ domid, call, seq }: CallEntry<"display.show">,
): void {
	const { display, buffer } = call;
	const show: Show = {
		be: domid,
		display,
		frames: state.buffers.get(key(domid, display, buffer)) ?? new Set(),
		call,
		seq,
	};
	state.shows.push(show);
	if (state.shows.length > 256) state.shows.splice(0, 128);
	off(state, key(domid, display));
	state.last.set(key(domid, display), show);
	state.promised = state.promised.filter(({ kept }) => !kept(show));
}

/** What a display showed is not there any more. */
function off(state: State, display: string): void {
	state.last.delete(display);
	state.promised = state.promised.filter((one) => one.display !== display);
}

function answered(
	state: State,
	{ request, connection, seq }: WireEntry & { kind: "wire.response" },
	court: Court,
): void {
	const booked = request && court.books.request(request);
	if (booked?.status !== 0) return;
	const { packet, buffer } = booked;
	const { be, fe, dev, connector } = connection;
	const flip = packet.operation === "PG_FLIP";
	if (!flip && packet.operation !== "SET_CONFIG") return;
	const name = court.exchange.store.value(
		`/local/domain/${fe}/device/vdispl/${dev}/${connector}/unique-id`,
	);
	const own = (show: Show) =>
		show.be === be && state.names.get(key(be, show.display)) === name;
	// What a mode promised before is overtaken by the next one.
	if (!flip)
		settle(
			state,
			court,
			seq,
			(one) => one.connection === connection && !isFlip(one.request),
			true,
		);
	if (!flip && isReset(packet.body)) {
		const before = lastOf(state, own);
		// Another connector may have put its own over it.
		if (before === undefined || !setHere(before, connection, court)) return;
		state.promised.push({
			connection,
			request: booked,
			seq,
			kept: () => false,
			display: key(be, before.display),
			expected: "display.hide, or another picture on that display",
		});
		return;
	}
	const frames = new Set(
		buffer?.pages.grants.flatMap((grant) => grant?.frame ?? []),
	);
	if (frames.size === 0) return;
	const kept = (show: Show | undefined): boolean =>
		show !== undefined &&
		own(show) &&
		[...show.frames].some((frame) => frames.has(frame)) &&
		(flip ||
			(show.call.x === packet.body.x &&
				show.call.y === packet.body.y &&
				show.call.width === packet.body.width &&
				show.call.height === packet.body.height));
	const since = booked.exchange.seq;
	if (state.shows.some((show) => show.seq > since && kept(show))) return;
	if (kept(lastOf(state, own))) return;
	state.promised.push({
		connection,
		request: booked,
		seq,
		kept,
		display: undefined,
		expected: `display.show of framebuffer ${hex(packet.body.fb_cookie)}${flip ? "" : ` at ${packet.body.x}, ${packet.body.y}, ${packet.body.width} by ${packet.body.height} pixels,`} on display "${name}"`,
	});
}

const isFlip = ({ packet }: BookedRequest): boolean =>
	packet.operation === "PG_FLIP";

function lastOf(
	{ last }: State,
	own: (show: Show) => boolean,
): Show | undefined {
	for (const show of last.values()) if (show && own(show)) return show;
	return undefined;
}

/** Whether a picture is one that this connector had set or flipped to, and no other connector of the backend. */
function setHere(show: Show, connection: Connection, court: Court): boolean {
	const { be, fe, dev } = connection;
	const uses = [...court.books.latest()]
		.filter((device) => device.be === be)
		.flatMap((device) =>
			[...device.buffers.values()].map(({ pages }) => ({ device, pages })),
		)
		.filter(({ pages }) =>
			pages.grants.some((grant) => grant && show.frames.has(grant.frame)),
		);
	return (
		uses.length > 0 &&
		uses.every(({ device }) => device.fe === fe && device.dev === dev) &&
		(court.books.device(fe, dev)?.connectors.size ?? 0) === 1
	);
}

/** Of a backend that has no display, what it would show is not seen. */
const opens = ({ names }: State, be: number): boolean =>
	[...names.keys()].some((name) => name.startsWith(`${be} `));

/** What has become of promises by now. `later`: a backend may show after its answer, as soon as nothing else is to be done. */
function settle(
	state: State,
	court: Court,
	seq: number,
	which: (one: Promised) => boolean,
	later: boolean,
): void {
	if (state.promised.length === 0) return;
	const due = state.promised.filter(which);
	if (due.length === 0) return;
	state.promised = state.promised.filter((one) => !due.includes(one));
	for (const { connection, request, seq: at, expected } of due) {
		const { be, connector, dev } = connection;
		if (state.copies.has(be) || !court.running(be) || !opens(state, be))
			continue;
		if (later && court.tick(seq) <= court.tick(at)) continue;
		court.breach({
			domid: be,
			message: `${request.packet.operation} on connector ${connector} of device ${dev} was answered with 0 and not carried out`,
			expected,
			got: `nothing of the kind until ${court.tell(seq)}`,
			entry: at,
		});
	}
}
