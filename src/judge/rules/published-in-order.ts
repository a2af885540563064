import type { Entry, EntryKind } from "../../journal/entry.ts";
import type { Connection } from "../../journal/exchange.ts";
import { CALL_NAMES, type CallName } from "../../xen/call.ts";
import { distance, RING_SLOTS } from "../../xen/ring.ts";
import { type Court, rule } from "../rule.ts";
import {
	EVENT_SLOTS,
	indexesOf,
	type SharedPage,
	SharedPageMap,
	slotsTouched,
} from "../shared-rings.ts";

/** Calls that order nothing: a task's loads and stores, its notes, and the barrier of the other direction. */
const LOOSE: ReadonlySet<CallName> = new Set([
	"page.load",
	"page.store",
	"page.compare-exchange",
	"page.alloc",
	"object.make",
	"object.drop",
	"driver.note",
	"memory.rmb",
]);
/** A write barrier, a full one, a lock, and every call that leaves the domain. */
const DRAINS = CALL_NAMES.filter((name) => !LOOSE.has(name));

interface State {
	pages: SharedPageMap;
	/** By domain: pages with slots that were stored and are not ordered yet, with the entry of the last such store and its task. */
	dirty: Map<number, Map<number, { seq: number; task: number }>>;
	/** By task: pages whose peer index was loaded and no read barrier came after. */
	looked: Map<number, Map<number, number>>;
	/** By task: event pages of which a slot was loaded and no full barrier came after. */
	taken: Map<number, Map<number, number>>;
	/** By task: a store into a slot that is out, until it shows whether an index runs too far ahead with it. */
	over: Map<number, Over>;
}

interface Over {
	connection: Connection;
	domid: number;
	seq: number;
}

/**
 * ring.h, RING_PUSH_* and RING_COPY_*: the order in which a side's stores and loads were made, whatever memory made of it.
 */
export const publishedInOrder = rule<State>({
	id: "published-in-order",
	says: "A slot is written, then a write barrier, then the index in one store, and the slot is left alone until it comes back; the other side loads the index, then a read barrier, then the slot.",
	families: ["R2"],
	owes: "both",
	level: "must",
	requirements: ["ring.slot-before-index"],
	assumes: ["ring-bounds"],
	observes: [
		"wire.open",
		"wire.close",
		"wire.index",
		"page.load",
		"page.store",
		"memory.rmb",
		"step.begin",
		...(DRAINS as readonly EntryKind[]),
	],
	start: () => ({
		pages: new SharedPageMap(),
		dirty: new Map(),
		looked: new Map(),
		taken: new Map(),
		over: new Map(),
	}),
	step(state, entry, court) {
		if (entry.kind === "wire.open" || entry.kind === "wire.close")
			return state.pages.follow(entry);
		if (entry.kind === "wire.index") {
			// Too many at once: that is what ring-bounds says.
			for (const [task, { domid }] of state.over)
				if (domid === entry.domid) state.over.delete(task);
			return;
		}
		if (!("task" in entry)) return;
		switch (entry.kind) {
			case "step.begin":
				// A side that the scenario plays does one step after the other.
				for (const { domid, standing } of court.participants)
					if (standing === "scripted") state.dirty.delete(domid);
				return;
			case "page.store":
				return stored(state, entry, court);
			case "page.load":
				return loaded(state, entry, court);
			case "memory.rmb":
				state.looked.delete(entry.task);
				return;
			default:
				drained(state, entry, court);
		}
	},
});

function overwritten({ over }: State, { task }: Entry, court: Court): void {
	const one = over.get(task);
	if (one === undefined) return;
	over.delete(task);
	court.breach({
		domid: one.domid,
		message: `${court.tell(one.seq)} changes a slot of ${where(one.connection)} that is published, and neither answered nor consumed`,
		expected:
			"a slot is written before the index that covers it, and then left alone until it comes back",
		got: "whoever reads it reads the one or the other",
		entry: one.seq,
	});
}

/** What the task did before it is ordered before what it does from now on. */
function drained(state: State, entry: Entry, court: Court): void {
	const { dirty, looked, taken } = state;
	const { kind, domid, task } = entry;
	const pages = dirty.get(domid);
	if (pages !== undefined)
		for (const [frame, one] of pages)
			if (one.task === task) pages.delete(frame);
	// A write barrier orders no loads.
	if (kind === "memory.wmb") return;
	looked.delete(task);
	taken.delete(task);
	overwritten(state, entry, court);
}

const where = ({ connector, dev }: Connection) =>
	`connector ${connector} of device ${dev}`;

