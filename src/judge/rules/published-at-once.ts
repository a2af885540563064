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
	/** By domain and port: for whom a port was opened. */
	ports: Map<string, number>;
	/** By domain and transaction: paths written in it; undefined once it was ended. */
	transactions: Map<string, string[] | undefined>;
	/** Frontends told off for publishing node by node. */
	told: Set<number>;
}

/** What a frontend publishes is all there and all alive when it says so, and nothing of it comes where the device is gone. */
export const publishedAtOnce = rule<State>({
	id: "published-at-once",
	says: "The transport nodes of all connectors appear in one step before Initialised and name what is open now; a transaction is used until its end alone, and nothing is written below a removed directory.",
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
		"evtchn.alloc-unbound",
		"evtchn.close",
		"wire.state",
	],
	start: () => ({
		ports: new Map(),
		transactions: new Map(),
		told: new Set(),
	}),
	step(state, entry, court) {
		const { ports, transactions } = state;
		switch (entry.kind) {
			case "evtchn.alloc-unbound":
				if (entry.reply.status === 0)
					ports.set(`${entry.domid} ${entry.reply.port}`, entry.call.remote);
				return;
			case "evtchn.close":
				if (entry.reply.status === 0)
					ports.delete(`${entry.domid} ${entry.call.port}`);
				return;
			case "xs.transaction-start":
				if (entry.reply.status === 0)
					transactions.set(`${entry.domid} ${entry.reply.tx}`, []);
				return;
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
				dead(state, entry, entry.call.tx, court);
				return;
			case "xs.write":
			case "xs.mkdir":
				dead(state, entry, entry.call.tx, court);
				if (entry.reply.status >= 0) wrote(state, entry, court);
				return;
			case "wire.state":
				moved(state, entry, court);
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
	const paths = state.transactions.get(key) ?? [];
	// A fault that answers in the store's place leaves the transaction open, unless it says that there was a conflict.
	if (fault !== 0 && reply.status !== -ERRNO.EAGAIN) return;
	if (state.transactions.has(key)) state.transactions.set(key, undefined);
	if (reply.status !== 0 || !call.commit) return;
	for (const path of paths) if (below(domid, path, seq, court)) return;
}

function wrote(
	state: State,
	{ domid, seq, call: { tx, path } }: CallEntry<"xs.write" | "xs.mkdir">,
	court: Court,
): void {
	const whole = absolute(domid, path);
	if (tx !== 0) {
		state.transactions.get(`${domid} ${tx}`)?.push(whole);
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
