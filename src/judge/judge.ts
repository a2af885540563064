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

/** All rules over a whole ledger. */
export const judge = (
	journal: Journal,
	rules: readonly Rule[],
	frame: Case,
): Verdict => new Hearing(journal, rules, frame).verdict();

interface Seat {
	rule: Rule;
	court: Court;
	state: unknown;
	/** It saw an entry that it observes. */
	heard: boolean;
}

/**
 * Rules that fold over a ledger while it grows. Who plays the case reads the exchange view of the rules on the way, so that each entry is read once.
 * Places and announcements are asked for at the verdict.
 */
export class Hearing {
	readonly exchange = new ExchangeView();
	/** Everything that the ledger has meant so far. */
	readonly wire: WireEntry[] = [];
	private readonly journal: Journal;
	private readonly frame: Case;
	private readonly ledger = new Ledger();
	private readonly books = new Books(this.exchange);
	private readonly second = new Map<new () => object, object>();
	private readonly alive = new Liveness();
	private readonly byDomid: ReadonlyMap<number, Participant>;
	private readonly seats: readonly Seat[];
	private readonly watchers = new Map<EntryKind | WireKind, Seat[]>();
	private readonly breaches: { rule: Rule; breach: Breach }[] = [];
	private readonly notJudged = new Map<
		string,
		{ rule: string; because: string }
	>();
	/** By domain: rule and requirement ids it has broken so far. */
	private readonly broken = new Map<number, Set<string>>();
	private readonly held: string[] = [];
	private readonly scenes: Scene[] = [];
	/** Entries that were heard. */
	private length = 0;

	constructor(journal: Journal, rules: readonly Rule[], frame: Case) {
		this.journal = journal;
		this.frame = frame;
		this.byDomid = new Map(frame.participants.map((p) => [p.domid, p]));
		this.seats = rules.map((rule) => {
			const court = this.court(rule);
			return { rule, court, state: rule.start(court), heard: false };
		});
		for (const seat of this.seats)
			for (const kind of seat.rule.observes) {
				const list = this.watchers.get(kind);
				if (list === undefined) this.watchers.set(kind, [seat]);
				else list.push(seat);
			}
	}

	/** Hear what the ledger has gained. */
	follow(): void {
		const { journal, exchange, wire, books } = this;
		while (this.length < journal.length) {
			const entry = journal.entry(this.length++);
			const scene = sceneBegun(entry);
			if (scene !== undefined) this.scenes.push(scene);
			this.keeps(entry);
			this.alive.follow(entry);
			this.ledger.follow(entry);
			const meant = exchange.follow(entry);
			this.tell(entry.kind, entry);
			for (const meaning of meant) {
				wire.push(meaning);
				books.follow(meaning);
				this.tell(meaning.kind, meaning);
			}
		}
	}

	/** The ledger is at its end. */
	verdict(): Verdict {
		this.follow();
		for (const { rule, court, state } of this.seats) rule.rest?.(state, court);
		const { held, wire, exchange, notJudged, seats } = this;
		return {
			held,
			findings: this.breaches
				.map(({ rule, breach }) => this.finding(rule, breach))
				.sort((a, b) => a.entry - b.entry),
			notJudged: [...notJudged.values()],
			judged: new Set(
				seats.filter(({ heard }) => heard).map(({ rule }) => rule.id),
			),
			wire,
			exchange,
		};
	}

	private tell(kind: EntryKind | WireKind, entry: Entry | WireEntry): void {
		const watchers = this.watchers.get(kind);
		if (watchers === undefined) return;
		for (const seat of watchers) {
			seat.heard = true;
			seat.rule.step(seat.state, entry, seat.court);
		}
	}

	private court(rule: Rule): Court {
		const { journal, alive, byDomid } = this;
		return {
			participants: this.frame.participants,
			exchange: this.exchange,
			ledger: this.ledger,
			books: this.books,
			second: (books) => this.secondBooks(books),
			participant: (domid) => byDomid.get(domid),
			running: (domid) => alive.running(domid),
			since: (domid) => alive.since(domid),
			tick: (seq) =>
				journal.length === 0 ? 0 : journal.tick(seq ?? journal.length - 1),
			tell: (seq) => this.told(seq),
			breach: (breach) => this.breach(rule, breach),
		};
	}

