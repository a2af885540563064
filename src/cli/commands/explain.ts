/** `explain`: what is known of a requirement, a rule or a bug. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { check, loadSelected } from "../../check.ts";
import type { Finding } from "../../judge/finding.ts";
import type { ExitCode } from "../../report/exit-code.ts";
import {
	type Explained,
	explain,
	explainable,
	type WrongEntry,
} from "../../report/explain.ts";
import { failureBlock, WIDTH } from "../../report/formats/pretty.ts";
import { layOut } from "../../report/section.ts";
import { selectFiles } from "../../scenario/select.ts";
import { nearest } from "../../scenario/suggest.ts";
import { REQUIREMENTS } from "../../spec/index.ts";
import { HOME, SHIPPED } from "../place.ts";
import { out } from "../terminal.ts";
import { type Finish, Usage } from "../usage.ts";

export function addExplain(command: Command, finish: Finish): void {
	command
		.command("explain")
		.description(
			"what is known of a requirement, a rule or a bug, with an example failure",
		)
		.argument("<id>", "e.g. displif.reserved-zero, one-reply, B42")
		.option("--no-example", "without playing a wrong implementation")
		.action(async (id: string, flags: { example: boolean }) =>
			finish(await explainId(id, flags.example)),
		);
}

/** What the catalogue says; then a wrong implementation of ours is played until a rule speaks of it. */
async function explainId(id: string, example: boolean): Promise<ExitCode> {
	const { loaded } = loadSelected(
		selectFiles([SHIPPED], process.cwd()).files,
		{},
	);
	const told = explain(id, {
		wrong: JSON.parse(
			readFileSync(join(HOME, "fixtures", "wrong.json"), "utf8"),
		) as WrongEntry[],
		scenarios: loaded.map(({ scenario }) => scenario),
	});
	if (told === undefined)
		throw new Usage(
			`no requirement, rule or bug is called ${JSON.stringify(id)}\n  ${nearestTo(id)}`,
		);
	const { kind, title, sections } = told;
	out(
		`${told.id}, a ${kind}\n\n${layOut([{ label: "says", lines: [title] }, ...sections], "  ", undefined, WIDTH).join("\n")}\n`,
	);
	if (example) out(`\n${await exampleOf(told)}\n`);
	return 0;
}

function nearestTo(id: string): string {
	const near = nearest(id, explainable());
	return near === undefined
		? "list --requirements and list --rules name them all; bugs are B01 and following"
		: `did you mean \`${near}\`?`;
}

/** Wrong implementations that are played in search of an example. */
const EXAMPLES_TRIED = 4;

/** The report of the first case in which a wrong implementation is caught for what is explained; better one that tells of it first. */
async function exampleOf({ shownBy, names }: Explained): Promise<string> {
	const speaks = ({ rule, requirements }: Finding) =>
		names.rules.includes(rule) &&
		(names.requirement === undefined ||
			requirements.includes(names.requirement));
	let beside: string | undefined;
	for (const { file, takes, shownBy: paths } of shownBy.slice(
		0,
		EXAMPLES_TRIED,
	)) {
		const { report } = await check({
			paths: paths.map((path) => join(HOME, path)),
			cwd: HOME,
			filter: {},
			seed: 0,
			level: "may",
			without: [],
			world: {},
			under: { [takes]: { name: file, path: join(HOME, file) } },
			bail: 1,
			journal: false,
			workerScript: join(HOME, "dist", "worker.mjs"),
			patience: 20_000,
			now: () => Date.now(),
		});
		for (const one of report.files.flatMap(({ cases }) => cases)) {
			if (!one.findings.some(speaks)) continue;
			const text = [
				`  an example, of ${file}`,
				"",
				...failureBlock(one, report, {
					requirement: (id) => REQUIREMENTS.get(id)?.says,
				}),
			].join("\n");
			if (one.findings.slice(0, 1).some(speaks)) return text;
			beside ??= text;
		}
	}
	return beside ?? "  no example: no wrong implementation of ours breaks this";
}
