/** Known failures: the baseline as a user keeps it, by the real command. */
import {
	mkdirSync,
	mkdtempSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { command, ROOT } from "./command.ts";

let folder = "";
const WRONG = join(ROOT, "fixtures/peers/backend-keeps-mapping.ts");
const MAPPED =
	"title: a buffer comes and goes\nsteps:\n  - gem.create: { as: buf, pages: 1 }\n  - gem.close: { of: buf }\n";

beforeAll(() => {
	folder = mkdtempSync(join(tmpdir(), "xdisp-check-baseline-"));
	mkdirSync(join(folder, "scenarios"));
	for (const id of ["one", "two"])
		writeFileSync(
			join(folder, "scenarios", `${id}.yaml`),
			`id: base.${id}\n${MAPPED}`,
		);
});
afterAll(() => rmSync(folder, { recursive: true }));

const run = (...args: string[]) =>
	command(["run", "scenarios", ...args], { cwd: folder });
const withWrong = (...args: string[]) =>
	run("--backend", WRONG, "--baseline", "known.yaml", ...args);
const write = (text: string) => writeFileSync(join(folder, "known.yaml"), text);
const read = () => readFileSync(join(folder, "known.yaml"), "utf8");

/** Every failure of the wrong backend, as --update-baseline writes it. */
function fresh(): string {
	rmSync(join(folder, "known.yaml"), { force: true });
	expect(withWrong("--update-baseline").code).toBe(0);
	return read();
}

describe("--update-baseline", () => {
	it("lists each failing case and rule, and the run is conforming then", () => {
		const text = fresh();
		for (const rule of ["leak-mappings", "destroy-releases"])
			expect(text).toContain(
				`  - case: base.one\n    rule: ${rule}\n    reason: not explained yet\n`,
			);
		const { code, out } = withWrong();
		expect(out).toMatch(/2 cases in 2 files: 2 known failures/);
		expect(code).toBe(0);
	});

	it("keeps what people wrote, and entries of cases that were not played", () => {
		const text = fresh().replace(
			"reason: not explained yet",
			"reason: the last page # told upstream\n    link: https://example.org/7",
		);
		write(text);
		withWrong("--update-baseline", "--id", "base.two");
		expect(read()).toBe(text);
	});

	it("takes out what is no longer true", () => {
		fresh();
		run("--baseline", "known.yaml", "--update-baseline");
		expect(read()).toMatch(/known:\s*\[\]\n$/);
	});

	it("needs a file", () => {
		const { code, err } = run("--update-baseline");
		expect(code).toBe(2);
		expect(err).toContain("--update-baseline needs --baseline FILE");
	});
});

describe("an entry that is no longer true fails the run", () => {
	it("when its case passes", () => {
		fresh();
		const { code, out } = run("--baseline", "known.yaml");
		expect(out).toContain("2 unexpected passes");
		expect(code).toBe(1);
	});

	it("when one of its rules is silent", () => {
		write(
			`${fresh()}  - case: base.one\n    rule: leak-ports\n    reason: x\n`,
		);
		const { code, out } = withWrong();
		expect(out).toContain("leak-ports finds nothing in base.one any more");
		expect(code).toBe(1);
	});

	it("when it has expired, and not before", () => {
		const text = fresh();
		const dated = (day: string) =>
			write(text.replaceAll(/reason: .*/g, `reason: x\n    expires: ${day}`));
		dated("2999-12-31");
		expect(withWrong().code).toBe(0);
		dated("2020-02-29");
		const { code, out } = withWrong();
		expect(out).toContain("expired on 2020-02-29: x");
		expect(code).toBe(1);
	});

	it("when there is no such case in the whole suite, but not in a part of it", () => {
		write(
			`${fresh()}  - case: base.three\n    rule: leak-ports\n    reason: x\n`,
		);
		const { code, out } = withWrong();
		expect(out).toContain("there is no case base.three");
		expect(out).toContain("known.yaml:");
		expect(code).toBe(1);
		expect(withWrong("--id", "base.one").code).toBe(0);
	});
});

describe("an entry for many cases", () => {
	const forms = (...entries: string[]) =>
		write(`known:\n${entries.map((one) => `  - { ${one} }\n`).join("")}`);
	const MANY = [
		"case: base.*, rule: leak-mappings, message: '* mapping* never given back*', reason: the last page",
		"case: '*', rule: destroy-releases, reason: the last page",
		"case: '*', rule: closed-is-empty, reason: the last page",
	];

	it("lists what its form fits, whatever the case", () => {
		forms(...MANY);
		const { code, out } = withWrong();
		expect(out).toMatch(/2 cases in 2 files: 2 known failures/);
		expect(code).toBe(0);
	});

	it("lists nothing that says something else, or of another case", () => {
		for (const [form, other] of [
			["* mapping* never given back*", "* page* never given back*"],
			["base.*", "base.o*"],
		] as const) {
			forms(...MANY.map((one) => one.replace(form, other)));
			const { code, out } = withWrong();
			const failed = out.match(/FAIL {2}scenarios\/\w+\.yaml:1/g);
			expect(failed).toHaveLength(form === "base.*" ? 1 : 2);
			expect(code).toBe(1);
		}
	});

	it("is an unexpected pass when the whole suite has nothing like it, but not a part of it", () => {
		forms(...MANY, "case: '*', rule: leak-ports, reason: x");
		const { code, out } = withWrong();
		expect(out).toContain("leak-ports finds nothing like it any more");
		expect(out).toContain("1 unexpected pass");
		expect(code).toBe(1);
		expect(withWrong("--id", "base.one").code).toBe(0);
	});

	it("expires once", () => {
		forms(...MANY.map((one) => `${one}, expires: 2020-02-29`));
		const { code, out } = withWrong();
		expect(out.match(/expired on 2020-02-29/g)?.length).toBeGreaterThan(0);
		expect(code).toBe(1);
	});

	it("stays when the baseline is written anew, as long as it is true", () => {
		forms(...MANY, "case: '*', rule: leak-ports, reason: x");
		withWrong("--update-baseline");
		expect(read()).not.toContain("leak-ports");
		expect(read()).not.toContain("not explained yet");
		expect(read()).toContain("* mapping* never given back*");
		expect(withWrong().code).toBe(0);
	});
});

it("a failure that is not listed fails its case", () => {
	write("known:\n  - { case: base.one, rule: leak-mappings, reason: x }\n");
	const { code, out } = withWrong();
	expect(out).toContain("2 failed");
	expect(code).toBe(1);
});

it("a known failure says its reason and link in JUnit", () => {
	write(
		fresh().replaceAll(
			"reason: not explained yet",
			"reason: the last page\n    link: https://example.org/7",
		),
	);
	expect(withWrong("--junit", "report.xml").code).toBe(0);
	const xml = readFileSync(join(folder, "report.xml"), "utf8");
	expect(xml).toMatch(/<skipped message="known failure[^"]*the last page/);
});

it.each([
	["known: 7\n", "a baseline is a map with one list"],
	["knwon: []\n", "a baseline is a map with one list"],
	["known: []\nknwon: 1\n", "did you mean `known`"],
	["known:\n  - { case: a, rule: leak-ports }\n", "lacks `reason`"],
	[
		"known:\n  - { case: a, rule: leak-prots, reason: x }\n",
		"there is no rule leak-prots",
	],
	[
		"known:\n  - { case: a, rule: leak-ports, reason: x, expires: 2026-13-01 }\n",
		"no day of the calendar",
	],
	[
		"known:\n  - { case: a, rule: leak-ports, reason: x }\n  - { case: a, rule: leak-ports, reason: y }\n",
		"is there twice",
	],
])("%j is a usage error with its place", (text, message) => {
	write(text);
	const { code, err } = withWrong();
	expect(err).toContain(message);
	expect(err).toMatch(/known\.yaml:\d+:\d+/);
	expect(code).toBe(2);
});
