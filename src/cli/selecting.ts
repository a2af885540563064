/** Which cases: the options that every command shares which reads scenarios. */
import type { Command } from "commander";
import { loadSelected } from "../check.ts";
import { render } from "../scenario/problem.ts";
import {
	admits,
	casesAt,
	type Filter,
	readGrep,
	readTags,
	selectFiles,
} from "../scenario/select.ts";
import { readSetting } from "../scenario/set.ts";
import type { WorldPart } from "../scenario/world-keys.ts";
import { REQUIREMENTS } from "../spec/index.ts";
import { collect } from "./arguments.ts";
import { SHIPPED } from "./place.ts";
import { Usage, usageText } from "./usage.ts";

export interface SelectFlags {
	grep?: string[];
	grepInvert?: string[];
	tag?: string;
	id?: string[];
	spec?: string[];
	set?: string[];
}

export const selecting = (made: Command): Command =>
	made
		.argument(
			"[paths...]",
			"scenario files, folders, globs, or file:line; the shipped suite when none is given",
		)
		.option(
			"-g, --grep <pattern>",
			"only cases whose id or title matches (repeatable)",
			collect,
		)
		.option(
			"--grep-invert <pattern>",
			"none whose id or title matches (repeatable)",
			collect,
		)
		.option(
			"--tag <expression>",
			'only cases with these tags, e.g. "gem and not slow"',
		)
		.option("--id <id>", "only this scenario or case (repeatable)", collect)
		.option(
			"--spec <id>",
			"only cases that speak of this requirement (repeatable)",
			collect,
		)
		.option(
			"--set <world.KEY=VALUE>",
			"a size of the world, over what scenarios say (repeatable)",
			collect,
		);

/** What was named, or the shipped suite. */
export const orShipped = (paths: readonly string[]): readonly string[] =>
	paths.length > 0 ? paths : [SHIPPED];

export function filterOf(flags: SelectFlags): Filter {
	const expressions = (texts: readonly string[] = []) =>
		texts.map((text) => {
			const read = readGrep(text);
			if (!(read instanceof RegExp)) throw new Usage(usageText(read));
			return read;
		});
	const filter: Filter = {
		grep: expressions(flags.grep),
		grepInvert: expressions(flags.grepInvert),
		ids: flags.id ?? [],
	};
	for (const id of flags.spec ?? [])
		if (!REQUIREMENTS.has(id))
			throw new Usage(
				`--spec ${id}: no such requirement; \`list --requirements\` names them`,
			);
	if (flags.spec !== undefined) filter.spec = flags.spec;
	if (flags.tag !== undefined) {
		const read = readTags(flags.tag);
		if ("message" in read) throw new Usage(usageText(read));
		filter.tag = read;
	}
	return filter;
}

export function worldOf(texts: readonly string[] = []): WorldPart {
	let world: WorldPart = {};
	for (const text of texts) {
		const read = readSetting(text);
		if (Array.isArray(read)) throw new Usage(read.map(render).join("\n"));
		world = { ...world, ...read };
	}
	return world;
}

/** Cases that were selected, in the order of their files. */
export function selectCases(paths: string[], flags: SelectFlags) {
	const { files, errors } = selectFiles(orShipped(paths), process.cwd());
	const { loaded, problems } = loadSelected(files, worldOf(flags.set));
	const filter = filterOf(flags);
	const cases = loaded.flatMap(({ scenario, lines }) => {
		const at = casesAt(scenario, lines);
		errors.push(...at.errors);
		return at.cases.filter((one) => admits(filter, one));
	});
	if (errors.length > 0) throw new Usage(errors.map(usageText).join("\n"));
	return { cases, problems };
}
