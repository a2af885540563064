/** Where the report of a run goes, and against which baseline it is read. */

import { existsSync } from "node:fs";
import { Chalk } from "chalk";
import type { KnownForm } from "../explore/known.ts";
import { RULES } from "../judge/rules/index.ts";
import { applyBaseline } from "../report/baseline/apply.ts";
import { type Baseline, readBaseline } from "../report/baseline/read.ts";
import { updateBaseline } from "../report/baseline/update.ts";
import type { FormatOptions } from "../report/formats/format.ts";
import type { Report } from "../report/report.ts";
import { parseReporters, type Reporter, writeWhole } from "../report/write.ts";
import { render } from "../scenario/problem.ts";
import { REQUIREMENTS } from "../spec/index.ts";
import { wantsColour } from "./terminal.ts";
import { Usage } from "./usage.ts";

/** The options that say how a report is told. */
export interface ReportFlags {
	junit?: string;
	reporter?: string[];
	baseline?: string;
	updateBaseline?: boolean;
	exitZero?: boolean;
	passWithNoScenarios?: boolean;
	verbose?: boolean;
	color?: boolean;
}

/** How a run's report is read against the baseline that was named; without one it stays as it is. */
export function baselineOf({
	baseline: path,
	updateBaseline: update = false,
}: ReportFlags): (report: Report, whole: boolean) => Report {
	if (path === undefined) {
		if (update) throw new Usage("--update-baseline needs --baseline FILE");
		return (report) => report;
	}
	const readIt = () => baselineAt(path);
	// What is wrong with it is told before the suite runs, not after.
	const before = update && !existsSync(path) ? undefined : readIt();
	return (report, whole) => {
		if (update)
			writeWhole(path, updateBaseline(report, before?.source.text, whole));
		const today = new Date().toISOString().slice(0, 10);
		return applyBaseline(report, readIt(), { today, whole });
	};
}

function baselineAt(path: string): Baseline {
	const read = readBaseline(path, new Set(RULES.map((rule) => rule.id)));
	if (Array.isArray(read)) throw new Usage(read.map(render).join("\n"));
	return read;
}

/** The failures that are known while cases are explored. */
export const knownOf = ({
	baseline,
}: Pick<ReportFlags, "baseline">): readonly KnownForm[] =>
	baseline === undefined
		? []
		: baselineAt(baseline).known.map(({ case: form, rule, message }) => ({
				case: form,
				rule,
				...(message === undefined ? {} : { message }),
			}));

export const exitOptions = (flags: ReportFlags) => ({
	passWithNoScenarios: flags.passWithNoScenarios === true,
	exitZero: flags.exitZero === true,
});

export function formatOptions(
	{ format, file }: Reporter,
	flags: ReportFlags,
): FormatOptions {
	const { LC_ALL, LC_CTYPE, LANG } = process.env;
	const spoken = file === undefined && format === "pretty";
	return {
		...exitOptions(flags),
		requirement: (id) => REQUIREMENTS.get(id)?.says,
		unicode:
			spoken &&
			process.stdout.isTTY === true &&
			/utf-?8/i.test(LC_ALL ?? LC_CTYPE ?? LANG ?? ""),
		verbose: flags.verbose === true,
		...(spoken && wantsColour(flags) ? { ink: new Chalk({ level: 1 }) } : {}),
	};
}

export function reportersOf(flags: ReportFlags): Reporter[] {
	const texts = [
		...(flags.reporter ?? []),
		...(flags.junit === undefined ? [] : [`junit:${flags.junit}`]),
	];
	// People read along unless a reporter speaks on standard output.
	const parsed = parseReporters(
		texts.some((text) => !text.includes(":")) ? texts : ["pretty", ...texts],
	);
	if (!parsed.ok) throw new Usage(parsed.message);
	return parsed.value;
}
