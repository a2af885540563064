import { counts } from "../counts.ts";
import { EXIT_CODES, exitCode } from "../exit-code.ts";
import type { CaseReport, Report } from "../report.ts";

/** Version of this form: it grows when a reader could be misled. */
export const JSON_REPORT_VERSION = 1;

/** For programs: everything but durations, clocks and absolute paths, so that equal runs give equal bytes. */
export function json(report: Report): string {
	const code = exitCode(report);
	const {
		startedAt: _startedAt,
		durationMs: _durationMs,
		files,
		invalid,
		...rest
	} = report;
	const whole = {
		schemaVersion: JSON_REPORT_VERSION,
		...rest,
		exitCode: code,
		meaning: EXIT_CODES[code],
		counts: counts(report),
		files: files.map(({ file, cases }) => ({
			file,
			cases: cases.map(timeless),
		})),
		invalid: invalid.map(({ place, message }) => ({ place, message })),
	};
	return `${JSON.stringify(sortedKeys(whole), null, "\t")}\n`;
}

function timeless(one: CaseReport): unknown {
	const { durationMs: _durationMs, error, ...rest } = one;
	// A stack holds absolute paths.
	return error === undefined
		? rest
		: { ...rest, error: { class: error.class, message: error.message } };
}

function sortedKeys(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(sortedKeys);
	if (typeof value !== "object" || value === null) return value;
	return Object.fromEntries(
		Object.entries(value)
			.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
			.map(([key, inner]) => [key, sortedKeys(inner)]),
	);
}
