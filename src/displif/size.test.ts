import { expect, it } from "vitest";
import { bufferSize, fits, pictureOctets, pitch } from "./size.ts";

const MAX = 0xffff_ffff;

it("rounds a line up to octets and pads nothing", () => {
	expect(pitch(1920, 32)).toBe(7680n);
	expect(pitch(3, 12)).toBe(5n);
	expect(pitch(0, 32)).toBe(0n);
});

it("multiplies without overflow", () => {
	expect(pictureOctets(MAX, MAX, MAX)).toBe(
		((BigInt(MAX) * BigInt(MAX) + 7n) / 8n) * BigInt(MAX),
	);
	// 65536 × 65536 × 32 bits is 0 in 32 bits.
	expect(fits(0, 65_536, 65_536, 32, 4096)).toBe(false);
	// An offset that wraps to a small number in 32 bits.
	expect(fits(MAX, 1, 1, 8, 4096)).toBe(false);
});

it("finds the last octet inside and the next one outside", () => {
	expect(fits(0, 64, 64, 32, 16_384)).toBe(true);
	expect(fits(1, 64, 64, 32, 16_384)).toBe(false);
	expect(fits(1, 64, 64, 32, 16_385)).toBe(true);
});

it("asks for a buffer only when the field can hold its size", () => {
	expect(bufferSize(512, 64, 64, 32)).toEqual({ ok: true, buffer_sz: 16_896 });
	expect(bufferSize(0, MAX, 1, 8)).toEqual({ ok: true, buffer_sz: MAX });
	expect(bufferSize(1, MAX, 1, 8)).toEqual({
		ok: false,
		reason: "4294967296 octets do not fit buffer_sz",
	});
	expect(bufferSize(0, 0, 64, 32)).toEqual({
		ok: false,
		reason: "the picture has no octets",
	});
});
