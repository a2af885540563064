/** One case played and judged: its report. */
import {
	type Choices,
	formatPicks,
	type Pick,
	PlainChoices,
	RecordedChoices,
	ReplayedChoices,
	SeededChoices,
} from "../base/choices.ts";
import type { Journal } from "../journal/journal.ts";
import type { Finding, Level } from "../judge/finding.ts";
import { judge, type Verdict } from "../judge/judge.ts";
import type { Rule, Standing } from "../judge/rule.ts";
import { RULES } from "../judge/rules/index.ts";
import { seenIn } from "../judge/seen.ts";
import type { PeerModule } from "../peer/peer.ts";
import type { CaseReport, Outcome } from "../report/report.ts";
import type { Requirement } from "../scenario/abilities.ts";
import { type Case, placeOf, type Step } from "../scenario/scenario.ts";
import type { Participant } from "../scenario/words.ts";
import type { WorldModule } from "../xen/world.ts";
import { BadModule } from "./deeds/driver.ts";
import { FAULTS, faultOf } from "./faults/index.ts";
import { Play } from "./play.ts";
import { RUN_LIMITS, type RunLimits, WaitsElsewhere } from "./runner.ts";
import { storyTail } from "./story.ts";

/** What stands in for the subjects, and how a case is to be run. */
export interface CaseOptions {
	/** Played by every participant that no module stands in for. */
	reference: { frontend: PeerModule; backend: PeerModule };
	/** The implementation under test; without any the reference is the subject. */
	under: { frontend?: PeerModule; backend?: PeerModule };
	/** Stands in for our own world, to see that the rules about it would find its faults. */
	world?: WorldModule;
	/** Shown in reports: the module as the user named it. */
	names: { frontend?: string; backend?: string; world?: string };
	/** Abilities the subject is said to lack. */
	without: readonly string[];
	/** 0 is the plain story: nobody is interrupted. */
	seed: number;
	picks?: readonly Pick[];
	/** Answers every choice; without one the picks do, else the seed. */
	die?: Choices;
	/** Kinds of faults that the die is asked about, by name, beside those that the picks name. */
	faults?: readonly string[];
	/** The stage is set, and nothing is played yet. */
	staged?(play: Play): void;
	level: Level;
	limits?: RunLimits;
	rules?: readonly Rule[];
	/** Say what the case reached, for `coverage`. */
	coverage?: boolean;
	/** Told whose code runs from now on, and whether that domain's driver has asked anything yet: for a watchdog. */
	onTurn?(domid: number, begun: boolean): void;
}

export interface CaseRun {
	report: CaseReport;
	journal: Journal | undefined;
	verdict: Verdict | undefined;
	picks: readonly Pick[];
}

/** How a participant takes part once the command line was looked at. */
export function standingOf(
	story: Case,
	participant: Participant,
	under: CaseOptions["under"],
): Standing {
	const role = story.cast[participant];
	if (role !== "subject") return role ?? "reference";
	if (under.frontend === undefined && under.backend === undefined)
		return "subject";
	const module = participant === "be" ? under.backend : under.frontend;
	return module === undefined ? "reference" : "subject";
}

/** Why a case does not speak of the implementation under test, or cannot be run with it. */
export function notRun(
	story: Case,
	options: CaseOptions,
): { outcome: "not-applicable" | "skipped"; reason: string } | undefined {
	const cast = Object.keys(story.cast) as Participant[];
	if (
		!cast.some((name) => standingOf(story, name, options.under) === "subject")
	) {
		const role = options.under.backend !== undefined ? "backend" : "frontend";
		return options.under.frontend === undefined &&
			options.under.backend === undefined
			? undefined
			: {
					outcome: "not-applicable",
					reason: `no ${role} is a subject of this scenario`,
				};
	}
	const lacks = new Set([
		...options.without,
		...(options.under.frontend?.lacks ?? []),
		...(options.under.backend?.lacks ?? []),
	]);
	const missing = story.requires.find(
		(r: Requirement) => lacks.has(r.text) || lacks.has(r.ability),
	);
	return missing === undefined
		? undefined
		: { outcome: "skipped", reason: `the subject lacks ${missing.text}` };
}

