import { describe, expect, it } from "vitest";
import { ascii, clip, oneLine, plain } from "./plain.ts";

const ESC = String.fromCharCode(27);
const BEL = String.fromCharCode(7);

describe("plain()", () => {
	it.each([
		["a colour", `${ESC}[1;31mred${ESC}[0m`, "red"],
		["a colour of one byte", "\u009b31mred", "red"],
		["a title", `${ESC}]0;title${BEL}text`, "text"],
		["a link", `${ESC}]8;;http://x${ESC}\\here${ESC}]8;;${ESC}\\`, "here"],
		["a title that does not end", `${ESC}]0;title`, "0;title"],
		["a character set", `${ESC}(Btext`, "text"],
		["a lone escape", `a${ESC}`, "a"],
		["line ends", "a\r\nb\rc\n", "a\nb\nc\n"],
		["control characters", "a\0b\bc\u007fd\u0085e\tf", "abcde\tf"],
		["lone surrogates", "a\ud800b\udc00c", "abc"],
		["pairs", "a\u{1f389}b", "a\u{1f389}b"],
		["what XML forbids besides", "a\ufffeb\uffffc", "abc"],
	])("%s", (_, text, expected) => {
		expect(plain(text)).toBe(expected);
	});
});

it("clip() keeps both ends and tells what is left out", () => {
	expect(clip("0123456789", 10)).toBe("0123456789");
	expect(clip("0123456789abc", 10)).toBe(
		"01234 [... 3 characters left out ...] 89abc",
	);
	expect(clip(`0\u{1f389}${"x".repeat(20)}`, 4)).toBe(
		"0 [... 19 characters left out ...] xx",
	);
});

it("oneLine() has one blank for any run of blanks", () => {
	expect(oneLine(" a\n\n  b\t c ")).toBe("a b c");
});

it.each([
	["caf\u00e9 \u2014 \u201cnice\u201d\u2026", 'cafe - "nice"...'],
	["4\u00d74 \u2192 16", "4x4 -> 16"],
	["\u2714 \u{1f389} done", "? ? done"],
	["a\u00a8b", "a b"],
])("ascii() of %s", (text, expected) => {
	expect(ascii(text)).toBe(expected);
});
