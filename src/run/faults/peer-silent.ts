import type { FaultKind } from "./kind.ts";
import { VISIBLE } from "./visible.ts";

/** Beyond the time in which a response is due, and beyond every time-out of a hand-shake. */
const TICKS = [5000, 90_000] as const;

export const peerSilent: FaultKind = {
	name: "peer-silent",
	says: "a domain does nothing for a while, and goes on as if nothing had been",
	at: VISIBLE,
	ways: TICKS.map((ticks) => `silent for ${ticks} ms`),
	strike: (way, _call, { domid }) => ({
		life: [{ op: "domain.hang", domid }],
		resume: TICKS[way] as number,
	}),
};
