import { ERRNO } from "../../base/errno.ts";
import { parseDecimal } from "../../displif/nodes.ts";
import type { CallEntry, Entry } from "../../journal/entry.ts";
import type { WireEntry } from "../../journal/exchange.ts";
import { absolute } from "../../journal/store-view.ts";
import { type Court, rule } from "../rule.ts";

const TRANSPORT = [
	"req-ring-ref",
	"req-event-channel",
	"evt-ring-ref",
	"evt-event-channel",
] as const;
const INITIALISING = "1";
const INITIALISED = "3";
const LEAVES: readonly (string | undefined)[] = ["5", "6"];
const DEVICE =
	/^(?:\/local\/domain\/(\d+)\/device\/vdispl\/\d+|\/local\/domain\/(\d+)\/backend\/vdispl\/\d+\/\d+)(?=\/)/;

interface State {
	/** By task: entry at which its last transaction began. */
	begun: Map<number, number>;
	/** By domain: entry at which its peer moved last, or its driver was asked to go. */
	peers: Map<number, number>;
	/** By domain and port: for whom a port was opened. */
	ports: Map<string, number>;
	/** By domain and transaction: what was written in it; undefined once it was ended. */
	transactions: Map<string, Written[] | undefined>;
	/** Frontends told off for publishing node by node. */
	told: Set<number>;
	/** By task: a transaction of its own that met a conflict and did not get through yet. */
	conflicts: Map<number, Conflict>;
}

interface Written {
	path: string;
	/** Undefined of a node that was made without one. */
	value: string | undefined;
}

interface Conflict {
	domid: number;
	seq: number;
	wrote: readonly Written[];
	/** How many conflicts came one after the other. */
	times: number;
	/** Nothing of what it wrote has been written again. */
	left: boolean;
}

/** What a frontend publishes is all there and all alive when it says so, and nothing of it comes where the device is gone. */
export const publishedAtOnce = rule<State>({
	id: "published-at-once",
	says: "The transport nodes of all connectors appear in one step before Initialised and name what is open now; a transaction is used until its end alone and tried again after a conflict, and nothing is written below a removed directory.",
	families: ["X2"],
	owes: "both",
	level: "must",
	requirements: [
		"displif.states.publish",
		"pv.publish-at-once",
		"xenstore.transaction-retry",
		"xenbus.no-resurrection",
	],
	assumes: [],
	observes: [
		"xs.read",
		"xs.write",
		"xs.mkdir",
		"xs.rm",
		"xs.directory",
		"xs.transaction-start",
		"xs.transaction-end",
		"xs.reset-watches",
		"driver.asked",
		"phase",
		"task.end",
		"evtchn.alloc-unbound",
		"evtchn.close",
		"wire.state",
	],
	start: () => ({
		ports: new Map(),
		transactions: new Map(),
		told: new Set(),
		conflicts: new Map(),
		begun: new Map(),
		peers: new Map(),
	}),
	step(state, entry, court) {
		const { ports, transactions, conflicts } = state;
		switch (entry.kind) {
			case "evtchn.alloc-unbound":
				if (entry.reply.status === 0)
					ports.set(`${entry.domid} ${entry.reply.port}`, entry.call.remote);
				return;
			case "evtchn.close":
				if (entry.reply.status === 0)
					ports.delete(`${entry.domid} ${entry.call.port}`);
				return;
			case "xs.transaction-start": {
				const conflict = conflicts.get(entry.task);
				if (conflict?.wrote.length === 0) conflict.left = false;
				// It was tried again, and refused.
				if (entry.reply.status < 0) conflicts.delete(entry.task);
				if (entry.reply.status === 0) {
					transactions.set(`${entry.domid} ${entry.reply.tx}`, []);
					state.begun.set(entry.task, entry.seq);
				}
				return;
			}
			case "xs.reset-watches":
				for (const key of [...transactions.keys()])
					if (key.startsWith(`${entry.domid} `)) transactions.delete(key);
				return;
			case "xs.transaction-end":
				ended(state, entry, court);
				return;
			case "xs.read":
			case "xs.rm":
			case "xs.directory":
				hindered(state, entry);
				dead(state, entry, entry.call.tx, court);
				return;
			case "xs.write":
			case "xs.mkdir":
				hindered(state, entry);
				dead(state, entry, entry.call.tx, court);
				if (entry.reply.status >= 0) wrote(state, entry, court);
				return;
			case "wire.state":
				if (LEAVES.includes(entry.after)) givenUp(state, court, entry.domid);
				// The toolstack moves a side as well, and then neither goes on as before.
				for (const domid of [entry.fe, entry.be])
					if (domid !== entry.domid) excuse(state, domid, entry.seq);
				moved(state, entry, court);
				return;
			case "driver.asked":
				if (entry.note.operation === "unbind")
					excuse(state, entry.domid, entry.seq);
				return;
			case "task.end":
				if (entry.note.how !== "returned") conflicts.delete(entry.task);
				return;
			case "phase":
				if (entry.note.name === "epilogue") givenUp(state, court);
				return;
			default:
		}
	},
});

