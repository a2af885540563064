import type { FaultKind } from "./kind.ts";
import { VISIBLE } from "./visible.ts";

export const domainHang: FaultKind = {
	name: "domain-hang",
	says: "a domain hangs: it runs no more, and nobody is told",
	at: VISIBLE,
	ways: ["before the call"],
	strike: (_way, _call, { domid }) => ({
		life: [{ op: "domain.hang", domid }],
	}),
};
