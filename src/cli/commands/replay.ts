/** `replay`: one case, call by call. */

import { clearScreenDown, cursorTo, emitKeypressEvents } from "node:readline";
import type { Command } from "commander";
import { exploreSetup } from "../../check.ts";
import { momentText, type Walk, walk, walkKey } from "../../explore/walk.ts";
import type { ExitCode } from "../../report/exit-code.ts";
import { render } from "../../scenario/problem.ts";
import { whole } from "../arguments.ts";
import { type PlayFlags, picksOf, underOf } from "../playing.ts";
import { type SelectFlags, selectCases, selecting } from "../selecting.ts";
import { err, out } from "../terminal.ts";
import { type Finish, Usage } from "../usage.ts";

export function addReplay(command: Command, finish: Finish): void {
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
}

interface ReplayFlags extends SelectFlags {
	step?: boolean;
	to?: number;
	seed: number;
	choices?: string;
	frontend?: string;
	backend?: string;
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
