/**
 * All rules over one ledger: findings with their blame.
 *
 * Blame (decision 5): on a subject a finding is a failure; on a reference that is no subject, on the toolstack or the world it is our own error; of a
 * scripted side it is provoked when a step had announced it, else the scenario's error.
 */
import { ANYTHING } from "../base/party.ts";
import type { Entry, EntryKind } from "../journal/entry.ts";
import {
	ExchangeView,
	type WireEntry,
	type WireKind,
} from "../journal/exchange.ts";
import type { Journal } from "../journal/journal.ts";
import { tellEntry } from "../journal/tell.ts";
import { Books } from "./books.ts";
import type { Finding, Party, Place, Standing } from "./finding.ts";
import { Ledger } from "./ledger.ts";
import type { Breach, Court, Participant, Rule } from "./rule.ts";

/** What a scenario knows of the run's frame. */
export interface Case {
	participants: readonly Participant[];
	/** Where a step stands; step 0 is the scenario's first line. */
	place(step: number): Place;
	/** Breaches announced by the steps of scripted sides: participant and rule or requirement id. */
	announced: readonly { participant: string; id: string }[];
	/** `allow:` of the scenario. */
	allowed: readonly { rule: string; because: string }[];
}

export interface Verdict {
	/** In the order of the ledger. */
	findings: Finding[];
	/** Rules that rest on a promise that was broken: not judged for that pair from then on. */
	notJudged: { rule: string; because: string }[];
	/** Rules that saw at least one entry they observe: only these were judged. */
	judged: ReadonlySet<string>;
	/** What owners could not have back because another domain still mapped it: who kept how much of whom, and how long. */
	held: string[];
	/** Everything the ledger meant in the protocol's terms, in order: reports print the tail. */
	wire: readonly WireEntry[];
	exchange: ExchangeView;
}

export function judge(
	journal: Journal,
	rules: readonly Rule[],
	frame: Case,
): Verdict {
	const exchange = new ExchangeView();
	const ledger = new Ledger();
	const books = new Books(exchange);
	const findings: Finding[] = [];
	const notJudged = new Map<string, { rule: string; because: string }>();
	const judged = new Set<string>();
	const wire: WireEntry[] = [];
	/** By domain: rule and requirement ids it has broken so far. */
	const broken = new Map<number, Set<string>>();
	const alive = new Liveness();
	const byDomid = new Map(frame.participants.map((p) => [p.domid, p]));

	const nameBy = (domid: number) => byDomid.get(domid)?.name ?? nameOf(domid);
	const court = (rule: Rule): Court => ({
		participants: frame.participants,
		exchange,
		ledger,
		books,
		participant: (domid) => byDomid.get(domid),
		running: (domid) => alive.running(domid),
		since: (domid) => alive.since(domid),
		tick: (seq) =>
			journal.length === 0 ? 0 : journal.entry(seq ?? journal.length - 1).tick,
		tell: (seq) =>
			tellEntry(
				journal.entry(seq),
				(domid) => byDomid.get(domid)?.name ?? nameOf(domid),
			),
		breach: (breach) => {
			const who = rule.owes === "world" ? undefined : byDomid.get(breach.domid);
			const rests = peersOf(breach.domid, frame.participants).flatMap(
				(domid) => [...(broken.get(domid) ?? [])],
			);
			const because = rule.assumes.find((id) => rests.includes(id));
			if (because !== undefined) {
				notJudged.set(rule.id, { rule: rule.id, because });
				return;
			}
			const finding = toFinding(rule, breach, who, frame, journal, court(rule));
			findings.push(finding);
			if (rule.owes === "world") return;
			const mine = broken.get(breach.domid) ?? new Set();
			broken.set(breach.domid, mine.add(rule.id));
			for (const id of finding.requirements) mine.add(id);
		},
	});

	const seats = rules.map((rule) => {
		const seat = court(rule);
		return { rule, seat, state: rule.start(seat) };
	});
	const watchers = new Map<EntryKind | WireKind, typeof seats>();
	for (const seat of seats)
		for (const kind of seat.rule.observes) {
			const list = watchers.get(kind);
			if (list === undefined) watchers.set(kind, [seat]);
			else list.push(seat);
		}
	const tell = (kind: EntryKind | WireKind, entry: Entry | WireEntry) => {
		for (const { rule, seat, state } of watchers.get(kind) ?? []) {
			judged.add(rule.id);
			rule.step(state, entry, seat);
		}
	};

	const held: string[] = [];
	for (const entry of journal.entries()) {
		if (entry.kind === "phase" && entry.note.name === "removed")
			for (const { text } of stillHeld(ledger, exchange, nameBy))
				held.push(`${text} when the devices were gone`);
		if (entry.kind === "domain.destroy" && entry.reply.status === 0) {
			const { domid } = entry.call;
			// Rings of a live connection are no news; pages of a domain that cannot let go are.
			for (const { text, owner, mapper } of stillHeld(ledger, exchange, nameBy))
				if (mapper === domid && !alive.running(domid))
					held.push(`${text} until it was destroyed`);
				else if (owner === domid)
					held.push(`${text} beyond the end of their domain`);
		}
		alive.follow(entry);
		ledger.follow(entry);
		const meant = exchange.follow(entry);
		tell(entry.kind, entry);
		for (const meaning of meant) {
			wire.push(meaning);
			books.follow(meaning);
			tell(meaning.kind, meaning);
		}
	}
	for (const { rule, seat, state } of seats) rule.rest?.(state, seat);
	findings.sort((a, b) => a.entry - b.entry);
	return {
		held,
		findings,
		notJudged: [...notJudged.values()],
		judged,
		wire,
		exchange,
	};
}

