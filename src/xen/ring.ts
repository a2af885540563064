/**
 * The request ring of ring.h over one shared page, in the header's names: `FrontRing` puts requests and takes responses, `BackRing` the
 * other way. Each step is a call at the door, so that orders, faults and rules see what a driver on real hardware would do.
 *
 * Point of view: `req_*` is what flows from frontend to backend, `rsp_*` back, on both sides.
 */
import { ask, type Turns } from "./call.ts";

/** Requests and responses of 64 octets share 32 slots: 63 would fit, rounded down to a power of two. */
export const RING_SLOTS = 32;
export const SLOT_WORDS = 16;
/** Word of the first slot, after 64 octets of indexes. */
export const FIRST_SLOT = 16;

const REQ_PROD = 0;
const REQ_EVENT = 1;
const RSP_PROD = 2;
const RSP_EVENT = 3;

/** Free-running 32-bit distance from `b` to `a`. */
export const distance = (a: number, b: number): number => (a - b) >>> 0;
const slotWord = (index: number) =>
	FIRST_SLOT + (index % RING_SLOTS) * SLOT_WORDS;

/** Unconsumed entries, or -1 when the peer's index is out of bounds: it is broken or hostile, and the ring must not be used again. */
export type Unconsumed = number;

function* load(gfn: number, word: number): Turns<number> {
	const { words } = yield* ask("page.load", { gfn, word, count: 1 });
	return words[0] as number;
}

function* store(gfn: number, word: number, value: number): Turns {
	yield* ask("page.store", { gfn, word, words: [value >>> 0] });
}

/** SHARED_RING_INIT: producers 0, thresholds 1, the rest of the header zero. Slots keep what was there. */
export function* sharedRingInit(gfn: number): Turns {
	const header = new Uint32Array(FIRST_SLOT);
	header[REQ_EVENT] = 1;
	header[RSP_EVENT] = 1;
	yield* ask("page.store", { gfn, word: 0, words: header });
}

/** What both ends of the ring do alike: the own producer index, and the peer's index with its threshold. */
abstract class Ring {
	readonly gfn: number;
	/** Own producer index, private: what the peer sees follows at `push`. */
	protected prod = 0;
	/** Own producer index as last published. */
	protected published = 0;
	/** Own consumer index, private. */
	protected cons = 0;
	protected abstract readonly prodWord: number;
	protected abstract readonly prodEventWord: number;
	protected abstract readonly consWord: number;
	protected abstract readonly consEventWord: number;

	constructor(gfn: number) {
		this.gfn = gfn;
	}

	/** Write a packet of 16 words into the next own slot. It becomes visible at `push`. */
	*put(packet: ArrayLike<number>): Turns {
		yield* ask("page.store", {
			gfn: this.gfn,
			word: slotWord(this.prod),
			words: packet,
		});
		this.prod = (this.prod + 1) >>> 0;
	}

	/** RING_PUSH_*_AND_CHECK_NOTIFY: publish, then true when the peer's threshold lies in the span just published. */
	*push(): Turns<boolean> {
		const old = this.published;
		const next = this.prod;
		yield* ask("memory.wmb", {});
		yield* store(this.gfn, this.prodWord, next);
		this.published = next;
		yield* ask("memory.mb", {});
		const event = yield* load(this.gfn, this.prodEventWord);
		return distance(next, event) < distance(next, old);
	}

	/** Entries of the peer not yet taken. */
	*unconsumed(): Turns<Unconsumed> {
		const theirs = yield* load(this.gfn, this.consWord);
		const count = distance(theirs, this.cons);
		return count > this.bound() ? -1 : count;
	}

	/** Copy the next entry of the peer out of shared memory, once. A read barrier keeps it behind the index. */
	*take(): Turns<Uint32Array> {
		yield* ask("memory.rmb", {});
		const { words } = yield* ask("page.load", {
			gfn: this.gfn,
			word: slotWord(this.cons),
			count: SLOT_WORDS,
		});
		this.cons = (this.cons + 1) >>> 0;
		return words as Uint32Array;
	}

	/** RING_FINAL_CHECK_FOR_*: look, move the threshold, full barrier, look again. Entries to take, or -1 as in `unconsumed`. */
	*finalCheck(): Turns<Unconsumed> {
		const before = yield* this.unconsumed();
		if (before !== 0) return before;
		yield* store(this.gfn, this.consEventWord, this.cons + 1);
		yield* ask("memory.mb", {});
		return yield* this.unconsumed();
	}

	/** How far the peer's producer may lie ahead of what was taken. */
	protected abstract bound(): number;
}

export class FrontRing extends Ring {
	protected readonly prodWord = REQ_PROD;
	protected readonly prodEventWord = REQ_EVENT;
	protected readonly consWord = RSP_PROD;
	protected readonly consEventWord = RSP_EVENT;

	/** Slots that may be filled: a slot is free again when its response was taken. */
	get free(): number {
		return RING_SLOTS - distance(this.prod, this.cons);
	}

	/** Responses cannot outnumber the requests that were published. */
	protected bound(): number {
		return distance(this.published, this.cons);
	}
}

export class BackRing extends Ring {
	protected readonly prodWord = RSP_PROD;
	protected readonly prodEventWord = RSP_EVENT;
	protected readonly consWord = REQ_PROD;
	protected readonly consEventWord = REQ_EVENT;

	/** RING_REQUEST_PROD_OVERFLOW: requests unanswered and untaken together never exceed the slots. */
	protected bound(): number {
		return RING_SLOTS - distance(this.cons, this.prod);
	}

	/** Take up a ring that is in use: both own indexes from the shared page, as BACK_RING_ATTACH does. */
	*attach(): Turns {
		this.prod = yield* load(this.gfn, RSP_PROD);
		this.published = this.prod;
		this.cons = this.prod;
	}
}
