import { ERRNO } from "../../base/errno.ts";
import type { OpName } from "../../displif/ops/index.ts";
import type { CallEntry, Entry, NoteEntry } from "../../journal/entry.ts";
import type { WireEntry } from "../../journal/exchange.ts";
import type { BookedRequest, DeviceBook } from "../books.ts";
import { NamedReferences } from "../named-references.ts";
import { hex } from "../refusals.ts";
import { type Court, rule } from "../rule.ts";

/** Responses that one task of a backend published together, and what it had done since it published the ones before. */
interface Batch {
	be: number;
	task: number;
	/** Entry that published them. */
	seq: number;
	tick: number;
	answers: BookedRequest[];
	objects: Made[];
	/** Entries that put a picture on a screen or took it off. */
	shows: number[];
}

interface Made {
	object: number;
	what: string;
	seq: number;
}

/** What a task has done since it last published responses. */
type Work = Pick<Batch, "objects" | "shows">;

interface State {
	named: NamedReferences;
	work: Map<string, Work>;
	/** Published, and the backend was not seen idle since. */
	open: Batch[];
	/** Driver objects that are there, by domain and number. */
	objects: Set<string>;
	/** By domain: the last call of it that a fault answered. What follows from that is no choice of the driver. */
	faults: Map<number, number>;
	/** Of each link: cookies whose making was refused. */
	refused: WeakMap<DeviceBook, Set<string>>;
	/** By frontend and task: the request that it published last. */
	asked: Map<string, BookedRequest>;
}

const CONNECTED = "4";
const key = (...parts: number[]) => parts.join(" ");

/** A refused request has left nothing behind, and who asked is told. */
export const refusedUndone = rule<State>({
	id: "refused-undone",
	says: "A request that is answered with an error leaves everything as if it had never been sent, and its caller gets an error.",
	families: ["D3"],
	owes: "both",
	level: "must",
	requirements: ["pv.failed-means-nothing", "pv.batch-all-or-nothing"],
	besides: ["displif.error-code"],
	assumes: ["one-reply", "published-in-order"],
	observes: [
		"wire.request",
		"wire.response",
		"wire.state",
		"wire.close",
		"wait",
		"phase",
		"driver.result",
		"object.make",
		"object.drop",
		"display.show",
		"display.hide",
		"grant.unmap",
		"grant.end",
		"grant.access",
	],
	start: (court) => ({
		named: new NamedReferences(court.books, court.exchange),
		work: new Map(),
		open: [],
		objects: new Set(),
		faults: new Map(),
		refused: new WeakMap(),
		asked: new Map(),
	}),
	step(state, entry, court) {
		if ("fault" in entry && entry.fault !== 0)
			state.faults.set(entry.domid, entry.seq);
		switch (entry.kind) {
			case "wire.request": {
				const { connection, request } = entry;
				const booked = court.books.request(request);
				if (booked !== undefined)
					state.asked.set(key(connection.fe, request.task), booked);
				break;
			}
			case "wire.response":
				answered(state, entry, court);
				return;
			case "driver.result":
				told(state, entry, court);
				break;
			case "object.make":
				if (entry.reply.status >= 0) made(state, entry);
				return;
			case "object.drop":
				state.objects.delete(key(entry.domid, entry.call.object));
				return;
			case "display.show":
			case "display.hide":
				if (entry.reply.status === 0)
					workOf(state, entry).shows.push(entry.seq);
				return;
			case "wire.close":
				over(state, entry.connection);
				return;
			case "wire.state":
				if (entry.side === "backend" && entry.after !== CONNECTED)
					over(state, entry);
				break;
			case "wait":
			case "phase":
				break;
			default:
				return;
		}
		if (state.open.length > 0) idle(state, entry, court);
	},
});

function workOf(
	{ work }: State,
	{ domid, task }: { domid: number; task: number },
): Work {
	const name = key(domid, task);
	let found = work.get(name);
	if (found === undefined) {
		found = { objects: [], shows: [] };
		work.set(name, found);
	}
	return found;
}

