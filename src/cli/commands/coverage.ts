/** `coverage`: what a run reached. */
import type { Command } from "commander";
import { coverageOf } from "../../report/coverage.ts";
import { coverageJson, coverageText } from "../../report/coverage-text.ts";
import { type ExitCode, exitCode } from "../../report/exit-code.ts";
import { writeWhole } from "../../report/write.ts";
import { REQUIREMENTS } from "../../spec/index.ts";
import { type PlayFlags, play, playing } from "../playing.ts";
import { out } from "../terminal.ts";
import type { Finish } from "../usage.ts";

export function addCoverage(command: Command, finish: Finish): void {
	playing(
		command
			.command("coverage")
			.description(
				"play scenarios and say what they reached: requirements, operations, bus states, status codes",
			),
	)
		.option(
			"--json [file]",
			"the same for machines, to a file or to standard output instead",
		)
		.option(
			"--complete",
			"exit code 1 also when something was not reached and has no reason",
		)
		.option("-v, --verbose", "every requirement, those that were met too")
		.option("-q, --quiet", "no sign of life while it plays")
		.action(async (paths: string[], flags: CoverageFlags) =>
			finish(await coverage(paths, flags)),
		);
}

interface CoverageFlags extends PlayFlags {
	json?: string | true;
	complete?: boolean;
	verbose?: boolean;
}

/** What was reached stands above how the run itself ended: a broken promise is exit code 1 here too. */
async function coverage(
	paths: string[],
	flags: CoverageFlags,
): Promise<ExitCode> {
	const { report } = await play(paths, flags, { coverage: true });
	const reached = coverageOf(report);
	const json = coverageJson(report, reached);
	if (typeof flags.json === "string") writeWhole(flags.json, json);
	out(
		flags.json === true
			? json
			: coverageText(report, reached, {
					verbose: flags.verbose === true,
					requirement: (id) => REQUIREMENTS.get(id)?.says,
				}),
	);
	const code = exitCode(report);
	return code === 0 && flags.complete === true && reached.missing.length > 0
		? 1
		: code;
}
