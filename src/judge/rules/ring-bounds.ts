import type { Connection, WireEntry } from "../../journal/exchange.ts";
import { framesUsed } from "../books.ts";
import { type Court, rule } from "../rule.ts";

interface State {
	/** Those whose frontend has lent one of their two pages for something else too. */
	spoilt: Set<Connection>;
}

/** Producer and consumer indexes stay within the slots. */
export const ringBounds = rule<State>({
	id: "ring-bounds",
	says: "A producer is never further ahead than there are free slots, a consumer never ahead of its producer, and each index is its owner's: a page of indexes is lent for nothing else.",
	families: ["R1"],
	owes: "both",
	level: "must",
	requirements: [
		"ring.req-prod-in-bounds",
		"ring.rsp-prod-in-bounds",
		"displif.event-page.in-bounds",
		"displif.event-page.roles",
	],
	assumes: [],
	observes: ["wire.index", "wire.open", "wire.request", "wire.response"],
	start: () => ({ spoilt: new Set() }),
	step(state, entry, court) {
		if (entry.kind === "wire.open") return opened(state, entry, court);
		if (entry.kind === "wire.request" || entry.kind === "wire.response")
			return named(state, entry, court);
		if (entry.kind !== "wire.index") return;
		// What stands there now is whatever came of both uses.
		if (state.spoilt.has(entry.connection)) return;
		const { connection, which, value, before, bound, foreign, domid, seq } =
			entry;
		const requirement =
			which === "req_prod"
				? "ring.req-prod-in-bounds"
				: which === "rsp_prod"
					? "ring.rsp-prod-in-bounds"
					: "displif.event-page.in-bounds";
		if (foreign) {
			court.breach({
				domid,
				message: `${which} of ${where(connection)}, an index of the other side, was set to ${value}`,
				expected: `no store into it: it stands at ${before}`,
				got: String(value),
				entry: seq,
				requirements: [
					which.startsWith("in_") ? "displif.event-page.roles" : requirement,
				],
			});
			return;
		}
		court.breach({
			domid,
			message: `${which} of ${where(connection)} went from ${before} to ${value}`,
			expected: `at most ${bound} ahead of ${before}`,
			got: `${(value - before) >>> 0} ahead`,
			entry: seq,
			requirements: [requirement],
		});
	},
});

/** Two connectors on one page, or requests and events. */
function opened(
	state: State,
	{ connection, seq }: WireEntry & { kind: "wire.open" },
	court: Court,
): void {
	const { ring, events } = connection;
	for (const other of beside(connection, court))
		for (const frame of other === connection ? [events] : [ring, events])
			if (
				frame !== 0 &&
				(frame === other.ring ||
					(other !== connection && frame === other.events))
			)
				twice(
					state,
					other,
					frame,
					`the pages of ${where(connection)}`,
					seq,
					court,
				);
}

/** A directory that the backend reads or fills in, or the pages of an EDID. */
function named(
	state: State,
	entry: WireEntry & { kind: "wire.request" | "wire.response" },
	court: Court,
): void {
	const { connection, request, seq } = entry;
	const booked = request && court.books.request(request);
	if (booked === undefined) return;
	const frames = framesUsed(booked);
	if (frames.length === 0) return;
	const { operation } = booked.packet;
	for (const other of beside(connection, court))
		for (const frame of frames)
			if (frame === other.ring || frame === other.events)
				twice(
					state,
					other,
					frame,
					`${operation} on ${where(connection)}`,
					seq,
					court,
				);
}

/** The open connections of its frontend, it among them. */
const beside = ({ fe }: Connection, court: Court): Connection[] =>
	court.exchange.connections.filter((one) => one.open && one.fe === fe);

const where = ({ connector, dev }: Connection): string =>
	`connector ${connector} of device ${dev}`;

function twice(
	{ spoilt }: State,
	connection: Connection,
	frame: number,
	by: string,
	seq: number,
	court: Court,
): void {
	if (spoilt.has(connection)) return;
	spoilt.add(connection);
	const ring = frame === connection.ring;
	court.breach({
		domid: connection.fe,
		message: `${by} names the ${ring ? "ring" : "event page"} of ${where(connection)}: two uses of one page`,
		expected: "a page of its own for each",
		got: court.tell(seq),
		entry: seq,
		requirements: [
			"displif.event-page.roles",
			...(ring ? ["ring.req-prod-in-bounds"] : []),
		],
	});
}
