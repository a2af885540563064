import type { Entry } from "../../journal/entry.ts";
import { type Flow, Flows, INDEX_NAMES } from "../rings.ts";
import { type Court, rule } from "../rule.ts";

/** Calls that a notification without cause may cost its receiver, of those that are counted. A look at the ring takes four. */
const MOST_CALLS = 32;

/** A task that was woken although there is nothing to take, until it waits again. */
interface Wake {
	flow: Flow;
	/** Entry at which its wait was over. */
	seq: number;
	calls: number;
}

interface State {
	flows: Flows;
	/** By task. */
	wakes: Map<number, Wake>;
	/** Domains told off. */
	told: Set<number>;
}

/** An event without cause costs little and changes nothing. */
export const spuriousEvents = rule<State>({
	id: "spurious-events",
	says: "A notification without anything new on the ring costs a bounded number of calls, and changes neither what is shared with the peer, but for the own threshold, nor XenStore.",
	families: ["E3"],
	owes: "both",
	level: "must",
	requirements: ["pv.excess-events"],
	assumes: ["ring-bounds"],
	observes: [
		"wire.open",
		"wire.close",
		"evtchn.bind-interdomain",
		"wait",
		"task.join",
		"task.end",
		"page.load",
		"page.store",
		"page.alloc",
		"memory.mb",
		"evtchn.notify",
		"object.make",
		"task.start",
		"xs.read",
		"xs.write",
		"xs.mkdir",
		"xs.rm",
	],
	start: () => ({ flows: new Flows(), wakes: new Map(), told: new Set() }),
	step(state, entry, court) {
		const { flows, wakes } = state;
		switch (entry.kind) {
			case "wire.open":
				flows.open(entry.connection, court);
				return;
			case "wire.close":
				for (const flow of flows.close(entry.connection)) forget(wakes, flow);
				return;
			case "evtchn.bind-interdomain":
				flows.bind(entry);
				return;
			case "wait":
				wakes.delete(entry.task);
				if (entry.reply.cause === "port") woken(state, entry, court);
				return;
			case "task.join":
			case "task.end":
				wakes.delete(entry.task);
				return;
			case "page.load":
				if (flows.on(entry.reply.frame) !== undefined)
					// It has found something to take on another ring.
					for (const { flow, index } of flows.load(entry))
						if (index && flow.seen !== flow.cons) wakes.delete(entry.task);
				break;
			case "page.store":
				flows.store(entry);
				if (wakes.size > 0) stored(state, entry, court);
				break;
			case "xs.write":
			case "xs.mkdir":
			case "xs.rm":
				if (wakes.has(entry.task))
					changed(state, entry, `XenStore was changed`, court);
				break;
			case "page.alloc":
			case "memory.mb":
			case "evtchn.notify":
			case "object.make":
			case "task.start":
			case "xs.read":
				break;
			default:
				return;
		}
		if (wakes.size > 0) count(state, entry, court);
	},
});

const where = ({ connection, kind }: Flow) =>
	`${kind} of connector ${connection.connector} of device ${connection.dev}`;

function woken(
	{ flows, wakes }: State,
	{ domid, task, seq, reply }: Entry & { kind: "wait" },
	court: Court,
): void {
	for (const flow of flows.at(domid, reply.port)) {
		if (flow.consumer !== domid || flow.consumerPort !== reply.port) continue;
		const index = court.exchange.memory.words(flow.frame)[flow.indexWord];
		if (index === flow.cons) wakes.set(task, { flow, seq, calls: 0 });
	}
}

function stored(
	state: State,
	entry: Entry & { kind: "page.store" },
	court: Court,
): void {
	const flows = state.flows.on(entry.reply.frame);
	if (flows === undefined || entry.reply.status !== 0) return;
	const { word, words } = entry.call;
	for (const flow of flows) {
		// Now there is something to take.
		if (
			flow.producer === entry.domid &&
			word <= flow.indexWord &&
			flow.indexWord < word + words.length
		)
			forget(state.wakes, flow, entry.task);
	}
	if (!state.wakes.has(entry.task)) return;
	const threshold = flows.some(
		(flow) =>
			flow.consumer === entry.domid &&
			word === flow.thresholdWord &&
			words.length === 1,
	);
	if (!threshold)
		changed(state, entry, "a page shared with the peer was written to", court);
}

/** But for the task that has stored itself. */
function forget(wakes: Map<number, Wake>, flow: Flow, but = 0): void {
	for (const [task, wake] of [...wakes])
		if (wake.flow === flow && task !== but) wakes.delete(task);
}

function changed(
	state: State,
	{ domid, task, seq }: Entry,
	what: string,
	court: Court,
): void {
	const wake = state.wakes.get(task) as Wake;
	state.wakes.delete(task);
	if (state.told.has(domid)) return;
	state.told.add(domid);
	court.breach({
		domid,
		message: `${what} because of a notification for the ${where(wake.flow)}, where ${INDEX_NAMES[wake.flow.kind]} had not moved`,
		expected: "nothing but the own threshold is written",
		got: `${court.tell(seq)}, after ${court.tell(wake.seq)}`,
		entry: seq,
	});
}

function count(state: State, { domid, task, seq }: Entry, court: Court): void {
	const wake = state.wakes.get(task);
	if (wake === undefined || ++wake.calls <= MOST_CALLS) return;
	state.wakes.delete(task);
	if (state.told.has(domid)) return;
	state.told.add(domid);
	court.breach({
		domid,
		message: `more than ${MOST_CALLS} calls were made because of one notification for the ${where(wake.flow)}, where ${INDEX_NAMES[wake.flow.kind]} had not moved`,
		expected: `a look at ${INDEX_NAMES[wake.flow.kind]} and back to the wait: at most ${MOST_CALLS} calls`,
		got: `${court.tell(seq)} is call ${MOST_CALLS + 1} after ${court.tell(wake.seq)}`,
		entry: seq,
	});
}
