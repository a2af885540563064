/** `explore`: every fault, every order that matters, made-up stories. */
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { type Command, Option } from "commander";
import { type CampaignOptions, campaign } from "../../explore/campaign.ts";
import { Crew } from "../../explore/crew/crew.ts";
import { ORDER_WAYS } from "../../explore/rounds.ts";
import { ALL_FAULTS } from "../../explore/sweep.ts";
import {
	campaignCode,
	progressLine,
	progressText,
} from "../../explore/tell.ts";
import type { ExitCode } from "../../report/exit-code.ts";
import { writeWhole } from "../../report/write.ts";
import { render } from "../../scenario/problem.ts";
import { duration, shard, whole } from "../arguments.ts";
import { type ExploreFlags, faultsOf, ordersOf, runsOf } from "../exploring.ts";
import { HOME } from "../place.ts";
import { playing, underOf, withoutOf } from "../playing.ts";
import { knownOf } from "../reporting.ts";
import { selectCases } from "../selecting.ts";
import { err, out, statusLine } from "../terminal.ts";
import { type Finish, Usage } from "../usage.ts";

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
			"runs with two faults, for each case, once every place was tried; as many as there are places when not said",
			whole(0, 100_000_000),
		)
		.addOption(
			new Option(
				"--orders <way>",
				"dpor: all that matter, and what does not finish by single switches and sampled; all; pct: drawn by priority; random; none",
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
			"made-up stories, steered by what they reach",
			whole(0, 100_000_000),
		)
		.option(
			"--drawn <n>",
			"whole runs in a drawn order, for each case",
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
		.option(
			"--baseline <file>",
			"known failures, each with its reason: they are not found again",
		)
		.option("--shard <i/n>", "only this part of n of the work", shard)
		.option("--out <folder>", "write a scenario file for each finding here")
		.option("-q, --quiet", "only the last line")
		.action(async (paths: string[], flags: ExploreFlags) =>
			finish(await explore(paths, flags)),
		);
}

async function explore(
	paths: string[],
	flags: ExploreFlags,
): Promise<ExitCode> {
	const { cases, problems } = selectCases(paths, flags);
	for (const one of problems) err(`${render(one)}\n`);
	if (problems.length > 0) return 3;
	const [part, parts] = flags.shard ?? [1, 1];
	const mine = cases.filter((_, index) => index % parts === part - 1);
	const stories = Math.ceil((flags.generate ?? 0) / parts);
	if (mine.length === 0 && stories === 0) return 4;
	const ways = {
		faults: faultsOf(flags),
		pairs: flags.pairs,
		orders: ordersOf(flags),
		preemptions: flags.preemptions,
		depth: flags.depth,
		window: flags.whole === true ? ("all" as const) : ("steps" as const),
		drawn: flags.drawn ?? 0,
		// No two shards tell the same stories.
		seed: flags.seed + (part - 1) * stories,
	};
	let interrupts = 0;
	const onSignal = () => {
		interrupts += 1;
		if (interrupts > 1) process.exit(130);
		err("\ninterrupted: telling what is known; once more ends at once\n");
	};
	process.on("SIGINT", onSignal);
	process.on("SIGTERM", onSignal);
	const line = statusLine(flags.quiet === true);
	const progress = await campaign({
		...ways,
		...(await crewOf(flags)),
		cases: mine,
		stories,
		runs: runsOf(flags),
		time: flags.for ?? Number.POSITIVE_INFINITY,
		now: () => Date.now(),
		interrupted: () => interrupts > 0,
		onProgress: (progress) => line.say(progressLine(progress)),
		...(flags.state === undefined ? {} : { state: flags.state }),
		...(flags.corpus === undefined ? {} : { corpus: flags.corpus }),
	});
	line.end();
	process.off("SIGINT", onSignal);
	process.off("SIGTERM", onSignal);
	const json = `${JSON.stringify(progress)}\n`;
	if (typeof flags.json === "string") writeWhole(flags.json, json);
	if (flags.out !== undefined)
		for (const { signature, text } of progress.findings)
			writeWhole(
				join(flags.out, `${signature.replaceAll(/[^a-z0-9]+/g, "-")}.yaml`),
				text,
			);
	out(
		flags.json === true
			? json
			: flags.quiet === true
				? `${progressLine(progress)}\n`
				: `${progressText(progress, ways)}\n`,
	);
	return campaignCode(progress);
}

/** The workers, and what makes them who they are. */
async function crewOf(
	flags: ExploreFlags,
): Promise<Pick<CampaignOptions, "crew" | "under">> {
	const { frontend, backend, world } = await underOf(flags);
	if (world !== undefined)
		throw new Usage("--world: a hypervisor is judged by run, not explored");
	const roles = { frontend, backend };
	const each = (field: "path" | "name") =>
		Object.fromEntries(
			Object.entries(roles).flatMap(([role, under]) =>
				under === undefined ? [] : [[role, under[field]]],
			),
		);
	const setup = {
		paths: each("path"),
		names: each("name"),
		without: withoutOf(flags),
		level: flags.level,
		known: knownOf(flags),
	};
	const crew = new Crew({
		script: join(HOME, "dist", "explorer.mjs"),
		workers: flags.jobs ?? availableParallelism(),
		patience: flags.timeout,
		setup,
	});
	return { crew, under: setup };
}