/** A transaction's number means nothing after its end. */
function dead(
	{ transactions }: State,
	{ domid, seq, reply, fault }: Entry & { reply: { status: number } },
	tx: number,
	court: Court,
): void {
	const key = `${domid} ${tx}`;
	if (tx === 0 || fault !== 0 || reply.status >= 0) return;
	if (!transactions.has(key) || transactions.get(key) !== undefined) return;
	court.breach({
		domid,
		message: `${court.tell(seq)} names transaction ${tx}, which was over`,
		expected:
			"a new transaction after the end of one, also when that said EAGAIN",
		got: `refused with ${reply.status}`,
		entry: seq,
		requirements: ["xenstore.transaction-retry"],
	});
}

function ended(
	state: State,
	entry: CallEntry<"xs.transaction-end">,
	court: Court,
): void {
	const { domid, seq, call, reply, fault } = entry;
	const key = `${domid} ${call.tx}`;
	dead(state, entry, call.tx, court);
	const wrote = state.transactions.get(key) ?? [];
	// A fault that answers in the store's place leaves the transaction open, unless it says that there was a conflict.
	if (fault !== 0 && reply.status !== -ERRNO.EAGAIN) return;
	if (state.transactions.has(key)) state.transactions.set(key, undefined);
	const before = state.conflicts.get(entry.task);
	if (before?.left === false) state.conflicts.delete(entry.task);
	if (reply.status === -ERRNO.EAGAIN && call.commit) {
		// Another transaction instead of the same: the first was given up.
		if (before?.left === true) givenUp(state, court, domid);
		const times = before?.left === false ? before.times + 1 : 1;
		const begun = state.begun.get(entry.task) ?? seq;
		if ((state.peers.get(domid) ?? -1) < begun)
			state.conflicts.set(entry.task, { domid, seq, wrote, times, left: true });
	}
	if (reply.status !== 0 || !call.commit) return;
	for (const { path } of wrote) if (below(domid, path, seq, court)) return;
}

/** The other side has moved on, or the device is taken off: what was to be written may not be wanted any more. */
function excuse({ conflicts, peers }: State, domid: number, seq: number): void {
	peers.set(domid, seq);
	for (const [task, conflict] of conflicts)
		if (conflict.domid === domid && conflict.left) conflicts.delete(task);
}

/** It was tried again, and something else went wrong in that. That a node is not there is no such thing. */
function hindered(
	{ conflicts }: State,
	{ task, reply }: { task: number; reply: { status: number } },
): void {
	if (reply.status < 0 && reply.status !== -ERRNO.ENOENT)
		conflicts.delete(task);
}

/** One conflict says nothing but that somebody else was faster. */
function givenUp({ conflicts }: State, court: Court, by?: number): void {
	for (const [task, { domid, seq, times, left }] of conflicts) {
		if (!left || times > 1 || !court.running(domid)) continue;
		if (by !== undefined && by !== domid) continue;
		conflicts.delete(task);
		if (court.participant(domid)?.standing === "scripted") continue;
		court.breach({
			domid,
			message: `after ${court.tell(seq)}, which only says that somebody else wrote meanwhile, the transaction was not tried again`,
			expected: "the same in a new transaction",
			got: "nothing, and what it was to write is missing",
			entry: seq,
			requirements: ["xenstore.transaction-retry"],
		});
	}
}

