import type { CallEntry } from "../../journal/entry.ts";
import type { Connection } from "../../journal/exchange.ts";
import {
	ahead,
	type Flow,
	Flows,
	INDEX_NAMES,
	type Load,
	type Store,
} from "../rings.ts";
import { type Breach, type Court, rule } from "../rule.ts";

/** What a producer published and has not notified of yet. */
interface Owed {
	flow: Flow;
	task: number;
	/** The index before and after. */
	old: number;
	next: number;
	seq: number;
	/** A full barrier has come after it. */
	barrier: boolean;
	/** The threshold, as loaded after that barrier. */
	loaded: number | undefined;
}

/** How a consumer stands to what it has not taken. */
interface Watch {
	/** Where it put its threshold; undefined for the event page. */
	threshold: number | undefined;
	task: number;
	/** A full barrier has come after it. */
	barrier: boolean;
	/** It has looked at the index after that barrier, and since it was woken last. */
	looked: boolean;
	/** Entry by which its port was set pending; -1 when it is not. */
	pending: number;
	/** The producer's index, as it published it last. */
	published: number;
	/** The task that waited for it last. */
	sleeper: number;
}

/** What a consumer would be told off for, were it asleep: known when its wait is over. */
interface Doze {
	port: number;
	breach: Breach;
}

interface State {
	flows: Flows;
	owed: Owed[];
	watches: Map<Flow, Watch>;
	/** Those whose threshold was stored and that no full barrier has followed yet. */
	unfenced: Set<Watch>;
	/** By task: its last entry that this rule has seen. */
	last: Map<number, number>;
	/** Domains of which a fault has touched a load, a store or a notification. */
	disturbed: Set<number>;
	/** By task: the connection ended while it may have slept as it must not. */
	dozing: Map<number, Doze>;
	/** Flows whose side was told off. */
	told: Set<Flow>;
}

const CLOSING: readonly (string | undefined)[] = ["5", "6", undefined];

/** Nobody sleeps on what the other side has sent. */
export const wakeUp = rule<State>({
	id: "wake-up",
	says: "Who publishes across the other side's threshold, or an event, notifies before it waits; who waits for a notification has put its threshold ahead and looked once more.",
	families: ["E2"],
	owes: "both",
	level: "must",
	requirements: ["ring.notify", "ring.final-check", "evtchn.clear-then-look"],
	besides: ["displif.notify.request-event", "displif.notify.response-event"],
	assumes: ["ring-bounds"],
	observes: [
		"wire.open",
		"wire.close",
		"wire.state",
		"page.load",
		"page.store",
		"memory.mb",
		"lock.take",
		"lock.give",
		"evtchn.bind-interdomain",
		"evtchn.notify",
		"wait",
		"task.begin",
		"task.join",
		"task.end",
	],
	start: () => ({
		flows: new Flows(),
		owed: [],
		watches: new Map(),
		unfenced: new Set(),
		last: new Map(),
		disturbed: new Set(),
		dozing: new Map(),
		told: new Set(),
	}),
	step(state, entry, court) {
		switch (entry.kind) {
			case "wire.open":
				return open(state, entry.connection, court);
			case "wire.close":
				return close(state, entry.connection, entry.seq);
			case "wire.state":
				if (CLOSING.includes(entry.after))
					leave(state, entry.fe, entry.dev, entry.seq);
				return;
			case "evtchn.bind-interdomain":
				state.flows.bind(entry);
				for (const flow of state.flows.at(entry.domid, entry.reply.port)) {
					const watch = state.watches.get(flow);
					if (watch !== undefined && flow.consumer === entry.domid)
						watch.pending = entry.seq;
				}
				return;
			case "page.load":
				if (entry.fault !== 0) state.disturbed.add(entry.domid);
				if (state.flows.on(entry.reply.frame) !== undefined) load(state, entry);
				break;
			case "page.store":
				if (entry.fault !== 0) state.disturbed.add(entry.domid);
				if (state.flows.on(entry.reply.frame) !== undefined)
					store(state, entry);
				break;
			case "memory.mb":
			case "lock.take":
			case "lock.give":
				barrier(state, entry.task);
				break;
			case "evtchn.notify":
				if (entry.fault !== 0) state.disturbed.add(entry.domid);
				barrier(state, entry.task);
				notify(state, entry);
				break;
			case "wait":
				settle(state, entry.task, entry.seq, court);
				if (entry.call.ports.length > 0) woken(state, entry, court);
				break;
			case "task.begin":
				break;
			case "task.end":
				// Who was killed has no chance to tell.
				if (entry.note.how === "killed")
					state.owed = state.owed.filter(({ task }) => task !== entry.task);
				settle(state, entry.task, entry.seq, court);
				break;
			case "task.join":
				settle(state, entry.task, entry.seq, court);
				break;
			default:
				return;
		}
		state.last.set(entry.task, entry.seq);
		if (state.dozing.size > 0) state.dozing.delete(entry.task);
	},
	rest(state, court) {
		for (const owed of [...state.owed]) judge(state, owed, undefined, court);
	},
});

