import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
	type AnyReply,
	CALL_NAMES,
	CALLS,
	type Call,
	type FieldType,
} from "../xen/call.ts";
import { POISON } from "../xen/frame.ts";
import { ENTRY_KINDS, NOTES, type NoteFields, type NoteName } from "./entry.ts";
import { INLINE_WORDS, isLong, Journal, type LongWords } from "./journal.ts";

const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const i32 = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff });

const VALUES: Record<FieldType, fc.Arbitrary<unknown>> = {
	u32,
	i32,
	bool: fc.boolean(),
	str: fc.string({ unit: "binary", maxLength: 12 }),
	words: fc
		.array(u32, { maxLength: 6 })
		.map((words) => Uint32Array.from(words)),
};

const record = (fields: Record<string, FieldType>) =>
	fc.record(
		Object.fromEntries(
			Object.entries(fields).map(([name, type]) => [name, VALUES[type]]),
		),
	);

interface Line {
	kind: string;
	note: boolean;
	fields: Record<string, unknown>;
	reply: Record<string, unknown>;
	head: [
		domid: number,
		task: number,
		step: number,
		tick: number,
		fault: number,
	];
}

const head: fc.Arbitrary<Line["head"]> = fc.tuple(u32, u32, u32, u32, u32);
const LINES: readonly fc.Arbitrary<Line>[] = [
	...CALL_NAMES.map((kind) =>
		fc.record({
			kind: fc.constant(kind as string),
			note: fc.constant(false),
			fields: record(CALLS[kind].ask),
			reply: record({ status: "i32", ...CALLS[kind].reply }),
			head,
		}),
	),
	...(Object.keys(NOTES) as NoteName[]).map((kind) =>
		fc.record({
			kind: fc.constant(kind as string),
			note: fc.constant(true),
			fields: record(NOTES[kind]),
			reply: fc.constant({}),
			head,
		}),
	),
];
const anyLine = fc.oneof(...LINES);

function append(journal: Journal, { kind, note, fields, reply, head }: Line) {
	const [domid, task, step, tick, fault] = head;
	return note
		? journal.note(
				kind as NoteName,
				fields as NoteFields<NoteName>,
				domid,
				task,
				step,
				tick,
			)
		: journal.append(
				{ op: kind, ...fields } as unknown as Call,
				reply as unknown as AnyReply,
				domid,
				task,
				step,
				tick,
				fault,
			);
}

/** A line as the journal should give it back. */
function decoded(line: Line, seq: number) {
	const [domid, task, step, tick, fault] = line.head;
	const { kind, note, fields, reply } = line;
	const head = { seq, kind, domid, task, step, tick };
	return note
		? { ...head, fault: 0, note: fields }
		: { ...head, fault, call: { op: kind, ...fields }, reply };
}

const journalOf = (lines: readonly Line[]): Journal => {
	const journal = new Journal();
	for (const line of lines) append(journal, line);
	return journal;
};

const store = (words: ArrayLike<number>): Line => ({
	kind: "page.store",
	note: false,
	fields: { gfn: 1, word: 0, words },
	reply: { status: 0, frame: 2 },
	head: [1, 2, 3, 4, 5],
});

