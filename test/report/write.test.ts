import {
	existsSync,
	lstatSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FORMAT_NAMES, FORMATS } from "../../src/report/formats/index.ts";
import {
	parseReporter,
	parseReporters,
	writeReports,
	writeWhole,
} from "../../src/report/write.ts";
import { REPORTS } from "./values.ts";

let folder = "";
beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), "xdisp-report-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("--reporter", () => {
	it.each(FORMAT_NAMES)("%s, to stdout and to a file", (format) => {
		expect(parseReporter(format)).toEqual({ ok: true, value: { format } });
		expect(parseReporter(`${format}:-`)).toEqual({
			ok: true,
			value: { format },
		});
		expect(parseReporter(`${format}:out/C:x`)).toEqual({
			ok: true,
			value: { format, file: "out/C:x" },
		});
	});

	it.each([
		["junitt", /there is no reporter `junitt`; did you mean `junit`\? /],
		["", /there is no reporter ``.*pretty, json, junit, junit-ant/],
		["constructor", /there is no reporter `constructor`/],
		["json:", /names no file after the colon/],
	])("%s is a usage error", (text, message) => {
		const parsed = parseReporter(text);
		expect(parsed.ok).toBe(false);
		if (!parsed.ok) expect(parsed.message).toMatch(message);
	});

	it("is pretty on stdout when absent", () => {
		expect(parseReporters([])).toEqual({
			ok: true,
			value: [{ format: "pretty" }],
		});
	});

	it("may be given often", () => {
		expect(parseReporters(["pretty", "json:a", "junit:b"])).toEqual({
			ok: true,
			value: [
				{ format: "pretty" },
				{ format: "json", file: "a" },
				{ format: "junit", file: "b" },
			],
		});
	});

	it.each([
		[
			["pretty", "json"],
			/`--reporter pretty` and `--reporter json` both write to stdout/,
		],
		[["junit", "junit:-"], /both write to stdout/],
		[["json:out/x", "junit:out/../out/./x"], /both write to/],
		[["json:a", "jsn:b"], /there is no reporter `jsn`/],
	])("%s is a usage error", (texts, message) => {
		const parsed = parseReporters(texts);
		expect(parsed.ok).toBe(false);
		if (!parsed.ok) expect(parsed.message).toMatch(message);
	});
});

describe("writeReports", () => {
	it("writes all of them, each with its own options", () => {
		const file = join(folder, "deep/er/report.json");
		const said: string[] = [];
		const problems = writeReports(
			REPORTS.failed,
			[{ format: "pretty" }, { format: "json", file }],
			({ format }) => ({ unicode: format === "pretty" }),
			(text) => said.push(text),
		);
		expect(problems).toEqual([]);
		expect(said).toEqual([FORMATS.pretty(REPORTS.failed, { unicode: true })]);
		expect(readFileSync(file, "utf8")).toBe(FORMATS.json(REPORTS.failed));
		expect(readdirSync(join(folder, "deep/er"))).toEqual(["report.json"]);
	});

	it("writes the others when one cannot be written", () => {
		writeFileSync(join(folder, "plain"), "");
		const bad = join(folder, "plain/report.xml");
		const good = join(folder, "report.json");
		const problems = writeReports(
			REPORTS.passed,
			[
				{ format: "junit", file: bad },
				{ format: "json", file: good },
			],
			() => ({}),
			() => {},
		);
		expect(problems).toHaveLength(1);
		expect(problems[0]?.message).toMatch(
			/^the junit report could not be written to .*: E(NOTDIR|EXIST)/,
		);
		expect(existsSync(good)).toBe(true);
	});

	it("tells of a stdout that is gone", () => {
		const problems = writeReports(
			REPORTS.passed,
			[{ format: "json" }],
			() => ({}),
			() => {
				throw new Error("EPIPE");
			},
		);
		expect(problems[0]?.message).toBe(
			"the json report could not be written to stdout: EPIPE",
		);
	});
});

describe("writeWhole", () => {
	it("replaces", () => {
		const file = join(folder, "a");
		writeWhole(file, "a long text");
		writeWhole(file, "short");
		expect(readFileSync(file, "utf8")).toBe("short");
	});

	it("keeps a symbolic link and replaces its target", () => {
		mkdirSync(join(folder, "real"));
		writeFileSync(join(folder, "real/target"), "old");
		symlinkSync("real/target", join(folder, "link"));
		writeWhole(join(folder, "link"), "new");
		expect(lstatSync(join(folder, "link")).isSymbolicLink()).toBe(true);
		expect(readFileSync(join(folder, "real/target"), "utf8")).toBe("new");
		expect(readdirSync(join(folder, "real"))).toEqual(["target"]);
	});

	it("writes into what is no plain file, and does not replace it", () => {
		writeWhole("/dev/null", "text");
		expect(lstatSync("/dev/null").isCharacterDevice()).toBe(true);
	});

	it("minds no leftover of a run that was killed", () => {
		writeFileSync(join(folder, `.a.${process.pid}.tmp`), "half");
		writeWhole(join(folder, "a"), "whole");
		expect(readdirSync(folder)).toEqual(["a"]);
	});

	it("leaves the old text and nothing else when it cannot replace", () => {
		mkdirSync(join(folder, "a"));
		expect(() => writeWhole(join(folder, "a"), "text")).toThrow(/EISDIR/);
		expect(readdirSync(folder)).toEqual(["a"]);
	});
});
