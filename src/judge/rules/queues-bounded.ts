import { rule } from "../rule.ts";

/** More of one kind than the limits of a backend allow, and than a ring and an event page have slots. */
const MOST = 512;

/** XSA-349 and its kin: what a peer can send without being asked must not pile up. */
export const queuesBounded = rule<Map<string, Set<number>>>({
	id: "queues-bounded",
	says: "What a peer sends unasked is not kept one by one: a queue that it fills has an end.",
	families: ["X5"],
	owes: "both",
	level: "must",
	requirements: ["pv.bounded-queue"],
	assumes: [],
	observes: ["object.make", "object.drop", "driver.exit", "domain.destroy"],
	start: () => new Map(),
	step(live, entry, court) {
		switch (entry.kind) {
			case "object.make": {
				if (entry.reply.status !== 0) return;
				const { domid, seq } = entry;
				const { kind } = entry.call;
				const key = `${domid} ${kind}`;
				const objects = live.get(key) ?? new Set();
				live.set(key, objects.add(entry.reply.object));
				if (objects.size !== MOST + 1) return;
				court.breach({
					domid,
					message: `${objects.size} driver objects of kind ${kind} are alive at once`,
					expected: `at most ${MOST}: what is alike is merged, or refused`,
					got: `one more by ${court.tell(seq)}`,
					entry: seq,
				});
				return;
			}
			case "object.drop":
				if (entry.reply.status !== 0) return;
				for (const [key, objects] of live)
					if (key.startsWith(`${entry.domid} `))
						objects.delete(entry.call.object);
				return;
			case "driver.exit":
			case "domain.destroy":
				for (const key of [...live.keys()])
					if (key.startsWith(`${entry.call.domid} `)) live.delete(key);
				return;
			default:
		}
	},
});
