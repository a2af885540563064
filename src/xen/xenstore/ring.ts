/** struct xenstore_domain_interface of io/xs_wire.h: a domain's page of requests and replies. */

export const RING_OCTETS = 1024;

/** Octets from the start of the page. */
const REQ = 0;
const RSP = 1024;
export const RING_WORDS = {
	req_cons: 2048,
	req_prod: 2052,
	rsp_cons: 2056,
	rsp_prod: 2060,
	server_features: 2064,
	connection: 2068,
	error: 2072,
} as const;
export type RingWord = keyof typeof RING_WORDS;

/** Values of `connection`. */
export const XENSTORE_CONNECTED = 0;
export const XENSTORE_RECONNECT = 1;

/** Values of `error`. */
export const XENSTORE_ERROR_RINGIDX = 2;
export const XENSTORE_ERROR_PROTO = 3;

/** One side of the ring's view of the page. Indices run free over 32 bits. */
export class RingPage {
	private readonly octets: Uint8Array;
	private readonly view: DataView;

	constructor(page: Uint8Array) {
		this.octets = page;
		this.view = new DataView(page.buffer, page.byteOffset, page.byteLength);
	}

	get(word: RingWord): number {
		return this.view.getUint32(RING_WORDS[word], true);
	}

	set(word: RingWord, value: number): void {
		this.view.setUint32(RING_WORDS[word], value >>> 0, true);
	}

	/** Octets waiting: requests for the store, replies for the domain. More than a ring holds: the indices are broken. */
	waiting(ring: "req" | "rsp"): number {
		return (this.get(`${ring}_prod`) - this.get(`${ring}_cons`)) >>> 0;
	}

	/** Take up to `count` octets, but none from beyond the end of the buffer: undefined when the indices are broken. */
	take(ring: "req" | "rsp", count: number): Uint8Array | undefined {
		const waiting = this.waiting(ring);
		if (waiting > RING_OCTETS) return undefined;
		const cons = this.get(`${ring}_cons`);
		const at = cons % RING_OCTETS;
		const taken = Math.min(count, waiting, RING_OCTETS - at);
		const base = ring === "req" ? REQ : RSP;
		const octets = this.octets.slice(base + at, base + at + taken);
		this.set(`${ring}_cons`, cons + taken);
		return octets;
	}

	/** Put as many octets as fit up to the end of the buffer: how many, or undefined when the indices are broken. */
	put(ring: "req" | "rsp", octets: Uint8Array): number | undefined {
		const waiting = this.waiting(ring);
		if (waiting > RING_OCTETS) return undefined;
		const prod = this.get(`${ring}_prod`);
		const at = prod % RING_OCTETS;
		const room = Math.min(RING_OCTETS - waiting, RING_OCTETS - at);
		const count = Math.min(octets.length, room);
		const base = ring === "req" ? REQ : RSP;
		this.octets.set(octets.subarray(0, count), base + at);
		this.set(`${ring}_prod`, prod + count);
		return count;
	}

	/** Both rings empty, as XS_INTRODUCE leaves them. */
	clear(): void {
		for (const word of [
			"req_cons",
			"req_prod",
			"rsp_cons",
			"rsp_prod",
		] as const)
			this.set(word, 0);
	}
}
