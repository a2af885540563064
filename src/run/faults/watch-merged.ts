import type { FaultKind } from "./kind.ts";
import { waiting } from "./watch-doubled.ts";

/** What a daemon may do with equal events that nobody has taken yet: tell of them once. */
export const watchMerged: FaultKind = {
	name: "watch-merged",
	says: "equal watch events that wait arrive as one",
	at: ["wait"],
	fits(call, site) {
		const [first, ...rest] = waiting(call, site);
		return rest.some(
			(other) => other.path === first?.path && other.token === first.token,
		);
	},
	ways: ["merged"],
	strike: (_way, call, site) => ({
		first(world) {
			const [first] = waiting(call, site);
			const { events } = world.connection(site.domid);
			if (first !== undefined) events.splice(events.indexOf(first), 1);
		},
	}),
};
