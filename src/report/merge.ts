/** The JSON reports of shards as one report. What a shard could not know, durations and the start, is not in them. */
import { SCHEMA_VERSION } from "./formats/json.ts";
import type { CaseReport, FileReport, Report } from "./report.ts";

/** A report as the JSON format wrote it, or why it is none. */
export function readReport(text: string): Report | { wrong: string } {
	let value: Partial<Report> & { schemaVersion?: unknown };
	try {
		value = JSON.parse(text);
	} catch (error) {
		return { wrong: `it is no JSON: ${(error as Error).message}` };
	}
	if (
		value === null ||
		typeof value !== "object" ||
		!Array.isArray(value.files)
	)
		return { wrong: "it is no report: write one with --reporter json:FILE" };
	if (value.schemaVersion !== SCHEMA_VERSION)
		return {
			wrong: `its schema is of version ${String(value.schemaVersion)}, and this program reads version ${SCHEMA_VERSION}`,
		};
	const { schemaVersion: _, ...report } = value;
	return {
		...(report as Report),
		startedAt: "1970-01-01T00:00:00",
		durationMs: 0,
		files: value.files.map(({ file, cases }: FileReport) => ({
			file,
			cases: cases.map((one) => ({ ...one, durationMs: 0 })),
		})),
	};
}

/** What all shards of one run must have in common. */
const SHARED = [
	"tool",
	"seed",
	"level",
	"manners",
	"implementations",
	"revision",
	"maxWarnings",
] as const satisfies readonly (keyof Report)[];

/** One report of several, or why they are no shards of one run. */
export function mergeReports(
	parts: readonly Report[],
): Report | { wrong: string } {
	const [first] = parts;
	if (first === undefined) return { wrong: "there is nothing to merge" };
	for (const part of parts)
		for (const key of SHARED)
			if (JSON.stringify(part[key]) !== JSON.stringify(first[key]))
				return {
					wrong: `they are no shards of one run: \`${key}\` is ${JSON.stringify(first[key])} in one and ${JSON.stringify(part[key])} in another`,
				};
	const files = new Map<string, Map<string, CaseReport>>();
	for (const part of parts)
		for (const { file, cases } of part.files) {
			const known = files.get(file) ?? new Map<string, CaseReport>();
			files.set(file, known);
			for (const one of cases) {
				if (known.has(one.id))
					return { wrong: `the case ${one.id} was run by two of them` };
				known.set(one.id, one);
			}
		}
	const invalid = new Map(
		parts.flatMap((part) =>
			part.invalid.map((one) => [one.text, one] as const),
		),
	);
	return {
		...first,
		files: [...files]
			.sort(([a], [b]) => (a < b ? -1 : 1))
			.map(([file, cases]) => ({
				file,
				cases: [...cases.values()].sort((a, b) => (a.id < b.id ? -1 : 1)),
			})),
		invalid: [...invalid.values()],
		interrupted: parts.some(({ interrupted }) => interrupted),
		internal: parts.flatMap(({ internal }) => internal),
	};
}
