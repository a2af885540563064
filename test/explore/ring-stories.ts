/** Two requests, each over a page of its own, and the ways in which such a ring is done wrong. */
import { GNTMAP_host_map } from "../../src/xen/abi/grant-table.ts";
import { ask, type Turns } from "../../src/xen/call.ts";
import type { MemoryMode } from "../../src/xen/memory-order.ts";
import type { DoorStory, DoorTask, Perform, Telling } from "./door.ts";

/** Words of the page. */
const PROD = 0;
const ARMED = 1;
const ANSWER = 2;
const SLOT = 16;
const LIMIT = 100;

/** What a story does that it must not do. */
export interface Ways {
	/** The consumer arms and sleeps without looking again. */
	sleepsUnseen?: boolean;
	/** The consumer judges one load of the slot and uses another. */
	fetchesTwice?: boolean;
	/** The producer stores the index without a barrier after the slot. */
	publishesEarly?: boolean;
}

interface Ring {
	producer: { domid: number; gfn: number; port: number };
	consumer: { domid: number; gfn: number; port: number };
}

const load = (gfn: number, word: number) =>
	ask("page.load", { gfn, word, count: 1 });
const store = (gfn: number, word: number, value: number) =>
	ask("page.store", { gfn, word, words: [value] });
const wait = (port: number, timeout: number, why: string) =>
	ask("wait", {
		ports: [port],
		token: "",
		completion: 0,
		display: false,
		timeout,
		why,
	});

function* produce({ producer }: Ring, ways: Ways, tell: Telling): Turns {
	const { domid, gfn, port } = producer;
	yield* store(gfn, SLOT, domid);
	if (ways.publishesEarly !== true) yield* ask("memory.wmb", {});
	yield* store(gfn, PROD, 1);
	yield* ask("memory.mb", {});
	if ((yield* load(gfn, ARMED)).words[0] === 1)
		yield* ask("evtchn.notify", { port });
	const { status } = yield* wait(port, 1000, "answer");
	if (status < 0) tell.wrong(`the request of ${domid} is never answered`);
	const answer = (yield* load(gfn, ANSWER)).words[0] as number;
	if (status === 0 && answer !== domid + 1)
		tell.wrong(`${domid} has got the answer to another request`);
	tell.result(`${domid}: ${answer}`);
}

function* consume({ consumer }: Ring, ways: Ways, tell: Telling): Turns {
	const { gfn, port } = consumer;
	for (;;) {
		if ((yield* load(gfn, PROD)).words[0] === 1) break;
		yield* store(gfn, ARMED, 1);
		yield* ask("memory.mb", {});
		if (ways.sleepsUnseen !== true && (yield* load(gfn, PROD)).words[0] === 1)
			break;
		yield* wait(port, 0, "work");
	}
	yield* ask("memory.rmb", {});
	let value = (yield* load(gfn, SLOT)).words[0] as number;
	if (value < LIMIT) {
		if (ways.fetchesTwice === true)
			value = (yield* load(gfn, SLOT)).words[0] as number;
		if (value >= LIMIT) tell.wrong(`${value} is used beyond the limit`);
	}
	yield* store(gfn, ANSWER, value + 1);
	yield* ask("evtchn.notify", { port });
}

/** A page of the producer, lent to the consumer, and a channel between the two. */
function* makeRing(
	perform: Perform,
	producer: number,
	consumer: number,
): Turns<Ring> {
	const lent = yield* perform(producer, function* () {
		const { gfn } = yield* ask("page.alloc", { zeroed: true });
		const { ref } = yield* ask("grant.claim", { batch: 0 });
		const readonly = false;
		yield* ask("grant.access", { ref, domid: consumer, gfn, readonly });
		const { port } = yield* ask("evtchn.alloc-unbound", { remote: consumer });
		return { gfn, ref, port };
	});
	const mapped = yield* perform(consumer, function* () {
		const { gfn } = yield* ask("grant.map", {
			granter: producer,
			ref: lent.ref,
			gfn: 0,
			flags: GNTMAP_host_map,
		});
		const { port } = yield* ask("evtchn.bind-interdomain", {
			remote: producer,
			remote_port: lent.port,
		});
		// Binding sets the port pending once.
		yield* wait(port, 0, "work");
		return { gfn, port };
	});
	return {
		producer: { domid: producer, gfn: lent.gfn, port: lent.port },
		consumer: { domid: consumer, gfn: mapped.gfn, port: mapped.port },
	};
}

/** Two requests, each with its producer and consumer. */
export const twoRequests = (
	memory: MemoryMode,
	ways: Ways = {},
	rings: readonly (readonly [number, number])[] = [
		[1, 2],
		[3, 4],
	],
): DoorStory => ({
	domids: rings.flat(),
	memory,
	*setUp(tell, perform) {
		const tasks: DoorTask[] = [];
		for (const [producer, consumer] of rings) {
			const ring = yield* makeRing(perform, producer, consumer);
			tasks.push(
				{
					domid: producer,
					name: "producer",
					body: () => produce(ring, ways, tell),
				},
				{
					domid: consumer,
					name: "consumer",
					body: () => consume(ring, ways, tell),
				},
			);
			if (ways.fetchesTwice === true)
				tasks.push({
					domid: producer,
					name: "writer",
					*body() {
						yield* store(ring.producer.gfn, SLOT, LIMIT);
					},
				});
		}
		return tasks;
	},
});

/** Two tasks that take two locks; in the wrong one each in another order. */
export const twoLocks = (wrongOrder: boolean): DoorStory => ({
	domids: [1],
	memory: "sc",
	*setUp() {
		const task = (first: number, second: number): DoorTask => ({
			domid: 1,
			name: `takes ${first} and ${second}`,
			*body() {
				yield* ask("lock.take", { lock: first });
				yield* ask("lock.take", { lock: second });
				yield* ask("lock.give", { lock: second });
				yield* ask("lock.give", { lock: first });
			},
		});
		return [task(1, 2), wrongOrder ? task(2, 1) : task(1, 2), task(3, 4)];
	},
});
