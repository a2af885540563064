import { DISPLIF_SENTENCES } from "./displif.ts";
import { EVENT_CHANNEL_SENTENCES } from "./event-channel.ts";
import { GRANT_TABLE_SENTENCES } from "./grant-table.ts";
import { RING_SENTENCES } from "./ring.ts";
import type { Sentences } from "./sentences.ts";
import { XENBUS_SENTENCES } from "./xenbus.ts";
import { XS_WIRE_SENTENCES } from "./xs-wire.ts";

/** Every header that has binding sentences, in the order of the catalogue. */
export const SENTENCES: readonly Sentences[] = [
	DISPLIF_SENTENCES,
	RING_SENTENCES,
	GRANT_TABLE_SENTENCES,
	EVENT_CHANNEL_SENTENCES,
	XENBUS_SENTENCES,
	XS_WIRE_SENTENCES,
];

/** Where a requirement stands: header and hash of each sentence that it rests on, alternatives joined by `|`. */
export function sentencesOf(id: string): { header: string; hash: string }[] {
	return SENTENCES.flatMap(({ header, binds }) =>
		Object.entries(binds)
			.filter(([, ids]) => ids.includes(id))
			.map(([hash]) => ({ header, hash })),
	);
}

/** What a requirement rests on that no sentence of its header states. */
export function derivationOf(id: string): string | undefined {
	for (const { derived } of SENTENCES)
		for (const [what, ids] of Object.entries(derived))
			if (ids.includes(id)) return what;
	return undefined;
}
