import { blank } from "./blank.ts";
import type { FaultKind } from "./kind.ts";

/** Shortly, within a request's time, and beyond it: drm/xen-front waits 3 seconds for a response. */
const TICKS = [1, 500, 5000] as const;

export const notifyLate: FaultKind = {
	name: "notify-late",
	says: "a notification arrives late",
	at: ["evtchn.notify"],
	ways: TICKS.map((ticks) => `${ticks} ms late`),
	strike: (way, call) => ({
		reply: blank(call, 0),
		late: TICKS[way] as number,
	}),
};
