/** `merge`: one result of the results of shards. */

import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { readProgress } from "../../explore/campaign.ts";
import {
	campaignCode,
	mergeProgress,
	progressText,
} from "../../explore/tell.ts";
import { type ExitCode, exitCode } from "../../report/exit-code.ts";
import { FORMAT_NAMES } from "../../report/formats/index.ts";
import { mergeReports, readReport } from "../../report/merge.ts";
import { writeReports, writeWhole } from "../../report/write.ts";
import { collect } from "../arguments.ts";
import {
	baselineOf,
	formatOptions,
	type ReportFlags,
	reportersOf,
} from "../reporting.ts";
import { err, out } from "../terminal.ts";
import { type Finish, Usage } from "../usage.ts";

export function addMerge(command: Command, finish: Finish): void {
	command
		.command("merge")
		.description(
			"make one of the results of shards: JSON reports of run, or results of explore",
		)
		.argument("<files...>", "what --reporter json:FILE or --json FILE wrote")
		.option(
			"--reporter <name[:file]>",
			`${FORMAT_NAMES.join(", ")}; without a file to standard output (repeatable)`,
			collect,
		)
		.option("--junit <file>", "write a JUnit report")
		.option("--baseline <file>", "known failures, each with its reason")
		.option("--json <file>", "write the merged result of explore")
		.action((files: string[], flags: MergeFlags) =>
			finish(mergeFiles(files, flags)),
		);
}

interface MergeFlags
	extends Pick<ReportFlags, "reporter" | "junit" | "baseline"> {
	json?: string;
}

/** One result of the results of shards. */
function mergeFiles(files: readonly string[], flags: MergeFlags): ExitCode {
	const texts = files.map((file) => {
		try {
			return { file, text: readFileSync(file, "utf8") };
		} catch (error) {
			throw new Usage(`${file}: ${(error as Error).message}`);
		}
	});
	const campaigns = texts.flatMap(({ text }) => readProgress(text) ?? []);
	if (campaigns.length === texts.length) {
		const merged = mergeProgress(campaigns);
		if (flags.json !== undefined)
			writeWhole(flags.json, `${JSON.stringify(merged)}\n`);
		out(`${progressText(merged)}\n`);
		return campaignCode(merged);
	}
	const reports = texts.map(({ file, text }) => {
		const read = readReport(text);
		if ("wrong" in read) throw new Usage(`${file}: ${read.wrong}`);
		return read;
	});
	const merged = mergeReports(reports);
	if ("wrong" in merged) throw new Usage(merged.wrong);
	const report = baselineOf(flags)(merged, true);
	const problems = writeReports(
		report,
		reportersOf(flags),
		(reporter) => formatOptions(reporter, flags),
		out,
	);
	for (const { message } of problems) err(`xdisp-check: ${message}\n`);
	return problems.length > 0 ? 5 : exitCode(report, {});
}
