/**
 * The protocol as the ledger shows it: connections, requests, responses, events and bus states, read from XenStore writes and stores into
 * shared pages alone, never from a peer's variables.
 *
 * A connection is one connector between the frontend's going Initialised and either side's leaving the link.
 */
import { FIRST_SLOT, RING_SLOTS, SLOT_WORDS } from "../xen/ring.ts";
import type { Entry, EntryKind } from "./entry.ts";
import { MemoryView } from "./memory-view.ts";
import { type NodeChange, StoreView } from "./store-view.ts";

/** 63 events of 64 octets after the header of the event page. */
const EVENT_SLOTS = 63;

export interface Exchange {
	/** Counted from 1 over the connection. */
	number: number;
	words: Uint32Array;
	/** Entry that published it. */
	seq: number;
	tick: number;
	/** Task that published it. */
	task: number;
	/** Step that was running. */
	step: number;
	/** The response, when there was one. */
	answer?: { words: Uint32Array; seq: number; tick: number; task: number };
}

const INDEX_KEYS = {
	req_prod: "reqProd",
	rsp_prod: "rspProd",
	in_cons: "inCons",
	in_prod: "inProd",
} as const;
export type IndexName = keyof typeof INDEX_KEYS;

/** Who published a request, and when. */
type Publisher = Pick<Entry, "seq" | "tick" | "task" | "step" | "domid">;

/** One connector's link. */
export interface Connection {
	fe: number;
	be: number;
	dev: number;
	connector: number;
	/** Frames of the request ring and the event page; 0 when the reference named nothing. */
	ring: number;
	events: number;
	/** Published requests in order; the unanswered are those without `answer`. */
	requests: Exchange[];
	/** Those of them without an answer, in order. */
	unanswered: Exchange[];
	/** Indexes as last stored. */
	reqProd: number;
	rspProd: number;
	inProd: number;
	inCons: number;
	/** The same as they last made sense: one that did not may be taken back before anybody looks. */
	sense: Record<IndexName, number>;
	/** Events published so far. */
	eventCount: number;
	open: boolean;
	/** Entry at which it came to be. */
	seq: number;
}

/** What an entry meant in the protocol's terms. */
export type WireEntry =
	| { kind: "wire.open"; connection: Connection; seq: number }
	| { kind: "wire.close"; connection: Connection; seq: number }
	| {
			kind: "wire.request";
			connection: Connection;
			request: Exchange;
			seq: number;
	  }
	| {
			kind: "wire.response";
			connection: Connection;
			words: Uint32Array;
			/** The oldest unanswered request of the same id. */
			request: Exchange | undefined;
			seq: number;
	  }
	| {
			kind: "wire.event";
			connection: Connection;
			words: Uint32Array;
			number: number;
			seq: number;
	  }
	| {
			/** A producer or consumer index left its bounds. */
			kind: "wire.index";
			connection: Connection;
			which: IndexName;
			value: number;
			/** As it last made sense. */
			before: number;
			/** How far it may lie ahead. */
			bound: number;
			/** Stored by the side whose index it is not: nobody who keeps the protocol looks at that. */
			foreign?: true;
			domid: number;
			seq: number;
	  }
	| {
			kind: "wire.state";
			side: "frontend" | "backend";
			fe: number;
			be: number;
			dev: number;
			before: string | undefined;
			after: string | undefined;
			domid: number;
			seq: number;
	  };
export type WireKind = WireEntry["kind"];

const STATE_INITIALISED = "3";
/** Initialising and InitWait: the backend has not looked at what the frontend published. */
const NOT_TAKEN_UP: ReadonlySet<string> = new Set(["1", "2"]);
/** States in which a link stands. Closing alone does not end it: its requests may still be answered. */
const FRONT_STANDS = new Set(["3", "4", "5"]);
/** The two of reconfiguration are no backend's: a frontend that goes on under them has not been told that the link is over. */
const BACK_STANDS = new Set(["3", "4", "5", "7", "8"]);
const FRONT = /^\/local\/domain\/(\d+)\/device\/vdispl\/(\d+)\/state$/;
const BACK = /^\/local\/domain\/(\d+)\/backend\/vdispl\/(\d+)\/(\d+)\/state$/;
const ahead = (a: number, b: number) => (a - b) >>> 0;

