import { framesUsed } from "../books.ts";
import {
	ahead,
	bound,
	type Flow,
	Flows,
	INDEX_NAMES,
	type Load,
} from "../rings.ts";
import { type Court, rule } from "../rule.ts";

/** Milliseconds within which a side that has seen an impossible index leaves the connection. */
const CLOSE_MS = 3000;
const ON_THE_LINK: readonly (string | undefined)[] = ["2", "3", "4"];

interface Bad {
	value: number;
	own: number;
	bound: number;
	seq: number;
	tick: number;
	/** It was told off for going on. */
	told: boolean;
}

interface State {
	flows: Flows;
	/** Impossible indexes that were loaded, on connections that their readers have not left yet. */
	bad: Map<Flow, Bad>;
	/** Flows whose consumer was told off for a slot that nobody published. */
	strange: Set<Flow>;
}

const REQUIREMENT = {
	requests: "ring.req-prod-in-bounds",
	responses: "ring.rsp-prod-in-bounds",
	events: "displif.event-page.in-bounds",
} as const;

/** Who finds the other's index out of bounds stops and closes; nobody takes what was not published. */
export const badIndex = rule<State>({
	id: "bad-index",
	says: "Who loads an index of the other side that lies out of bounds takes nothing more from that ring and closes the connection; own indexes are kept privately.",
	families: ["R1"],
	owes: "both",
	level: "must",
	requirements: ["pv.survive.hang", "pv.alive-or-closed"],
	assumes: [],
	observes: [
		"wire.open",
		"wire.close",
		"wire.state",
		"page.load",
		"page.store",
	],
	start: () => ({ flows: new Flows(), bad: new Map(), strange: new Set() }),
	step(state, entry, court) {
		const { flows, bad } = state;
		switch (entry.kind) {
			case "page.load":
				if (flows.on(entry.reply.frame) !== undefined)
					loaded(state, entry, court);
				return;
			case "page.store":
				flows.store(entry);
				return;
			case "wire.open":
				flows.open(entry.connection, court);
				return;
			case "wire.close":
				for (const flow of flows.close(entry.connection)) {
					overdue(flow, bad.get(flow), court, entry.seq);
					bad.delete(flow);
				}
				return;
			case "wire.state":
				if (bad.size === 0 || ON_THE_LINK.includes(entry.after)) return;
				for (const [flow, found] of [...bad]) {
					const { connection, consumer } = flow;
					if (connection.fe !== entry.fe || connection.dev !== entry.dev)
						continue;
					if ((entry.side === "frontend" ? entry.fe : entry.be) !== consumer)
						continue;
					overdue(flow, found, court, entry.seq);
					found.told = true;
				}
				return;
			default:
		}
	},
	rest({ bad }, court) {
		for (const [flow, found] of bad) overdue(flow, found, court);
	},
});

function where({ connection }: Flow): string {
	return `connector ${connection.connector} of device ${connection.dev}`;
}

function loaded(state: State, entry: Load, court: Court): void {
	for (const { flow, index, slot, strange } of state.flows.load(entry)) {
		const name = INDEX_NAMES[flow.kind];
		const found = state.bad.get(flow);
		const odd = (slot && found !== undefined) || strange !== undefined;
		if (odd && lentTwice(entry.reply.frame, flow, court)) continue;
		if (slot && found !== undefined && !state.strange.has(flow)) {
			state.strange.add(flow);
			court.breach({
				domid: entry.domid,
				message: `a slot of ${where(flow)} was taken although ${name} was ${found.value} when it was last loaded, with ${found.own} taken: ${ahead(found.value, found.own)} ahead`,
				expected: `nothing is taken after an index that is more than ${found.bound} ahead`,
				got: court.tell(entry.seq),
				entry: entry.seq,
				requirements: [REQUIREMENT[flow.kind], "pv.survive.hang"],
			});
		} else if (strange !== undefined && !state.strange.has(flow)) {
			state.strange.add(flow);
			court.breach({
				domid: entry.domid,
				message: `slot ${strange} of ${where(flow)} was loaded, which ${name} does not cover: ${flow.cons} taken, ${name} ${flow.seen ?? "never loaded"}`,
				expected: `slots from ${flow.cons % flow.slots} on, as many as ${name} is ahead; the own index is kept privately`,
				got: court.tell(entry.seq),
				entry: entry.seq,
				requirements: [REQUIREMENT[flow.kind], "displif.event-page.roles"],
			});
		}
		if (!index || found !== undefined || flow.seen === undefined) continue;
		const limit = bound(flow);
		if (ahead(flow.seen, flow.cons) <= limit) continue;
		if (lentTwice(entry.reply.frame, flow, court)) continue;
		state.bad.set(flow, {
			value: flow.seen,
			own: flow.cons,
			bound: limit,
			seq: entry.seq,
			tick: entry.tick,
			// Who is leaving already does all that is owed.
			told: !ON_THE_LINK.includes(stateOf(flow, court)),
		});
	}
}

/** The page of indexes is a directory too, or a page for an EDID: it may have been loaded as that. */
function lentTwice(frame: number, { connection }: Flow, court: Court): boolean {
	for (const device of court.books.latest()) {
		if (device.fe !== connection.fe) continue;
		const buffers = [...device.buffers.values()];
		if (
			buffers.some(({ pages }) => pages.directoryFrames.includes(frame)) ||
			[...device.pending].some((one) => framesUsed(one).includes(frame))
		)
			return true;
	}
	return false;
}

/** The bus state of the reader. */
function stateOf({ connection, kind }: Flow, court: Court): string | undefined {
	const { fe, be, dev } = connection;
	return court.exchange.store.value(
		kind === "requests"
			? `/local/domain/${be}/backend/vdispl/${fe}/${dev}/state`
			: `/local/domain/${fe}/device/vdispl/${dev}/state`,
	);
}

/** Whether the reader has taken too long over leaving the connection. */
function overdue(
	flow: Flow,
	found: Bad | undefined,
	court: Court,
	seq?: number,
): void {
	if (found === undefined || found.told) return;
	const { consumer } = flow;
	if (!court.running(consumer)) return;
	const since = Math.max(found.tick, court.since(consumer));
	const late = court.tick(seq) - since;
	if (late < CLOSE_MS) return;
	court.breach({
		domid: consumer,
		message: `${INDEX_NAMES[flow.kind]} of ${where(flow)} was found to be ${found.value}, ${ahead(found.value, found.own)} ahead of what was taken, and the connection was not closed`,
		expected: `at most ${found.bound} ahead; otherwise Closing within ${CLOSE_MS} ms`,
		got: `still on the connection ${late} ms later`,
		entry: found.seq,
		requirements: [REQUIREMENT[flow.kind], "pv.alive-or-closed"],
	});
}