function stored(
	state: State,
	entry: Entry & { kind: "page.store" },
	court: Court,
): void {
	if (entry.reply.status !== 0) return;
	const { domid, task, seq } = entry;
	const { frame } = entry.reply;
	const page = state.pages.get(frame);
	if (page === undefined) return;
	const { word, words } = entry.call;
	const { connection } = page;
	const slots = slotsTouched(page, word, words.length);
	for (const index of indexesOf(page)) {
		if (connection[index.owner] !== domid) continue;
		if (index.at < word || index.at >= word + words.length) continue;
		const value = words[index.at - word] as number;
		if (value === state.pages.value(frame, index.at)) continue;
		state.pages.moved(frame, index.at, value);
		if (index.produces) {
			const dirty = state.dirty.get(domid)?.get(frame);
			if (dirty !== undefined || slots.length > 0)
				court.breach({
					domid,
					message: `${index.name} of ${where(connection)} went to ${value} with nothing that orders the store of the slot before it`,
					expected:
						"the slot, then a write barrier, then the index in one store",
					got:
						slots.length > 0
							? "slot and index in one copy"
							: `the slot at #${dirty?.seq ?? seq}, the index at #${seq}, and no write barrier between them`,
					entry: seq,
				});
			state.dirty.get(domid)?.delete(frame);
			continue;
		}
		const load = state.taken.get(task)?.get(frame);
		if (load !== undefined)
			court.breach({
				domid,
				message: `${index.name} of ${where(connection)} gave a slot back with nothing that orders the load of the slot before it`,
				expected: "the slot is read, then a full barrier, then the index",
				got: `the slot by ${court.tell(load)}, then the index, without a barrier between them`,
				entry: seq,
			});
	}
	if (slots.length === 0 || !writes(page, domid)) return;
	if (coversIndex(page, domid, word, words.length)) return;
	if (slots.some((slot) => isOut(page, domid, slot)))
		state.over.set(task, { connection, domid, seq });
	let dirty = state.dirty.get(domid);
	if (dirty === undefined) {
		dirty = new Map();
		state.dirty.set(domid, dirty);
	}
	dirty.set(frame, { seq, task });
}

function loaded(
	state: State,
	entry: Entry & { kind: "page.load" },
	court: Court,
): void {
	if (entry.reply.status !== 0) return;
	const { domid, task, seq } = entry;
	const { frame } = entry.reply;
	const page = state.pages.get(frame);
	if (page === undefined) return;
	const { connection } = page;
	if (domid !== connection.fe && domid !== connection.be) return;
	const { word, count } = entry.call;
	const slots = slotsTouched(page, word, count);
	if (slots.length > 0) {
		const look = state.looked.get(task)?.get(frame);
		if (look !== undefined)
			court.breach({
				domid,
				message: `a slot of ${where(connection)} was read with nothing that orders it behind the load of the index that covers it`,
				expected: "the index, then a read barrier, then the slot",
				got: `${court.tell(look)}, then the slot, without a barrier between them`,
				entry: seq,
			});
		mark(state.taken, task, frame, seq);
		return;
	}
	if (
		indexesOf(page).some(
			({ at, owner, produces }) =>
				produces &&
				connection[owner] !== domid &&
				at >= word &&
				at < word + count,
		)
	)
		mark(state.looked, task, frame, seq);
}

function mark(
	by: Map<number, Map<number, number>>,
	task: number,
	frame: number,
	seq: number,
): void {
	let pages = by.get(task);
	if (pages === undefined) {
		pages = new Map();
		by.set(task, pages);
	}
	pages.set(frame, seq);
}

/** Whose slots a page has: of the ring both sides', of the event page the backend's. */
const writes = ({ use, connection }: SharedPage, domid: number) =>
	domid === connection.be || (domid === connection.fe && use === "ring");

/** A request without an answer, or an event that was not consumed. Of responses nobody but the frontend knows which it has taken. */
function isOut({ use, connection }: SharedPage, domid: number, slot: number) {
	if (use === "ring" && domid === connection.be) return false;
	const { req_prod, rsp_prod, in_prod, in_cons } = connection.sense;
	const [from, to, slots] =
		use === "events"
			? [in_cons, in_prod, EVENT_SLOTS]
			: [rsp_prod, req_prod, RING_SLOTS];
	const behind = (slot + slots - (from % slots)) % slots;
	return behind < distance(to, from);
}

const coversIndex = (
	page: SharedPage,
	domid: number,
	word: number,
	count: number,
) =>
	indexesOf(page).some(
		({ at, owner }) =>
			page.connection[owner] === domid && at >= word && at < word + count,
	);
