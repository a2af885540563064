import type { CallEntry } from "../../journal/entry.ts";
import type { Connection } from "../../journal/exchange.ts";
import { type Court, rule } from "../rule.ts";

const id = (words: ArrayLike<number>) => (words[0] as number) & 0xffff;
const operation = (words: ArrayLike<number>) =>
	((words[0] as number) >>> 16) & 0xff;
const hex = (value: number) => `0x${value.toString(16).padStart(2, "0")}`;

/** Exactly one reply for each request, with its id and its operation. */
export const oneReply = rule<Lost>({
	id: "one-reply",
	says: "Each request is answered exactly once, with its id and its operation.",
	families: ["R4"],
	owes: "backend",
	level: "must",
	requirements: [
		"displif.response.one-per-request",
		"displif.response.id-echoed",
	],
	assumes: ["ring-bounds"],
	observes: ["wire.response", "wire.close", "evtchn.notify"],
	start: () => new Map(),
	step(lost, entry, court) {
		if (entry.kind === "evtchn.notify") heard(entry, lost);
		if (entry.kind === "wire.close")
			unanswered(entry.connection, lost, court, court.tick(entry.seq));
		if (entry.kind !== "wire.response") return;
		const { connection, words, request, seq } = entry;
		const where = `connector ${connection.connector} of device ${connection.dev}`;
		if (request === undefined) {
			court.breach({
				domid: connection.be,
				message: `a response on ${where} has id ${id(words)}, which no unanswered request has`,
				expected: "the id of a request that is not answered yet",
				got: `id ${id(words)}, operation ${hex(operation(words))}`,
				entry: seq,
			});
			return;
		}
		if (operation(words) !== operation(request.words))
			court.breach({
				domid: connection.be,
				message: `the response to request ${id(words)} on ${where} names another operation`,
				expected: `operation ${hex(operation(request.words))}`,
				got: `operation ${hex(operation(words))}`,
				entry: seq,
				requirements: ["displif.response.operation-echoed"],
			});
	},
	rest(lost, court) {
		for (const connection of court.exchange.connections)
			if (connection.open) unanswered(connection, lost, court, court.tick());
	},
});

/** How long a backend may take, in virtual milliseconds: what the Linux frontend waits. */
const PATIENCE = 3000;

/** By frontend: ports whose last event a fault took away. Of what stands on their rings the backend was not told. */
type Lost = Map<number, Set<number>>;

function heard({ domid, call, fault }: CallEntry<"evtchn.notify">, lost: Lost) {
	const ports = lost.get(domid) ?? new Set();
	if (fault !== 0) lost.set(domid, ports.add(call.port));
	else ports.delete(call.port);
}

function unanswered(
	connection: Connection,
	lost: Lost,
	court: Court,
	now: number,
): void {
	if (!court.running(connection.be)) return;
	if ((lost.get(connection.fe)?.size ?? 0) > 0) return;
	const late = connection.requests.filter(
		(r) =>
			r.answer === undefined &&
			now - Math.max(r.tick, court.since(connection.be)) >= PATIENCE,
	);
	const first = late[0];
	if (first === undefined) return;
	court.breach({
		domid: connection.be,
		message: `${late.length} request${late.length === 1 ? "" : "s"} on connector ${connection.connector} of device ${connection.dev} not answered in ${PATIENCE} ms`,
		expected: "one response for each request while the connection stands",
		got: `no response to id ${id(first.words)}, operation ${hex(operation(first.words))}`,
		entry: first.seq,
		requirements: ["displif.response.one-per-request", "pv.bounded-wait"],
	});
}
