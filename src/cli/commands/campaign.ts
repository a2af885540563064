/** `explore` over workers: what it is given, and how it ends. */

import { availableParallelism } from "node:os";
import { join } from "node:path";
import { campaign, type Progress } from "../../explore/campaign.ts";
import { ALL_FAULTS } from "../../explore/explore.ts";
import { progressLine, progressText } from "../../explore/tell.ts";
import type { ExitCode } from "../../report/exit-code.ts";
import { writeWhole } from "../../report/write.ts";
import { render } from "../../scenario/problem.ts";
import { type ExploreFlags, faultsOf, runsOf } from "../exploring.ts";
import { HOME } from "../place.ts";
import { underOf, withoutOf } from "../playing.ts";
import { selectCases } from "../selecting.ts";
import { err, out, statusLine } from "../terminal.ts";

/** Explore what was selected with a campaign of workers. */
export async function campaignCases(
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
			without: withoutOf(flags),
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

export function campaignCode({
	findings,
	lost,
	interrupted,
}: Progress): ExitCode {
	if (interrupted) return 130;
	if (findings.some(({ signature }) => signature.startsWith("error ")))
		return 5;
	return findings.length > 0 || lost.length > 0 ? 1 : 0;
}
