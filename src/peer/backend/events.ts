/** The event page of one connector: the backend produces, the frontend consumes. */

import { XENDISPL_IN_RING_LEN } from "../../displif/constants.ts";
import {
	eventDistance,
	eventSlotWord,
	IN_CONS,
	IN_PROD,
} from "../../displif/event-page.ts";
import { encodeEvent } from "../../displif/packet.ts";
import { ask, type Turns } from "../../xen/call.ts";

export class Events {
	protected readonly gfn: number;
	protected readonly port: number;
	/** Own producer index; what the page says of it is for the frontend alone. */
	protected prod = 0;
	/** Number of the next event, 16 bits. An event that was not delivered uses none up. */
	protected nextId = 0;

	constructor(gfn: number, port: number) {
		this.gfn = gfn;
		this.port = port;
	}

	/** Take up the page as the frontend prepared it. False when its indexes make no sense. */
	*attach(): Turns<boolean> {
		const { words } = yield* ask("page.load", {
			gfn: this.gfn,
			word: IN_CONS,
			count: 2,
		});
		this.prod = words[IN_PROD] as number;
		return (
			eventDistance(this.prod, words[IN_CONS] as number) <= XENDISPL_IN_RING_LEN
		);
	}

	/**
	 * Page flip complete events, as many as there is room for: how many were delivered, or -1 when the frontend's index is out of bounds. The slots
	 * become visible before the index, and the index is one store.
	 */
	*post(cookies: readonly bigint[]): Turns<number> {
		const { words } = yield* ask("page.load", {
			gfn: this.gfn,
			word: IN_CONS,
			count: 1,
		});
		const used = eventDistance(this.prod, words[0] as number);
		if (used > XENDISPL_IN_RING_LEN) return -1;
		const room = Math.min(cookies.length, XENDISPL_IN_RING_LEN - used);
		if (room === 0) return 0;
		// A slot that the frontend has let go may be written only after its index was seen.
		yield* ask("memory.mb", {});
		for (const cookie of cookies.slice(0, room)) {
			yield* ask("page.store", {
				gfn: this.gfn,
				word: eventSlotWord(this.prod),
				words: encodeEvent(this.nextId, cookie),
			});
			this.prod = (this.prod + 1) >>> 0;
			this.nextId = (this.nextId + 1) & 0xffff;
		}
		yield* ask("memory.wmb", {});
		yield* ask("page.store", {
			gfn: this.gfn,
			word: IN_PROD,
			words: [this.prod],
		});
		yield* ask("evtchn.notify", { port: this.port });
		return room;
	}
}
