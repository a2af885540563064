/**
 * What stands between a task and shared memory when stores are not seen at once: a buffer of stores for each task, and loads that may be old.
 *
 * `tso`: a buffer drains first in, first out, and loads are never old. `weak`: stores drain in any order between two write barriers, and
 * without a read barrier a load may show a word as it was at the task's last `rmb` or `mb`. A task always sees its own stores.
 *
 * Pick 0 is the worst order that the mode allows, not the mildest, so that a plain run shows it: tso holds every store back until something
 * drains it; weak lets the newest store overtake the older ones, and shows words as old as may be.
 */
import type { Choices } from "../base/choices.ts";
import type { AnyReply, Call, CallName, Reply } from "./call.ts";
import type { Frames } from "./frame.ts";

export const MEMORY_MODES = ["sc", "tso", "weak"] as const;
export type MemoryMode = (typeof MEMORY_MODES)[number];

/** A store that others cannot see yet. */
interface Held {
	frame: number;
	word: number;
	words: Uint32Array;
	/** Write barriers of its task before it: stores of a later one wait for those of an earlier. */
	fence: number;
}

/** A store that everybody can see, and what it overwrote. */
interface Seen {
	stamp: number;
	task: number;
	word: number;
	before: Uint32Array;
	after: Uint32Array;
}

interface Side {
	held: Held[];
	fence: number;
	/** Stamp of the last read or full barrier. */
	since: number;
	/** By frame: loads have shown it as new as this. */
	shown: Map<number, number>;
}

/** Calls of a task that neither leave its domain nor order anything. */
const LOOSE: ReadonlySet<CallName> = new Set([
	"page.alloc",
	"object.make",
	"object.drop",
	"driver.note",
]);
/** After these some page may be another's, or nobody's: the kernel or Xen interrupts every processor first. */
const SHOOTDOWN: ReadonlySet<CallName> = new Set([
	"grant.unmap",
	"grant.end",
	"page.free",
	"memory.decrease-reservation",
	"domain.crash",
	"domain.destroy",
	"driver.exit",
]);

const overlap = (
	a: { word: number; words: ArrayLike<number> },
	b: { word: number; words: ArrayLike<number> },
) => a.word < b.word + b.words.length && b.word < a.word + a.words.length;

export class MemoryOrder {
	private readonly mode: Exclude<MemoryMode, "sc">;
	private readonly frames: Frames;
	private readonly sides = new Map<number, Side>();
	private readonly history = new Map<number, Seen[]>();
	private stamp = 0;
	/** Who is asked in which order stores drain and how old a load is. */
	choices: Choices = { pick: () => 0 };

	constructor(mode: Exclude<MemoryMode, "sc">, frames: Frames) {
		this.mode = mode;
		this.frames = frames;
	}

	/** Before a call is applied: what it orders is ordered. */
	before(task: number, call: Call): void {
		switch (call.op) {
			case "page.load":
			case "page.store":
				return;
			case "memory.wmb":
				this.side(task).fence += 1;
				return;
			case "memory.rmb":
				this.read(task);
				return;
			default:
				if (LOOSE.has(call.op)) return;
				if (SHOOTDOWN.has(call.op)) this.drainAll();
				this.drain(task);
		}
	}

	/** Hold back a store that memory would accept. False when nobody else can see the page: it is made at once. */
	store(
		task: number,
		frame: number,
		word: number,
		words: ArrayLike<number>,
	): boolean {
		if (!this.frames.shared(frame)) return false;
		const side = this.side(task);
		side.held.push({
			frame,
			word,
			words: Uint32Array.from(words),
			fence: side.fence,
		});
		this.leak(task, side);
		return true;
	}

	/** What a task is shown of words that memory holds now. */
	load(
		task: number,
		frame: number,
		word: number,
		words: ArrayLike<number>,
	): ArrayLike<number> {
		const side = this.side(task);
		const shown = Uint32Array.from(words);
		if (this.mode === "weak" && this.frames.shared(frame)) {
			const old = this.old(task, side, frame, word, shown);
			if (old !== undefined) {
				if (this.choices.pick("memory.load", 2) === 0) shown.set(old);
				// Of two loads of a word the second is never the older.
				else side.shown.set(frame, this.stamp);
			}
		}
		for (const held of side.held)
			if (held.frame === frame) lay(held.word, held.words, word, shown);
		return shown;
	}