/** Which domains can still act, and since when without a break. */
class Liveness {
	private readonly still = new Set<number>();
	private readonly resumed = new Map<number, number>();

	running(domid: number): boolean {
		return !this.still.has(domid);
	}

	since(domid: number): number {
		return this.resumed.get(domid) ?? 0;
	}

	follow(entry: Entry): void {
		switch (entry.kind) {
			case "domain.crash":
			case "domain.hang":
			case "domain.destroy":
			case "driver.exit":
				if (entry.reply.status === 0) this.still.add(entry.call.domid);
				return;
			case "domain.resume":
			case "domain.create":
				if (entry.reply.status === 0) this.back(entry.call.domid, entry.tick);
				return;
			case "task.begin":
				// A new driver was started where the old one had been killed.
				if (entry.note.name === "main") this.back(entry.domid, entry.tick);
				return;
			case "task.end":
				if (entry.note.how === "crashed" || entry.note.how === "spins")
					this.still.add(entry.domid);
				return;
			default:
		}
	}

	private back(domid: number, tick: number): void {
		if (this.still.delete(domid)) this.resumed.set(domid, tick);
	}
}

const nameOf = (domid: number): string =>
	domid === 0 ? "toolstack" : `domain ${domid}`;

/** The other ends of a domain's connections: each frontend's peer is the backend and the other way round. */
function peersOf(
	domid: number,
	participants: readonly Participant[],
): number[] {
	const role = participants.find((p) => p.domid === domid)?.role;
	return participants
		.filter((p) => role !== undefined && p.role !== role)
		.map((p) => p.domid);
}

function toFinding(
	rule: Rule,
	breach: Breach,
	who: Participant | undefined,
	frame: Case,
	journal: Journal,
	court: Court,
): Finding {
	const requirements = breach.requirements ?? rule.requirements;
	const step = journal.length === 0 ? 0 : journal.entry(breach.entry).step;
	const { standing, reason } = standingOf(rule, requirements, who, frame);
	const finding: Finding = {
		rule: rule.id,
		requirements,
		level: breach.level ?? rule.level,
		owes: partyOf(rule, who, breach.domid),
		blamed:
			who?.name ?? (rule.owes === "world" ? "world" : nameOf(breach.domid)),
		standing,
		message: breach.message,
		expected: breach.expected,
		got: breach.got,
		entry: breach.entry,
		place: frame.place(step),
	};
	if (reason !== undefined) finding.reason = reason;
	if (breach.leak !== undefined) {
		const made = journal.entry(breach.leak.entry);
		finding.leak = {
			...breach.leak,
			owner: who?.name ?? nameOf(breach.domid),
			origin: court.tell(breach.leak.entry),
			place: frame.place(made.step),
		};
	}
	return finding;
}

function partyOf(
	rule: Rule,
	who: Participant | undefined,
	domid: number,
): Party {
	if (who !== undefined) return who.role;
	if (rule.owes === "world") return "world";
	return domid === 0 ? "toolstack" : "world";
}

function standingOf(
	rule: Rule,
	requirements: readonly string[],
	who: Participant | undefined,
	frame: Case,
): { standing: Standing; reason?: string } {
	const allow = frame.allowed.find(
		(a) => a.rule === rule.id || requirements.includes(a.rule),
	);
	if (who === undefined || who.standing === "reference")
		return allow === undefined
			? { standing: "ours" }
			: { standing: "allowed", reason: allow.because };
	if (who.standing === "scripted") {
		const told = frame.announced.some(
			(a) =>
				a.participant === who.name &&
				(a.id === rule.id || a.id === ANYTHING || requirements.includes(a.id)),
		);
		return told
			? { standing: "provoked", reason: "announced by the scenario" }
			: { standing: "unannounced" };
	}
	return allow === undefined
		? { standing: "subject" }
		: { standing: "allowed", reason: allow.because };
}

/** `4 pages of be, mapped by fe`, for each owner and mapper. */
function stillHeld(
	ledger: Ledger,
	exchange: ExchangeView,
	name: (domid: number) => string,
): { owner: number; mapper: number; text: string }[] {
	const counts = new Map<
		string,
		{ owner: number; mapper: number; count: number }
	>();
	for (const { kind, domid: owner, frame } of ledger.outstanding()) {
		if (kind !== "page") continue;
		for (const { mapper } of exchange.memory.foreign(frame, owner)) {
			const key = `${owner} ${mapper}`;
			const found = counts.get(key) ?? { owner, mapper, count: 0 };
			found.count += 1;
			counts.set(key, found);
		}
	}
	return [...counts.values()].map(({ owner, mapper, count }) => ({
		owner,
		mapper,
		text: `${count} page${count === 1 ? "" : "s"} of ${name(owner)}, mapped by ${name(mapper)},`,
	}));
}
