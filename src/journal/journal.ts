/**
 * The ledger: one entry for each passage of the door, kept as packed words and decoded when a rule or a report asks.
 *
 * An entry is a head of six words and then the fields of its kind in the order of the table: `ask` fields, `status`, `reply` fields.
 * Strings are interned. Runs of words up to a page stand whole, because rules read page directories out of the ledger; of longer ones
 * (lists of a buffer's pages) there is the count, a hash and whether the whole run is the poison of a page that nobody cleared.
 */
import {
	type AnyReply,
	CALLS,
	type Call,
	type CallName,
	type FieldType,
} from "../xen/call.ts";
import { POISON } from "../xen/frame.ts";
import {
	ENTRY_KINDS,
	type Entry,
	type EntryKind,
	NOTES,
	type NoteFields,
	type NoteName,
} from "./entry.ts";

const HEAD_WORDS = 6;
/** Longest run of words that an entry carries whole. A page has 1024; a list of the pages of a 64 MiB buffer has as many as this. */
export const INLINE_WORDS = 16384;
const LONG = 0x8000_0000;
const LONG_POISON = 0x4000_0000;

/** A run of words that was too long to keep: only its length, hash and whether it was all poison are known. */
export interface LongWords extends ArrayLike<number> {
	hash: number;
	poison: boolean;
}

export const isLong = (words: ArrayLike<number>): words is LongWords =>
	"hash" in words;

type Pack = (
	source: Record<string, unknown>,
	journal: Journal,
	at: number,
) => number;

const KIND_CODES = new Map(ENTRY_KINDS.map((kind, code) => [kind, code]));

/** Packing code for one record, generated once from its fields: a loop over the table costs ten times as much. */
function packer(fields: Record<string, FieldType>): Pack {
	const store: Record<FieldType, (value: string) => string> = {
		u32: (value) => `w[at++] = ${value};`,
		i32: (value) => `w[at++] = ${value};`,
		bool: (value) => `w[at++] = ${value} ? 1 : 0;`,
		str: (value) => `w[at++] = j.intern(${value});`,
		words: (value) => `at = j.packWords(${value}, at); w = j.words;`,
	};
	const lines = Object.entries(fields).map(([name, type]) =>
		store[type](`s[${JSON.stringify(name)}]`),
	);
	return new Function(
		"s",
		"j",
		"at",
		`let w = j.words; ${lines.join(" ")} return at;`,
	) as Pack;
}

type Unpack = (seq: number, journal: Journal, at: number) => Entry;

/** Unpacking code for one kind, generated for the same reason; and every entry of a kind has one shape, which makes reading its fields cheap. */
function unpacker(
	kind: EntryKind,
	records: Record<string, Record<string, FieldType>>,
): Unpack {
	const load: Record<FieldType, (name: string) => string> = {
		u32: (name) => `const ${name} = w[at++];`,
		i32: (name) => `const ${name} = w[at++] | 0;`,
		bool: (name) => `const ${name} = w[at++] === 1;`,
		str: (name) => `const ${name} = j.strings[w[at++]];`,
		words: (name) =>
			`const ${name} = j.unpackWords(at); at += (w[at] & ${LONG}) === 0 ? w[at] + 1 : 2;`,
	};
	const lines: string[] = [];
	const made = Object.entries(records).map(([record, fields]) => {
		const members = Object.entries(fields).map(([name, type]) => {
			const local = `v${lines.length}`;
			lines.push(load[type](local));
			return `${JSON.stringify(name)}: ${local}`;
		});
		if (record === "call") members.push(`op: ${JSON.stringify(kind)}`);
		return `${record}: { ${members.join(", ")} }`;
	});
	return new Function(
		"seq",
		"j",
		"at",
		`const w = j.words;
		const domid = w[at + 1], task = w[at + 2], step = w[at + 3], tick = w[at + 4], fault = w[at + 5];
		at += ${HEAD_WORDS};
		${lines.join(" ")}
		return { seq, kind: ${JSON.stringify(kind)}, domid, task, step, tick, fault, ${made.join(", ")} };`,
	) as Unpack;
}

interface Shape {
	packAsk: Pack;
	packReply: Pack;
	unpack: Unpack;
}

const SHAPES: readonly Shape[] = ENTRY_KINDS.map((kind) => {
	if (kind in CALLS) {
		const { ask, reply } = CALLS[kind as CallName];
		const full = { status: "i32", ...reply } as Record<string, FieldType>;
		return {
			packAsk: packer(ask),
			packReply: packer(full),
			unpack: unpacker(kind, { call: ask, reply: full }),
		};
	}
	const note = NOTES[kind as NoteName] as Record<string, FieldType>;
	return {
		packAsk: packer(note),
		packReply: packer({}),
		unpack: unpacker(kind, { note }),
	};
});

/** So many words hold any entry, but for its runs of words. */
const ENTRY_WORDS =
	HEAD_WORDS +
	2 *
		Math.max(
			...Object.values(CALLS).map(
				({ ask, reply }) =>
					Object.keys(ask).length + 1 + Object.keys(reply).length,
			),
			...Object.values(NOTES).map((note) => Object.keys(note).length),
		);

