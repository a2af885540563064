import { decodeEvent, decodeRequest } from "../../displif/packet.ts";
import type { CallEntry } from "../../journal/entry.ts";
import type { Connection, Exchange } from "../../journal/exchange.ts";
import { Flows } from "../rings.ts";
import { type Court, rule } from "../rule.ts";

/** Milliseconds that a frontend may take from the event to the end of its client's flip. */
const PROMPT_MS = 1000;
const ON_THE_LINK: readonly (string | undefined)[] = ["3", "4"];

/** A flip that a client waits for. */
interface Waiting {
	connection: Connection;
	request: Exchange;
	cookie: bigint;
	/** Its event: the first of its cookie that no older flip has. */
	event?: { id: number; seq: number; tick: number };
	/** The frontend was notified of it, at this time. */
	notified?: number;
}

interface State {
	/** By the frontend's task that asked. */
	waiting: Map<number, Waiting>;
	/** Task and entry of the store that came last: whose the requests are that it published. */
	stored: { task: number; seq: number; tick: number };
	flows: Flows;
	/** Domains whose stores or notifications a fault has touched, and backends that cannot notify: what their peer should have seen is open. */
	disturbed: Set<number>;
}

/** An event ends the flip that it belongs to, whatever its number is. */
export const eventsCompleteFlips = rule<State>({
	id: "events-complete-flips",
	says: "A flip that was answered with 0 and whose event was delivered succeeds, and soon, whatever events were lost before it.",
	families: ["R7", "D5"],
	owes: "frontend",
	level: "must",
	requirements: ["pv.event-gap"],
	assumes: [
		"ring-bounds",
		"wake-up",
		"displif.event-page.roles",
		"published-in-order",
	],
	observes: [
		"page.store",
		"evtchn.bind-interdomain",
		"evtchn.notify",
		"wire.open",
		"wire.close",
		"wire.request",
		"wire.event",
		"wire.state",
		"task.end",
		"driver.result",
	],
	start: () => ({
		waiting: new Map(),
		stored: { task: 0, seq: -1, tick: 0 },
		flows: new Flows(),
		disturbed: new Set(),
	}),
	step(state, entry, court) {
		const { waiting, stored, flows, disturbed } = state;
		switch (entry.kind) {
			case "page.store":
				if (entry.fault !== 0 || isForeignThreshold(state, entry))
					disturbed.add(entry.domid);
				stored.task = entry.task;
				stored.seq = entry.seq;
				stored.tick = entry.tick;
				return;
			case "evtchn.notify":
				if (
					entry.fault !== 0 ||
					(entry.reply.status !== 0 &&
						court.participant(entry.domid)?.role === "backend")
				)
					disturbed.add(entry.domid);
				if (waiting.size > 0 && entry.fault === 0 && entry.reply.status === 0)
					notified(state, entry.domid, entry.call.port, entry.tick);
				return;
			case "evtchn.bind-interdomain":
				return flows.bind(entry);
			case "wire.open":
				flows.open(entry.connection, court);
				return;
			case "wire.close":
				flows.close(entry.connection);
				return;
			case "wire.request": {
				if (entry.seq !== stored.seq) return;
				const { connection, request } = entry;
				const { operation, body } = flipOf(request);
				if (operation !== "PG_FLIP" || body === undefined) return;
				waiting.set(stored.task, {
					connection,
					request,
					cookie: body.fb_cookie,
				});
				return;
			}
			case "wire.event": {
				const { id, fb_cookie } = decodeEvent(entry.words);
				for (const flip of waiting.values()) {
					if (flip.event !== undefined || flip.cookie !== fb_cookie) continue;
					if (flip.connection !== entry.connection) continue;
					flip.event = { id, seq: entry.seq, tick: court.tick(entry.seq) };
					return;
				}
				return;
			}
			case "wire.state":
				if (ON_THE_LINK.includes(entry.after)) return;
				for (const [task, { connection }] of [...waiting])
					if (connection.fe === entry.fe && connection.dev === entry.dev)
						waiting.delete(task);
				return;
			case "task.end": {
				if (entry.note.name !== "page.flip" || entry.note.how !== "returned")
					return;
				const found = flipOfTask(waiting, entry.task, entry.domid);
				if (found === undefined) return;
				const [task, flip] = found;
				if (
					!disturbed.has(flip.connection.fe) &&
					!disturbed.has(flip.connection.be) &&
					late(flip, entry, court)
				)
					waiting.delete(task);
				return;
			}
			case "driver.result": {
				const flip = waiting.get(entry.task);
				if (flip === undefined) return;
				waiting.delete(entry.task);
				if (
					entry.note.result < 0 &&
					!disturbed.has(flip.connection.fe) &&
					!disturbed.has(flip.connection.be)
				)
					failed(flip, entry.note.result, entry, court);
				return;
			}
			default:
		}
	},
});

