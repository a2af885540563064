import type { FaultKind } from "./kind.ts";
import { VISIBLE } from "./visible.ts";

export const domainDestroy: FaultKind = {
	name: "domain-destroy",
	says: "a domain is destroyed",
	at: VISIBLE,
	ways: ["before the call"],
	strike: (_way, _call, { domid }) => ({
		life: [{ op: "domain.destroy", domid }],
	}),
};
