/** What is played and how: the options of commands that play cases, and the play itself. */

import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Command, Option } from "commander";
import { LINUX, linuxModule } from "../attach/linux/module.ts";
import { parsePicks } from "../base/choices.ts";
import {
	type Checked,
	type CheckOptions,
	check,
	type Under,
} from "../check.ts";
import type { Level } from "../judge/finding.ts";
import { readAbility } from "../scenario/abilities.ts";
import { VERSION } from "../version.ts";
import { collect, whole } from "./arguments.ts";
import { logCase, openLog } from "./log.ts";
import { HOME } from "./place.ts";
import {
	filterOf,
	orShipped,
	type SelectFlags,
	selecting,
	worldOf,
} from "./selecting.ts";
import { err, heartbeat } from "./terminal.ts";
import { NotBuilt, Usage, usageText } from "./usage.ts";

export interface PlayFlags extends SelectFlags {
	seed: number;
	level: Level;
	without?: string[];
	frontend?: string;
	backend?: string;
	world?: string;
	timeout: number;
	log?: string;
	quiet?: boolean;
}

export const playing = (made: Command): Command =>
	selecting(made)
		.option(
			"--seed <n>",
			"0 plays the plain story; any other number draws the order of turns",
			whole(0, 0xffff_ffff),
			0,
		)
		.addOption(
			new Option("--level <level>", "which promises fail a case")
				.choices(["must", "should", "may"])
				.default("must"),
		)
		.option(
			"--without <ability>",
			"an ability the implementation lacks, e.g. edid (repeatable, or joined by commas)",
			collect,
		)
		.option(
			"--frontend <module>",
			"the frontend under test: .js, .mjs or .ts; or linux:TREE, the driver of a kernel tree (linux:debian: of the linux-source package)",
		)
		.option("--backend <module>", "the backend under test: .js, .mjs or .ts")
		.option(
			"--world <module>",
			"a hypervisor and XenStore in place of our own, to see what the rules say of a wrong one",
		)
		.option(
			"--log <file>",
			"what is played and how long it takes, one JSON object a line; - is standard error",
		)
		.option(
			"--timeout <ms>",
			"wall-clock time a module may compute without an answer",
			whole(100, 3_600_000),
			20_000,
		);

/** Play what was selected. An interrupt ends it early, and what is known is told. */
export async function play(
	paths: string[],
	flags: PlayFlags,
	more: Partial<CheckOptions>,
): Promise<Checked> {
	let interrupts = 0;
	const onSignal = () => {
		interrupts += 1;
		if (interrupts > 1) process.exit(130);
		err("\ninterrupted: writing what is known; once more ends at once\n");
	};
	process.on("SIGINT", onSignal);
	const progress = heartbeat(flags);
	const log = flags.log === undefined ? undefined : await openLog(flags.log);
	log?.info({ version: VERSION, node: process.version }, "begin");
	const checked = await check({
		paths: orShipped(paths),
		cwd: process.cwd(),
		filter: filterOf(flags),
		seed: flags.seed,
		level: flags.level,
		without: withoutOf(flags),
		world: worldOf(flags.set),
		under: await underOf(flags),
		bail: 0,
		journal: false,
		workerScript: join(HOME, "dist", "worker.mjs"),
		patience: flags.timeout,
		interrupted: () => interrupts > 0,
		onCase(report) {
			progress.tick();
			if (log !== undefined) logCase(log, report);
		},
		now: () => Date.now(),
		...more,
	});
	process.off("SIGINT", onSignal);
	log?.info({ durationMs: checked.report.durationMs }, "end");
	if (checked.usage.length > 0)
		throw new Usage(checked.usage.map(usageText).join("\n"));
	return checked;
}

export async function underOf(flags: PlayFlags): Promise<Under> {
	const { frontend, backend, world } = flags;
	return {
		...(frontend === undefined
			? {}
			: {
					frontend: frontend.startsWith(LINUX)
						? await linux(frontend)
						: moduleAt("frontend", frontend),
				}),
		...(backend === undefined ? {} : { backend: moduleAt("backend", backend) }),
		...(world === undefined ? {} : { world: moduleAt("world", world) }),
	};
}

function moduleAt(role: keyof Under, name: string) {
	const path = resolve(name);
	if (!/\.(js|mjs|ts)$/.test(name))
		throw new Usage(`--${role} ${name}: a module ends in .js, .mjs or .ts`);
	try {
		readFileSync(path);
	} catch {
		throw new Usage(`--${role} ${name}: no such file`);
	}
	return { name, path };
}

async function linux(name: string) {
	const made = await linuxModule(name, join(HOME, "dist", "linux.mjs"));
	if (made.ok) return { name, path: made.path };
	const text = `--frontend ${name}: ${made.message}`;
	throw made.usage ? new Usage(text) : new NotBuilt(text);
}

/** Abilities that the implementation is said to lack. */
export const withoutOf = ({ without = [] }: PlayFlags): string[] =>
	without.flatMap((text) => text.split(",")).map(ability);

function ability(text: string): string {
	const read = readAbility(text);
	if ("wrong" in read)
		throw new Usage(`--without ${text}: ${read.wrong}; ${read.advice}`);
	return read.text;
}

export function picksOf(text: string) {
	const picks = parsePicks(text);
	if ("error" in picks) throw new Usage(`--choices: ${picks.error}`);
	return picks;
}