const where = ({ connection }: Flow) =>
	`connector ${connection.connector} of device ${connection.dev}`;

function open(state: State, connection: Connection, court: Court): void {
	for (const flow of state.flows.open(connection, court)) {
		const words = court.exchange.memory.words(flow.frame);
		state.watches.set(flow, {
			threshold:
				flow.thresholdWord < 0
					? undefined
					: (words[flow.thresholdWord] as number),
			task: 0,
			barrier: true,
			looked: true,
			pending: -1,
			published: words[flow.indexWord] as number,
			sleeper: 0,
		});
	}
}

function close(state: State, connection: Connection, seq: number): void {
	for (const flow of state.flows.close(connection)) drop(state, flow, seq);
	state.owed = state.owed.filter((o) => o.flow.connection !== connection);
}

/** A side leaves: what is still on the rings need not be looked at any more. */
function leave(state: State, fe: number, dev: number, seq: number): void {
	for (const flow of [...state.watches.keys()])
		if (flow.connection.fe === fe && flow.connection.dev === dev) {
			drop(state, flow, seq);
			state.owed = state.owed.filter((o) => o.flow !== flow);
		}
}

function drop(state: State, flow: Flow, seq: number): void {
	const watch = state.watches.get(flow);
	if (watch === undefined) return;
	state.watches.delete(flow);
	const last = state.last.get(watch.sleeper);
	if (last === undefined || (watch.pending >= 0 && watch.pending <= last))
		return;
	const breach = slept(state, flow, watch, seq);
	if (breach === undefined) return;
	state.dozing.set(watch.sleeper, { port: flow.consumerPort, breach });
}

function load(state: State, entry: Load): void {
	const { words, frame } = entry.reply;
	const { word, count } = entry.call;
	for (const flow of state.flows.on(frame) ?? []) {
		const at = flow.thresholdWord;
		if (flow.producer !== entry.domid || at < word || at >= word + count)
			continue;
		// The first look decides: a later one is that of a later index.
		for (const owed of state.owed)
			if (owed.flow === flow && owed.task === entry.task && owed.barrier)
				owed.loaded ??= words[at - word] as number;
	}
	for (const { flow, index } of state.flows.load(entry)) {
		const watch = state.watches.get(flow);
		if (index && watch?.barrier === true) watch.looked = true;
	}
}

function store(state: State, entry: Store): void {
	state.flows.store(entry);
	const { word, words } = entry.call;
	const end = word + words.length;
	for (const flow of state.flows.on(entry.reply.frame) ?? []) {
		if (entry.reply.status !== 0) continue;
		const watch = state.watches.get(flow);
		if (watch === undefined) continue;
		const { thresholdWord: at, indexWord } = flow;
		if (flow.consumer === entry.domid && word <= at && at < end) {
			watch.threshold = words[at - word] as number;
			watch.task = entry.task;
			watch.barrier = false;
			// Who has every answer it asked for need not look again: nothing can come before its next request, and a barrier goes before that.
			watch.looked &&= nothingIsDue(flow);
			state.unfenced.add(watch);
		}
		if (flow.producer !== entry.domid || indexWord < word || indexWord >= end)
			continue;
		const next = words[indexWord - word] as number;
		const old = watch.published;
		watch.published = next;
		// An index out of bounds is another rule's affair.
		const { reqProd } = flow.connection;
		const most = flow.kind === "responses" ? ahead(reqProd, old) : flow.slots;
		if (next === old || ahead(next, old) > most) continue;
		state.owed.push({
			flow,
			task: entry.task,
			old,
			next,
			seq: entry.seq,
			barrier: false,
			loaded: undefined,
		});
	}
}

/** As drm/xen-front, blkfront and netfront of Linux have it: `if (cons != req_prod_pvt) RING_FINAL_CHECK_FOR_RESPONSES else rsp_event = cons + 1`. */
const nothingIsDue = ({ kind, cons, connection }: Flow): boolean =>
	kind === "responses" && cons === connection.reqProd;

function barrier(state: State, task: number): void {
	for (const owed of state.owed) if (owed.task === task) owed.barrier = true;
	for (const watch of state.unfenced)
		if (watch.task === task) {
			watch.barrier = true;
			state.unfenced.delete(watch);
		}
}

function notify(
	state: State,
	{ domid, call, reply, seq }: CallEntry<"evtchn.notify">,
): void {
	for (const flow of state.flows.at(domid, call.port)) {
		if (flow.producer !== domid) continue;
		if (state.owed.length > 0)
			state.owed = state.owed.filter((owed) => owed.flow !== flow);
		const watch = state.watches.get(flow);
		if (watch !== undefined && reply.status === 0 && watch.pending < 0)
			watch.pending = seq;
	}
}

