import type { CallEntry, NoteEntry } from "../../journal/entry.ts";
import { type Court, rule } from "../rule.ts";

/** One domain's frame numbers. */
interface Book {
	/** Taken from the balloon and not given back, by gfn: the task and the entry. */
	taken: Map<number, { task: number; seq: number }>;
	/** With memory of its own behind them. */
	own: Set<number>;
	/** Made empty by the driver itself. */
	emptied: Set<number>;
}

/** By domain. */
type State = Map<number, Book>;

/** Frame numbers of the balloon come back as they were had, and what is foreign is mapped where nothing of one's own lies. */
export const balloonBooks = rule<State>({
	id: "balloon-books",
	says: "A frame number goes back to the balloon once, by who took it, with nothing mapped at it; a failed operation keeps none; foreign pages are mapped over frame numbers without memory.",
	families: ["M1"],
	owes: "both",
	level: "must",
	requirements: [
		"pv.map-over-nothing",
		"pv.leak.balloon",
		"pv.give-back-own",
		"pv.give-back-once",
	],
	besides: ["pv.quarantine", "pv.failed-means-nothing"],
	assumes: [],
	observes: [
		"balloon.take",
		"balloon.give",
		"page.alloc",
		"page.free",
		"memory.decrease-reservation",
		"memory.populate-physmap",
		"grant.map",
		"driver.result",
		"driver.exit",
		"domain.destroy",
	],
	start: () => new Map(),
	step(state, entry, court) {
		if (entry.kind === "driver.result") {
			came(state, entry, court);
			return;
		}
		if (!("reply" in entry)) return;
		const { status } = entry.reply;
		switch (entry.kind) {
			case "driver.exit":
			case "domain.destroy":
				if (status === 0) state.delete(entry.call.domid);
				return;
			case "balloon.take":
				if (status === 0)
					bookOf(state, entry.domid).taken.set(entry.reply.gfn, entry);
				return;
			case "balloon.give":
				given(bookOf(state, entry.domid), entry, court);
				return;
			case "page.alloc":
				if (status === 0) bookOf(state, entry.domid).own.add(entry.reply.gfn);
				return;
			case "page.free":
				if (status === 0) bookOf(state, entry.domid).own.delete(entry.call.gfn);
				return;
			case "memory.decrease-reservation":
				if (status === 1) {
					const book = bookOf(state, entry.domid);
					book.own.delete(entry.call.gfn);
					book.emptied.add(entry.call.gfn);
				}
				return;
			case "memory.populate-physmap":
				if (status === 1) {
					const book = bookOf(state, entry.domid);
					book.emptied.delete(entry.call.gfn);
					book.own.add(entry.call.gfn);
				}
				return;
			case "grant.map":
				if (status === 0 && entry.call.gfn !== 0)
					mapped(bookOf(state, entry.domid), entry, court);
				return;
			default:
		}
	},
});

function bookOf(state: State, domid: number): Book {
	let book = state.get(domid);
	if (book === undefined) {
		book = { taken: new Map(), own: new Set(), emptied: new Set() };
		state.set(domid, book);
	}
	return book;
}

function given(
	{ taken }: Book,
	{ domid, call: { gfn }, fault, seq }: CallEntry<"balloon.give">,
	court: Court,
): void {
	if (fault !== 0) return;
	if (!taken.has(gfn)) {
		court.breach({
			domid,
			message: `${court.tell(seq)} returns a frame number that was not obtained from the balloon, or was returned already`,
			expected: `one of the ${taken.size} frame numbers that were taken and not yet given back`,
			got: `gfn ${gfn}`,
			entry: seq,
			requirements: ["pv.give-back-own", "pv.give-back-once"],
		});
		return;
	}
	const map = court.exchange.memory.mappedAt(domid, gfn);
	if (map === undefined) {
		taken.delete(gfn);
		return;
	}
	court.breach({
		domid,
		message: `${court.tell(seq)} returns a frame number at which a foreign page is mapped (${court.tell(map.seq)})`,
		expected: "grant.unmap with status 0 first",
		got: `reference ${map.ref} of ${court.participant(map.granter)?.name ?? `domain ${map.granter}`} is still mapped there`,
		entry: seq,
		requirements: ["pv.quarantine", "pv.give-back-own"],
	});
}

function mapped(
	{ taken, own, emptied }: Book,
	{ domid, call: { gfn }, seq }: CallEntry<"grant.map">,
	court: Court,
): void {
	if (taken.has(gfn) || emptied.has(gfn)) return;
	court.breach({
		domid,
		message: `${court.tell(seq)} maps a foreign page over a frame number that was not taken from the balloon`,
		expected: "a frame number without memory behind it",
		got: own.has(gfn)
			? `gfn ${gfn}, where the domain has a page of its own`
			: `gfn ${gfn}, which is nobody's to map at`,
		entry: seq,
		requirements: ["pv.map-over-nothing"],
	});
	own.delete(gfn);
}

/** What a failed operation took is back, but for what is still mapped or may still be asked for by an answer to come. */
function came(
	state: State,
	{ domid, task, note, seq }: NoteEntry<"driver.result">,
	court: Court,
): void {
	const taken = state.get(domid)?.taken;
	if (taken === undefined || note.result >= 0 || taken.size === 0) return;
	for (const device of court.books.latest())
		if (device.fe === domid && device.open && device.pending.size > 0) return;
	const kept = [...taken].filter(
		([gfn, by]) =>
			by.task === task &&
			court.exchange.memory.mappedAt(domid, gfn) === undefined,
	);
	const [first] = kept;
	if (first === undefined) return;
	// Once told, they are the leak rules' affair.
	for (const [gfn] of kept) taken.set(gfn, { task: -1, seq });
	court.breach({
		domid,
		message: `${note.operation} failed and keeps ${kept.length} frame number${kept.length === 1 ? "" : "s"} of the balloon; the first was got by ${court.tell(first[1].seq)}`,
		expected:
			"as many frame numbers taken after a failed operation as before it",
		got: `gfn ${first[0]} is not given back`,
		entry: seq,
		requirements: ["pv.leak.balloon", "pv.failed-means-nothing"],
	});
}