function made(state: State, entry: CallEntry<"object.make">): void {
	const { object } = entry.reply;
	const { kind, name } = entry.call;
	state.objects.add(key(entry.domid, object));
	workOf(state, entry).objects.push({
		object,
		what: `${kind} ${name}`,
		seq: entry.seq,
	});
}

function answered(
	state: State,
	{ request, connection, seq }: WireEntry & { kind: "wire.response" },
	court: Court,
): void {
	const booked = request && court.books.request(request);
	const answer = request?.answer;
	if (booked === undefined || answer === undefined) return;
	stillKnown(state, booked, seq, court);
	const { be } = connection;
	const { task, tick } = answer;
	let batch = state.open.find(
		(b) => b.be === be && b.task === task && b.seq === seq,
	);
	if (batch === undefined) {
		const done = workOf(state, { domid: be, task });
		batch = { be, task, seq, tick, answers: [], ...done };
		state.work.delete(key(be, task));
		state.open.push(batch);
	}
	batch.answers.push(booked);
}

/** A backend that leaves the link takes its pages back, also those of a buffer that it has just refused to destroy. */
function over(state: State, link: { fe: number; dev: number }): void {
	for (const batch of state.open)
		batch.answers = batch.answers.filter(
			({ device, packet }) =>
				packet.operation !== "DBUF_DESTROY" ||
				device.fe !== link.fe ||
				device.dev !== link.dev,
		);
	state.open = state.open.filter(({ answers }) => answers.length > 0);
}

/**
 * A backend is idle when the task that answered has waited since, or when time has moved, which it does only when nobody can: what it meant to
 * undo after its answer is undone then.
 */
function idle(state: State, entry: Entry | WireEntry, court: Court): void {
	const tick = court.tick(entry.seq);
	state.open = state.open.filter((batch) => {
		const waited =
			entry.kind === "wait" &&
			entry.domid === batch.be &&
			entry.task === batch.task;
		if (!waited && tick <= batch.tick) return true;
		settle(state, batch, court);
		return false;
	});
}

function settle(state: State, batch: Batch, court: Court): void {
	const refused = batch.answers.filter(({ status }) => status !== 0);
	if (refused.length === 0 || !court.running(batch.be)) return;
	const from = Math.min(...batch.answers.map((a) => a.exchange.seq));
	if ((state.faults.get(batch.be) ?? -1) > from) return;
	for (const request of refused)
		leftBehind(request, batch, whatIsLeft(state, request, batch, court), court);
	const [first] = refused;
	if (first === undefined || refused.length < batch.answers.length) return;
	const object = batch.objects.find(
		({ object, seq }) => seq > from && state.objects.has(key(batch.be, object)),
	);
	if (object !== undefined)
		leftBehind(first, batch, `the object ${object.what}`, court);
	const shown = batch.shows.find((seq) => seq > from);
	if (shown !== undefined && refused.every(showsOnly))
		leftBehind(first, batch, `on the screen ${court.tell(shown)}`, court);
}

/** What the refusal of a detach does to the screen is not said: the picture may be off it. */
const showsOnly = ({ packet }: BookedRequest): boolean =>
	packet.operation === "SET_CONFIG" || packet.operation === "PG_FLIP";

function leftBehind(
	{ packet, connector, device, status }: BookedRequest,
	{ be, seq }: Batch,
	left: string | undefined,
	court: Court,
): void {
	if (left === undefined) return;
	court.breach({
		domid: be,
		message: `${packet.operation ?? "a request"} on connector ${connector} of device ${device.dev} was answered with ${status} and has left behind ${left}`,
		expected:
			"everything as it was before the request, once the backend has nothing to do",
		got: left,
		entry: seq,
	});
}

