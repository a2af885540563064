import { execFileSync } from "node:child_process";
import {
	mkdirSync,
	mkdtempSync,
	readFileSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Source } from "../../src/base/position.ts";
import { decode } from "../../src/scenario/file.ts";
import { LIMITS } from "../../src/scenario/limits.ts";
import { loadFile, loadText } from "../../src/scenario/load.ts";
import { render } from "../../src/scenario/problem.ts";
import { readSetting } from "../../src/scenario/set.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const HEAD = "id: bad.hostile\ntitle: Hostile\n";
const STEPS = "steps:\n  - settle: {}\n";
const MEGA = LIMITS.fileSize;

/** Fills `room` octets with repetitions of a piece. */
const fill = (piece: string, room = MEGA - 200) =>
	piece.repeat(Math.floor(room / piece.length));

/** The first complaint about a text; a text that loads has none. */
function said(text: string): string {
	const loaded = loadText(new Source("hostile.yaml", text), {}, ROOT);
	return loaded.ok ? "" : loaded.problems.map(render).join("\n");
}

describe("texts that are large, deep or repetitive", () => {
	const texts: Record<string, [text: string, message: RegExp]> = {
		"open brackets": [fill("["), /line has/],
		"open brackets on lines": [fill("[\n"), /nested too deeply/],
		"open braces": [`a: ${fill("{", 16_000)}`, /nested too deeply/],
		"open braces on lines": [fill("a: {\n"), /nested too deeply/],
		"closing brackets": [fill("]\n"), /./],
		dashes: [fill("- ", 16_000), /nested too deeply/],
		"dashes on lines": [fill("-\n"), /./],
		"question marks": [fill("? ", 16_000), /nested too deeply/],
		colons: [fill(": ", 16_000), /nested too deeply/],
		"many keys": [
			Array.from({ length: 60_000 }, (_, i) => `k${i}: 1`).join("\n"),
			/more than 50000 values/,
		],
		"the same key": [HEAD + fill("id: x\n"), /more than 50000 values/],
		"the same key, fewer": [HEAD + fill("id: x\n", 60_000), /written twice/],
		"a list of numbers": [fill("- 1\n"), /more than 50000 values/],
		"a long line": [`${HEAD}note: ${fill("x")}`, /characters: the limit is/],
		"a long text": [
			`${HEAD}${STEPS}    note: |\n${fill("     text\n", 20_000)}`,
			/a text of \d+ characters/,
		],
		"many lines of a text": [
			`${HEAD}${STEPS}    note: |\n${fill("     text\n")}`,
			/a text of \d+ characters/,
		],
		"empty lines": [fill("\n"), /./],
		comments: [fill("#\n"), /./],
		quotes: [fill('"\n'), /./],
		"an open quote": [`${HEAD}note: "${fill("x\n")}`, /never closed/],
		"bad escapes": [`${HEAD}note: "${fill("\\x", 16_000)}"`, /escape/],
		"many documents": [fill("---\n"), /./],
		"many anchors": [fill("- &a *a\n"), /./],
		"anchors on one node": [fill("&a ", 16_000), /./],
		"many tags": [fill("- !!foo x\n", 200_000), /tag/],
		tabs: [fill("\ta: b\n"), /./],
		commas: [`[${fill(",\n")}`, /./],
		directives: [fill("%YAML 1.2\n"), /./],
		"a staircase": [
			Array.from({ length: 1000 }, (_, i) => `${" ".repeat(i)}a:`).join("\n"),
			/nested too deeply|exhaust|deep/i,
		],
		"many digits": [`${HEAD}n: ${fill("9", 16_000)}`, /digits in a row/],
		"many digits after a base": [
			`${HEAD}n: 0x${fill("f", 16_000)}`,
			/digits in a row/,
		],
		"many steps": [
			`${HEAD}steps:\n${"  - settle: {}\n".repeat(2000)}`,
			/2000 steps: the limit is 1000/,
		],
		"many cases of many steps": [
			`${HEAD}matrix: { a: [${Array.from({ length: 500 }, (_, i) => i)}] }\nsteps:\n${"  - wait: { ticks: $a }\n".repeat(500)}`,
			/250000 steps: the limit is/,
		],
		"a wide matrix": [
			`${HEAD}matrix: { a: [${Array.from({ length: 900 }, (_, i) => i)}], b: [${Array.from({ length: 900 }, (_, i) => i)}] }\n${STEPS}`,
			/810000 rows/,
		],
		"a wide matrix of pairs": [
			`${HEAD}matrix: { pairwise: true, a: [${Array.from({ length: 40 }, (_, i) => i)}], b: [${Array.from({ length: 40 }, (_, i) => i)}] }\n${STEPS}`,
			/pairs only/,
		],
		"a matrix of very many pairs": [
			`${HEAD}matrix:\n  pairwise: true\n${Array.from({ length: 16 }, (_, n) => `  m${n}: [${Array.from({ length: 31 }, (_, i) => i)}]\n`).join("")}${STEPS}`,
			/115320 pairs of values/,
		],
		"digits, almost too many": [
			`${HEAD}a: |\n${fill(` ${"f".repeat(64)}\n`)}`,
			/./,
		],
		"aliases of aliases": [
			`${HEAD}a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n${Array.from({ length: 20 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array.from({ length: 10 }, () => `*a${i}`).join(", ")}]`).join("\n")}\n`,
			/aliases/,
		],
		"very many aliases": [
			`${HEAD}a: &a 1\nb: [${Array.from({ length: 200 }, () => "*a").join(", ")}]\n`,
			/more than 100 aliases/,
		],
		"a tower of names": [
			`${HEAD}let:\n  n0: 3\n${Array.from({ length: 90 }, (_, i) => `  n${i + 1}: n${i} * n${i}`).join("\n")}\n${STEPS}`,
			/more than 128 binary digits/,
		],
		"many unknown keys": [
			HEAD + Array.from({ length: 5000 }, (_, i) => `key${i}: 1`).join("\n"),
			/unknown key/,
		],
		"a long path of state": [
			`${HEAD}steps:\n  - check: {}\n    state: { "${"fe.".repeat(1000)}x": 1 }\n`,
			/is no path/,
		],
		"a long word": [
			`${HEAD}steps:\n  - ${"gem.create".repeat(90)}: {}\n`,
			/no verb/,
		],
	};

	it.each(Object.entries(texts))("%s", (_, [text, message]) => {
		const answer = said(text);
		expect(answer).toMatch(message);
		expect(answer.length).toBeLessThan(40_000);
	});

	it("the largest allowed story loads", () => {
		const rows = Array.from({ length: 1000 }, (_, i) => i + 1);
		const text = `${HEAD}matrix: { a: [${rows}] }\nlet: { b: "min(a * 3, 4096)" }\nsteps:\n${"  - wait: { ticks: $(b + 1) }\n".repeat(20)}`;
		const loaded = loadText(new Source("large.yaml", text), {}, ROOT);
		expect(loaded.ok && loaded.scenario.cases.length).toBe(1000);
	});
});

describe("files that are no scenario", () => {
	let folder = "";
	beforeAll(() => {
		folder = mkdtempSync(join(tmpdir(), "scenarios-"));
		mkdirSync(join(folder, "root/scenarios"), { recursive: true });
		writeFileSync(join(folder, "outside.yaml"), `${HEAD}${STEPS}`);
		writeFileSync(join(folder, "root/scenarios/good.yaml"), `${HEAD}${STEPS}`);
	});
	afterAll(() => rmSync(folder, { recursive: true, force: true }));

	const load = (name: string, content?: string | Uint8Array) => {
		const path = join(folder, "root/scenarios", name);
		if (content !== undefined) writeFileSync(path, content);
		const loaded = loadFile(join(folder, "root"), path);
		return loaded.ok ? "" : loaded.problems.map(render).join("\n");
	};

	it("loads what is right", () => expect(load("good.yaml")).toBe(""));

	it.each<[string, string | Uint8Array, RegExp]>([
		["nul.yaml", new Uint8Array(1000), /U\+0000 at offset 0: it is no text/],
		[
			"elf.yaml",
			new Uint8Array([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0]),
			/no text/,
		],
		[
			"png.yaml",
			new Uint8Array([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]),
			/not UTF-8/,
		],
		["utf16.yaml", new Uint8Array([0xff, 0xfe, 0x69, 0, 0x64, 0]), /not UTF-8/],
		[
			"latin1.yaml",
			new Uint8Array([0x69, 0x64, 0x3a, 0x20, 0xe9]),
			/not UTF-8/,
		],
		[
			"large.yaml",
			new Uint8Array(MEGA + 1).fill(0x20),
			/more than 1048576 octets/,
		],
	])("%s", (name, content, message) => {
		const answer = load(name, content);
		expect(answer).toMatch(message);
		expect(answer.startsWith(`scenarios/${name}:1:1: `)).toBe(true);
		expect(answer).not.toContain(folder);
	});

	it("refuses a folder, a missing file and a pipe", () => {
		mkdirSync(join(folder, "root/scenarios/folder.yaml"));
		expect(load("folder.yaml")).toMatch(/no regular file/);
		expect(load("absent.yaml")).toMatch(/no such file/);
		execFileSync("mkfifo", [join(folder, "root/scenarios/pipe.yaml")]);
		expect(load("pipe.yaml")).toMatch(/no regular file/);
	});

	it("refuses links that lead out of the root, of files and of folders", () => {
		symlinkSync(
			join(folder, "outside.yaml"),
			join(folder, "root/scenarios/link.yaml"),
		);
		expect(load("link.yaml")).toMatch(/symbolic link/);
		symlinkSync(folder, join(folder, "root/scenarios/way"));
		expect(
			load("uses.yaml", `${HEAD}use: ./way/outside.yaml\n${STEPS}`),
		).toMatch(/symbolic link/);
		symlinkSync("loop.yaml", join(folder, "root/scenarios/loop.yaml"));
		expect(load("loop.yaml")).toMatch(/cannot be read: ELOOP/);
	});

	it("refuses a chain of fixtures that is too long", () => {
		for (let i = 0; i < 12; i++)
			writeFileSync(
				join(folder, `root/scenarios/f${i}.part`),
				`use: ./f${i + 1}.yaml\n`,
			);
		for (let i = 0; i < 12; i++)
			writeFileSync(
				join(folder, `root/scenarios/f${i}.yaml`),
				`use: ./f${i + 1}.yaml\n`,
			);
		expect(load("long.yaml", `${HEAD}use: ./f0.yaml\n${STEPS}`)).toMatch(
			/fixture files use one another/,
		);
	});
});

describe("any octets", () => {
	/** Loads octets as a scenario: there is an answer, it can be shown, and nothing has been polluted. */
	const answers = (bytes: Uint8Array): void => {
		const source = decode("any.yaml", bytes);
		if (!("text" in source)) {
			expect(render(source)).toMatch(/^any\.yaml:1:1: /);
			return;
		}
		const loaded = loadText(source, {}, ROOT);
		if (loaded.ok) expect(loaded.scenario.cases.length).toBeGreaterThan(0);
		else {
			expect(loaded.problems.length).toBeGreaterThan(0);
			for (const problem of loaded.problems)
				expect(render(problem)).toMatch(/^\S.*:\d+:\d+: ./);
		}
		expect(({} as Record<string, unknown>).polluted).toBeUndefined();
	};

	it("random octets", () => {
		fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), answers), {
			numRuns: 300,
		});
	});

	it("random words of the language", () => {
		const words = fc.constantFrom(
			..."id: title: steps: matrix: let: use: cast: world: finally: - [ ] { } , : # | > & * ! ' \" $ $( ) + / % 1 0x10 -1 1.5 true null gem.create wire.send check state delta replies sends as of pages buf fe be scripted ok error -EINVAL __proto__ constructor toString <<"
				.split(" ")
				.concat([
					"\n",
					"\n  ",
					"\n    ",
					" ",
					"\t",
					`$${"{x}"}`,
					"$a.b",
					"$(a",
				]),
		);
		fc.assert(
			fc.property(fc.array(words, { maxLength: 60 }), (list) =>
				answers(new TextEncoder().encode(list.join(" "))),
			),
			{ numRuns: 500 },
		);
	});

	const samples = [
		"scenarios/buffers/fe-alloc.yaml",
		"scenarios/buffers/cookie-in-use.yaml",
		"scenarios/death/destroyed.yaml",
		"scenarios/balloon/take-fails.yaml",
	].map((file) => readFileSync(join(ROOT, file)));

	it("scenarios with octets changed, cut out and moved", () => {
		const edit = fc.record({
			at: fc.nat(3000),
			cut: fc.nat(30),
			put: fc.oneof(
				fc.uint8Array({ maxLength: 4 }),
				fc
					.constantFrom(
						"{",
						"}",
						"[",
						"]",
						": ",
						"- ",
						"$(",
						")",
						"\n",
						'"',
						"&a ",
						"*a",
						"0",
						"-",
					)
					.map((text) => new TextEncoder().encode(text)),
			),
		});
		fc.assert(
			fc.property(
				fc.constantFrom(...samples),
				fc.array(edit, { minLength: 1, maxLength: 6 }),
				(sample, edits) => {
					let bytes = [...sample];
					for (const { at, cut, put } of edits) {
						const here = at % (bytes.length + 1);
						bytes = [
							...bytes.slice(0, here),
							...put,
							...bytes.slice(here + cut),
						];
					}
					answers(new Uint8Array(bytes));
				},
			),
			{ numRuns: 600 },
		);
	});

	it("settings of the command line", () => {
		fc.assert(
			fc.property(
				fc.oneof(
					fc.string(),
					fc.string().map((text) => `world.connectors=${text}`),
					fc.string().map((text) => `world.${text}=1`),
				),
				(text) => {
					const read = readSetting(text);
					if (Array.isArray(read)) for (const problem of read) render(problem);
				},
			),
			{ numRuns: 500 },
		);
	});
});
