/** The command line: argv to options, reports to their places, the exit code. The only file that touches the process. */
import { existsSync, readFileSync, writeSync } from "node:fs";
import { availableParallelism } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import {
	clearLine,
	clearScreenDown,
	cursorTo,
	emitKeypressEvents,
} from "node:readline";
import { fileURLToPath } from "node:url";
import { Chalk } from "chalk";
import {
	Command,
	CommanderError,
	InvalidArgumentError,
	Option,
} from "commander";
import { LINUX, linuxModule } from "./attach/linux/module.ts";
import { parsePicks } from "./base/choices.ts";
import {
	type Checked,
	type CheckOptions,
	check,
	exploreSetup,
	loadSelected,
	type Under,
} from "./check.ts";
import {
	campaign,
	NoState,
	type Progress,
	readProgress,
} from "./explore/campaign.ts";
import { Unusable } from "./explore/crew/crew.ts";
import {
	ALL_FAULTS,
	type CaseExplored,
	explore,
	ORDER_WAYS,
	type OrderWay,
} from "./explore/explore.ts";
import type { Setup } from "./explore/once.ts";
import { shrink } from "./explore/shrink.ts";
import { mergeProgress, progressLine, progressText } from "./explore/tell.ts";
import { exploreCode, exploreJson, exploreText } from "./explore/told.ts";
import { momentText, type Walk, walk, walkKey } from "./explore/walk.ts";
import type { Finding, Level } from "./judge/finding.ts";
import { citesOf } from "./judge/rule.ts";
import { RULES } from "./judge/rules/index.ts";
import { applyBaseline } from "./report/baseline/apply.ts";
import { type Baseline, readBaseline } from "./report/baseline/read.ts";
import { updateBaseline } from "./report/baseline/update.ts";
import { coverageOf } from "./report/coverage.ts";
import { coverageJson, coverageText } from "./report/coverage-text.ts";
import { type ExitCode, exitCode, exitCodeTable } from "./report/exit-code.ts";
import {
	type Explained,
	explain,
	explainable,
	type WrongEntry,
} from "./report/explain.ts";
import type { FormatOptions } from "./report/formats/format.ts";
import { FORMAT_NAMES } from "./report/formats/index.ts";
import { failureBlock, WIDTH } from "./report/formats/pretty.ts";
import { mergeReports, readReport } from "./report/merge.ts";
import type { Report } from "./report/report.ts";
import { layOut } from "./report/section.ts";
import {
	parseReporters,
	type Reporter,
	writeReports,
	writeWhole,
} from "./report/write.ts";
import { readAbility } from "./scenario/abilities.ts";
import { lint } from "./scenario/lint.ts";
import { render } from "./scenario/problem.ts";
import { scenarioSchema } from "./scenario/schema.ts";
import {
	admits,
	casesAt,
	type Filter,
	readGrep,
	readTags,
	selectFiles,
	type UsageError,
} from "./scenario/select.ts";
import { readSetting } from "./scenario/set.ts";
import { nearest } from "./scenario/suggest.ts";
import type { WorldPart } from "./scenario/world-keys.ts";
import { REQUIREMENTS } from "./spec/index.ts";
import type { Requirement } from "./spec/requirement.ts";
import { VERSION } from "./version.ts";

/** Something on the command line is wrong: exit code 2. */
class Usage extends Error {}
/** The implementation could not be made ready for the run: exit code 5. */
class NotBuilt extends Error {}

/** The folder of the package: the shipped suite and the worker lie in it. */
const HOME = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const SHIPPED = join(HOME, "scenarios");

interface SelectFlags {
	grep?: string[];
	grepInvert?: string[];
	tag?: string;
	id?: string[];
	spec?: string[];
	set?: string[];
}

interface PlayFlags extends SelectFlags {
	seed: number;
	level: Level;
	without?: string[];
	frontend?: string;
	backend?: string;
	world?: string;
	timeout: number;
	quiet?: boolean;
}

interface ExploreFlags extends PlayFlags {
	faults?: string;
	pairs: number;
	orders?: OrderWay | "none";
	preemptions: number;
	depth: number;
	whole?: boolean;
	runs?: number;
	for?: number;
	json?: string | true;
	generate?: number;
	drawn?: number;
	jobs?: number;
	state?: string;
	corpus?: string;
	/** Which part of how many. */
	shard?: [number, number];
	out?: string;
}

