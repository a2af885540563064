/** `run`: play scenarios and judge them. */

import { basename, resolve } from "node:path";
import type { Command } from "commander";
import { type ExitCode, exitCode } from "../../report/exit-code.ts";
import { FORMAT_NAMES } from "../../report/formats/index.ts";
import { writeReports, writeWhole } from "../../report/write.ts";
import { collect, shard, whole } from "../arguments.ts";
import { type PlayFlags, picksOf, play, playing } from "../playing.ts";
import {
	baselineOf,
	exitOptions,
	formatOptions,
	type ReportFlags,
	reportersOf,
} from "../reporting.ts";
import { err, out } from "../terminal.ts";
import type { Finish } from "../usage.ts";

export function addRun(command: Command, finish: Finish): void {
	playing(command.command("run").description("play scenarios and judge them"))
		.option(
			"--junit <file>",
			"write a JUnit report; short for --reporter junit:FILE",
		)
		.option(
			"--reporter <name[:file]>",
			`${FORMAT_NAMES.join(", ")}; without a file to standard output (repeatable)`,
			collect,
		)
		.option(
			"--journal <file>",
			"write every call of every case, one JSON object a line",
		)
		.option(
			"--choices <picks>",
			"play these choices again: label:occurrence=value,…",
		)
		.option(
			"--bail [n]",
			"stop after the first n failures",
			whole(1, 1_000_000),
		)
		.option(
			"--max-warnings <n>",
			"more warnings than that are exit code 6",
			whole(0, 1_000_000),
		)
		.option(
			"--shard <i/n>",
			"only this part of n of the cases; `merge` makes one report of the parts",
			shard,
		)
		.option(
			"--baseline <file>",
			"known failures, each with its reason: they do not fail the run, but an entry that is no longer true does",
		)
		.option(
			"--update-baseline",
			"write this run's failures into the baseline, and take out what is no longer true",
		)
		.option("--exit-zero", "exit code 0 also when cases failed")
		.option("--pass-with-no-scenarios", "exit code 0 when nothing was selected")
		.option("-v, --verbose", "a line for every case")
		.option("-q, --quiet", "only the last line")
		.option("--color", "colours, whatever standard output is")
		.option("--no-color", "no colours")
		.action(async (paths: string[], flags: RunFlags) =>
			finish(await run(paths, flags)),
		);
}

interface RunFlags extends PlayFlags, ReportFlags {
	journal?: string;
	choices?: string;
	bail?: number | true;
	maxWarnings?: number;
	/** Which part of how many. */
	shard?: [number, number];
}

async function run(paths: string[], flags: RunFlags): Promise<ExitCode> {
	const reporters = reportersOf(flags);
	const baseline = baselineOf(flags);
	const { report: played, journal } = await play(paths, flags, {
		bail: flags.bail === true ? 1 : (flags.bail ?? 0),
		journal: flags.journal !== undefined,
		...(flags.maxWarnings === undefined
			? {}
			: { maxWarnings: flags.maxWarnings }),
		...(flags.shard === undefined ? {} : { shard: flags.shard }),
		...(flags.choices === undefined ? {} : { picks: picksOf(flags.choices) }),
	});
	const report = baseline(played, isWhole(paths, flags) && !played.interrupted);
	const problems = writeReports(
		report,
		reporters,
		(reporter) => formatOptions(reporter, flags),
		(text) =>
			out(
				flags.quiet === true ? `${text.trimEnd().split("\n").at(-1)}\n` : text,
			),
	);
	for (const { message } of problems) err(`xdisp-check: ${message}\n`);
	if (flags.journal !== undefined)
		writeWhole(flags.journal, journal.map((line) => `${line}\n`).join(""));
	return problems.length > 0 ? 5 : exitCode(report, exitOptions(flags));
}

/** Nothing was left out: every case of the suite was selected. */
function isWhole(paths: readonly string[], flags: RunFlags): boolean {
	const { grep, grepInvert, tag, id, spec, bail, shard } = flags;
	return (
		[grep, grepInvert, tag, id, spec, bail, shard].every(
			(f) => f === undefined,
		) && paths.every((path) => basename(resolve(path)) === "scenarios")
	);
}
