import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { buildEdid, parseEdid } from "./edid.ts";

const fixture = (name: string): Uint8Array =>
	new Uint8Array(
		readFileSync(new URL(`../../fixtures/edid/${name}.bin`, import.meta.url)),
	);

describe("an EDID that is built", () => {
	it.each([
		["1920x1080", 1920, 1080, 128],
		["800x600-2-blocks", 800, 600, 256],
		["3840x2160-256-blocks", 3840, 2160, 32_768],
	])("is the fixture %s, and says its mode", (name, width, height, octets) => {
		const edid = buildEdid(width, height, octets);
		expect(edid).toEqual(fixture(name));
		expect(parseEdid(edid)).toEqual({
			ok: true,
			width,
			height,
			blocks: octets / 128,
		});
	});

	it.each([
		[1, 1],
		[255, 256],
		[4095, 4095],
	])("says any mode up to twelve bits: %i x %i", (width, height) => {
		expect(parseEdid(buildEdid(width, height, 128))).toMatchObject({
			width,
			height,
		});
	});

	it("says a larger mode as 4095", () => {
		expect(parseEdid(buildEdid(7680, 4320, 128))).toMatchObject({
			width: 4095,
			height: 4095,
		});
	});

	it("is empty when there is to be none", () => {
		expect(buildEdid(800, 600, 0)).toEqual(new Uint8Array());
	});

	it.each([127, -128, 32_896])("cannot have %i octets", (octets) => {
		expect(() => buildEdid(800, 600, octets)).toThrow(
			`an EDID has a multiple of 128 up to 32768 octets: ${octets}`,
		);
	});
});

describe("an EDID that a backend wrote", () => {
	it.each([
		["bad-checksum", "the checksum of block 0 is wrong"],
		["bad-checksum-extension", "the checksum of block 1 is wrong"],
		["bad-header", "the first eight octets are no EDID header"],
		["missing-extension", "it says 2 blocks and has 1"],
		["cut-short", "100 octets are no whole blocks of 128"],
		["no-timing", "there is no preferred mode"],
		["version-2", "version 2 is not 1"],
	])("is refused: %s", (name, reason) => {
		expect(parseEdid(fixture(name))).toEqual({ ok: false, reason });
	});

	it("is refused when it is empty", () => {
		expect(parseEdid(new Uint8Array())).toMatchObject({ ok: false });
	});
});