interface RunFlags extends PlayFlags {
	junit?: string;
	reporter?: string[];
	journal?: string;
	choices?: string;
	bail?: number | true;
	maxWarnings?: number;
	/** Which part of how many. */
	shard?: [number, number];
	baseline?: string;
	updateBaseline?: boolean;
	exitZero?: boolean;
	passWithNoScenarios?: boolean;
	verbose?: boolean;
	color?: boolean;
}

interface CoverageFlags extends PlayFlags {
	json?: string | true;
	complete?: boolean;
	verbose?: boolean;
}

interface ReplayFlags extends SelectFlags {
	step?: boolean;
	to?: number;
	seed: number;
	choices?: string;
	frontend?: string;
	backend?: string;
}

interface MergeFlags {
	reporter?: string[];
	junit?: string;
	baseline?: string;
	json?: string;
}

const out = (text: string): void => {
	// A pipe may be full: synchronous writes keep large reports whole.
	let rest = Buffer.from(text);
	while (rest.length > 0) {
		try {
			rest = rest.subarray(writeSync(1, rest));
		} catch (error) {
			const { code } = error as { code?: string };
			if (code === "EPIPE") process.exit(0);
			if (code !== "EAGAIN") throw error;
		}
	}
};
const err = (text: string): void => {
	process.stderr.write(text);
};

const whole = (low: number, high: number) => (text: string) => {
	const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
	if (!(value >= low && value <= high))
		throw new InvalidArgumentError(
			`a whole number from ${low} to ${high} is needed.`,
		);
	return value;
};
const SECONDS = { s: 1, m: 60, h: 3600 } as const;
const duration = (text: string) => {
	const [, number, unit] = /^(\d{1,6})(s|m|h)$/.exec(text) ?? [];
	if (number === undefined)
		throw new InvalidArgumentError("a time such as 90s, 10m or 2h is needed.");
	return Number(number) * SECONDS[unit as keyof typeof SECONDS] * 1000;
};
const shard = (text: string): [number, number] => {
	const [, part, parts] = /^(\d{1,4})\/(\d{1,4})$/.exec(text) ?? [];
	const shards: [number, number] = [Number(part), Number(parts)];
	if (!(shards[0] >= 1 && shards[0] <= shards[1]))
		throw new InvalidArgumentError("a part of the whole is needed, e.g. 1/4.");
	return shards;
};
const collect = (text: string, before: string[] = []) => [...before, text];

function program(finish: (code: ExitCode) => void): Command {
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

	const selecting = (made: Command): Command =>
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

	const playing = (made: Command): Command =>
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
				"--timeout <ms>",
				"wall-clock time a module may compute without an answer",
				whole(100, 3_600_000),
				20_000,
			);

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

	playing(
		command
			.command("explore")
			.description(
				"play cases again and again: with every fault at every place, and with the turns in every order that matters",
			),
	)
		.option(
			"--faults <names>",
			`kinds of faults, joined by commas, or all, or none: ${ALL_FAULTS.join(", ")}`,
		)
		.option(
			"--pairs <n>",
			"runs with two faults, for each case, once every place was tried",
			whole(0, 100_000_000),
			100_000_000,
		)
		.addOption(
			new Option(
				"--orders <way>",
				"dpor: all that matter, and what does not finish sampled; all; pct: drawn by priority; random; none",
			).choices([...ORDER_WAYS, "none"]),
		)
		.option(
			"--preemptions <n>",
			"most switches away from a task that could go on, in orders that are not drawn",
			whole(0, 16),
			1,
		)
		.option(
			"--depth <n>",
			"turns that must come in the right order for what pct looks for",
			whole(1, 16),
			3,
		)
		.option(
			"--whole",
			"try orders from the first call to the last; without it while the steps are played",
		)
		.option(
			"--runs <n>",
			"most runs; 1000 when no time is given either",
			whole(1, 1_000_000_000),
		)
		.option("--for <time>", "most time, e.g. 90s, 10m, 2h", duration)
		.option("--json [file]", "the report as JSON")
		.option(
			"--generate <n>",
			"made-up stories, steered by what they reach; this and the options below spread the work over the cores",
			whole(0, 100_000_000),
		)
		.option(
			"--drawn <n>",
			"orders of turns drawn for each case",
			whole(0, 100_000_000),
		)
		.option(
			"--jobs <n>",
			"workers; as many as there are cores when not said",
			whole(1, 256),
		)
		.option(
			"--state <file>",
			"keep what is known here after every job, and go on from it",
		)
		.option(
			"--corpus <folder>",
			"keep stories that reach something new here, and make others from them",
		)
		.option("--shard <i/n>", "only this part of n of the work", shard)
		.option("--out <folder>", "write a scenario file for each finding here")
		.option("-q, --quiet", "only the last line")
		.action(async (paths: string[], flags: ExploreFlags) =>
			finish(
				await (isCampaign(flags)
					? campaignCases(paths, flags)
					: exploreCases(paths, flags)),
			),
		);

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

	selecting(
		command
			.command("replay")
			.description(
				"play one case and show what both sides hold after each call",
			),
	)
		.option("--step", "walk through it in the terminal")
		.option(
			"--to <n>",
			"show this call alone, and where there is no terminal all up to it",
			whole(1, 1_000_000_000),
		)
		.option(
			"--seed <n>",
			"0 plays the plain story; any other number draws the order of turns",
			whole(0, 0xffff_ffff),
			0,
		)
		.option("--choices <picks>", "play these choices")
		.option("--frontend <module>", "the frontend under test: .js, .mjs or .ts")
		.option("--backend <module>", "the backend under test: .js, .mjs or .ts")
		.action(async (paths: string[], flags: ReplayFlags) =>
			finish(await replay(paths, flags)),
		);

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

	command
		.command("schema")
		.description("print the JSON Schema of scenario files")
		.action(() => {
			out(`${JSON.stringify(scenarioSchema(), null, "\t")}\n`);
			finish(0);
		});
	return command;
}