/** Where the indexes lie in each page, and whose each is. */
const RING_INDEXES = [
	{ at: 0, which: "req_prod", owner: "fe" },
	{ at: 2, which: "rsp_prod", owner: "be" },
] as const;
const EVENT_INDEXES = [
	{ at: 0, which: "in_cons", owner: "fe" },
	{ at: 1, which: "in_prod", owner: "be" },
] as const;

/** Kinds that may mean something beside what they do to the store. */
const MEANS: ReadonlySet<EntryKind> = new Set([
	"page.store",
	"domain.destroy",
	"driver.exit",
]);
const NOTHING: readonly WireEntry[] = [];

export class ExchangeView {
	readonly store = new StoreView();
	readonly memory = new MemoryView();
	readonly connections: Connection[] = [];
	private readonly byFrame = new Map<number, Connection>();

	/** Follow one entry; what it meant, in order. */
	follow(entry: Entry): readonly WireEntry[] {
		this.memory.follow(entry);
		const changes = this.store.follow(entry);
		if (changes.length === 0 && !MEANS.has(entry.kind)) return NOTHING;
		const out: WireEntry[] = [];
		for (const change of changes) this.state(change, entry, out);
		if (entry.kind === "page.store" && entry.reply.status === 0)
			this.stored(entry, out);
		if (entry.kind === "domain.destroy" && entry.reply.status === 0)
			this.closeAll(
				(c) => c.fe === entry.call.domid || c.be === entry.call.domid,
				entry.seq,
				out,
			);
		if (entry.kind === "driver.exit" && entry.reply.status === 0)
			this.closeAll(
				(c) => c.be === entry.call.domid && !this.isOffered(c),
				entry.seq,
				out,
			);
		return out;
	}

	/** The backend has not taken up what the frontend published: its next driver may do so. */
	private isOffered({ fe, be, dev }: Connection): boolean {
		const path = `/local/domain/${be}/backend/vdispl/${fe}/${dev}/state`;
		return NOT_TAKEN_UP.has(this.store.value(path) ?? "");
	}

	/** The open connection of a connector. */
	connection(
		fe: number,
		dev: number,
		connector: number,
	): Connection | undefined {
		return this.connections.find(
			(c) =>
				c.open && c.fe === fe && c.dev === dev && c.connector === connector,
		);
	}

	private state(change: NodeChange, entry: Entry, out: WireEntry[]): void {
		const front = FRONT.exec(change.path);
		const back = front === null ? BACK.exec(change.path) : null;
		if (front === null && back === null) return;
		const [fe, dev] = front
			? [Number(front[1]), Number(front[2])]
			: [Number(back?.[2]), Number(back?.[3])];
		const dir = `/local/domain/${fe}/device/vdispl/${dev}`;
		const be = back
			? Number(back[1])
			: Number(this.store.value(`${dir}/backend-id`) ?? "0");
		const { before, after, domid, seq } = change;
		out.push({
			kind: "wire.state",
			side: front ? "frontend" : "backend",
			fe,
			be,
			dev,
			before,
			after,
			domid,
			seq,
		});
		const mine = (c: Connection) => c.fe === fe && c.dev === dev;
		if (front && after === STATE_INITIALISED && before !== after) {
			this.closeAll(mine, seq, out);
			this.openAll(fe, be, dev, dir, entry, out);
		}
		// A frontend that published before there was a backend, or while it was closed, is served with what it published.
		const late =
			back && after === "2" && [undefined, "1", "6"].includes(before);
		const stands = front ? FRONT_STANDS : BACK_STANDS;
		if (!late && !stands.has(after ?? "") && after !== before)
			this.closeAll(mine, seq, out);
	}

