import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { lint } from "./lint.ts";
import { loadFile } from "./load.ts";
import { render } from "./problem.ts";
import {
	admits,
	casesAt,
	hasTags,
	readGrep,
	readTags,
	rootOf,
	selectFiles,
} from "./select.ts";
import { readSetting } from "./set.ts";

let folder = "";
const text = (id: string) =>
	`id: ${id}\ntitle: Story of ${id}\ntags: smoke\nspec: x.y\nmatrix:\n  pages:\n    - 1\n    - 2\n  die: [early, late]\n  include:\n    - { pages: 9, die: never }\nsteps:\n  - gem.create: { as: buf, pages: $pages }\n    note: $die\n`;

beforeAll(() => {
	folder = mkdtempSync(join(tmpdir(), "select-"));
	for (const path of ["scenarios/b", "scenarios/a/fixtures", "other/deep"])
		mkdirSync(join(folder, path), { recursive: true });
	writeFileSync(join(folder, "scenarios/b/two.yaml"), text("b.two"));
	writeFileSync(join(folder, "scenarios/a/one.yaml"), text("a.one"));
	writeFileSync(join(folder, "scenarios/a/fixtures/part.yaml"), "steps: []\n");
	writeFileSync(join(folder, "scenarios/readme.md"), "# no scenario\n");
	writeFileSync(join(folder, "other/deep/three.yaml"), text("b.two"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const names = (paths: string[], cwd = folder) =>
	selectFiles(paths, cwd).files.map(({ file, lines }) =>
		[file, ...lines].join(":"),
	);

describe("selecting files", () => {
	it("takes folders, files and globs, sorted, each once, under the same names from everywhere", () => {
		const both = ["scenarios/a/one.yaml", "scenarios/b/two.yaml"];
		expect(names(["scenarios"])).toEqual(both);
		expect(names(["scenarios/b", "scenarios/a/one.yaml", "scenarios"])).toEqual(
			both,
		);
		expect(names(["scenarios/**/t*.yaml"])).toEqual(["scenarios/b/two.yaml"]);
		expect(names(["."], join(folder, "scenarios/b"))).toEqual([
			"scenarios/b/two.yaml",
		]);
		expect(names(["../a/one.yaml"], join(folder, "scenarios/b"))).toEqual([
			"scenarios/a/one.yaml",
		]);
		expect(names(["other"])).toEqual(["other/deep/three.yaml"]);
	});

	it("keeps lines, unless the whole file is named too", () => {
		expect(
			names(["scenarios/a/one.yaml:8", "scenarios/a/one.yaml:3:1"]),
		).toEqual(["scenarios/a/one.yaml:3:8"]);
		expect(names(["scenarios/a/one.yaml:8", "scenarios"])[0]).toBe(
			"scenarios/a/one.yaml",
		);
	});

	it("says what is wrong with a path", () => {
		const wrong = (path: string) =>
			selectFiles([path], folder).errors.map(({ message }) => message);
		expect(wrong("nowhere")).toEqual(["nowhere: no such file or folder"]);
		expect(wrong("nowhere/*.yaml")).toEqual([
			"nowhere/*.yaml: no scenario matches",
		]);
		expect(wrong("scenarios/readme.md")).toEqual([
			"scenarios/readme.md: not a scenario file",
		]);
		expect(wrong("scenarios/a/fixtures/part.yaml")).toEqual([]);
	});

	it("finds the root: the nearest folder that holds `scenarios`", () => {
		expect(rootOf(join(folder, "scenarios/a"))).toBe(folder);
		expect(rootOf(join(folder, "other/deep/three.yaml"))).toBe(folder);
	});
});

describe("selecting cases", () => {
	const scenario = () => {
		const loaded = loadFile(folder, join(folder, "scenarios/a/one.yaml"));
		if (!loaded.ok) throw new Error(loaded.problems.map(render).join("\n"));
		return loaded.scenario;
	};
	const ids = (...lines: number[]) =>
		casesAt(scenario(), lines).cases.map(({ id }) => id.slice("a.one".length));

	it("by the line of a row or of a value, else all", () => {
		expect(ids()).toHaveLength(5);
		expect(ids(11)).toEqual(["[pages=9,die=never]"]);
		expect(ids(8)).toEqual(["[pages=2,die=early]", "[pages=2,die=late]"]);
		expect(ids(9)).toHaveLength(5);
		expect(ids(13)).toHaveLength(5);
		expect(casesAt(scenario(), [99]).errors[0]?.message).toBe(
			"scenarios/a/one.yaml:99: the file has 14 lines",
		);
	});

	it("by pattern, id, requirement and tag", () => {
		const all = scenario().cases;
		const grep = (pattern: string) => {
			const read = readGrep(pattern);
			if (!(read instanceof RegExp)) throw new Error(read.message);
			return read;
		};
		const count = (filter: Parameters<typeof admits>[0]) =>
			all.filter((one) => admits(filter, one)).length;
		expect(count({})).toBe(5);
		expect(count({ grep: [grep("PAGES=2")] })).toBe(2);
		expect(count({ grepInvert: [grep("pages=2")] })).toBe(3);
		expect(count({ ids: ["a.one[pages=1,die=late]"] })).toBe(1);
		expect(count({ ids: ["a.one"] })).toBe(5);
		expect(count({ spec: ["x.y"] })).toBe(5);
		expect(count({ spec: ["x.z"] })).toBe(0);
		expect(count({ tag: { not: { tag: "smoke" } } })).toBe(0);
		expect(readGrep("(")).toHaveProperty("message");
	});
});

describe("tag expressions", () => {
	it.each<[string, string[], boolean]>([
		["smoke", ["smoke"], true],
		["not slow", ["smoke"], true],
		["smoke and slow or race", ["race"], true],
		["smoke and (slow or race)", ["race"], false],
		["not (smoke or slow) and race", ["race"], true],
	])("%s", (expression, tags, wanted) => {
		const read = readTags(expression);
		if ("message" in read) throw new Error(read.message);
		expect(hasTags(read, tags)).toBe(wanted);
	});

	it.each([
		["smok", "--tag: no tag `smok`"],
		["smoke and", "--tag: the expression ends where a tag is expected"],
		["(smoke", "--tag: a parenthesis is never closed"],
		["smoke slow", "--tag: `and` or `or` is expected, not `slow`"],
		["", "--tag: the expression ends where a tag is expected"],
		["not ".repeat(200), "--tag: the expression is nested too deeply"],
		["(".repeat(1000), "--tag: the expression is nested too deeply"],
	])("%s is refused", (expression, message) =>
		expect(readTags(expression)).toMatchObject({ message }),
	);
});

describe("settings", () => {
	it.each<[string, unknown]>([
		["world.guests=2", { guests: 2 }],
		["world.display.width=640", { "display.width": 640 }],
		["world.pages.be=100", { pages: { be: 100 } }],
		["world.balloon.credit.fe=0", { "balloon.credit": { fe: 0 } }],
		[
			"world.connectors=[640x480]",
			{ connectors: [{ width: 640, height: 480 }] },
		],
		['world.versions="2"', { versions: "2" }],
	])("%s", (setting, wanted) => expect(readSetting(setting)).toEqual(wanted));

	it.each([
		["guests=2", "--set:1:1: needs world.KEY=VALUE"],
		["world.guest=2", "--set:1:7: no world key `guest`"],
		["world.guests=9", "--set:1:14: 9 is out of range: 1 to 4"],
		["world.guests=[", "--set:1:14: "],
	])("%s is refused", (setting, start) => {
		const read = readSetting(setting);
		expect(Array.isArray(read)).toBe(true);
		if (!Array.isArray(read)) return;
		const [first] = read;
		expect(first === undefined ? "" : render(first)).toContain(start);
		expect(first?.line).toBe(setting);
	});
});

describe("lint", () => {
	it("tells ids that two files share, with both places", () => {
		const { files } = selectFiles(["scenarios", "other"], folder);
		const { problems, scenarios } = lint(files);
		expect(scenarios).toHaveLength(3);
		expect(problems.map(render)).toEqual([
			"scenarios/b/two.yaml:1:5: the id `b.two` is taken\n  1 | id: b.two\n    |     ^^^^^\n  ids are unique over all files\n  first used at other/deep/three.yaml:1:5",
		]);
	});

	it("tells what is odd", () => {
		const path = join(folder, "scenarios/odd.yaml");
		writeFileSync(
			path,
			"id: odd\ntitle: Odd\ncast: { fe: reference, be: reference }\nsteps:\n  - edid.read: {}\n",
		);
		const { problems } = lint(selectFiles([path], folder).files);
		expect(
			problems.map(({ severity, message, place }) => [
				severity,
				place.line,
				message,
			]),
		).toEqual([
			["warning", 1, "the scenario names no requirement"],
			["warning", 1, "the scenario has no tag"],
			[
				"warning",
				1,
				"nobody is a subject: the scenario judges no implementation",
			],
			["warning", 5, "not every implementation can transfer an EDID"],
		]);
	});
});
