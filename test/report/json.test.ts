import { describe, expect, it } from "vitest";
import { FORMATS } from "../../src/report/formats/index.ts";
import type { Report } from "../../src/report/report.ts";
import { REPORT_NAMES, REPORTS } from "./values.ts";

/** The same value with the keys of every object the other way round. */
function turned<T>(value: T): T {
	if (Array.isArray(value)) return value.map(turned) as T;
	if (typeof value !== "object" || value === null) return value;
	return Object.fromEntries(
		Object.entries(value)
			.reverse()
			.map(([key, inside]) => [key, turned(inside)]),
	) as T;
}

/** The same results, at another hour on a slower machine. */
const later = (report: Report): Report => ({
	...report,
	startedAt: "2031-01-01T00:00:00",
	durationMs: 99,
	files: report.files.map(({ file, cases }) => ({
		file,
		cases: cases.map((one) => ({ ...one, durationMs: 77 })),
	})),
});

/** The same text, of a tool and an implementation that stand elsewhere. */
const elsewhere = (report: Report): Report =>
	JSON.parse(
		JSON.stringify(report).replaceAll("/home/me/", "/opt/ci/build 7/"),
	);

describe.each(REPORT_NAMES)("the JSON report of %s", (name) => {
	const report = REPORTS[name];
	const text = FORMATS.json(report);

	it("has the same bytes whatever the order of keys, the hour, the machine", () => {
		expect(FORMATS.json(turned(report))).toBe(text);
		expect(FORMATS.json(later(report))).toBe(text);
	});

	it("holds no durations and no absolute paths", () => {
		expect(text).not.toMatch(/duration|startedAt/);
		expect(text).not.toMatch(/\/home\/|file:\/\//);
	});

	it("holds every case and finding, and the exit code", () => {
		const value = JSON.parse(text);
		expect(value.schemaVersion).toBe(1);
		expect(value.exit.code).toBeTypeOf("number");
		expect(value.exit.meaning).not.toBe("");
		const ids = (files: Report["files"]) =>
			files.map(({ cases }) =>
				cases.map(({ id, outcome, findings }) => [
					id,
					outcome,
					findings.length,
				]),
			);
		expect(ids(value.files)).toEqual(ids(report.files));
	});
});

it("the JSON report does not tell where the tool stands", () => {
	for (const name of [
		"error-load",
		"error-internal",
		"internal-error",
	] as const)
		expect(FORMATS.json(elsewhere(REPORTS[name]))).not.toContain("/opt/ci");
});
