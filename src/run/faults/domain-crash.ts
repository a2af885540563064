import type { FaultKind } from "./kind.ts";
import { VISIBLE } from "./visible.ts";

export const domainCrash: FaultKind = {
	name: "domain-crash",
	says: "a domain crashes: it runs no more and keeps all it has until it is destroyed",
	at: VISIBLE,
	ways: ["before the call"],
	strike: (_way, _call, { domid }) => ({
		life: [{ op: "domain.crash", domid }],
	}),
};