	/** After a call was applied: a page that was handed out has no past. */
	after(call: Call, reply: AnyReply): void {
		if (call.op === "page.alloc")
			this.history.delete((reply as Reply<"page.alloc">).frame);
	}

	/** All stores of a task become visible, and its loads are new from now on. */
	drain(task: number): void {
		const side = this.sides.get(task);
		if (side === undefined) return;
		for (const held of side.held.splice(0)) this.commit(task, held);
		this.read(task);
	}

	/** The task has ended. */
	forget(task: number): void {
		this.drain(task);
		this.sides.delete(task);
	}

	private drainAll(): void {
		for (const task of this.sides.keys()) this.drain(task);
	}

	private read(task: number): void {
		const side = this.side(task);
		side.since = this.stamp;
		side.shown.clear();
	}

	private side(task: number): Side {
		let side = this.sides.get(task);
		if (side === undefined) {
			side = { held: [], fence: 0, since: this.stamp, shown: new Map() };
			this.sides.set(task, side);
		}
		return side;
	}

	/** A store was added: which become visible by themselves? */
	private leak(task: number, side: Side): void {
		const { held } = side;
		if (this.mode === "tso") {
			const count = this.choices.pick("memory.drain", held.length + 1);
			for (const one of held.splice(0, count)) this.commit(task, one);
			return;
		}
		const fence = (held[0] as Held).fence;
		const free = held.filter(
			(one, at) =>
				one.fence === fence &&
				!held
					.slice(0, at)
					.some((older) => older.frame === one.frame && overlap(older, one)),
		);
		// 0: the newest overtakes the others, when it may and there are any. n: the nth oldest drains.
		const pick = this.choices.pick("memory.drain", free.length + 1);
		const newest = held.at(-1) as Held;
		const one =
			pick > 0
				? free[pick - 1]
				: free.length > 1 && free.at(-1) === newest
					? newest
					: undefined;
		if (one === undefined) return;
		held.splice(held.indexOf(one), 1);
		this.commit(task, one);
	}

	private commit(task: number, { frame, word, words }: Held): void {
		const { memory } = this.frames;
		this.stamp += 1;
		if (this.mode === "weak") {
			let past = this.history.get(frame);
			if (past === undefined) {
				past = [];
				this.history.set(frame, past);
			}
			past.push({
				stamp: this.stamp,
				task,
				word,
				before: memory.read(frame, word, words.length),
				after: words,
			});
		}
		memory.write(frame, word, words);
	}

	/** The words as old as the task may see them; undefined when none has changed since. */
	private old(
		task: number,
		side: Side,
		frame: number,
		word: number,
		now: Uint32Array,
	): Uint32Array | undefined {
		const past = this.history.get(frame);
		if (past === undefined) return undefined;
		const since = Math.max(side.since, side.shown.get(frame) ?? 0);
		let old: Uint32Array | undefined;
		const own: Seen[] = [];
		for (let at = past.length - 1; at >= 0; at--) {
			const seen = past[at] as Seen;
			if (seen.stamp <= since) break;
			if (seen.task === task) own.push(seen);
			old ??= now.slice();
			lay(seen.word, seen.before, word, old);
		}
		// From its own store on a task sees nothing older than that.
		for (const seen of own.reverse())
			if (old !== undefined) lay(seen.word, seen.after, word, old);
		return old?.some((value, at) => value !== now[at]) ? old : undefined;
	}
}

/** Lay words that begin at `from` over `onto`, which begins at `at`. */
function lay(
	from: number,
	words: ArrayLike<number>,
	at: number,
	onto: Uint32Array,
): void {
	const first = Math.max(from, at);
	const last = Math.min(from + words.length, at + onto.length);
	for (let i = first; i < last; i++) onto[i - at] = words[i - from] as number;
}
