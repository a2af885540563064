/** The command line: argv to a command of src/cli/commands, and the exit code. With src/cli the only place that touches the process. */

import { Command, CommanderError } from "commander";
import { COMMANDS } from "./cli/commands/index.ts";
import { err } from "./cli/terminal.ts";
import { type Finish, NotBuilt, Usage } from "./cli/usage.ts";
import { NoState } from "./explore/campaign.ts";
import { Unusable } from "./explore/crew/crew.ts";
import { type ExitCode, exitCodeTable } from "./report/exit-code.ts";
import { VERSION } from "./version.ts";

function program(finish: Finish): Command {
	const command = new Command("xdisp-check")
		.description(
			"Conformance tester for the Xen para-virtual display protocol (displif)",
		)
		.version(VERSION)
		.showSuggestionAfterError()
		.exitOverride()
		.addHelpText(
			"after",
			`
Exit codes:
${exitCodeTable()}`,
		);
	for (const add of COMMANDS) add(command, finish);
	return command;
}

/** Run the command. The exit code is set, not forced, so that output is written whole. */
export async function main(argv: readonly string[]): Promise<void> {
	const finish = (code: ExitCode) => {
		process.exitCode = code;
	};
	try {
		await program(finish).parseAsync([...argv], { from: "user" });
	} catch (error) {
		if (error instanceof CommanderError) finish(error.exitCode === 0 ? 0 : 2);
		else if (
			error instanceof Usage ||
			error instanceof NoState ||
			error instanceof NotBuilt
		) {
			err(`xdisp-check: ${error.message}\n`);
			finish(error instanceof NotBuilt ? 5 : 2);
		} else if (error instanceof Unusable) {
			err(
				`xdisp-check: the implementation could not be loaded: ${error.message}\n`,
			);
			finish(5);
		} else {
			err(
				`xdisp-check: internal error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
			);
			finish(5);
		}
	}
}

process.on("uncaughtException", (error) => {
	err(`xdisp-check: internal error: ${error.stack ?? error.message}\n`);
	process.exit(5);
});
void main(process.argv.slice(2));
