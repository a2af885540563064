import type { CallEntry } from "../../journal/entry.ts";
import type { Connection, Exchange } from "../../journal/exchange.ts";
import { type Court, rule } from "../rule.ts";
import { grantedFrames } from "./granted-frames.ts";

interface Pending {
	connection: Connection;
	request: Exchange;
	operation: string;
	frames: ReadonlySet<number>;
}

/** A page that the peer maps, or may still map because a request is unanswered, is not freed and its grant not forgotten. */
export const pageLifetime = rule<Set<Pending>>({
	id: "page-lifetime",
	says: "A page is not freed, handed to the balloon or used again while the peer maps it, has a grant to it, or may map it because a request is unanswered.",
	families: ["G1"],
	owes: "both",
	level: "must",
	requirements: ["pv.no-free-while-mapped", "pv.no-reuse-while-unanswered"],
	assumes: [],
	observes: [
		"page.free",
		"memory.decrease-reservation",
		"grant.end",
		"wire.request",
		"wire.response",
		"wire.close",
	],
	start: () => new Set(),
	step(pending, entry, court) {
		switch (entry.kind) {
			case "wire.request": {
				const named = grantedFrames(
					entry.request.words,
					entry.connection,
					court.exchange,
				);
				if (named !== undefined)
					pending.add({
						connection: entry.connection,
						request: entry.request,
						...named,
					});
				return;
			}
			case "wire.response":
				for (const p of pending)
					if (p.request === entry.request) pending.delete(p);
				return;
			case "wire.close":
				for (const p of pending)
					if (p.connection === entry.connection) pending.delete(p);
				return;
			case "page.free":
			case "memory.decrease-reservation":
				released(entry, pending, court);
				return;
			case "grant.end": {
				if (entry.reply.status !== 0) return;
				const frame = court.exchange.memory.lastEnded?.frame ?? 0;
				const holder = unanswered(pending, frame, entry.domid);
				if (holder !== undefined)
					breach(
						court,
						entry,
						`ended the grant of a page that ${holder} names`,
						"the grant stays open until the answer, or the end of the connection",
					);
				return;
			}
			default:
		}
	},
});

function released(
	entry: CallEntry<"page.free" | "memory.decrease-reservation">,
	pending: Set<Pending>,
	court: Court,
): void {
	const { frame, status } = entry.reply;
	if (frame === 0 || status < 0) return;
	const [map] = court.exchange.memory.foreign(frame, entry.domid);
	if (map !== undefined) {
		const who = court.participant(map.mapper)?.name ?? `domain ${map.mapper}`;
		breach(
			court,
			entry,
			`freed a page that ${who} has mapped (${court.tell(map.seq)})`,
			"the page is kept, and not used again, until the peer has unmapped it",
		);
		return;
	}
	for (const grant of court.exchange.memory.grantsOf(frame))
		if (grant.granter === entry.domid) {
			breach(
				court,
				entry,
				`freed a page whose grant ${grant.ref} is still open`,
				"grant.end first",
			);
			return;
		}
	const holder = unanswered(pending, frame, entry.domid);
	if (holder !== undefined)
		breach(
			court,
			entry,
			`freed a page that ${holder} names`,
			"the page is kept until the answer, or the end of the connection",
		);
}

/** A request names its frontend's pages: a frame that has become another guest's is none of them. */
const unanswered = (
	pending: Set<Pending>,
	frame: number,
	domid: number,
): string | undefined => {
	for (const p of pending)
		if (p.connection.fe === domid && p.frames.has(frame))
			return `the unanswered ${p.operation} (id ${(p.request.words[0] as number) & 0xffff})`;
	return undefined;
};

function breach(
	court: Court,
	entry: CallEntry,
	message: string,
	expected: string,
): void {
	court.breach({
		domid: entry.domid,
		message: `${court.tell(entry.seq)} ${message}`,
		expected,
		got: "it was given up before that",
		entry: entry.seq,
	});
}
