import type { FaultKind } from "./kind.ts";
import { VISIBLE } from "./visible.ts";

export const peerRestarts: FaultKind = {
	name: "peer-restarts",
	says: "the process of a backend is killed, and another one started",
	at: VISIBLE,
	ways: ["before the call"],
	backendOnly: true,
	strike: () => ({ restart: true }),
};