function wrote(
	state: State,
	{ domid, task, seq, call }: CallEntry<"xs.write" | "xs.mkdir">,
	court: Court,
): void {
	const { tx } = call;
	const whole = absolute(domid, call.path);
	const value = "value" in call ? call.value : undefined;
	const conflict = state.conflicts.get(task);
	if (
		conflict?.wrote.some((one) => one.path === whole && one.value === value) ===
		true
	)
		conflict.left = false;
	if (tx !== 0) {
		state.transactions.get(`${domid} ${tx}`)?.push({ path: whole, value });
		return;
	}
	if (below(domid, whole, seq, court)) return;
	const name = whole.slice(whole.lastIndexOf("/") + 1);
	if (!TRANSPORT.some((node) => node === name) || state.told.has(domid)) return;
	if (DEVICE.exec(whole)?.[1] !== String(domid)) return;
	state.told.add(domid);
	court.breach({
		domid,
		message: `${court.tell(seq)} publishes one transport node by itself`,
		expected: "all of them in one transaction",
		got: `${name} appears before or after the others`,
		entry: seq,
		level: "should",
		requirements: ["pv.publish-at-once"],
	});
}

/** Below a directory of its own that the toolstack has removed. */
function below(
	domid: number,
	path: string,
	seq: number,
	court: Court,
): boolean {
	const found = DEVICE.exec(path);
	if (found === null || Number(found[1] ?? found[2]) !== domid) return false;
	const dir = found[0];
	if (court.exchange.store.value(`${dir}/state`) !== undefined) return false;
	court.breach({
		domid,
		message: `${path} was written although the toolstack had removed the device`,
		expected: "no write below a removed directory",
		got: court.tell(seq),
		entry: seq,
		requirements: ["xenbus.no-resurrection"],
	});
	return true;
}

function moved(
	{ ports }: State,
	{
		side,
		fe,
		be,
		dev,
		before,
		after,
		domid,
		seq,
	}: WireEntry & {
		kind: "wire.state";
	},
	court: Court,
): void {
	if (side !== "frontend" || domid !== fe || before === after) return;
	const { store, memory } = court.exchange;
	const front = `/local/domain/${fe}/device/vdispl/${dev}`;
	const initialised = after === INITIALISED;
	// What was half there at Initialised has been told of then.
	if (!initialised && (before !== INITIALISING || !LEAVES.includes(after)))
		return;
	const tell = (message: string, expected: string, got: string) =>
		court.breach({
			domid,
			message,
			expected,
			got,
			entry: seq,
			requirements: initialised
				? ["displif.states.publish", "pv.publish-at-once"]
				: ["pv.publish-at-once"],
		});
	const used = new Map<string, string>();
	for (const index of store.children(front)) {
		const dir = `${front}/${index}`;
		const there = TRANSPORT.filter(
			(node) => store.value(`${dir}/${node}`) !== undefined,
		);
		if (there.length === 0) continue;
		const missing = TRANSPORT.find((node) => !there.includes(node));
		if (missing !== undefined) {
			tell(
				`the frontend of device ${dev} went to ${initialised ? "Initialised" : "Closing or Closed"} with ${there.length} of ${TRANSPORT.length} transport nodes of connector ${index} in the store`,
				initialised ? "all of them" : "all of them, or none",
				`no ${missing}`,
			);
			return;
		}
		if (!initialised) continue;
		for (const node of TRANSPORT) {
			const text = store.value(`${dir}/${node}`);
			const number = parseDecimal(text, 32) ?? 0;
			const isRef = node.endsWith("-ref");
			const open = isRef
				? memory.grant(fe, number)?.to
				: ports.get(`${fe} ${number}`);
			const key = `${isRef ? "reference" : "port"} ${number}`;
			const other = used.get(key);
			used.set(key, `${index}/${node}`);
			if (open === be && other === undefined) continue;
			tell(
				`the frontend of device ${dev} went to Initialised with ${node} of connector ${index} being "${text}"`,
				isRef
					? "a reference that is open for the backend, and named once"
					: "a port that was opened for the backend, and named once",
				other !== undefined
					? `the same as ${other}`
					: open === undefined
						? `no ${isRef ? "open reference" : "open port"} of the frontend`
						: `one for domain ${open}`,
			);
			return;
		}
	}
}