describe("the journal", () => {
	it("gives back a line of every kind as it was written", () => {
		expect(LINES.length).toBe(ENTRY_KINDS.length);
		for (const arbitrary of LINES)
			fc.assert(
				fc.property(arbitrary, (line) => {
					const journal = new Journal();
					append(journal, line);
					expect(journal.entry(0)).toEqual(decoded(line, 0));
				}),
				{ numRuns: 8, seed: 1 },
			);
	});

	it("gives back many lines in any order of asking", () => {
		fc.assert(
			fc.property(fc.array(anyLine, { maxLength: 40 }), (lines) => {
				const journal = journalOf(lines);
				expect(journal.length).toBe(lines.length);
				for (const [seq, line] of [...lines.entries()].reverse())
					expect(journal.entry(seq)).toEqual(decoded(line, seq));
				expect([...journal.entries()]).toEqual(lines.map(decoded));
			}),
			{ numRuns: 60, seed: 2 },
		);
	});

	it("names only the kinds that are asked for, from where one asks", () => {
		fc.assert(
			fc.property(
				fc.array(anyLine, { maxLength: 30 }),
				fc.subarray([...ENTRY_KINDS]),
				fc.nat(30),
				(lines, kinds, from) => {
					const wanted = new Set(kinds);
					const found = [...journalOf(lines).entries(from, wanted)];
					expect(found.map(({ seq }) => seq)).toEqual(
						[...lines.entries()]
							.filter(
								([seq, { kind }]) => seq >= from && wanted.has(kind as never),
							)
							.map(([seq]) => seq),
					);
				},
			),
			{ numRuns: 40, seed: 3 },
		);
	});

	it("grows by lines and by words without losing any", () => {
		const journal = new Journal();
		const page = Uint32Array.from({ length: INLINE_WORDS }, (_, i) => i * 7);
		for (let seq = 0; seq < 3000; seq++) {
			const line = seq % 50 === 0 ? store(page) : store([seq]);
			expect(append(journal, line)).toBe(seq);
		}
		for (let seq = 0; seq < 3000; seq++) {
			const entry = journal.entry(seq);
			if (entry.kind !== "page.store") throw new Error(entry.kind);
			const [first, , third] = Array.from(entry.call.words);
			expect(first).toBe(seq % 50 === 0 ? 0 : seq);
			expect(third).toBe(seq % 50 === 0 ? 14 : undefined);
		}
	});

	it("has no line beyond its end", () => {
		const journal = journalOf([store([1])]);
		for (const seq of [-1, 1, Number.NaN])
			expect(() => journal.entry(seq)).toThrow(RangeError);
	});

	it("keeps a long run whole, and of more words their number, hash and poison", () => {
		const words = (length: number, value: number) =>
			new Uint32Array(length).fill(value);
		const runs = [
			words(INLINE_WORDS, POISON),
			words(INLINE_WORDS + 1, POISON),
			words(INLINE_WORDS + 1, 3),
			words(INLINE_WORDS + 1, 3).fill(4, INLINE_WORDS),
		];
		const kept = [...journalOf(runs.map(store)).entries()].map((entry) => {
			if (entry.kind !== "page.store") throw new Error(entry.kind);
			return entry.call.words;
		});
		expect(kept[0]).toEqual(runs[0]);
		expect(isLong(kept[0] as ArrayLike<number>)).toBe(false);
		const long = kept.slice(1) as LongWords[];
		expect(long.every(isLong)).toBe(true);
		expect(long.map(({ length }) => length)).toEqual(
			Array(3).fill(INLINE_WORDS + 1),
		);
		expect(long.map(({ poison }) => poison)).toEqual([true, false, false]);
		expect(new Set(long.map(({ hash }) => hash)).size).toBe(3);
	});

	it("has the hash of its lines: equal for equal ones, another for others", () => {
		fc.assert(
			fc.property(
				fc.array(anyLine, { minLength: 1, maxLength: 20 }),
				anyLine,
				fc.nat(19),
				(lines, other, at) => {
					const hash = journalOf(lines).hash();
					expect(journalOf(lines).hash()).toBe(hash);
					const i = at % lines.length;
					const changed = lines.with(i, other);
					const same =
						JSON.stringify(decoded(lines[i] as Line, i)) ===
						JSON.stringify(decoded(other, i));
					expect(journalOf(changed).hash() === hash).toBe(same);
					expect(journalOf(lines.slice(1)).hash()).not.toBe(hash);
				},
			),
			{ numRuns: 100, seed: 4 },
		);
	});

	it("tells texts apart by where one ends and the next begins", () => {
		const write = (path: string, value: string): Line => ({
			kind: "xs.write",
			note: false,
			fields: { tx: 0, path, value },
			reply: { status: 0 },
			head: [1, 1, 0, 0, 0],
		});
		const hash = (path: string, value: string) =>
			journalOf([write(path, value)]).hash();
		expect(hash("state", "4")).not.toBe(hash("stat", "e4"));
		expect(hash("4", "state")).not.toBe(hash("state", "4"));
	});
});
