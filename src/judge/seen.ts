/** What one ledger reached, as plain values: `coverage` adds them up over a suite. */
import { statusText } from "../base/errno.ts";
import type { Party } from "../base/party.ts";
import { OP_BY_CODE } from "../displif/ops/index.ts";
import type { Entry } from "../journal/entry.ts";
import type { WireEntry } from "../journal/exchange.ts";
import type { Journal } from "../journal/journal.ts";
import { statusOf } from "../journal/tell.ts";
import { xenbusStateName } from "../xen/abi/xenbus.ts";
import type { Verdict } from "./judge.ts";
import type { Participant, Rule } from "./rule.ts";

/** Who wrote a state: the side's own driver, the scenario in its place, or the toolstack. */
export type Mover = "driver" | "script" | "toolstack";

/** Counts by a key of words: `DBUF_CREATE -EINVAL`, `frontend Initialised>Connected driver`. */
export type Tally = Record<string, number>;

export interface Seen {
	/** Roles that were judged. */
	subjects: readonly Party[];
	/** By rule: the parties of whose doing it was told. A subject's entries count for its role, the world answers every call. */
	rules: Record<string, readonly Party[]>;
	/** Operations that were sent. */
	operations: readonly string[];
	/** By operation, status and who answered: `DBUF_CREATE ok subject`. */
	answers: Tally;
	/** By side, states and who wrote: `backend InitWait>Connected driver`. */
	moves: Tally;
	/** By call and status, of the calls that were refused: `grant.map bad_gntref`. */
	statuses: Tally;
}

export const STATE_GONE = xenbusStateName(0);

export function seenIn(
	journal: Journal,
	verdict: Verdict,
	rules: readonly Rule[],
	participants: readonly Participant[],
): Seen {
	const byDomid = new Map(participants.map((p) => [p.domid, p]));
	/** Kinds of entries by whose doing they were. */
	const kinds = new Map<Party, Set<string>>();
	const answers: Tally = {};
	const moves: Tally = {};
	const statuses: Tally = {};
	const operations = new Set<string>();

	const doing = (domid: number, kind: string) => {
		const who = byDomid.get(domid);
		const party =
			who?.standing === "subject"
				? who.role
				: domid === 0
					? "toolstack"
					: undefined;
		if (party === undefined) return;
		const mine = kinds.get(party);
		if (mine === undefined) kinds.set(party, new Set([kind]));
		else mine.add(kind);
	};
	for (const entry of journal.entries()) {
		doing(entry.domid, entry.kind);
		const told = refusal(entry);
		if (told !== undefined) add(statuses, told);
	}
	for (const entry of verdict.wire) {
		doing(doerOf(entry), entry.kind);
		// Whatever was published was looked at for its index; `wire.index` tells of those out of bounds alone.
		if (["wire.request", "wire.response", "wire.event"].includes(entry.kind))
			doing(doerOf(entry), "wire.index");
		if (entry.kind === "wire.request")
			operations.add(operationOf(entry.request.words));
		if (entry.kind === "wire.response") {
			const standing = byDomid.get(entry.connection.be)?.standing ?? "script";
			add(
				answers,
				`${operationOf(entry.request?.words ?? entry.words)} ${statusText((entry.words[1] as number) | 0)} ${standing}`,
			);
		}
		if (entry.kind === "wire.state") {
			const { side, before, after, domid } = entry;
			const owner = side === "frontend" ? entry.fe : entry.be;
			const from = stateText(before);
			const to = stateText(after);
			if (from !== to && (domid === owner || domid === 0))
				add(
					moves,
					`${side} ${from}>${to} ${domid === 0 ? "toolstack" : byDomid.get(owner)?.standing === "scripted" ? "script" : "driver"}`,
				);
		}
	}
	const parties = (rule: Rule): Party[] => {
		const found = [...kinds]
			.filter(([, mine]) => rule.observes.some((kind) => mine.has(kind)))
			.map(([party]) => party);
		return found.length > 0 ? [...found, "world" as const] : found;
	};
	return {
		subjects: [
			...new Set(
				participants.filter((p) => p.standing === "subject").map((p) => p.role),
			),
		],
		rules: Object.fromEntries(
			rules
				.filter(({ id }) => verdict.judged.has(id))
				.map((rule) => [rule.id, parties(rule)] as const)
				.filter(([, found]) => found.length > 0),
		),
		operations: [...operations].sort(),
		answers,
		moves,
		statuses,
	};
}

const add = (tally: Tally, key: string): void => {
	tally[key] = (tally[key] ?? 0) + 1;
};

/** The domain whose doing it is. */
function doerOf(entry: WireEntry): number {
	switch (entry.kind) {
		case "wire.request":
		case "wire.open":
		case "wire.close":
			return entry.connection.fe;
		case "wire.response":
		case "wire.event":
			return entry.connection.be;
		case "wire.index":
		case "wire.state":
			return entry.domid;
	}
}

const operationOf = (words: Uint32Array): string => {
	const code = ((words[0] as number) >>> 16) & 0xff;
	return OP_BY_CODE.get(code) ?? "undefined";
};

const stateText = (value: string | undefined): string =>
	value === undefined || value === ""
		? STATE_GONE
		: /^\d+$/.test(value)
			? xenbusStateName(Number(value))
			: "no number";

function refusal(entry: Entry): string | undefined {
	if ("note" in entry || entry.reply.status >= 0) return undefined;
	return `${entry.kind} ${statusOf(entry.kind, entry.reply.status)}`;
}