/** Play what was selected. An interrupt ends it early, and what is known is told. */
async function play(
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
	const checked = await check({
		paths: paths.length > 0 ? paths : [SHIPPED],
		cwd: process.cwd(),
		filter: filterOf(flags),
		seed: flags.seed,
		level: flags.level,
		without: (flags.without ?? [])
			.flatMap((text) => text.split(","))
			.map(ability),
		world: worldOf(flags.set),
		under: await underOf(flags),
		bail: 0,
		journal: false,
		workerScript: join(HOME, "dist", "worker.mjs"),
		patience: flags.timeout,
		interrupted: () => interrupts > 0,
		onCase: () => progress.tick(),
		now: () => Date.now(),
		...more,
	});
	process.off("SIGINT", onSignal);
	if (checked.usage.length > 0)
		throw new Usage(checked.usage.map(usageText).join("\n"));
	return checked;
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

async function exploreCases(
	paths: string[],
	flags: ExploreFlags,
): Promise<ExitCode> {
	const { cases: stories, problems } = selectCases(paths, flags);
	for (const one of problems) err(`${render(one)}\n`);
	if (problems.length > 0) return 3;
	let interrupts = 0;
	const onSignal = () => {
		interrupts += 1;
		if (interrupts > 1) process.exit(130);
		err("\ninterrupted: telling what is known; once more ends at once\n");
	};
	process.on("SIGINT", onSignal);
	const under = await underOf(flags);
	const setup = await exploreSetup(under, {
		level: flags.level,
		without: (flags.without ?? [])
			.flatMap((text) => text.split(","))
			.map(ability),
	});
	if (typeof setup === "string") {
		err(`xdisp-check: the implementation could not be loaded: ${setup}\n`);
		return 5;
	}
	const ends = flags.for === undefined ? undefined : Date.now() + flags.for;
	const progress = heartbeat(flags, "runs");
	const explored = await explore(stories, setup, {
		faults: faultsOf(flags),
		pairs: flags.pairs,
		orders: ordersOf(flags),
		preemptions: flags.preemptions,
		depth: flags.depth,
		window: flags.whole === true ? "all" : "steps",
		runs: runsOf(flags),
		seed: flags.seed,
		stopped: () => interrupts > 0 || (ends !== undefined && Date.now() >= ends),
		onRun: () => progress.tick(),
	});
	const told = {
		tool: { name: "xdisp-check" as const, version: VERSION },
		seed: flags.seed,
		implementations: {
			frontend: under.frontend?.name ?? "reference",
			backend: under.backend?.name ?? "reference",
		},
		left: stories.length - explored.length,
		interrupted: interrupts > 0,
		cases: explored,
	};
	if (typeof flags.json === "string") writeWhole(flags.json, exploreJson(told));
	const shrunk = await shrinkAll(explored, setup, () => interrupts > 0);
	process.off("SIGINT", onSignal);
	const text = `${exploreText(told)}${shrunk.map((one) => `\n${one}`).join("")}`;
	out(
		flags.json === true
			? exploreJson(told)
			: flags.quiet === true
				? `${text.trimEnd().split("\n").at(-1)}\n`
				: text,
	);
	return exploreCode(told);
}

/** The smallest story of each signature, as a scenario file. */
async function shrinkAll(
	explored: readonly CaseExplored[],
	setup: Setup,
	stopped: () => boolean,
): Promise<string[]> {
	const files = new Map<string, string>();
	for (const { story, findings } of explored)
		for (const { signature, first } of findings) {
			if (files.has(signature) || stopped()) continue;
			const done = await shrink(story, first.picks, signature, setup, {
				stopped,
			});
			if ("text" in done) files.set(signature, done.text);
		}
	return [...files.values()];
}

/** Kinds of faults as they were named; undefined leaves it to the scenarios. */
function faultsOf(flags: ExploreFlags): readonly string[] | undefined {
	const { faults, orders } = flags;
	// Who names one of the two wants that one.
	if (faults === undefined)
		return orders === undefined || orders === "none" ? undefined : [];
	if (faults === "all") return ALL_FAULTS;
	if (faults === "none") return [];
	const names = faults.split(",").map((name) => name.trim());
	for (const name of names)
		if (!ALL_FAULTS.includes(name))
			throw new Usage(
				`--faults ${name}: no such fault; there are ${ALL_FAULTS.join(", ")}`,
			);
	return names;
}

function ordersOf({ faults, orders }: ExploreFlags): OrderWay | undefined {
	if (orders === undefined) return faults === undefined ? "dpor" : undefined;
	return orders === "none" ? undefined : orders;
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

const runsOf = ({ runs, for: time }: ExploreFlags): number =>
	runs ?? (time === undefined ? 1000 : Number.POSITIVE_INFINITY);

/** Whether the work is spread over workers. */
const isCampaign = ({
	generate,
	drawn,
	jobs,
	state,
	corpus,
	shard,
	out,
}: ExploreFlags): boolean =>
	[generate, drawn, jobs, state, corpus, shard, out].some(
		(flag) => flag !== undefined,
	);

/** Explore what was selected with a campaign of workers. */
async function campaignCases(
	paths: string[],
	flags: ExploreFlags,
): Promise<ExitCode> {
	const { cases, problems } = selectCases(paths, flags);
	for (const one of problems) err(`${render(one)}\n`);
	if (problems.length > 0) return 3;
	const [part, parts] = flags.shard ?? [1, 1];
	const share = (n: number) => Math.ceil(n / parts);
	const mine = cases.filter((_, index) => index % parts === part - 1);
	if (mine.length === 0 && (flags.generate ?? 0) === 0) return 4;
	const under = await underOf(flags);
	let interrupts = 0;
	const onSignal = () => {
		interrupts += 1;
		if (interrupts > 1) process.exit(130);
	};
	process.on("SIGINT", onSignal);
	process.on("SIGTERM", onSignal);
	const line = statusLine(flags.quiet === true);
	const result = await campaign({
		cases: mine,
		faults: faultsOf(flags) ?? ALL_FAULTS,
		orders: flags.drawn ?? 0,
		stories: share(flags.generate ?? 0),
		// No two shards tell the same stories.
		seed: flags.seed + (part - 1) * share(flags.generate ?? 0),
		runs: runsOf(flags),
		time: flags.for ?? Number.POSITIVE_INFINITY,
		workers: flags.jobs ?? availableParallelism(),
		patience: flags.timeout,
		script: join(HOME, "dist", "explorer.mjs"),
		setup: {
			paths: {
				...(under.frontend === undefined
					? {}
					: { frontend: under.frontend.path }),
				...(under.backend === undefined ? {} : { backend: under.backend.path }),
			},
			names: {
				...(under.frontend === undefined
					? {}
					: { frontend: under.frontend.name }),
				...(under.backend === undefined ? {} : { backend: under.backend.name }),
			},
			without: (flags.without ?? [])
				.flatMap((text) => text.split(","))
				.map(ability),
			level: flags.level,
		},
		now: () => Date.now(),
		interrupted: () => interrupts > 0,
		onProgress: (progress) => line.say(progressLine(progress)),
		...(flags.state === undefined ? {} : { state: flags.state }),
		...(flags.corpus === undefined ? {} : { corpus: flags.corpus }),
	});
	line.end();
	process.off("SIGINT", onSignal);
	process.off("SIGTERM", onSignal);
	const json = `${JSON.stringify(result)}\n`;
	if (typeof flags.json === "string") writeWhole(flags.json, json);
	if (flags.out !== undefined)
		for (const { signature, text } of result.findings)
			writeWhole(
				join(flags.out, `${signature.replaceAll(/[^a-z0-9]+/g, "-")}.yaml`),
				text,
			);
	out(
		flags.json === true
			? json
			: flags.quiet === true
				? `${progressLine(result)}\n`
				: `${progressText(result)}\n`,
	);
	return campaignCode(result);
}

function campaignCode({ findings, lost, interrupted }: Progress): ExitCode {
	if (interrupted) return 130;
	if (findings.some(({ signature }) => signature.startsWith("error ")))
		return 5;
	return findings.length > 0 || lost.length > 0 ? 1 : 0;
}

/** Cases that were selected, in the order of their files. */
function selectCases(paths: string[], flags: SelectFlags) {
	const { files, errors } = selectFiles(
		paths.length > 0 ? paths : [SHIPPED],
		process.cwd(),
	);
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

/** One case, call by call. */
async function replay(paths: string[], flags: ReplayFlags): Promise<ExitCode> {
	const { cases, problems } = selectCases(paths, flags);
	for (const one of problems) err(`${render(one)}\n`);
	if (problems.length > 0) return 3;
	const [story, another] = cases;
	if (story === undefined) return 4;
	if (another !== undefined)
		throw new Usage(
			`${cases.length} cases are selected, and one is walked through: name it with --id, e.g. --id '${story.id}'`,
		);
	const setup = await exploreSetup(await underOf(flags as PlayFlags), {
		level: "must",
		without: [],
	});
	if (typeof setup === "string") {
		err(`xdisp-check: the implementation could not be loaded: ${setup}\n`);
		return 5;
	}
	const picks =
		flags.choices === undefined ? story.choices : picksOf(flags.choices);
	const walked = await walk(
		story,
		setup,
		flags.seed === 0 ? (picks ?? []) : [],
		flags.seed,
	);
	const { outcome, reason } = walked.report;
	const end = `${walked.title}: ${outcome}${reason === undefined ? "" : `: ${reason}`}\n`;
	const last = Math.min(
		flags.to ?? walked.moments.length,
		walked.moments.length,
	);
	if (flags.step === true && process.stdin.isTTY && process.stdout.isTTY)
		await stepThrough(walked, flags.to ?? 1);
	else for (let at = 1; at <= last; at++) out(`${momentText(walked, at)}\n`);
	out(end);
	return outcome === "failed" ? 1 : outcome === "error" ? 5 : 0;
}

/** Enter or space goes on, b goes back, n N and Enter goes to call N, q ends. */
function stepThrough(walked: Walk, from: number): Promise<void> {
	const { stdin } = process;
	emitKeypressEvents(stdin);
	stdin.setRawMode(true);
	let at = from;
	let typed = "";
	const show = () => {
		cursorTo(process.stdout, 0, 0);
		clearScreenDown(process.stdout);
		out(momentText(walked, at));
		out(`\nEnter next · b back · n N to call N · q quit  ${typed}`);
	};
	show();
	return new Promise((resolve) => {
		const onKey = (_: unknown, { sequence = "" }: { sequence?: string }) => {
			const moved = walkKey(sequence, at, typed);
			if (moved === undefined) return;
			if (moved === "quit") {
				stdin.off("keypress", onKey);
				stdin.setRawMode(false);
				stdin.pause();
				out("\n");
				resolve();
				return;
			}
			at = Math.min(Math.max(moved.at, 1), Math.max(walked.moments.length, 1));
			typed = moved.typed;
			show();
		};
		stdin.on("keypress", onKey);
	});
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
	const runFlags = flags as unknown as RunFlags;
	const report = baselineOf(runFlags)(merged, true);
	const problems = writeReports(
		report,
		reportersOf(runFlags),
		(reporter) => formatOptions(reporter, runFlags),
		out,
	);
	for (const { message } of problems) err(`xdisp-check: ${message}\n`);
	return problems.length > 0 ? 5 : exitCode(report, {});
}

/** A line that is rewritten on a terminal, and told every ten seconds elsewhere, so that no CI takes a long campaign for dead. */
function statusLine(quiet: boolean): { say(text: string): void; end(): void } {
	const terminal = process.stderr.isTTY === true;
	let last = Date.now();
	let open = false;
	return {
		say(text) {
			if (quiet || Date.now() - last < (terminal ? 100 : 10_000)) return;
			last = Date.now();
			if (!terminal) {
				err(`${text}\n`);
				return;
			}
			cursorTo(process.stderr, 0);
			err(text.slice(0, (process.stderr.columns ?? 80) - 1));
			clearLine(process.stderr, 1);
			open = true;
		},
		end() {
			if (open) err("\n");
		},
	};
}

/** How a run's report is read against the baseline that was named; without one it stays as it is. */
function baselineOf({
	baseline: path,
	updateBaseline: update = false,
}: RunFlags): (report: Report, whole: boolean) => Report {
	if (path === undefined) {
		if (update) throw new Usage("--update-baseline needs --baseline FILE");
		return (report) => report;
	}
	const rules = new Set(RULES.map((rule) => rule.id));
	const readIt = (): Baseline => {
		const read = readBaseline(path, rules);
		if (Array.isArray(read)) throw new Usage(read.map(render).join("\n"));
		return read;
	};
	// What is wrong with it is told before the suite runs, not after.
	const before = update && !existsSync(path) ? undefined : readIt();
	return (report, whole) => {
		if (update)
			writeWhole(path, updateBaseline(report, before?.source.text, whole));
		const today = new Date().toISOString().slice(0, 10);
		return applyBaseline(report, readIt(), { today, whole });
	};
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

const exitOptions = (flags: RunFlags) => ({
	passWithNoScenarios: flags.passWithNoScenarios === true,
	exitZero: flags.exitZero === true,
});

function formatOptions(
	{ format, file }: Reporter,
	flags: RunFlags,
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

/** --color, --no-color > FORCE_COLOR > NO_COLOR > TERM=dumb > is standard output a terminal. */
function wantsColour({ color }: RunFlags): boolean {
	if (color !== undefined) return color;
	const { FORCE_COLOR, NO_COLOR, TERM } = process.env;
	if (FORCE_COLOR !== undefined && FORCE_COLOR !== "")
		return FORCE_COLOR !== "0";
	if (NO_COLOR !== undefined && NO_COLOR !== "") return false;
	return TERM !== "dumb" && process.stdout.isTTY === true;
}

/** A line now and then on standard error, so that no CI takes a long run for dead. */
function heartbeat({ quiet }: PlayFlags, what = "cases"): { tick(): void } {
	let done = 0;
	let last = Date.now();
	return {
		tick() {
			done += 1;
			if (quiet === true || Date.now() - last < 10_000) return;
			last = Date.now();
			err(`${done} ${what} done\n`);
		},
	};
}

function reportersOf(flags: RunFlags): Reporter[] {
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

async function underOf(flags: PlayFlags): Promise<Under> {
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

function filterOf(flags: SelectFlags): Filter {
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

function worldOf(texts: readonly string[] = []): WorldPart {
	let world: WorldPart = {};
	for (const text of texts) {
		const read = readSetting(text);
		if (Array.isArray(read)) throw new Usage(read.map(render).join("\n"));
		world = { ...world, ...read };
	}
	return world;
}

function ability(text: string): string {
	const read = readAbility(text);
	if ("wrong" in read)
		throw new Usage(`--without ${text}: ${read.wrong}; ${read.advice}`);
	return read.text;
}

function picksOf(text: string) {
	const picks = parsePicks(text);
	if ("error" in picks) throw new Usage(`--choices: ${picks.error}`);
	return picks;
}

const usageText = ({ message, advice }: UsageError): string =>
	advice === undefined ? message : `${message}\n  ${advice}`;

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
	const selected = selectFiles(
		paths.length > 0 ? paths : [SHIPPED],
		process.cwd(),
	);
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

function lintPaths(paths: string[], flags: SelectFlags): ExitCode {
	const selected = selectFiles(
		paths.length > 0 ? paths : [SHIPPED],
		process.cwd(),
	);
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
