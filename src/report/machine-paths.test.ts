import { expect, it } from "vitest";
import { withoutMachinePaths } from "./machine-paths.ts";

it.each([
	["Cannot find module '/home/me/b.mjs'", "Cannot find module 'b.mjs'"],
	["at f (/home/me/src/run.ts:12:3)", "at f (run.ts:12:3)"],
	["at file:///home/me/src/run.ts:12:3", "at run.ts:12:3"],
	["--backend=/opt/b.mjs --seed 1", "--backend=b.mjs --seed 1"],
	["linux:/usr/src/linux/", "linux:linux"],
	["/home/me/b.mjs", "b.mjs"],
	["line\n/home/me/b.mjs", "line\nb.mjs"],
	["C:\\Users\\me\\b.mjs", "b.mjs"],
	["at D:/a/b.mjs:1:2", "at b.mjs:1:2"],
])("%s loses its folders", (text, expected) => {
	expect(withoutMachinePaths(text)).toBe(expected);
});

it.each([
	"/local/domain/1/device/vdispl/0/state is 4",
	"the node /libxl/1/device is gone",
	"./my/backend.mjs",
	"buffers/gem.yaml:14:5",
	"3/4 pages, fe/be",
	"https://example.org/issues/12",
	"at node:internal/process:1:1",
	"/",
	"// a comment",
])("%s stays", (text) => {
	expect(withoutMachinePaths(text)).toBe(text);
});
