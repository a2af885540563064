/**
 * What each side did with the indexes of the other: the ledger's account of one consumer. Its own index is private, so it is followed by the
 * slots that it loads; a store into in_cons says the same of events.
 */

import type { Entry } from "../journal/entry.ts";
import type { Connection } from "../journal/exchange.ts";
import { FIRST_SLOT, RING_SLOTS, SLOT_WORDS } from "../xen/ring.ts";
import type { Court } from "./rule.ts";

const EVENT_SLOTS = 63;
export const ahead = (a: number, b: number): number => (a - b) >>> 0;

/** Words of the pages: the producer's index, and the threshold at which the consumer wants to be told. The event page has none. */
const KINDS = {
	requests: { index: 0, threshold: 1, slots: RING_SLOTS, consumer: "be" },
	responses: { index: 2, threshold: 3, slots: RING_SLOTS, consumer: "fe" },
	events: { index: 1, threshold: -1, slots: EVENT_SLOTS, consumer: "fe" },
} as const;
export type RingKind = keyof typeof KINDS;
export const RING_KINDS = Object.keys(KINDS) as readonly RingKind[];
export const INDEX_NAMES = {
	requests: "req_prod",
	responses: "rsp_prod",
	events: "in_prod",
} as const;

/** One direction of one connector. */
export interface Flow {
	kind: RingKind;
	connection: Connection;
	frame: number;
	consumer: number;
	producer: number;
	indexWord: number;
	/** -1 for none. */
	thresholdWord: number;
	slots: number;
	/** Port of each side by which it is told; 0 before it has one. */
	consumerPort: number;
	producerPort: number;
	/** The consumer's own index, as far as its loads tell. */
	cons: number;
	/** Its own index when it loaded the producer's last. */
	batch: number;
	/** The producer's index as it loaded it last. */
	seen: number | undefined;
	/** Entry of that load. */
	seenAt: number;
}

export type Load = Entry & { kind: "page.load" };
export type Store = Entry & { kind: "page.store" };

/** What a load by the consumer was. */
export interface Look {
	flow: Flow;
	/** It has loaded the producer's index. */
	index: boolean;
	/** Slots that it has loaded and that were neither published to it nor its own to write. */
	strange: number | undefined;
	/** It has loaded a slot. */
	slot: boolean;
}

/** Where in a connector's directory each port is published. */
const PORT_NODES = {
	requests: "req-event-channel",
	responses: "req-event-channel",
	events: "evt-event-channel",
} as const;

export class Flows {
	private readonly byFrame = new Map<number, Flow[]>();
	/** `domid port` of a frontend, as published in an open connection. */
	private readonly published = new Map<string, Flow[]>();
	private readonly byPort = new Map<string, Flow[]>();

	/** Flows that a domain hears of, or is heard of, by a port of its. */
	at(domid: number, port: number): readonly Flow[] {
		return this.byPort.get(`${domid} ${port}`) ?? [];
	}

	on(frame: number): readonly Flow[] | undefined {
		return this.byFrame.get(frame);
	}

	open(connection: Connection, court: Court): Flow[] {
		const { fe, be, dev, connector } = connection;
		const flows: Flow[] = [];
		for (const kind of RING_KINDS) {
			const { index, threshold, slots, consumer } = KINDS[kind];
			const frame = kind === "events" ? connection.events : connection.ring;
			if (frame === 0) continue;
			const node = `/local/domain/${fe}/device/vdispl/${dev}/${connector}/${PORT_NODES[kind]}`;
			const port = Number(court.exchange.store.value(node) ?? "0");
			const cons = kind === "events" ? connection.inCons : connection.rspProd;
			const flow: Flow = {
				kind,
				connection,
				frame,
				consumer: connection[consumer],
				producer: consumer === "fe" ? be : fe,
				indexWord: index,
				thresholdWord: threshold,
				slots,
				consumerPort: consumer === "fe" ? port : 0,
				producerPort: consumer === "fe" ? 0 : port,
				cons,
				batch: cons,
				seen: undefined,
				seenAt: -1,
			};
			flows.push(flow);
			push(this.byFrame, frame, flow);
			push(this.published, `${fe} ${port}`, flow);
			push(this.byPort, `${fe} ${port}`, flow);
		}
		return flows;
	}

