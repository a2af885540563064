import { expect, it } from "vitest";
import {
	bytes,
	octet,
	s16,
	s32,
	struct,
	u8,
	u16,
	u32,
	u64,
	uncovered,
} from "./struct.ts";

const sample = struct("sample", 28, {
	id: u16(0),
	operation: u8(2),
	status: s32(4),
	cookie: u64(8),
	"source.domid": u16(16),
	"source.status": s16(18),
	tail: bytes(21, 5),
});
const value = {
	id: 0x1234,
	operation: 0x10,
	status: -22,
	cookie: 0xfedc_ba98_7654_3210n,
	"source.domid": 0x7ff0,
	"source.status": -3,
	tail: Uint8Array.of(1, 2, 0xff, 4, 5),
};

it("lays fields out little endian at their offsets", () => {
	const words = new Uint32Array(7);
	sample.encode(value, words);
	expect([...new Uint8Array(words.buffer)]).toEqual([
		0x34, 0x12, 0x10, 0, 0xea, 0xff, 0xff, 0xff, 0x10, 0x32, 0x54, 0x76, 0x98,
		0xba, 0xdc, 0xfe, 0xf0, 0x7f, 0xfd, 0xff, 0, 1, 2, 0xff, 4, 5, 0, 0,
	]);
});

it("gives back what was put in, from any word of a page", () => {
	const words = new Uint32Array(20);
	sample.encode(value, words, 9);
	expect(sample.decode(words, 9)).toEqual(value);
});

it("stores every word once, and zero where no field lies", () => {
	const stored: number[] = [];
	const words = new Proxy(new Uint32Array(9).fill(0xeeeeeeee), {
		set(target, word, to) {
			stored.push(Number(word));
			return Reflect.set(target, word, to, target);
		},
		get: (target, word) => Reflect.get(target, word, target),
	});
	sample.encode(value, words, 1);
	expect(stored).toEqual([1, 2, 3, 4, 5, 6, 7]);
	expect(words[0]).toBe(0xeeeeeeee);
	expect(words[8]).toBe(0xeeeeeeee);
	expect(octet(words, 4 + 3)).toBe(0);
	expect(octet(words, 4 + 20)).toBe(0);
});

it("keeps a value that is too wide within its field", () => {
	const words = new Uint32Array(4);
	const narrow = struct("narrow", 16, {
		a: u8(0),
		b: u8(1),
		c: u16(2),
		d: u64(8),
	});
	narrow.encode({ a: 0x1ff, b: 0, c: 0x1_0001, d: 1n << 64n }, words);
	expect(narrow.decode(words)).toEqual({ a: 0xff, b: 0, c: 1, d: 0n });
	narrow.encode({ a: 0, b: 0, c: 0, d: -1n }, words);
	expect(narrow.decode(words).d).toBe(0xffff_ffff_ffff_ffffn);
});

it("names the octets that belong to nobody", () => {
	expect(uncovered(sample.fields, 0, sample.size)).toEqual([3, 20, 26, 27]);
});

it("refuses tables that no compiler would lay out", () => {
	expect(() => struct("bad", 4, { a: u32(2) })).toThrow(
		"bad.a at 2 does not fit a struct of 4 octets",
	);
	expect(() => struct("bad", 8, { a: u64(4) })).toThrow("does not fit");
	expect(() => struct("bad", 8, { a: u32(0), b: u16(2) })).toThrow(
		"bad.b and bad.a share octet 2",
	);
});