	private secondBooks<B extends object>(books: new () => B): B {
		const known = this.second.get(books);
		if (known !== undefined) return known as B;
		const made = new books();
		this.second.set(books, made);
		return made;
	}

	private name(domid: number): string {
		return this.byDomid.get(domid)?.name ?? nameOf(domid);
	}

	private told(seq: number): string {
		return tellEntry(this.journal.entry(seq), (domid) => this.name(domid));
	}

	private breach(rule: Rule, breach: Breach): void {
		const { broken } = this;
		const rests = peersOf(breach.domid, this.frame.participants).flatMap(
			(domid) => [...(broken.get(domid) ?? [])],
		);
		const because = rule.assumes.find((id) => rests.includes(id));
		if (because !== undefined) {
			this.notJudged.set(rule.id, { rule: rule.id, because });
			return;
		}
		this.breaches.push({ rule, breach });
		if (rule.owes === "world") return;
		const mine = broken.get(breach.domid) ?? new Set();
		broken.set(breach.domid, mine.add(rule.id));
		for (const id of breach.requirements ?? rule.requirements) mine.add(id);
	}

	/** What an owner could not have back because another domain still mapped it. */
	private keeps(entry: Entry): void {
		const removed = entry.kind === "phase" && entry.note.name === "removed";
		const domid =
			entry.kind === "domain.destroy" && entry.reply.status === 0
				? entry.call.domid
				: undefined;
		if (!removed && domid === undefined) return;
		const { held } = this;
		for (const { text, owner, mapper } of stillHeld(
			this.ledger,
			this.exchange,
			(one) => this.name(one),
		))
			if (removed) held.push(`${text} when the devices were gone`);
			// Rings of a live connection are no news; pages of a domain that cannot let go are.
			else if (mapper === domid && !this.alive.running(domid))
				held.push(`${text} until it was destroyed`);
			else if (owner === domid)
				held.push(`${text} beyond the end of their domain`);
	}

	private finding(rule: Rule, breach: Breach): Finding {
		const { journal, frame } = this;
		const who =
			rule.owes === "world" ? undefined : this.byDomid.get(breach.domid);
		const requirements = breach.requirements ?? rule.requirements;
		const scene = sceneOf(this.scenes, breach.entry);
		// What a driver's own tasks do has no step: the one that was running is the nearest.
		const own = journal.length === 0 ? 0 : journal.step(breach.entry);
		const step = own === 0 ? (scene?.step ?? 0) : own;
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
		if (scene !== undefined) finding.during = scene.says;
		if (breach.leak !== undefined)
			finding.leak = {
				...breach.leak,
				owner: who?.name ?? nameOf(breach.domid),
				origin: this.told(breach.leak.entry),
				place: frame.place(journal.step(breach.leak.entry)),
			};
		return finding;
	}
}

/** What the scenario does from an entry on. */
interface Scene {
	seq: number;
	/** 0 outside the steps. */
	step: number;
	says: string;
}

const PHASES: Readonly<Record<string, string>> = {
	setup: "before the first step",
	devices: "before the first step",
	epilogue:
		"after the last step: clients close, frontends unbind, the devices are removed",
	removed: "at the end, when the devices are gone",
	end: "at the end, when the devices are gone",
};

function sceneBegun(entry: Entry): Scene | undefined {
	if (entry.kind === "step.begin")
		return {
			seq: entry.seq,
			step: entry.step,
			says: `step ${entry.step}, ${entry.note.text}`,
		};
	const says = entry.kind === "phase" ? PHASES[entry.note.name] : undefined;
	return says === undefined ? undefined : { seq: entry.seq, step: 0, says };
}

/** What was going on at an entry, which may be an earlier one than the last. */
function sceneOf(scenes: readonly Scene[], seq: number): Scene | undefined {
	for (let i = scenes.length - 1; i >= 0; i--)
		if ((scenes[i] as Scene).seq <= seq) return scenes[i];
	return undefined;
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
