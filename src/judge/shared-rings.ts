/** The two pages of each open connector, by frame: where their indexes lie, whose each is, and which slots an access touches. */
import type { Connection, WireEntry } from "../journal/exchange.ts";
import { FIRST_SLOT, RING_SLOTS, SLOT_WORDS } from "../xen/ring.ts";

/** 63 events of 64 octets after the header of the event page. */
export const EVENT_SLOTS = 63;

/** First word of a slot, on either page. */
export const slotStart = (slot: number): number =>
	FIRST_SLOT + slot * SLOT_WORDS;

export type PageUse = "ring" | "events";

export interface SharedPage {
	connection: Connection;
	use: PageUse;
}

interface Index {
	name: string;
	at: number;
	owner: "fe" | "be";
	/** A producer's; else a consumer's. */
	produces: boolean;
}

const INDEXES: Readonly<Record<PageUse, readonly Index[]>> = {
	ring: [
		{ name: "req_prod", at: 0, owner: "fe", produces: true },
		{ name: "rsp_prod", at: 2, owner: "be", produces: true },
	],
	events: [
		{ name: "in_cons", at: 0, owner: "fe", produces: false },
		{ name: "in_prod", at: 1, owner: "be", produces: true },
	],
};

export class SharedPageMap {
	private readonly byFrame = new Map<number, SharedPage>();
	/** Indexes as their owner stored them last. */
	private readonly values = new Map<string, number>();

	get(frame: number): SharedPage | undefined {
		return this.byFrame.get(frame);
	}

	follow(entry: WireEntry & { kind: "wire.open" | "wire.close" }): void {
		const { connection } = entry;
		const { ring, events } = connection;
		for (const [frame, use] of [
			[ring, "ring"],
			[events, "events"],
		] as const) {
			if (frame === 0) continue;
			if (entry.kind === "wire.close") {
				if (this.byFrame.get(frame)?.connection === connection)
					this.byFrame.delete(frame);
				continue;
			}
			this.byFrame.set(frame, { connection, use });
			for (const { at } of INDEXES[use]) this.values.delete(`${frame} ${at}`);
		}
	}

	moved(frame: number, at: number, value: number): void {
		this.values.set(`${frame} ${at}`, value);
	}

	value(frame: number, at: number): number | undefined {
		return this.values.get(`${frame} ${at}`);
	}
}

export const indexesOf = ({ use }: SharedPage): readonly Index[] =>
	INDEXES[use];

/** Numbers of the slots that words `word` to `word + count` touch. */
export function slotsTouched(
	{ use }: SharedPage,
	word: number,
	count: number,
): number[] {
	const slots = use === "ring" ? RING_SLOTS : EVENT_SLOTS;
	const out: number[] = [];
	const first = Math.max(0, Math.floor((word - FIRST_SLOT) / SLOT_WORDS));
	for (let slot = first; slot < slots; slot++) {
		const start = slotStart(slot);
		if (start >= word + count) break;
		if (start + SLOT_WORDS > word) out.push(slot);
	}
	return out;
}