/** A backend that writes the frontend's threshold may keep it from ever hearing of a response. */
function isForeignThreshold(
	{ flows }: State,
	{ domid, call, reply }: CallEntry<"page.store">,
): boolean {
	const end = call.word + call.words.length;
	return (flows.on(reply.frame) ?? []).some(
		({ kind, producer, thresholdWord: at }) =>
			kind === "responses" && producer === domid && call.word <= at && at < end,
	);
}

/** The backend has notified: events that were on the page by then have been told of. */
function notified(
	{ waiting, flows }: State,
	domid: number,
	port: number,
	tick: number,
): void {
	for (const { kind, producer, connection } of flows.at(domid, port))
		if (kind === "events" && producer === domid)
			for (const flip of waiting.values())
				if (flip.connection === connection && flip.event !== undefined)
					flip.notified ??= tick;
}

function flipOf({ words }: Exchange) {
	const request = decodeRequest(words);
	return request.operation === "PG_FLIP"
		? request
		: { operation: undefined, body: undefined };
}

/** A driver may ask in another task than the client's, as a kernel does that commits in a worker: then it is known when it is the only one. */
function flipOfTask(
	waiting: State["waiting"],
	task: number,
	domid: number,
): [number, Waiting] | undefined {
	const own = waiting.get(task);
	if (own !== undefined) return [task, own];
	const all = [...waiting].filter(
		([, { connection }]) => connection.fe === domid,
	);
	return all.length === 1 ? all[0] : undefined;
}

/** Milliseconds since the frontend could know that the flip was done; undefined when it could not, or ran too little to. */
function waited(
	{ connection, request, event, notified }: Waiting,
	tick: number,
	court: Court,
): number | undefined {
	if (
		event === undefined ||
		notified === undefined ||
		(request.answer?.words[1] ?? -1) !== 0 ||
		!court.running(connection.fe)
	)
		return undefined;
	return (
		tick -
		Math.max(notified, court.since(connection.fe), request.answer?.tick ?? 0)
	);
}

function late(
	flip: Waiting,
	{ seq, tick }: { seq: number; tick: number },
	court: Court,
): boolean {
	const since = waited(flip, tick, court);
	if (since === undefined || since < PROMPT_MS) return false;
	court.breach({
		domid: flip.connection.fe,
		message: `${flipText(flip)} came to its end only ${since} ms after its event, number ${flip.event?.id}, was delivered`,
		expected:
			"the event completes the flip; its number is no reason to skip it",
		got: "the flip was completed, or given up, without it",
		entry: seq,
	});
	return true;
}

const flipText = ({ connection, cookie }: Waiting): string =>
	`a flip of framebuffer 0x${cookie.toString(16)} on connector ${connection.connector} of device ${connection.dev}`;

function failed(
	flip: Waiting,
	result: number,
	{ seq, tick }: { seq: number; tick: number },
	court: Court,
): void {
	const since = waited(flip, tick, court);
	if (since === undefined || since < PROMPT_MS) return;
	court.breach({
		domid: flip.connection.fe,
		message: `${flipText(flip)} failed although its event, number ${flip.event?.id}, was delivered ${tick - (flip.notified ?? tick)} ms before`,
		expected:
			"the event completes the flip; its number is no reason to skip it",
		got: `page.flip came back with ${result}`,
		entry: seq,
	});
}