export async function runCase(
	story: Case,
	options: CaseOptions,
): Promise<CaseRun> {
	const blank = blankReport(story, options);
	const not = notRun(story, options);
	if (not !== undefined)
		return {
			report: { ...blank, ...not },
			journal: undefined,
			verdict: undefined,
			picks: [],
		};
	const choices = new RecordedChoices(options.die ?? die(story, options));
	const play = new Play(
		story,
		{
			frontend: options.under.frontend ?? options.reference.frontend,
			backend: options.under.backend ?? options.reference.backend,
			standIn: options.reference,
			world: options.world?.default,
			standing: (name) => standingOf(story, name, options.under),
		},
		choices,
		options.limits ?? RUN_LIMITS,
		options.rules ?? RULES,
	);
	const { runner, journal } = play;
	switchOn(play, options.faults ?? [], picksOf(story, options));
	options.staged?.(play);
	runner.onTurn = options.onTurn;
	for (const { domid, role, standing } of play.actors.values())
		if (standing === "subject" && options.under[role] !== undefined)
			runner.foreign.add(domid);
	const report = { ...blank };
	const director = runner.spawn(0, "scenario", () => play.direct());
	try {
		const loop = runner.run(director);
		while (loop.next().done !== true) await null;
	} catch (error) {
		if (error instanceof WaitsElsewhere) {
			const actor = [...play.actors.values()].find(
				(a) => a.domid === error.task.domid,
			);
			return stopped(
				report,
				play,
				choices,
				"subject",
				`${actor?.name ?? "a participant"}: ${error.message}`,
			);
		}
		return stopped(
			report,
			play,
			choices,
			"internal",
			message(error),
			stack(error),
		);
	}
	if (director.state !== "returned") {
		const { error } = director;
		if (error instanceof BadModule)
			return stopped(
				report,
				play,
				choices,
				error.actor !== undefined && !runner.begun.has(error.actor.domid)
					? "load"
					: "subject",
				error.message,
			);
		return stopped(
			report,
			play,
			choices,
			"internal",
			message(error),
			stack(error),
		);
	}
	runner.turnOf(0);
	const unbegun = runner.crashes.find((crash) => crash.unbegun);
	if (unbegun !== undefined)
		return stopped(
			report,
			play,
			choices,
			"load",
			`the implementation could not be started: ${nameOf(play)(unbegun.task.domid)}: task "${unbegun.task.name}": ${unbegun.message}`,
			unbegun.stack,
		);
	const verdict = play.hearing.verdict();
	if (options.coverage === true)
		report.seen = {
			...seenIn(
				journal,
				verdict,
				options.rules ?? RULES,
				play.frame().participants,
			),
			expectations: play.judged,
		};
	return {
		report: conclude(report, play, verdict, options, choices),
		journal,
		verdict,
		picks: choices.picks,
	};
}

function die(story: Case, options: CaseOptions): Choices {
	const { seed, picks } = options;
	if (picks === undefined && seed !== 0)
		return new SeededChoices(seed, story.id);
	const chosen = picksOf(story, options);
	return chosen.length === 0 ? new PlainChoices() : new ReplayedChoices(chosen);
}

/** What is chosen beforehand: what was asked for, or what the scenario says when no order is drawn. */
const picksOf = (
	{ choices = [] }: Case,
	{ seed, picks }: CaseOptions,
): readonly Pick[] => picks ?? (seed === 0 ? choices : []);

/** The die is asked about a kind of faults when the options or the picks name it; in the order of the shelf, so that its places keep their numbers. */
function switchOn(
	play: Play,
	faults: readonly string[],
	picks: readonly Pick[],
): void {
	const named = picks.map(({ label }) => faultOf(label));
	for (const kind of FAULTS) {
		if (faults.includes(kind.name)) play.switchOn(kind);
		else
			for (const who of new Set(
				named.filter((one) => one?.kind === kind).map((one) => one?.who),
			))
				play.switchOn(kind, who);
	}
}

const message = (error: unknown): string =>
	error instanceof Error ? error.message : String(error);
const stack = (error: unknown): string =>
	error instanceof Error ? (error.stack ?? "") : "";

/** Which findings decide a case: at `--level should` a broken should fails, at `may` a broken may as well. */
function decides(level: Level, finding: Finding): boolean {
	const order: readonly Level[] = ["must", "should", "may"];
	return order.indexOf(finding.level) <= order.indexOf(level);
}

