import { expect, it } from "vitest";
import { asciiTitle, caseTitle, uniqueNames } from "./names.ts";

const one = {
	id: "gem.create[pages=4]",
	scenario: "gem.create",
	title: "A buffer \u2714 of 4\u00d74",
};

it("a case is named by its title and its row", () => {
	expect(caseTitle(one)).toBe("A buffer \u2714 of 4\u00d74 [pages=4]");
	expect(asciiTitle(one)).toBe("A buffer ? of 4x4 [pages=4]");
	expect(asciiTitle({ ...one, id: "gem.create" })).toBe("A buffer ? of 4x4");
});

it("a title that ASCII cannot spell gives way to the id", () => {
	expect(asciiTitle({ ...one, title: "\u65e5\u672c" })).toBe(
		"gem.create [pages=4]",
	);
});

it("a long title leaves room for the row", () => {
	const long = asciiTitle({ ...one, title: "x".repeat(9000) });
	expect(long.length).toBeLessThan(512);
	expect(long.endsWith("[pages=4]")).toBe(true);
});

it("names are given once in their scope", () => {
	const unique = uniqueNames();
	expect([
		unique("a", "n"),
		unique("a", "n"),
		unique("b", "n"),
		unique("a", "n (2)"),
		unique("a", "n"),
	]).toEqual(["n", "n (2)", "n", "n (2) (2)", "n (3)"]);
});
