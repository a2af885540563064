import type { CallName } from "../../xen/call.ts";
import { rule } from "../rule.ts";

/** What a call gives back, and what a refusal of it means. -EBUSY of grant.end is no misuse: the peer still has the page. */
const RETURNS: Partial<Record<CallName, string>> = {
	"page.free": "a page that is not in use",
	"grant.end": "an entry that cannot be ended",
	"grant.free": "a reference that is not claimed, or still open",
	"grant.release": "a batch that is not reserved",
	"grant.unmap": "a handle that is not in use",
	"evtchn.close": "a port that is not open",
	"balloon.give":
		"a frame number that was not taken from the balloon, or is still mapped",
	"object.drop": "an object that does not exist",
	"lock.give": "a lock that it does not hold",
};

const EBUSY = -16;

/** A driver gives back what it took, each thing once, and nothing that was never its own. */
export const giveBackOnce = rule({
	id: "give-back-once",
	says: "A driver gives back what it took, each thing once, and nothing that was never its own.",
	families: ["G3", "M1", "E1"],
	owes: "both",
	level: "must",
	requirements: ["pv.give-back-once"],
	assumes: [],
	observes: Object.keys(RETURNS) as CallName[],
	start: () => undefined,
	step(_state, entry, court) {
		if (!("reply" in entry) || entry.reply.status >= 0 || entry.fault !== 0)
			return;
		if (entry.kind === "grant.end" && entry.reply.status === EBUSY) return;
		court.breach({
			domid: entry.domid,
			message: `${court.tell(entry.seq)} gives back ${RETURNS[entry.kind as CallName]}`,
			expected: "only what was taken and not yet given back",
			got: `refused with status ${entry.reply.status}`,
			entry: entry.seq,
		});
	},
});
