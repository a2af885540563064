import { describeRequest, describeResponse } from "../../displif/packet.ts";
import type { CallEntry } from "../../journal/entry.ts";
import type { Connection } from "../../journal/exchange.ts";
import { type Court, rule } from "../rule.ts";

const id = (words: ArrayLike<number>) => (words[0] as number) & 0xffff;
const operation = (words: ArrayLike<number>) =>
	((words[0] as number) >>> 16) & 0xff;

/** Exactly one reply for each request, with its id and its operation. */
export const oneReply = rule<Told>({
	id: "one-reply",
	says: "Each request is answered exactly once, with its id and its operation.",
	families: ["R4"],
	owes: "backend",
	level: "must",
	requirements: [
		"displif.response.one-per-request",
		"displif.response.id-echoed",
	],
	besides: ["displif.response.operation-echoed", "pv.bounded-wait"],
	assumes: ["ring-bounds", "published-in-order"],
	observes: [
		"wire.response",
		"wire.open",
		"wire.close",
		"wire.state",
		"evtchn.notify",
		"page.store",
	],
	start: () => ({
		refused: new Map(),
		lost: new Map(),
		last: new Map(),
		ports: new Map(),
		taken: new Set(),
	}),
	step(told, entry, court) {
		if (entry.kind === "wire.open") opened(entry.connection, told, court);
		if (
			entry.kind === "wire.state" &&
			entry.side === "backend" &&
			entry.after === CONNECTED
		)
			told.taken.add(linkOf(entry));
		if (entry.kind === "evtchn.notify") heard(entry, told);
		if (entry.kind === "page.store" && entry.fault !== 0)
			told.refused.set(entry.domid, entry.seq);
		if (entry.kind === "wire.close")
			unanswered(entry.connection, told, court, court.tick(entry.seq));
		if (entry.kind !== "wire.response") return;
		const { connection, words, request, seq } = entry;
		const where = `connector ${connection.connector} of device ${connection.dev}`;
		if (request === undefined) {
			court.breach({
				domid: connection.be,
				message: `a response on ${where} has id ${id(words)}, which no unanswered request has`,
				expected: "the id of a request that is not answered yet",
				got: describeResponse(words),
				entry: seq,
			});
			return;
		}
		if (operation(words) !== operation(request.words))
			court.breach({
				domid: connection.be,
				message: `the response to request ${id(words)} on ${where} names another operation`,
				expected: `a response to ${describeRequest(request.words)}`,
				got: describeResponse(words),
				entry: seq,
				requirements: ["displif.response.operation-echoed"],
			});
	},
	rest(told, court) {
		for (const connection of court.exchange.connections)
			if (connection.open) unanswered(connection, told, court, court.tick());
	},
});

/** How long a backend may take, in virtual milliseconds: what the Linux frontend waits. */
const PATIENCE = 3000;
const CONNECTED = "4";

/** By frontend. */
interface Told {
	/** Ports whose last event a fault took away. Of what stands on their rings the backend was not told. */
	lost: Map<number, Set<number>>;
	/** By frontend and port: the last event that went out. Of requests after it a backend that sleeps knows nothing: see the rule wake-up. */
	last: Map<string, number>;
	/** By domain: the last store that a fault kept from memory. What it was to answer may never have been seen. */
	refused: Map<number, number>;
	/** The port of each connection by which the backend is told of requests. */
	ports: Map<Connection, number>;
	/** Links that the backend has gone Connected on: of one that it has not taken up nobody waits for answers. */
	taken: Set<string>;
}

const linkOf = ({ fe, dev }: { fe: number; dev: number }): string =>
	`${fe} ${dev}`;

function opened(
	connection: Connection,
	{ taken, ports }: Told,
	court: Court,
): void {
	const { fe, dev, connector } = connection;
	taken.delete(linkOf(connection));
	const node = `/local/domain/${fe}/device/vdispl/${dev}/${connector}/req-event-channel`;
	ports.set(connection, Number(court.exchange.store.value(node) ?? "0"));
}

function heard(
	{ domid, call, fault, reply, seq }: CallEntry<"evtchn.notify">,
	{ lost, last }: Told,
): void {
	// Through a port that it has closed a frontend tells nobody anything.
	if (fault === 0 && reply.status === 0) last.set(`${domid} ${call.port}`, seq);
	const ports = lost.get(domid) ?? new Set();
	if (fault !== 0) lost.set(domid, ports.add(call.port));
	else ports.delete(call.port);
}

function unanswered(
	connection: Connection,
	told: Told,
	court: Court,
	now: number,
): void {
	if (!court.running(connection.be) || !told.taken.has(linkOf(connection)))
		return;
	if ((told.lost.get(connection.fe)?.size ?? 0) > 0) return;
	const { fe, be } = connection;
	const refused = told.refused.get(be) ?? -1;
	const last = told.last.get(`${fe} ${told.ports.get(connection)}`) ?? -1;
	const late = connection.requests.filter(
		(r) =>
			r.answer === undefined &&
			r.seq < last &&
			r.seq > refused &&
			now - Math.max(r.tick, court.since(connection.be)) >= PATIENCE,
	);
	const first = late[0];
	if (first === undefined) return;
	court.breach({
		domid: connection.be,
		message: `${late.length} request${late.length === 1 ? "" : "s"} on connector ${connection.connector} of device ${connection.dev} not answered in ${PATIENCE} ms`,
		expected: "one response for each request while the connection stands",
		got: `no response to ${describeRequest(first.words)}`,
		entry: first.seq,
		requirements: ["displif.response.one-per-request", "pv.bounded-wait"],
	});
}