	close(connection: Connection): Flow[] {
		const gone: Flow[] = [];
		for (const frame of [connection.ring, connection.events])
			for (const flow of this.byFrame.get(frame) ?? [])
				if (flow.connection === connection) gone.push(flow);
		for (const map of [this.byFrame, this.published, this.byPort])
			for (const [key, flows] of map as Map<unknown, Flow[]>) {
				if (!flows.some((flow) => flow.connection === connection)) continue;
				const left = flows.filter((flow) => flow.connection !== connection);
				if (left.length > 0) (map as Map<unknown, Flow[]>).set(key, left);
				else (map as Map<unknown, Flow[]>).delete(key);
			}
		return gone;
	}

	/** The backend joins a port of its own to one that was published. */
	bind(entry: Entry & { kind: "evtchn.bind-interdomain" }): void {
		if (entry.reply.status !== 0) return;
		const { remote, remote_port } = entry.call;
		const { port } = entry.reply;
		// A port number that was closed meanwhile may come again for another flow.
		this.byPort.delete(`${entry.domid} ${port}`);
		for (const flow of this.published.get(`${remote} ${remote_port}`) ?? []) {
			if (flow.connection.be !== entry.domid) continue;
			if (flow.consumer === entry.domid) flow.consumerPort = port;
			else flow.producerPort = port;
			push(this.byPort, `${entry.domid} ${port}`, flow);
		}
	}

	/** A load, and what it was for each flow of the page whose consumer made it. */
	load(entry: Load): Look[] {
		const flows = this.byFrame.get(entry.reply.frame);
		if (flows === undefined || entry.reply.status !== 0) return [];
		const looks: Look[] = [];
		for (const flow of flows)
			if (flow.consumer === entry.domid) looks.push(look(flow, entry));
		return looks;
	}

	/** A consumer that confirms events has taken them, whether it looked at them or not. */
	store(entry: Store): void {
		if (entry.reply.status !== 0) return;
		for (const flow of this.byFrame.get(entry.reply.frame) ?? []) {
			if (flow.kind !== "events" || flow.consumer !== entry.domid) continue;
			if (entry.call.word !== 0 || flow.seen === undefined) continue;
			const value = entry.call.words[0] as number;
			if (ahead(value, flow.cons) <= ahead(flow.seen, flow.cons))
				flow.cons = value;
		}
	}
}

function push<K>(map: Map<K, Flow[]>, key: K, flow: Flow): void {
	const list = map.get(key);
	if (list === undefined) map.set(key, [flow]);
	else list.push(flow);
}

function look(flow: Flow, entry: Load): Look {
	const { word, count } = entry.call;
	const end = word + count;
	const result: Look = { flow, index: false, strange: undefined, slot: false };
	if (word <= flow.indexWord && flow.indexWord < end) {
		result.index = true;
		flow.seen = entry.reply.words[flow.indexWord - word] as number;
		flow.seenAt = entry.seq;
		flow.batch = flow.cons;
	}
	if (end <= FIRST_SLOT) return result;
	result.slot = true;
	const first = Math.floor(
		(Math.max(word, FIRST_SLOT) - FIRST_SLOT) / SLOT_WORDS,
	);
	const last = Math.floor((end - 1 - FIRST_SLOT) / SLOT_WORDS);
	for (let slot = first; slot <= last; slot++)
		if (!take(flow, slot)) result.strange = slot;
	return result;
}

/** The consumer loads a slot. False when it was not published to it, and is none that it writes itself. */
function take(flow: Flow, slot: number): boolean {
	const { slots, cons, seen, connection } = flow;
	const position = (slot - (cons % slots) + slots) % slots;
	const there = seen === undefined ? 0 : ahead(seen, cons);
	if (position < Math.min(there, slots)) {
		flow.cons = (cons + position + 1) >>> 0;
		return true;
	}
	const behind = slots - position;
	// Of this batch, looked at once more.
	if (behind <= ahead(cons, flow.batch)) return true;
	// Taken and not answered: the slot of its response.
	if (flow.kind === "requests")
		return behind <= ahead(cons, connection.rspProd);
	// Free: the slot of the next request.
	return (
		flow.kind === "responses" && position >= ahead(connection.reqProd, cons)
	);
}

/** How far the producer's index may lie ahead of what was taken. */
export function bound({ kind, connection, cons }: Flow): number {
	switch (kind) {
		case "requests":
			return Math.max(0, RING_SLOTS - ahead(cons, connection.rspProd));
		case "responses":
			return ahead(connection.reqProd, cons);
		case "events":
			return EVENT_SLOTS;
	}
}