export class Journal {
	/** Packed entries. Public for the generated code alone. */
	words = new Uint32Array(4096);
	private end = 0;
	private starts = new Uint32Array(512);
	/** Public for the generated code alone. */
	readonly strings: string[] = [];
	private readonly codes = new Map<string, number>();
	/** Entries so far. */
	length = 0;

	append(
		call: Call,
		reply: AnyReply,
		domid: number,
		task: number,
		step: number,
		tick: number,
		fault: number,
	): number {
		const code = KIND_CODES.get(call.op) as number;
		const shape = SHAPES[code] as Shape;
		const at = this.begin(code, domid, task, step, tick, fault);
		const mid = shape.packAsk(
			call as unknown as Record<string, unknown>,
			this,
			at,
		);
		this.end = shape.packReply(
			reply as unknown as Record<string, unknown>,
			this,
			mid,
		);
		return this.length++;
	}

	note<N extends NoteName>(
		kind: N,
		fields: NoteFields<N>,
		domid: number,
		task: number,
		step: number,
		tick: number,
	): number {
		const code = KIND_CODES.get(kind) as number;
		const at = this.begin(code, domid, task, step, tick, 0);
		this.end = (SHAPES[code] as Shape).packAsk(fields, this, at);
		return this.length++;
	}

	kind(seq: number): EntryKind {
		return ENTRY_KINDS[
			this.words[this.starts[seq] as number] as number
		] as EntryKind;
	}

	/** Virtual time of an entry. */
	tick(seq: number): number {
		return this.words[(this.starts[this.at(seq)] as number) + 4] as number;
	}

	/** Step that was running at an entry. */
	step(seq: number): number {
		return this.words[(this.starts[this.at(seq)] as number) + 3] as number;
	}

	private at(seq: number): number {
		if (!(seq >= 0 && seq < this.length))
			throw new RangeError(`no journal entry ${seq}`);
		return seq;
	}

	/** Decode one entry. */
	entry(seq: number): Entry {
		const at = this.starts[this.at(seq)] as number;
		const shape = SHAPES[this.words[at] as number] as Shape;
		return shape.unpack(seq, this, at);
	}

	/** Entries from `from` on, of the kinds asked for (all when none is named). */
	*entries(from = 0, kinds?: ReadonlySet<EntryKind>): Generator<Entry> {
		for (let seq = from; seq < this.length; seq++)
			if (kinds === undefined || kinds.has(this.kind(seq)))
				yield this.entry(seq);
	}

	/** One number for the whole ledger: equal ledgers have equal numbers. */
	hash(): number {
		let hash = 0x811c9dc5;
		for (let i = 0; i < this.end; i++)
			hash = Math.imul(hash ^ (this.words[i] as number), 0x01000193);
		for (const text of this.strings) {
			hash = Math.imul(hash ^ text.length, 0x01000193);
			for (let i = 0; i < text.length; i++)
				hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
		}
		return hash >>> 0;
	}

	/** For the generated code. */
	intern(text: string): number {
		let code = this.codes.get(text);
		if (code === undefined) {
			code = this.strings.length;
			this.strings.push(text);
			this.codes.set(text, code);
		}
		return code;
	}

	/** For the generated code. */
	packWords(words: ArrayLike<number>, start: number): number {
		let at = start;
		if (words.length <= INLINE_WORDS) {
			const w = this.room(at + words.length + ENTRY_WORDS);
			w[at++] = words.length;
			for (let i = 0; i < words.length; i++) w[at++] = words[i] as number;
			return at;
		}
		let hash = 0x811c9dc5;
		let poison = true;
		for (let i = 0; i < words.length; i++) {
			const word = words[i] as number;
			hash = Math.imul(hash ^ word, 0x01000193);
			if (word !== POISON) poison = false;
		}
		const w = this.words;
		w[at++] = (words.length | LONG | (poison ? LONG_POISON : 0)) >>> 0;
		w[at++] = hash;
		return at;
	}

	/** At least so many words. */
	private room(needed: number): Uint32Array {
		if (needed > this.words.length) {
			const grown = new Uint32Array(2 * needed);
			grown.set(this.words);
			this.words = grown;
		}
		return this.words;
	}

	private begin(
		code: number,
		domid: number,
		task: number,
		step: number,
		tick: number,
		fault: number,
	): number {
		if (this.length === this.starts.length) {
			const grown = new Uint32Array(this.starts.length * 2);
			grown.set(this.starts);
			this.starts = grown;
		}
		const at = this.end;
		const w = this.room(at + ENTRY_WORDS);
		this.starts[this.length] = at;
		w[at] = code;
		w[at + 1] = domid;
		w[at + 2] = task;
		w[at + 3] = step;
		w[at + 4] = tick;
		w[at + 5] = fault;
		return at + HEAD_WORDS;
	}

	/** For the generated code. */
	unpackWords(at: number): Uint32Array | LongWords {
		const w = this.words;
		const count = w[at] as number;
		return (count & LONG) === 0
			? w.slice(at + 1, at + 1 + count)
			: {
					length: count & 0x3fff_ffff,
					hash: w[at + 1] as number,
					poison: (count & LONG_POISON) !== 0,
				};
	}
}
