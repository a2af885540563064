/** `lint`: read scenarios without playing them. */
import type { Command } from "commander";
import { RULES } from "../../judge/rules/index.ts";
import type { ExitCode } from "../../report/exit-code.ts";
import { lint } from "../../scenario/lint.ts";
import { render } from "../../scenario/problem.ts";
import { selectFiles } from "../../scenario/select.ts";
import { REQUIREMENTS } from "../../spec/index.ts";
import { collect } from "../arguments.ts";
import { orShipped, type SelectFlags, worldOf } from "../selecting.ts";
import { out } from "../terminal.ts";
import { type Finish, Usage, usageText } from "../usage.ts";

export function addLint(command: Command, finish: Finish): void {
	command
		.command("lint")
		.description("read scenarios without playing them")
		.argument(
			"[paths...]",
			"scenario files, folders or globs; the shipped suite when none is given",
		)
		.option(
			"--set <world.KEY=VALUE>",
			"a size of the world (repeatable)",
			collect,
		)
		.action((paths: string[], flags: SelectFlags) =>
			finish(lintPaths(paths, flags)),
		);
}

function lintPaths(paths: string[], flags: SelectFlags): ExitCode {
	const selected = selectFiles(orShipped(paths), process.cwd());
	if (selected.errors.length > 0)
		throw new Usage(selected.errors.map(usageText).join("\n"));
	const { scenarios, problems } = lint(selected.files, {
		requirements: new Set(REQUIREMENTS.keys()),
		rules: new Set(RULES.map((rule) => rule.id)),
		world: worldOf(flags.set),
	});
	for (const one of problems) out(`${render(one)}\n\n`);
	const errors = problems.filter((one) => one.severity === "error").length;
	const cases = scenarios.reduce((sum, one) => sum + one.cases.length, 0);
	out(
		`${scenarios.length} scenarios, ${cases} cases, ${errors} errors, ${problems.length - errors} warnings\n`,
	);
	if (errors > 0) return 3;
	return scenarios.length === 0 ? 4 : 0;
}