function conclude(
	report: CaseReport,
	play: Play,
	verdict: Verdict,
	options: CaseOptions,
	choices: RecordedChoices,
): CaseReport {
	// In the order of the ledger: what was made and lost comes before the expectation that noticed.
	const excused = excuse(play);
	const all = [
		...play.findings.filter((f) => !excused(f)),
		...verdict.findings,
	].sort((a, b) => a.entry - b.entry);
	const name = nameOf(play);
	const failures = all.filter(
		(f) => f.standing === "subject" && decides(options.level, f),
	);
	const wrong = all.filter((f) => f.standing === "unannounced" && !excused(f));
	const ours = all.filter((f) => f.standing === "ours" && f.level === "must");
	const worlds = ours.filter((f) => f.owes === "world");
	const first = (list: readonly Finding[]) =>
		Math.min(...list.map((f) => f.entry));
	const made: CaseReport = {
		...report,
		calls: play.runner.calls,
		ticks: play.world.now,
		faults: play.faults.struck(),
		notJudged: verdict.notJudged,
		notes: [
			...play.notes,
			...excuses(play, excused),
			...verdict.held.map((held) => `held: ${held}`),
			...report.notes,
		],
		command: command(play.case, options, choices.picks),
	};
	const end = (
		outcome: Outcome,
		reason: string | undefined,
		head: readonly Finding[],
	): CaseReport => {
		const findings = [...head, ...all.filter((f) => !head.includes(f))];
		const [told] = findings;
		return {
			...made,
			outcome,
			...(reason === undefined ? {} : { reason }),
			findings,
			story:
				outcome === "passed"
					? []
					: storyTail(
							play.journal,
							verdict.wire,
							name,
							storyEnd(play, told),
							told?.rule === "expectation" ? -1 : told?.entry,
						),
		};
	};
	// Whatever else was found rests on a world that keeps its promises.
	const [broken] = worlds;
	if (broken !== undefined) {
		const text = worldText(broken);
		return {
			...end("error", text, worlds),
			error: { class: "internal", message: text },
		};
	}
	// A scenario that could not go on because of a breach tells of the breach.
	if (
		play.scenarioError !== undefined &&
		play.faults.blows.length === 0 &&
		failures.length === 0 &&
		ours.length === 0 &&
		wrong.length === 0
	)
		return {
			...end("error", play.scenarioError.message, []),
			error: { class: "scenario", message: play.scenarioError.message },
			place: placeOf(play.scenarioError.step, ...play.scenarioError.path),
		};
	if (
		wrong.length > 0 &&
		(failures.length === 0 || first(wrong) <= first(failures))
	) {
		const [breach] = wrong as [Finding];
		const text = `${breach.blamed}, which the scenario plays, breaks ${breach.requirements[0] ?? breach.rule} without saying so: ${breach.message}`;
		return {
			...end("error", text, wrong),
			error: {
				class: "scenario",
				message: `${text}; announce it with \`breaks: [${breach.rule}]\` or mend the step`,
			},
		};
	}
	if (
		ours.length > 0 &&
		(failures.length === 0 || first(ours) < first(failures))
	) {
		const [breach] = ours as [Finding];
		const text = `${breach.blamed}, which is not under test, broke ${breach.requirements[0] ?? breach.rule}: ${breach.message}`;
		return {
			...end("error", text, ours),
			error: { class: "internal", message: text },
		};
	}
	if (failures.length > 0) {
		const idle = play.faults.idle();
		const [failure] = failures as [Finding];
		if (
			failures.every((f) => f.rule === "expectation") &&
			idle.length > 0 &&
			(options.under.frontend ?? options.under.backend) !== undefined
		)
			return end(
				"skipped",
				`the fault never struck: ${idle.join("; ")}`,
				failures,
			);
		return end(
			"failed",
			`${failure.rule === "expectation" ? "" : `${failure.rule}: `}${failure.message}`,
			failures,
		);
	}
	if (play.judged === 0 && verdict.judged.size === 0)
		return end("skipped", "nothing could be judged", []);
	return end("passed", undefined, []);
}

