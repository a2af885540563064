import type { Call } from "../../xen/call.ts";
import type { WatchEvent } from "../../xen/xenstore/store.ts";
import type { FaultKind, Site } from "./kind.ts";

/** The events of a domain that answer a wait for a watch, oldest first; empty when something else answers it. */
export function waiting(call: Call, { world, domid }: Site): WatchEvent[] {
	if (call.op !== "wait" || call.token === "") return [];
	if (world.waitCause(domid, call) !== "watch") return [];
	return world
		.connection(domid)
		.events.filter((event) => event.token.startsWith(call.token));
}

export const watchDoubled: FaultKind = {
	name: "watch-doubled",
	says: "a watch event arrives twice",
	at: ["wait"],
	fits: (call, site) => waiting(call, site).length > 0,
	ways: ["twice"],
	strike: (_way, call, site) => ({
		first(world) {
			const [event] = waiting(call, site);
			const { events } = world.connection(site.domid);
			if (event !== undefined) events.push({ ...event });
		},
	}),
};
