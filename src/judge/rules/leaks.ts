/**
 * Siblings of one shape: at the end of a case each of a domain's ledgers is as it was before the device existed.
 *
 * What an owner cannot give back because another domain still maps it is charged to that other domain, by its `leak-mappings`.
 */
import type { Family } from "../../spec/families.ts";
import type { CallName } from "../../xen/call.ts";
import type { Item, ItemKind } from "../ledger.ts";
import { type Court, type Rule, rule } from "../rule.ts";

interface LeakRule {
	id: string;
	kind: ItemKind;
	says: string;
	requirement: string;
	/** G2 when it is not said. */
	families?: readonly Family[];
	plural: string;
	/** How it is taken, and how it is given back. */
	taken: readonly CallName[];
	back: CallName;
}

const LEAKS: readonly LeakRule[] = [
	{
		id: "leak-pages",
		kind: "page",
		says: "Every page that a driver takes is freed.",
		requirement: "pv.leak.pages",
		plural: "pages",
		taken: ["page.alloc"],
		back: "page.free",
	},
	{
		id: "leak-grants",
		kind: "grant",
		says: "Every grant that a driver opens is ended.",
		requirement: "pv.leak.grants",
		plural: "grants",
		taken: ["grant.access"],
		back: "grant.end",
	},
	{
		id: "leak-references",
		kind: "reference",
		says: "Every claimed grant reference goes back to the free list.",
		requirement: "pv.leak.grants",
		plural: "claimed references",
		taken: ["grant.claim"],
		back: "grant.free",
	},
	{
		id: "leak-reserved-refs",
		kind: "reserved reference",
		says: "Reserved references that were not claimed are released.",
		requirement: "pv.leak.reserved-refs",
		plural: "reserved references",
		taken: ["grant.reserve"],
		back: "grant.release",
	},
	{
		id: "leak-mappings",
		kind: "mapping",
		says: "Whoever maps a grant unmaps it.",
		requirement: "pv.leak.mappings",
		plural: "mappings",
		taken: ["grant.map"],
		back: "grant.unmap",
	},
	{
		id: "leak-ports",
		families: ["G2", "E1"],
		kind: "port",
		says: "Every event channel that a driver opens is closed.",
		requirement: "pv.leak.ports",
		plural: "ports",
		taken: ["evtchn.alloc-unbound", "evtchn.bind-interdomain"],
		back: "evtchn.close",
	},
	{
		id: "leak-watches",
		kind: "watch",
		says: "Every watch that a driver sets is ended.",
		requirement: "pv.leak.watches",
		plural: "watches",
		taken: ["xs.watch"],
		back: "xs.unwatch",
	},
	{
		id: "leak-transactions",
		kind: "transaction",
		says: "Every transaction is ended.",
		requirement: "pv.leak.watches",
		plural: "open transactions",
		taken: ["xs.transaction-start"],
		back: "xs.transaction-end",
	},
	{
		id: "leak-balloon",
		families: ["G2", "M1"],
		kind: "balloon page",
		says: "Every frame number taken from the balloon is given back.",
		requirement: "pv.leak.balloon",
		plural: "balloon pages",
		taken: ["balloon.take"],
		back: "balloon.give",
	},
	{
		id: "leak-objects",
		kind: "object",
		says: "Every driver object is dropped.",
		requirement: "pv.leak.objects",
		plural: "objects",
		taken: ["object.make"],
		back: "object.drop",
	},
];

interface State {
	/** Entry at which the toolstack made the devices: what a driver had before is its own affair. */
	devices: number;
	/** Items told of already, and those that a peer held when their driver ended: its kernel has them from then on. */
	told: Set<string>;
	/** Domains whose driver began, or did over again what had failed, after that: there is no ledger from before the device to compare with. */
	late: Set<number>;
}

