import type { Connection, WireEntry } from "../../journal/exchange.ts";
import { type Court, rule } from "../rule.ts";

const CLOSED = "6";
const PORT_NODES = ["req-event-channel", "evt-event-channel"] as const;

/** What a connection was made of, as far as the frontend has not given it back: a number may come again for another device. */
interface Link {
	connection: Connection;
	/** Frames; 0 for none. */
	ring: number;
	events: number;
	/** The frontend's, as they were published. */
	ports: number[];
	/** The frontend is gone: what is left of the link is the backend's to let go of, and no debt of the next one in that domain. */
	orphaned: boolean;
}

interface State {
	/** Domain and port of each that was opened for a backend. */
	ports: Set<string>;
	/** The latest connection of each connector. */
	links: Map<string, Link>;
	/** By domain: frames that it could not unmap, or not take back. */
	stuck: Map<number, Set<number>>;
}

/** Who says Closed has let go of what the connection was made of. */
export const closedIsEmpty = rule<State>({
	id: "closed-is-empty",
	says: "When a side writes Closed, a backend has no ring or event page of the frontend mapped any more, and a frontend none of its own open that the backend has let go of, nor their ports.",
	families: ["G2", "E1", "X1"],
	owes: "both",
	level: "must",
	requirements: ["displif.states.close", "pv.leak.mappings", "pv.leak.ports"],
	assumes: [],
	observes: [
		"evtchn.alloc-unbound",
		"evtchn.close",
		"driver.exit",
		"domain.destroy",
		"page.free",
		"grant.end",
		"grant.unmap",
		"wire.open",
		"wire.state",
	],
	start: () => ({ ports: new Set(), links: new Map(), stuck: new Map() }),
	step(state, entry, court) {
		const { ports, links, stuck } = state;
		switch (entry.kind) {
			case "evtchn.alloc-unbound":
				if (entry.reply.status === 0)
					ports.add(`${entry.domid} ${entry.reply.port}`);
				return;
			case "evtchn.close": {
				if (entry.reply.status !== 0) return;
				const { domid, call } = entry;
				ports.delete(`${domid} ${call.port}`);
				for (const link of links.values())
					if (link.connection.fe === domid)
						link.ports = link.ports.filter((port) => port !== call.port);
				return;
			}
			case "page.free":
				for (const link of links.values())
					for (const page of ["ring", "events"] as const)
						if (link[page] === entry.reply.frame) link[page] = 0;
				return;
			case "driver.exit":
			case "domain.destroy":
				if (entry.reply.status === 0) ended(state, entry.call.domid);
				return;
			case "grant.end":
			case "grant.unmap": {
				if (entry.reply.status === 0) return;
				const { memory } = court.exchange;
				const { domid } = entry;
				const kept =
					entry.kind === "grant.end"
						? memory.grant(domid, entry.call.ref)
						: memory.map(domid, entry.call.handle);
				const frames = stuck.get(domid) ?? new Set();
				if (kept !== undefined) stuck.set(domid, frames.add(kept.frame));
				return;
			}
			case "wire.open": {
				const { connection } = entry;
				const { fe, dev, connector } = connection;
				const dir = `/local/domain/${fe}/device/vdispl/${dev}/${connector}`;
				links.set(`${fe} ${dev} ${connector}`, {
					connection,
					ring: connection.ring,
					events: connection.events,
					ports: PORT_NODES.map((node) =>
						Number(court.exchange.store.value(`${dir}/${node}`) ?? "0"),
					),
					orphaned: false,
				});
				return;
			}
			case "wire.state":
				if (entry.after === CLOSED && entry.before !== CLOSED)
					closed(state, entry, court);
				return;
			default:
		}
	},
});

/** A driver's process or its whole domain is gone, and with it its ports; what its kernel still keeps of a connection is not the next driver's. */
function ended({ ports, links }: State, domid: number): void {
	for (const port of ports)
		if (port.startsWith(`${domid} `)) ports.delete(port);
	for (const link of links.values())
		if (link.connection.fe === domid) link.orphaned = true;
}

/** Whether a backend in this state, or without one, has nothing to do with the connection any more. */
const hasLeft = (state: string | undefined): boolean =>
	state === undefined || ["1", "2", CLOSED].includes(state);

function closed(
	{ ports, links, stuck }: State,
	{ side, fe, be, dev, domid, seq }: WireEntry & { kind: "wire.state" },
	court: Court,
): void {
	if (domid !== (side === "frontend" ? fe : be)) return;
	// A side that the scenario plays is not asked how it keeps house.
	if (court.participant(domid)?.standing === "scripted") return;
	const { memory, store } = court.exchange;
	const backState = store.value(
		`/local/domain/${be}/backend/vdispl/${fe}/${dev}/state`,
	);
	for (const link of links.values()) {
		const { connection, ring, events, ports: published } = link;
		if (connection.fe !== fe || connection.dev !== dev) continue;
		if (link.orphaned && side === "frontend") continue;
		const { connector } = connection;
		let left: string | undefined;
		for (const frame of [ring, events]) {
			if (frame === 0) continue;
			const what = frame === ring ? "request ring" : "event page";
			const maps = memory
				.foreign(frame, fe)
				.filter(({ mapper }) => mapper === be);
			if (side === "backend") {
				if (maps.length > 0 && stuck.get(be)?.has(frame) !== true)
					left = `the ${what} of connector ${connector} mapped`;
			} else if (
				maps.length === 0 &&
				stuck.get(fe)?.has(frame) !== true &&
				// What a backend may still use is kept aside untried: one that does not run, or has not said that it is done with the link.
				court.running(be) &&
				hasLeft(backState)
			)
				for (const grant of memory.grantsOf(frame))
					if (grant.granter === fe && grant.to === be)
						left = `the ${what} of connector ${connector} open as reference ${grant.ref}`;
		}
		if (side === "frontend")
			for (const port of published)
				if (ports.has(`${fe} ${port}`))
					left ??= `port ${port} of connector ${connector} open`;
		if (left === undefined) continue;
		court.breach({
			domid,
			message: `the ${side} of device ${dev} went to Closed with ${left}`,
			expected: "what the connection was made of is given back, then Closed",
			got: left,
			entry: seq,
		});
		return;
	}
}
