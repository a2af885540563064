import { expect, it } from "vitest";
import { chooseVersion, VERSIONS } from "./version.ts";

it("knows the versions up to the header's", () => {
	expect(VERSIONS).toEqual([1, 2]);
});

it.each([
	["1,2", [1, 2], 2],
	["2,1", [1, 2], 2],
	["1,2,3", [1, 2], 2],
	["1,2", [1], 1],
	["1", [1, 2], 1],
	[undefined, [1, 2], 1],
	[undefined, [2], undefined],
	["3", [1, 2], undefined],
	["", [1, 2], undefined],
	["2;1", [1, 2], undefined],
])("of %j, speaking %j, chooses %j", (list, spoken, chosen) => {
	expect(chooseVersion(list, spoken)).toBe(chosen);
});