/** A task waits or ends: what it published by then must have been told of. */
function settle(state: State, task: number, seq: number, court: Court): void {
	if (state.owed.length === 0) return;
	const due = state.owed.filter((owed) => owed.task === task);
	if (due.length === 0) return;
	state.owed = state.owed.filter((owed) => owed.task !== task);
	for (const owed of due) judge(state, owed, seq, court);
}

function judge(
	state: State,
	{ flow, old, next, loaded, seq }: Owed,
	at: number | undefined,
	court: Court,
): void {
	if (state.told.has(flow) || disturbed(state, flow)) return;
	if (!court.running(flow.producer)) return;
	if (loaded !== undefined && !covers(old, next, loaded)) return;
	const name = INDEX_NAMES[flow.kind];
	const rings = flow.thresholdWord >= 0;
	state.told.add(flow);
	court.breach({
		domid: flow.producer,
		message:
			rings && loaded === undefined
				? `${name} of ${where(flow)} went from ${old} to ${next}, and neither was the other side notified nor its threshold looked at after a full barrier`
				: `${name} of ${where(flow)} went from ${old} to ${next} and the other side was not notified`,
		expected: rings
			? `a full barrier, then a look at the threshold, and a notification when it is one of ${old + 1} to ${next}`
			: "a notification after every event: the event page has no threshold",
		got: `${loaded === undefined ? "" : `the threshold was ${loaded}; `}${at === undefined ? "nothing until the end" : `then ${court.tell(at)}`}`,
		entry: seq,
		requirements: ["ring.notify"],
	});
}

const disturbed = (state: State, { producer, consumer }: Flow): boolean =>
	state.disturbed.has(producer) || state.disturbed.has(consumer);

/** RING_PUSH_*_AND_CHECK_NOTIFY. */
const covers = (old: number, next: number, threshold: number) =>
	ahead(next, threshold) < ahead(next, old);

/** A wait for a port is over: was it lawful to fall asleep in it? */
function woken(state: State, entry: CallEntry<"wait">, court: Court): void {
	const { domid, call, reply, task, seq } = entry;
	const before = state.last.get(task) ?? -1;
	// Who looks again by the clock loses nothing.
	const judged = call.timeout === 0 && entry.fault === 0;
	for (let i = 0; i < call.ports.length; i++) {
		const port = call.ports[i] as number;
		const doze = state.dozing.get(task);
		if (judged && doze?.port === port) tellOff(doze.breach, seq, court);
		for (const flow of state.flows.at(domid, port)) {
			const watch = state.watches.get(flow);
			if (watch === undefined || flow.consumer !== domid) continue;
			watch.sleeper = judged ? task : 0;
			const pending = watch.pending >= 0 && watch.pending <= before;
			const breach =
				judged && !pending ? slept(state, flow, watch, seq) : undefined;
			if (breach !== undefined) tellOff(breach, seq, court);
			if (reply.cause !== "port" || reply.port !== port) continue;
			watch.pending = -1;
			watch.looked = false;
		}
	}
}

const tellOff = (breach: Breach, seq: number, court: Court): void =>
	court.breach({
		...breach,
		message: `${court.tell(seq)} ${breach.message}`,
		entry: seq,
	});

/** What is wrong with sleeping on a flow as it stands, if anything. */
function slept(
	state: State,
	flow: Flow,
	{ threshold, looked }: Watch,
	seq: number,
): Breach | undefined {
	if (state.told.has(flow) || disturbed(state, flow)) return undefined;
	const { cons, seen, slots } = flow;
	const unread = seen === undefined ? 0 : ahead(seen, cons);
	if (unread > slots) return undefined;
	const armed =
		threshold === undefined ||
		(threshold !== cons && ahead(threshold, cons) <= slots);
	if (looked && armed && unread === 0) return undefined;
	const name = INDEX_NAMES[flow.kind];
	const why = !armed
		? `its threshold ${threshold} asks for no notification of what comes after ${cons}`
		: unread > 0
			? `${unread} entries that it had seen were not taken`
			: `it had not looked at ${name} after ${threshold === undefined ? "it was woken" : "its threshold was set, or after it was woken"}`;
	state.told.add(flow);
	return {
		domid: flow.consumer,
		message: `slept on ${where(flow)}, where ${why}`,
		expected:
			threshold === undefined
				? `a look at ${name} after each notification, before it waits for the next`
				: `threshold ${(cons + 1) >>> 0}, a full barrier, and one more look at ${name} before it waits`,
		got: `threshold ${threshold ?? "none"}, ${cons} taken, ${name} last seen as ${seen ?? "nothing"}`,
		entry: seq,
		requirements: [
			threshold === undefined ? "evtchn.clear-then-look" : "ring.final-check",
		],
	};
}
