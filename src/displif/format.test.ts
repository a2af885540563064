import { expect, it } from "vitest";
import { FORMATS, formatOf, fourcc } from "./format.ts";

it("has the code that drm_fourcc.h gives XRGB8888", () => {
	expect(fourcc("XR24")).toBe(0x34325258);
	expect(formatOf(0x34325258)).toEqual({
		name: "XRGB8888",
		code: 0x34325258,
		bpp: 32,
	});
});

it("names no code and no name twice, and knows no other code", () => {
	expect(new Set(FORMATS.map(({ code }) => code)).size).toBe(FORMATS.length);
	expect(new Set(FORMATS.map(({ name }) => name)).size).toBe(FORMATS.length);
	expect(formatOf(0)).toBeUndefined();
});
