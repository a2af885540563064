/** `explore`: every fault, every order that matters, made-up stories. */
import { type Command, Option } from "commander";
import { exploreSetup } from "../../check.ts";
import {
	ALL_FAULTS,
	type CaseExplored,
	explore,
	ORDER_WAYS,
} from "../../explore/explore.ts";
import type { Setup } from "../../explore/once.ts";
import { shrink } from "../../explore/shrink.ts";
import { exploreCode, exploreJson, exploreText } from "../../explore/told.ts";
import type { ExitCode } from "../../report/exit-code.ts";
import { writeWhole } from "../../report/write.ts";
import { render } from "../../scenario/problem.ts";
import { VERSION } from "../../version.ts";
import { duration, shard, whole } from "../arguments.ts";
import { type ExploreFlags, faultsOf, ordersOf, runsOf } from "../exploring.ts";
import { playing, underOf, withoutOf } from "../playing.ts";
import { selectCases } from "../selecting.ts";
import { err, heartbeat, out } from "../terminal.ts";
import type { Finish } from "../usage.ts";
import { campaignCases } from "./campaign.ts";

export function addExplore(command: Command, finish: Finish): void {
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
}

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
		without: withoutOf(flags),
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
