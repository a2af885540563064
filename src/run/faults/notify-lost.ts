import { blank } from "./blank.ts";
import type { FaultKind } from "./kind.ts";

export const notifyLost: FaultKind = {
	name: "notify-lost",
	says: "a notification never arrives",
	at: ["evtchn.notify"],
	ways: ["lost"],
	strike: (_way, call) => ({ reply: blank(call, 0) }),
};