/**
 * What the steps asked for after a fault that they know nothing of has struck: they were written for another story. An operation may fail then, but
 * it returns, and no rule is excused. What a scripted side broke before the fault may have been announced by a step that the story did not come to.
 * `sweep: { outcome: ok }` takes even that back.
 */
function excuse(play: Play): (finding: Finding) => boolean {
	const { sweep } = play.case;
	const [blow] = play.faults.blows;
	if (blow === undefined || sweep?.outcome.includes("clean-error") === false)
		return () => false;
	return ({ rule, standing, hangs, entry }) =>
		standing === "unannounced" ||
		(entry >= blow.entry && rule === "expectation" && hangs === undefined);
}

function excuses(play: Play, excused: (finding: Finding) => boolean): string[] {
	const [first] = play.findings.filter(excused);
	const text = first?.message ?? play.scenarioError?.message;
	return play.faults.blows.length === 0 || text === undefined
		? []
		: [`the story ended early after a fault: ${text}`];
}

/** A finding about the world is our own error, never a verdict. */
const worldText = ({ rule, message }: Finding): string =>
	`the tester's own world broke ${rule}: ${message}`;

/** Leaks are found at rest; what matters of their story is what led to the end. */
function storyEnd(play: Play, finding: Finding | undefined): number {
	if (finding === undefined || finding.leak !== undefined)
		return play.journal.length - 1;
	return Math.min(play.journal.length - 1, finding.entry + 1);
}

function stopped(
	report: CaseReport,
	play: Play,
	choices: RecordedChoices,
	kind: NonNullable<CaseReport["error"]>["class"],
	told: string,
	detail?: string,
): CaseRun {
	// A world that could not go on may have broken a promise before: that says more than where it stopped.
	const findings = kind === "internal" ? worldFindings(play) : [];
	const [first] = findings;
	const text = first === undefined ? told : `${worldText(first)}; ${told}`;
	return {
		report: {
			...report,
			outcome: "error",
			reason: text,
			error: {
				class: kind,
				message: text,
				...(detail === undefined ? {} : { detail }),
			},
			findings,
			calls: play.runner.calls,
			ticks: play.world.now,
			faults: play.faults.struck(),
			story: storyTail(play.journal, [], nameOf(play)),
		},
		journal: play.journal,
		verdict: undefined,
		picks: choices.picks,
	};
}

function worldFindings(play: Play): Finding[] {
	const rules = RULES.filter(({ owes }) => owes === "world");
	return judge(play.journal, rules, play.frame()).findings;
}

const nameOf =
	(play: Play) =>
	(domid: number): string =>
		[...play.actors.values()].find((a) => a.domid === domid)?.name ??
		(domid === 0 ? "toolstack" : `domain ${domid}`);

export function blankReport(
	story: Case,
	options: Pick2<CaseOptions, "names" | "seed" | "under">,
): CaseReport {
	return {
		id: story.id,
		scenario: story.scenario,
		title: story.title,
		row: story.row,
		place: story.place,
		outcome: "passed",
		findings: [],
		story: [],
		faults: [],
		notObservable: [],
		notJudged: [],
		notes: [],
		requirements: story.spec,
		tags: story.tags,
		command: command(story, options, []),
		calls: 0,
		ticks: 0,
		durationMs: 0,
	};
}
type Pick2<T, K extends keyof T> = { [P in K]: T[P] };

/** The shell command that shows a case again. */
function command(
	story: Case,
	{ names, seed }: Pick2<CaseOptions, "names" | "seed">,
	picks: readonly Pick[],
): string {
	const quoted = (text: string) =>
		/^[A-Za-z0-9_./:=,-]+$/.test(text) ? text : `'${text}'`;
	const words = [
		"npx xdisp-check run",
		quoted(story.place.file),
		"--id",
		quoted(story.id),
	];
	if (names.frontend !== undefined)
		words.push("--frontend", quoted(names.frontend));
	if (names.backend !== undefined)
		words.push("--backend", quoted(names.backend));
	if (names.world !== undefined) words.push("--world", quoted(names.world));
	if (seed !== 0) words.push("--seed", String(seed));
	else if (picks.length > 0)
		words.push("--choices", quoted(formatPicks(picks)));
	return words.join(" ");
}

export type { Step };
