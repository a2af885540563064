/** `list`: cases, or what they rest on, one a line. */
import type { Command } from "commander";
import { loadSelected } from "../../check.ts";
import { citesOf } from "../../judge/rule.ts";
import { RULES } from "../../judge/rules/index.ts";
import type { ExitCode } from "../../report/exit-code.ts";
import { render } from "../../scenario/problem.ts";
import {
	admits,
	casesAt,
	type Filter,
	selectFiles,
} from "../../scenario/select.ts";
import { REQUIREMENTS } from "../../spec/index.ts";
import type { Requirement } from "../../spec/requirement.ts";
import {
	filterOf,
	orShipped,
	type SelectFlags,
	selecting,
	worldOf,
} from "../selecting.ts";
import { err, out } from "../terminal.ts";
import { type Finish, Usage, usageText } from "../usage.ts";

export function addList(command: Command, finish: Finish): void {
	selecting(
		command
			.command("list")
			.description("list cases, or what they rest on, one a line"),
	)
		.option("--scenarios", "scenarios instead of cases")
		.option("--requirements", "the requirement catalogue")
		.option("--rules", "the rules")
		.option("--unreferenced", "requirements that no selected scenario names")
		.action((paths: string[], flags: SelectFlags & Record<string, boolean>) =>
			finish(list(paths, flags)),
		);
}

function list(
	paths: string[],
	flags: SelectFlags & Record<string, unknown>,
): ExitCode {
	const filter = filterOf(flags);
	if (flags.rules === true)
		return listPromises(
			RULES.filter(
				(rule) => filter.spec?.some((id) => citesOf(rule).includes(id)) ?? true,
			),
			filter,
		);
	if (flags.requirements === true)
		return listPromises(
			[...REQUIREMENTS.values()].filter(
				({ id }) => filter.spec?.includes(id) ?? true,
			),
			filter,
		);
	const selected = selectFiles(orShipped(paths), process.cwd());
	if (selected.errors.length > 0)
		throw new Usage(selected.errors.map(usageText).join("\n"));
	const { loaded, problems } = loadSelected(selected.files, worldOf(flags.set));
	for (const one of problems) err(`${render(one)}\n`);
	const named = new Set<string>();
	let found = 0;
	for (const { scenario, lines } of loaded) {
		const cases = casesAt(scenario, lines).cases.filter((one) =>
			admits(filter, one),
		);
		for (const one of cases) for (const id of one.spec) named.add(id);
		found += cases.length;
		if (flags.unreferenced === true) continue;
		if (flags.scenarios === true) {
			if (cases.length > 0)
				out(`${scenario.id}\t${scenario.file}\t${scenario.title}\n`);
		} else
			for (const one of cases)
				out(`${one.id}\t${scenario.file}:${one.place.line}\t${one.title}\n`);
	}
	if (flags.unreferenced === true)
		for (const id of REQUIREMENTS.keys()) if (!named.has(id)) out(`${id}\n`);
	if (problems.length > 0) return 3;
	return found === 0 ? 4 : 0;
}

/** Of rules and requirements `--grep` sees the id and what it says. */
function listPromises(
	all: readonly Pick<Requirement, "id" | "level" | "owes" | "says">[],
	{ grep = [], grepInvert = [], ids = [] }: Filter,
): ExitCode {
	const found = all.filter(({ id, says }) => {
		const matches = (one: RegExp) => one.test(`${id} ${says}`);
		return (
			(grep.length === 0 || grep.some(matches)) &&
			!grepInvert.some(matches) &&
			(ids.length === 0 || ids.includes(id))
		);
	});
	for (const { id, level, owes, says } of found)
		out(`${id}\t${level}\t${owes}\t${says}\n`);
	return found.length === 0 ? 4 : 0;
}
