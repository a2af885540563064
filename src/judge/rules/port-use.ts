import type { Connection, WireEntry } from "../../journal/exchange.ts";
import { type Court, rule } from "../rule.ts";

const FRONTEND_PORTS = ["req-event-channel", "evt-event-channel"] as const;
const CLOSED = "6";
const EINVAL = -22;

/** What each domain has open, and what its connections were made of. */
interface Ports {
	/** `domid port`: the connection it belongs to, as far as one was published with it. */
	open: Map<string, Connection | undefined>;
	/** `domid port` of a frontend, as published. */
	published: Map<string, Connection>;
	/** Connections whose side has gone to Closed since. */
	closed: Map<Connection, Set<number>>;
}

const key = (domid: number, port: number) => `${domid} ${port}`;

/** An event channel is used by its owner, between its opening and its one closing. */
export const portUse = rule<Ports>({
	id: "port-use",
	says: "A port is closed once and by its owner, nothing is sent through, masked or unmasked on a port that is not open, and nothing is sent after Closed.",
	families: ["E1"],
	owes: "both",
	level: "must",
	requirements: ["evtchn.closed-silent", "evtchn.close-once"],
	assumes: [],
	observes: [
		"evtchn.alloc-unbound",
		"evtchn.bind-interdomain",
		"evtchn.close",
		"evtchn.notify",
		"evtchn.mask",
		"evtchn.unmask",
		"evtchn.reset",
		"driver.exit",
		"domain.destroy",
		"wire.open",
		"wire.state",
	],
	start: () => ({ open: new Map(), published: new Map(), closed: new Map() }),
	step(ports, entry, court) {
		switch (entry.kind) {
			case "wire.open":
				return publish(ports, entry.connection, court);
			case "wire.state":
				return closed(ports, entry, court);
			case "evtchn.alloc-unbound":
				if (entry.reply.status === 0)
					ports.open.set(key(entry.domid, entry.reply.port), undefined);
				return;
			case "evtchn.bind-interdomain":
				if (entry.reply.status === 0)
					ports.open.set(
						key(entry.domid, entry.reply.port),
						ports.published.get(key(entry.call.remote, entry.call.remote_port)),
					);
				return;
			case "evtchn.reset":
				return forget(ports, entry.domid);
			case "driver.exit":
			case "domain.destroy":
				if (entry.reply.status === 0) forget(ports, entry.call.domid);
				return;
			case "evtchn.close":
			case "evtchn.notify":
			case "evtchn.mask":
			case "evtchn.unmask":
				break;
			default:
				return;
		}
		const { domid, seq, fault } = entry;
		const { port } = entry.call;
		const own = key(domid, port);
		const closing = entry.kind === "evtchn.close";
		if (!ports.open.has(own)) {
			// The answer of a fault says nothing of the port.
			if (fault !== 0 || entry.reply.status !== EINVAL) return;
			court.breach({
				domid,
				message: closing
					? `${court.tell(seq)}: port ${port} is not open, or not its own`
					: `${court.tell(seq)} on a port that is not open`,
				expected: closing
					? "one close for each port, by the domain that opened it"
					: "no use of a port before it is opened or after it is closed",
				got: `${entry.kind} of port ${port}, which this domain ${was(court, domid, port)}`,
				entry: seq,
				requirements: [closing ? "evtchn.close-once" : "evtchn.closed-silent"],
			});
			return;
		}
		if (closing) {
			if (entry.reply.status === 0) ports.open.delete(own);
			return;
		}
		const connection = ports.open.get(own);
		if (entry.kind !== "evtchn.notify" || connection === undefined) return;
		if (ports.closed.get(connection)?.has(domid) !== true) return;
		court.breach({
			domid,
			message: `${court.tell(seq)} for connector ${connection.connector} of device ${connection.dev}, whose connection it has taken to Closed`,
			expected: "no notification after Closed",
			got: `a notification through port ${port}`,
			entry: seq,
			requirements: ["evtchn.closed-silent"],
		});
	},
});

const was = (court: Court, domid: number, port: number) =>
	court.participant(domid) === undefined
		? "does not have"
		: `has closed or never opened (port ${port})`;

/** A connection is published: its ports are those that the frontend's nodes name. */
function publish(ports: Ports, connection: Connection, court: Court): void {
	const { fe, dev, connector } = connection;
	for (const node of FRONTEND_PORTS) {
		const port = Number(
			court.exchange.store.value(
				`/local/domain/${fe}/device/vdispl/${dev}/${connector}/${node}`,
			) ?? "0",
		);
		const own = key(fe, port);
		ports.published.set(own, connection);
		if (ports.open.has(own)) ports.open.set(own, connection);
	}
}

/** A side has gone to Closed. */
function closed(
	ports: Ports,
	entry: Extract<WireEntry, { kind: "wire.state" }>,
	court: Court,
): void {
	if (entry.after !== CLOSED || entry.before === CLOSED) return;
	const domid = entry.side === "frontend" ? entry.fe : entry.be;
	if (entry.domid !== domid) return;
	for (const connection of court.exchange.connections) {
		if (connection.fe !== entry.fe || connection.dev !== entry.dev) continue;
		const sides = ports.closed.get(connection) ?? new Set();
		ports.closed.set(connection, sides.add(domid));
	}
}

function forget(ports: Ports, domid: number): void {
	for (const own of [...ports.open.keys()])
		if (own.startsWith(`${domid} `)) ports.open.delete(own);
}
