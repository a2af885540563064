import { ERRNO } from "../../base/errno.ts";
import { complaint, NODES, type NodeShape } from "../../displif/nodes.ts";
import type { CallEntry } from "../../journal/entry.ts";
import type { WireEntry } from "../../journal/exchange.ts";
import { absolute } from "../../journal/store-view.ts";
import { judgeRequest } from "../refused-requests.ts";
import { type Court, rule } from "../rule.ts";

const INITIALISED = "3";
const CONNECTED = "4";

/** What a domain found in a node when it read it last; undefined for no such node. */
interface Read {
	value: string | undefined;
	seq: number;
}

interface State {
	/** By domain and path. */
	reads: Map<string, Read>;
	/** By frontend and device: entry at which its last connection, or the attempt at one, was over. */
	over: Map<string, number>;
}

/** Nodes that each side's half of a connection rests on. A list of versions, and the choice from it, are another rule's. */
const RESTS_ON: Readonly<Record<"frontend" | "backend", readonly NodeShape[]>> =
	{
		frontend: NODES.filter(
			({ directory, name }) =>
				(directory === "F" && name !== "state" && name !== "version") ||
				name === "resolution" ||
				name === "versions",
		),
		backend: NODES.filter(
			({ directory, name }) =>
				directory === "C" || name === "version" || name === "be-alloc",
		),
	};
/** Where anything but the well-formed text means no, or where its form is another rule's. */
const ANY_FORM: readonly string[] = ["be-alloc", "version", "versions"];

/** A connection is made of what stands in the store when it is made, in the form that the header gives it. */
export const freshNodes = rule<State>({
	id: "fresh-nodes",
	says: "A connection rests on configuration and transport nodes that were read for it, not for one before, and that are well formed.",
	families: ["X4"],
	owes: "both",
	level: "must",
	requirements: ["pv.fresh-nodes", "displif.be-alloc"],
	assumes: ["one-reply"],
	observes: [
		"xs.read",
		"wire.state",
		"wire.close",
		"wire.request",
		"wire.response",
	],
	start: () => ({ reads: new Map(), over: new Map() }),
	step(state, entry, court) {
		switch (entry.kind) {
			case "xs.read":
				read(state, entry);
				return;
			case "wire.close": {
				const { fe, dev } = entry.connection;
				state.over.set(`${fe} ${dev}`, entry.seq);
				return;
			}
			case "wire.state": {
				const { side, before, after, domid, fe, be } = entry;
				if (before === after || domid !== (side === "frontend" ? fe : be))
					return;
				if (after === (side === "frontend" ? INITIALISED : CONNECTED))
					made(state, entry, court);
				return;
			}
			case "wire.request":
			case "wire.response":
				// Whether the backend may allocate is said anew for each connection.
				judgeRequest(entry, "config", court);
				return;
			default:
		}
	},
});

function read({ reads }: State, entry: CallEntry<"xs.read">): void {
	const { status, value } = entry.reply;
	if (status < 0 && status !== -ERRNO.ENOENT) return;
	reads.set(`${entry.domid} ${absolute(entry.domid, entry.call.path)}`, {
		value: status < 0 ? undefined : value,
		seq: entry.seq,
	});
}

/** A side has made its half of the connection. */
function made(
	{ reads, over }: State,
	{ side, fe, be, dev, domid, seq }: WireEntry & { kind: "wire.state" },
	court: Court,
): void {
	const { store } = court.exchange;
	const front = `/local/domain/${fe}/device/vdispl/${dev}`;
	// A backend that says Connected to a frontend that offers nothing has made none.
	if (side === "backend" && store.value(`${front}/state`) !== INITIALISED)
		return;
	const dirs = {
		F: [front],
		B: [`/local/domain/${be}/backend/vdispl/${fe}/${dev}`],
		C: store
			.children(front)
			.map((name) => `${front}/${name}`)
			.filter((dir) => store.value(`${dir}/req-ring-ref`) !== undefined),
	};
	const ended = over.get(`${fe} ${dev}`) ?? -1;
	const became = side === "frontend" ? "Initialised" : "Connected";
	for (const shape of RESTS_ON[side])
		for (const dir of dirs[shape.directory]) {
			const path = `${dir}/${shape.name}`;
			const last = reads.get(`${domid} ${path}`);
			if (last === undefined) continue;
			const now = store.value(path);
			if (last.seq < ended && last.value !== now) {
				court.breach({
					domid,
					message: `the ${side} of device ${dev} went to ${became} with what ${path} held for an earlier connection (${court.tell(last.seq)})`,
					expected: `${told(now)}, read since that connection was over`,
					got: told(last.value),
					entry: seq,
					requirements: ["pv.fresh-nodes"],
				});
				return;
			}
			if (ANY_FORM.includes(shape.name)) continue;
			const wrong =
				last.value === undefined
					? `${shape.name} is missing`
					: complaint(shape, last.value);
			if (wrong === undefined) continue;
			court.breach({
				domid,
				message: `the ${side} of device ${dev} went to ${became} although ${path} cannot be used (${court.tell(last.seq)})`,
				expected: "a node of that form, or no connection",
				got: wrong,
				entry: seq,
				requirements: ["pv.fresh-nodes"],
			});
			return;
		}
}

const told = (text: string | undefined): string =>
	text === undefined ? "no node" : `"${text}"`;
