/**
 * The event page of one connector. Its consumer index is ours: what stands in the page is only there for the backend to read.
 */
import {
	XENDISPL_EVT_PG_FLIP,
	XENDISPL_IN_RING_LEN,
} from "../../displif/constants.ts";
import {
	eventDistance,
	eventSlotWord,
	IN_CONS,
	IN_PROD,
} from "../../displif/event-page.ts";
import { decodeEvent, PACKET_WORDS } from "../../displif/packet.ts";
import { ask, type Turns } from "../../xen/call.ts";
import type { Connection } from "./connection.ts";

export class Events {
	protected readonly connection: Connection;
	protected readonly connector: number;
	protected readonly gfn: number;
	protected cons = 0;

	constructor(connection: Connection, connector: number, gfn: number) {
		this.connection = connection;
		this.connector = connector;
		this.gfn = gfn;
	}

	/** The interrupt: take every event there is. False when the backend's index is out of bounds. */
	*receive(): Turns<boolean> {
		for (;;) {
			const { words } = yield* ask("page.load", {
				gfn: this.gfn,
				word: IN_PROD,
				count: 1,
			});
			const count = eventDistance(words[0] as number, this.cons);
			if (count > XENDISPL_IN_RING_LEN) return false;
			if (count === 0) return true;
			yield* ask("memory.rmb", {});
			for (let i = 0; i < count; i++) yield* this.deliver(yield* this.take());
			// The slots are read before the backend may fill them again.
			yield* ask("memory.mb", {});
			yield* ask("page.store", {
				gfn: this.gfn,
				word: IN_CONS,
				words: [this.cons],
			});
		}
	}

	/** Copy one event out of shared memory. 63 slots do not divide 2^32: the index is taken modulo, never masked. */
	protected *take(): Turns<Uint32Array> {
		const { words } = yield* ask("page.load", {
			gfn: this.gfn,
			word: eventSlotWord(this.cons),
			count: PACKET_WORDS,
		});
		this.cons = (this.cons + 1) >>> 0;
		return words as Uint32Array;
	}

	/** The number of an event is the backend's affair: a gap in the numbers says that events were lost, not that this one is void. */
	protected *deliver(words: Uint32Array): Turns {
		const event = decodeEvent(words);
		if (event.type !== XENDISPL_EVT_PG_FLIP) return;
		yield* this.connection.device.screens.flipped(
			this.connector,
			event.fb_cookie,
		);
	}
}