function whatIsLeft(
	{ named }: State,
	{ device, exchange, packet, buffer }: BookedRequest,
	{ be, seq, answers }: Batch,
	court: Court,
): string | undefined {
	const { fe } = device;
	const { memory } = court.exchange;
	switch (packet.operation) {
		case "DBUF_CREATE":
		case "GET_EDID": {
			for (const map of memory.maps.values())
				if (
					map.mapper === be &&
					map.granter === fe &&
					map.seq > exchange.seq &&
					map.seq < seq &&
					!named.has(be, fe, map.ref) &&
					!accepted(answers, map.ref)
				)
					return `a mapping of the reference ${map.ref}`;
			for (const grant of memory.grants.values())
				if (
					grant.granter === be &&
					grant.to === fe &&
					grant.seq > exchange.seq &&
					grant.seq < seq &&
					!named.has(fe, be, grant.ref) &&
					memory.foreign(grant.frame, be).length === 0
				)
					return `the open reference ${grant.ref}`;
			return undefined;
		}
		case "DBUF_DESTROY": {
			if (
				buffer?.backendAllocates !== true ||
				device.buffers.get(buffer.cookie) !== buffer
			)
				return undefined;
			const { refs, grants } = buffer.pages;
			const gone = refs.filter(
				(ref, i) =>
					grants[i] !== undefined && memory.grant(be, ref) === undefined,
			);
			return gone.length === 0
				? undefined
				: `buffer ${hex(buffer.cookie)} without ${gone.length} of its ${refs.length} references, the first ${gone[0]}`;
		}
		default:
			return undefined;
	}
}

/** A request that was answered with 0 at the same time names it too, also when its link is over by now. */
const accepted = (answers: readonly BookedRequest[], ref: number): boolean =>
	answers.some(
		({ status, buffer, packet }) =>
			status === 0 &&
			packet.operation === "DBUF_CREATE" &&
			(buffer?.pages.refs.includes(ref) ||
				buffer?.pages.directory.includes(ref)),
	);

/** EEXIST for a cookie that only a refused request ever had. */
function stillKnown(
	state: State,
	{ packet, device, status, dbuf, fb, connection }: BookedRequest,
	seq: number,
	court: Court,
): void {
	const making =
		packet.operation === "DBUF_CREATE"
			? { kind: "dbuf", known: dbuf, cookie: packet.body.dbuf_cookie }
			: packet.operation === "FB_ATTACH"
				? { kind: "fb", known: fb, cookie: packet.body.fb_cookie }
				: undefined;
	if (making === undefined) return;
	const name = `${making.kind} ${making.cookie}`;
	const before = state.refused.get(device) ?? new Set<string>();
	state.refused.set(device, before);
	if (status === 0) {
		before.delete(name);
		return;
	}
	if (
		status === -ERRNO.EEXIST &&
		making.known === "unknown" &&
		before.has(name) &&
		!device.changed.has(name)
	)
		court.breach({
			domid: connection.be,
			message: `the cookie ${hex(making.cookie)} is in use after the request that was to make it had been refused`,
			expected: "a cookie that is as free as before the refused request",
			got: "-EEXIST",
			entry: seq,
		});
	before.add(name);
}

/** Operations of a driver that are one request, or end with one. */
const REQUESTS: Readonly<Partial<Record<string, OpName>>> = {
	"gem.create": "DBUF_CREATE",
	"prime.import": "DBUF_CREATE",
	"fb.create": "FB_ATTACH",
	"mode.set": "SET_CONFIG",
	"mode.off": "SET_CONFIG",
	"page.flip": "PG_FLIP",
	"edid.read": "GET_EDID",
};

/** The caller gets an error when the last request that was made for it was refused. */
function told(
	{ asked }: State,
	{ domid, task, seq, note }: NoteEntry<"driver.result">,
	court: Court,
): void {
	const request = asked.get(key(domid, task));
	asked.delete(key(domid, task));
	if (request?.status === undefined || request.status === 0) return;
	const { operation } = request.packet;
	if (REQUESTS[note.operation] !== operation || note.result < 0) return;
	court.breach({
		domid,
		message: `${note.operation} succeeded although the backend answered its ${operation} with ${request.status}`,
		expected: "an error for the caller",
		got: `result ${note.result}`,
		entry: seq,
		requirements: ["pv.failed-means-nothing", "displif.error-code"],
	});
}
