import type { FaultKind } from "./kind.ts";

/** At once it is one event, for a port has one bit; a little later it finds nothing new. */
export const notifyDoubled: FaultKind = {
	name: "notify-doubled",
	says: "a notification arrives twice",
	at: ["evtchn.notify"],
	ways: ["again 1 ms later"],
	strike: () => ({ late: 1 }),
};
