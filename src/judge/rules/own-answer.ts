import type { OpName } from "../../displif/ops/index.ts";
import type { NoteEntry } from "../../journal/entry.ts";
import type { Connection, Exchange } from "../../journal/exchange.ts";
import type { BookedRequest } from "../books.ts";
import { Flows } from "../rings.ts";
import { type Court, rule } from "../rule.ts";

/** Milliseconds between a request and its answer within which no driver has given up waiting. */
const PROMPT_MS = 1000;
const CONNECTED = "4";

interface State {
	/** By frontend and task: the request that it published last. */
	asked: Map<string, BookedRequest>;
	flows: Flows;
	/** Responses of each connection so far, and of each answered request the index behind its response. */
	rsp: Map<Connection, number>;
	behind: WeakMap<Exchange, number>;
	/** By frontend and device: since when its backend stands in Connected. Elsewhere a frontend lets its callers go. */
	connected: Map<string, number>;
	/** Domains of which a fault has answered a call. */
	disturbed: Set<number>;
	/** By frontend and device: entry at which one side left Connected, or meant to. */
	left: Map<string, number>;
}

/** Operations whose success is the answer to one request, and whose failure is, too. */
const BY_ANSWER: Readonly<Partial<Record<string, OpName>>> = {
	"fb.create": "FB_ATTACH",
	"mode.set": "SET_CONFIG",
	"mode.off": "SET_CONFIG",
};
/** Operations that need more than the answer to succeed. */
const AFTER_ANSWER: Readonly<Partial<Record<string, OpName>>> = {
	...BY_ANSWER,
	"gem.create": "DBUF_CREATE",
	"prime.import": "DBUF_CREATE",
	"page.flip": "PG_FLIP",
	"edid.read": "GET_EDID",
};

/** Each request has its own answer: who takes another's for it tells the client what is not so. */
export const ownAnswer = rule<State>({
	id: "own-answer",
	says: "An operation ends by the response to its own request, told by the id: it does not succeed before that has come, nor fail by another's, nor when it has come with 0.",
	families: ["R4"],
	owes: "frontend",
	level: "must",
	requirements: ["displif.response.id-echoed", "pv.failed-means-nothing"],
	assumes: ["one-reply", "ring-bounds", "published-in-order"],
	observes: [
		"page.load",
		"evtchn.notify",
		"object.make",
		"wire.open",
		"wire.close",
		"wire.request",
		"wire.response",
		"wire.state",
		"driver.asked",
		"driver.result",
	],
	start: () => ({
		asked: new Map(),
		flows: new Flows(),
		rsp: new Map(),
		behind: new WeakMap(),
		connected: new Map(),
		disturbed: new Set(),
		left: new Map(),
	}),
	step(state, entry, court) {
		const { asked, flows, rsp, behind, connected, disturbed } = state;
		if ("fault" in entry && entry.fault !== 0) disturbed.add(entry.domid);
		switch (entry.kind) {
			case "wire.open":
				flows.open(entry.connection, court);
				rsp.set(entry.connection, entry.connection.rspProd);
				return;
			case "wire.close":
				flows.close(entry.connection);
				return;
			case "page.load":
				if (flows.on(entry.reply.frame) !== undefined) flows.load(entry);
				return;
			case "wire.request": {
				const { connection, request } = entry;
				const booked = court.books.request(request);
				if (booked !== undefined)
					asked.set(`${connection.fe} ${request.task}`, booked);
				return;
			}
			case "wire.response": {
				const { connection, request } = entry;
				const index = ((rsp.get(connection) ?? 0) + 1) >>> 0;
				rsp.set(connection, index);
				if (request !== undefined) behind.set(request, index);
				return;
			}
			case "wire.state": {
				const device = `${entry.fe} ${entry.dev}`;
				state.left.set(device, entry.seq);
				if (entry.side === "frontend") return;
				if (entry.after === CONNECTED) connected.set(device, entry.seq);
				else connected.delete(device);
				return;
			}
			case "driver.asked":
				if (entry.note.operation === "unbind") disturbed.add(entry.domid);
				return;
			case "driver.result":
				came(state, entry, court);
				return;
			default:
		}
	},
});

function came(
	state: State,
	{ domid, task, note, seq, tick }: NoteEntry<"driver.result">,
	court: Court,
): void {
	const request = state.asked.get(`${domid} ${task}`);
	state.asked.delete(`${domid} ${task}`);
	if (request === undefined || !request.connection.open) return;
	const { packet, connection, exchange, connector, device } = request;
	const { operation } = packet;
	if (AFTER_ANSWER[note.operation] !== operation) return;
	const what = `${note.operation} on connector ${connector} of device ${device.dev}`;
	const id = (exchange.words[0] as number) & 0xffff;
	if (note.result >= 0) {
		if (exchange.answer !== undefined) return;
		// Some drivers cannot fail to switch off: what they waited for in vain is no answer of another's.
		if (note.operation === "mode.off" && tick - exchange.tick > PROMPT_MS)
			return;
		court.breach({
			domid,
			message: `${what} succeeded although its ${operation}, id ${id}, was not answered`,
			expected: "the response with the id of its own request first",
			got: `result ${note.result}`,
			entry: seq,
		});
		return;
	}
	if (BY_ANSWER[note.operation] !== operation) return;
	if (state.disturbed.has(domid) || state.disturbed.has(connection.be)) return;
	const since = state.connected.get(`${domid} ${device.dev}`);
	if (since === undefined || since > exchange.seq) return;
	const { answer } = exchange;
	if (answer === undefined) {
		const left = state.left.get(`${domid} ${device.dev}`) ?? 0;
		if (left > exchange.seq || tick - exchange.tick > PROMPT_MS) return;
		court.breach({
			domid,
			message: `${what} failed at once although its ${operation}, id ${id}, was not answered`,
			expected: "the response with the id of its own request first",
			got: `result ${note.result}`,
			entry: seq,
		});
		return;
	}
	if (request.status !== 0) return;
	if (answer.tick - exchange.tick > PROMPT_MS) return;
	if (court.since(domid) > exchange.tick) return;
	const taken = state.flows
		.on(connection.ring)
		?.find(({ kind }) => kind === "responses")?.cons;
	const behind = state.behind.get(exchange);
	if (taken === undefined || behind === undefined) return;
	if (((taken - behind) | 0) < 0) return;
	court.breach({
		domid,
		message: `${what} failed although its ${operation}, id ${id}, was answered with 0 (${court.tell(answer.seq)}), ${tick - answer.tick} ms before`,
		expected: "the result that the response to its own request gives",
		got: `result ${note.result}`,
		entry: seq,
	});
}