	private openAll(
		fe: number,
		be: number,
		dev: number,
		dir: string,
		entry: Entry,
		out: WireEntry[],
	): void {
		const { seq } = entry;
		for (
			let connector = 0;
			this.store.value(`${dir}/${connector}/req-ring-ref`) !== undefined;
			connector++
		) {
			const frame = (node: string) =>
				this.memory.grant(
					fe,
					Number(this.store.value(`${dir}/${connector}/${node}`) ?? "0"),
				)?.frame ?? 0;
			const ring = frame("req-ring-ref");
			const events = frame("evt-ring-ref");
			// Indexes run free: a frontend may begin anywhere, as long as both ends of a page agree.
			const word = (page: number, at: number) =>
				page === 0 ? 0 : (this.memory.words(page)[at] as number);
			const rsp = word(ring, 2);
			const produced = word(events, 1);
			const consumed = word(events, 0);
			const connection: Connection = {
				fe,
				be,
				dev,
				connector,
				ring,
				events,
				requests: [],
				unanswered: [],
				reqProd: rsp,
				rspProd: rsp,
				inProd: produced,
				inCons: consumed,
				sense: {
					req_prod: rsp,
					rsp_prod: rsp,
					in_prod: produced,
					in_cons: consumed,
				},
				eventCount: 0,
				open: true,
				seq,
			};
			this.connections.push(connection);
			for (const page of [connection.ring, connection.events])
				if (page !== 0) {
					this.byFrame.set(page, connection);
					this.slots.delete(page);
				}
			out.push({ kind: "wire.open", connection, seq });
			// What stands on the ring already is served like what comes later.
			if (ring !== 0)
				this.requests(connection, word(ring, 0), { ...entry, domid: fe }, out);
		}
	}

	private closeAll(
		which: (c: Connection) => boolean,
		seq: number,
		out: WireEntry[],
	): void {
		for (const connection of this.connections) {
			if (!connection.open || !which(connection)) continue;
			connection.open = false;
			this.byFrame.delete(connection.ring);
			this.byFrame.delete(connection.events);
			out.push({ kind: "wire.close", connection, seq });
		}
	}

	private stored(
		entry: Entry & { kind: "page.store" },
		out: WireEntry[],
	): void {
		const connection = this.byFrame.get(entry.reply.frame);
		if (connection === undefined) return;
		const { word, words } = entry.call;
		const covers = (at: number) => at >= word && at < word + words.length;
		const value = (at: number) => words[at - word] as number;
		this.keepSlots(entry);
		const page =
			entry.reply.frame === connection.ring ? RING_INDEXES : EVENT_INDEXES;
		for (const { at, which, owner } of page) {
			if (!covers(at)) continue;
			if (entry.domid === connection[owner])
				this.moved[which](connection, value(at), entry, out);
			else
				out.push({
					kind: "wire.index",
					connection,
					which,
					value: value(at),
					before: connection[INDEX_KEYS[which]],
					bound: 0,
					foreign: true,
					domid: entry.domid,
					seq: entry.seq,
				});
		}
	}

	/** What a side's store into its own index means. */
	private readonly moved: Record<
		IndexName,
		(c: Connection, value: number, entry: Entry, out: WireEntry[]) => void
	> = {
		req_prod: (...moved) => this.requests(...moved),
		rsp_prod: (...moved) => this.responses(...moved),
		in_cons: (...moved) => this.consumed(...moved),
		in_prod: (...moved) => this.events(...moved),
	};

	/** Slots as their writer left them: what the other side stores there afterwards is not the writer's. */
	private readonly slots = new Map<number, Map<string, Uint32Array>>();

	private keepSlots({
		domid,
		call,
		reply: { frame },
	}: Entry & { kind: "page.store" }): void {
		let slots = this.slots.get(frame);
		if (slots === undefined) {
			slots = new Map();
			this.slots.set(frame, slots);
		}
		const first = Math.max(call.word, FIRST_SLOT);
		const last = call.word + call.words.length - 1;
		for (
			let at = first - ((first - FIRST_SLOT) % SLOT_WORDS);
			at <= last;
			at += SLOT_WORDS
		)
			slots.set(
				`${domid} ${at}`,
				this.memory.words(frame).slice(at, at + SLOT_WORDS),
			);
	}

	/** A slot that `writer` publishes: as it left it, or as it is when it has stored nothing there since it published it last. */
	private slot(
		frame: number,
		index: number,
		slots: number,
		writer: number,
	): Uint32Array {
		const at = FIRST_SLOT + (index % slots) * SLOT_WORDS;
		const key = `${writer} ${at}`;
		const kept = this.slots.get(frame);
		const left = kept?.get(key);
		kept?.delete(key);
		return left ?? this.memory.words(frame).slice(at, at + SLOT_WORDS);
	}