const leakRule = (leak: LeakRule): Rule =>
	rule<State>({
		id: leak.id,
		says: leak.says,
		families: leak.families ?? ["G2"],
		owes: "both",
		level: "must",
		requirements: [leak.requirement],
		assumes: [],
		observes: [...leak.taken, "phase", "task.begin", "task.end"],
		// The judge keeps one set of books for all of them.
		start: () => ({ devices: -1, told: new Set(), late: new Set() }),
		step(state, entry, court) {
			if (
				entry.kind === "task.begin" &&
				entry.note.name === "main" &&
				state.devices >= 0
			)
				state.late.add(entry.domid);
			if (entry.kind === "task.end" && entry.note.name === "main")
				for (const item of court.ledger.outstanding())
					if (item.domid === entry.domid && isBusy(item, court))
						state.told.add(keyOf(item));
			if ("fault" in entry && entry.fault !== 0 && state.devices < 0)
				state.late.add(entry.domid);
			if (entry.kind !== "phase") return;
			if (entry.note.name === "devices") {
				state.devices = entry.seq;
				for (const { domid } of court.participants)
					if (!court.running(domid)) state.late.add(domid);
			}
			// The devices are gone and the drivers still run: each ledger is as it was before there were any.
			if (entry.note.name === "removed" && state.devices >= 0)
				tell(
					leak,
					state,
					court,
					(item) => item.seq > state.devices && !state.late.has(item.domid),
				);
		},
		rest(state, court) {
			tell(leak, state, court, () => true);
		},
	});

const keyOf = ({ domid, number, seq }: Item): string =>
	`${domid} ${number} ${seq}`;

function tell(
	{ kind, plural, back }: LeakRule,
	state: State,
	court: Court,
	which: (item: Item) => boolean,
): void {
	for (const group of groups(kind, court)) {
		const items = group.filter(
			(item) => !state.told.has(keyOf(item)) && which(item),
		);
		const [first] = items;
		if (first === undefined) continue;
		for (const item of items) state.told.add(keyOf(item));
		const what = kind === "object" ? `${first.object} objects` : plural;
		const one =
			kind === "object"
				? `${first.object} object`
				: plural.replace(/(?<=ch)es$|s$/, "");
		court.breach({
			domid: first.domid,
			message: `${items.length} ${items.length === 1 ? one : what} never given back; ${items.length === 1 ? "it" : "the first"} was made by ${court.tell(first.seq)}`,
			expected: `${back} for each, before the device is gone`,
			got: `${items.length} still held when all was at rest: ${items.length === 1 ? one : what} ${numbers(items)}`,
			entry: first.seq,
			leak: {
				kind: kind === "object" ? first.object : kind,
				count: items.length,
				entry: first.seq,
			},
		});
	}
}

/** Items of the kind that their owner could have given back, by domain (and by a driver object's kind). */
function groups(kind: ItemKind, court: Court): Item[][] {
	const found = new Map<string, Item[]>();
	for (const item of court.ledger.outstanding()) {
		if (item.kind !== kind || !court.running(item.domid)) continue;
		const who = court.participant(item.domid);
		if (who === undefined || who.standing === "scripted") continue;
		if (isBusy(item, court)) continue;
		const at = `${item.domid} ${item.object}`;
		const group = found.get(at);
		if (group === undefined) found.set(at, [item]);
		else group.push(item);
	}
	return [...found.values()];
}

/** Another domain maps the page, so its owner cannot give it back, nor its grant and reference. */
function isBusy({ kind, domid, frame, number }: Item, court: Court): boolean {
	const { memory } = court.exchange;
	const busy = (page: number) =>
		page !== 0 && memory.foreign(page, domid).length > 0;
	if (kind === "reference")
		return busy(memory.grant(domid, number as number)?.frame ?? 0);
	return (kind === "page" || kind === "grant") && busy(frame);
}

function numbers(items: readonly Item[]): string {
	const shown = items.slice(0, 4).map((item) => String(item.number));
	return items.length > 4 ? `${shown.join(", ")}, …` : shown.join(", ");
}

export const leakRules: readonly Rule[] = LEAKS.map(leakRule);
