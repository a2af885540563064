import { parseDecimal } from "../../displif/nodes.ts";
import type { CallEntry, NoteEntry } from "../../journal/entry.ts";
import type { WireEntry } from "../../journal/exchange.ts";
import { XenbusStateConnected } from "../../xen/abi/xenbus.ts";
import type { BookedRequest } from "../books.ts";
import { type Court, rule } from "../rule.ts";

/** A map that was refused and has not succeeded since. */
interface Failure {
	ref: number;
	status: number;
	task: number;
	seq: number;
}

/** By mapper, granter and reference. */
type State = Map<string, Failure>;

const key = (mapper: number, granter: number, ref: number): string =>
	`${mapper} ${granter} ${ref}`;

/** A page that could not be mapped is missing, and whoever needed it says so. */
export const mapStatus = rule<State>({
	id: "map-status",
	says: "The status of every map is looked at: what needed a page that could not be mapped fails.",
	families: ["G3"],
	owes: "both",
	level: "must",
	requirements: ["grant.map-status", "pv.batch-all-or-nothing"],
	assumes: ["published-in-order"],
	observes: ["grant.map", "driver.result", "wire.response", "wire.state"],
	start: () => new Map(),
	step(failed, entry, court) {
		switch (entry.kind) {
			case "grant.map":
				mapped(failed, entry, court);
				return;
			case "driver.result":
				if (failed.size > 0) came(failed, entry, court);
				return;
			case "wire.response":
				if (failed.size > 0) answered(failed, entry, court);
				return;
			case "wire.state":
				if (failed.size > 0) connected(failed, entry, court);
				return;
			default:
		}
	},
});

function mapped(
	failed: State,
	{ domid, task, seq, call: { granter, ref }, reply }: CallEntry<"grant.map">,
	court: Court,
): void {
	const at = key(domid, granter, ref);
	const { status } = reply;
	if (status === 0) {
		failed.delete(at);
		return;
	}
	// Whoever has the page already may have wanted it for something else.
	for (const map of court.exchange.memory.maps.values())
		if (map.mapper === domid && map.granter === granter && map.ref === ref)
			return;
	failed.set(at, { ref, status, task, seq });
}

/** A client's operation that maps pages of the backend. */
function came(
	failed: State,
	{ domid, task, note, seq }: NoteEntry<"driver.result">,
	court: Court,
): void {
	for (const [at, failure] of failed) {
		if (failure.task !== task || !at.startsWith(`${domid} `)) continue;
		failed.delete(at);
		if (note.result >= 0)
			breach(
				domid,
				failure,
				`${note.operation} succeeded`,
				"an error, and the pages that were mapped unmapped again",
				seq,
				court,
			);
	}
}

/** Every reference of the frontend that a request names, in the order in which they are mapped. */
function* references({
	device: { fe },
	buffer,
	edid,
}: BookedRequest): Generator<number> {
	for (const pages of [buffer?.pages, edid])
		if (pages !== undefined) {
			yield* pages.directory;
			if (pages.granter === fe) yield* pages.refs;
		}
}

function answered(
	failed: State,
	{ request, connection, seq }: WireEntry & { kind: "wire.response" },
	court: Court,
): void {
	const booked = request && court.books.request(request);
	if (booked?.status !== 0) return;
	const { fe, be } = connection;
	for (const ref of references(booked)) {
		const failure = failed.get(key(be, fe, ref));
		if (failure === undefined || failure.seq < booked.exchange.seq) continue;
		failed.delete(key(be, fe, ref));
		breach(
			be,
			failure,
			`${booked.packet.operation} on connector ${connection.connector} of device ${connection.dev} was answered with 0`,
			"a negative status, and the pages that were mapped unmapped again",
			seq,
			court,
		);
		return;
	}
}

/** The pages of the rings are mapped before the backend says Connected. */
function connected(
	failed: State,
	{ side, fe, be, dev, after, domid, seq }: WireEntry & { kind: "wire.state" },
	court: Court,
): void {
	if (side !== "backend" || after !== String(XenbusStateConnected)) return;
	if (domid !== be) return;
	const { store, connections } = court.exchange;
	for (const { connector, open, fe: guest, dev: device } of connections) {
		if (!open || guest !== fe || device !== dev) continue;
		for (const node of ["req-ring-ref", "evt-ring-ref"]) {
			const path = `/local/domain/${fe}/device/vdispl/${dev}/${connector}/${node}`;
			const ref = parseDecimal(store.value(path), 32);
			const at = key(be, fe, ref ?? 0);
			const failure = failed.get(at);
			if (failure === undefined) continue;
			failed.delete(at);
			breach(
				be,
				failure,
				`the backend of device ${dev} of domain ${fe} went to Connected`,
				`a page for ${node} of connector ${connector}, or Closing`,
				seq,
				court,
			);
		}
	}
}

function breach(
	domid: number,
	failure: Failure,
	what: string,
	expected: string,
	entry: number,
	court: Court,
): void {
	court.breach({
		domid,
		message: `${what} although reference ${failure.ref} could not be mapped (${court.tell(failure.seq)})`,
		expected,
		got: `success with a page missing: the map had status ${failure.status}`,
		entry,
	});
}