	private requests(
		c: Connection,
		value: number,
		entry: Publisher,
		out: WireEntry[],
	): void {
		const { req_prod: before, rsp_prod } = c.sense;
		c.reqProd = value;
		const count = ahead(value, before);
		// What is in flight: everything published and not yet answered.
		const bound = RING_SLOTS - ahead(before, rsp_prod);
		if (count > bound) {
			out.push({
				kind: "wire.index",
				connection: c,
				which: "req_prod",
				value,
				before,
				bound,
				domid: entry.domid,
				seq: entry.seq,
			});
			return;
		}
		c.sense.req_prod = value;
		for (let i = 0; i < count; i++) {
			const request: Exchange = {
				number: c.requests.length + 1,
				words: this.slot(c.ring, (before + i) >>> 0, RING_SLOTS, entry.domid),
				seq: entry.seq,
				tick: entry.tick,
				task: entry.task,
				step: entry.step,
			};
			c.requests.push(request);
			c.unanswered.push(request);
			out.push({
				kind: "wire.request",
				connection: c,
				request,
				seq: entry.seq,
			});
		}
	}

	private responses(
		c: Connection,
		value: number,
		entry: Entry,
		out: WireEntry[],
	): void {
		const { req_prod, rsp_prod: before } = c.sense;
		c.rspProd = value;
		const count = ahead(value, before);
		const bound = ahead(req_prod, before);
		if (count > bound) {
			out.push({
				kind: "wire.index",
				connection: c,
				which: "rsp_prod",
				value,
				before,
				bound,
				domid: entry.domid,
				seq: entry.seq,
			});
			return;
		}
		c.sense.rsp_prod = value;
		for (let i = 0; i < count; i++) {
			const words = this.slot(
				c.ring,
				(before + i) >>> 0,
				RING_SLOTS,
				entry.domid,
			);
			const id = (words[0] as number) & 0xffff;
			const at = c.unanswered.findIndex(
				(r) => ((r.words[0] as number) & 0xffff) === id,
			);
			const request = at < 0 ? undefined : c.unanswered.splice(at, 1)[0];
			if (request !== undefined)
				request.answer = {
					words,
					seq: entry.seq,
					tick: entry.tick,
					task: entry.task,
				};
			out.push({
				kind: "wire.response",
				connection: c,
				words,
				request,
				seq: entry.seq,
			});
		}
	}

	private events(
		c: Connection,
		value: number,
		entry: Entry,
		out: WireEntry[],
	): void {
		const { in_prod: before, in_cons } = c.sense;
		c.inProd = value;
		const count = ahead(value, before);
		const bound = EVENT_SLOTS - ahead(before, in_cons);
		if (count > bound) {
			out.push({
				kind: "wire.index",
				connection: c,
				which: "in_prod",
				value,
				before,
				bound,
				domid: entry.domid,
				seq: entry.seq,
			});
			return;
		}
		c.sense.in_prod = value;
		for (let i = 0; i < count; i++) {
			const words = this.slot(
				c.events,
				(before + i) >>> 0,
				EVENT_SLOTS,
				entry.domid,
			);
			c.eventCount += 1;
			out.push({
				kind: "wire.event",
				connection: c,
				words,
				number: c.eventCount,
				seq: entry.seq,
			});
		}
	}

	private consumed(
		c: Connection,
		value: number,
		entry: Entry,
		out: WireEntry[],
	): void {
		const { in_prod, in_cons: before } = c.sense;
		c.inCons = value;
		const count = ahead(value, before);
		if (count <= ahead(in_prod, before)) c.sense.in_cons = value;
		// Who follows an index that makes no sense is the affair of another rule.
		const bound = ahead(c.inProd, before);
		if (count > bound)
			out.push({
				kind: "wire.index",
				connection: c,
				which: "in_cons",
				value,
				before,
				bound,
				domid: entry.domid,
				seq: entry.seq,
			});
	}
}
