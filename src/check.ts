/** The whole tool on one page: select and load scenarios, play and judge their cases, gather one report. */
import type { Pick } from "./base/choices.ts";
import { campaign } from "./explore/campaign.ts";
import { Alone } from "./explore/crew/alone.ts";
import { once, type Setup } from "./explore/once.ts";
import { untried } from "./explore/rounds.ts";
import { faultsText, ordersText } from "./explore/tell.ts";
import type { Level } from "./judge/finding.ts";
import { RULES } from "./judge/rules/index.ts";
import backend from "./peer/backend.ts";
import frontend from "./peer/frontend.ts";
import type { PeerModule } from "./peer/peer.ts";
import type {
	CaseReport,
	FileReport,
	Frame,
	InvalidFile,
	Report,
} from "./report/report.ts";
import {
	blankReport,
	type CaseOptions,
	notRun,
	runCase,
	standingOf,
} from "./run/case.ts";
import { journalLines } from "./run/journal-file.ts";
import { loadModule } from "./run/module/load.ts";
import {
	ModuleWorker,
	type Started,
	type WorkerEnd,
} from "./run/module/pool.ts";
import { domidOf } from "./run/play.ts";
import { duplicateIds } from "./scenario/lint.ts";
import { loadFile } from "./scenario/load.ts";
import { type Problem, render } from "./scenario/problem.ts";
import type { Case, Scenario } from "./scenario/scenario.ts";
import {
	admits,
	casesAt,
	type Filter,
	type Selected,
	selectFiles,
	type UsageError,
} from "./scenario/select.ts";
import type { Participant } from "./scenario/words.ts";
import type { WorldPart } from "./scenario/world-keys.ts";
import { REQUIREMENTS } from "./spec/index.ts";
import { VERSION } from "./version.ts";

/** The modules under test, as the user named them and where they lie. */
export interface Under {
	frontend?: { name: string; path: string };
	backend?: { name: string; path: string };
	/** Stands in for our own world. */
	world?: { name: string; path: string };
}

export interface CheckOptions {
	/** Files, folders, globs, `file:line`. */
	paths: readonly string[];
	cwd: string;
	filter: Filter;
	seed: number;
	picks?: readonly Pick[];
	level: Level;
	maxWarnings?: number;
	without: readonly string[];
	world: WorldPart;
	under: Under;
	/** Only this part of how many of the cases. */
	shard?: readonly [number, number];
	/** Stop after so many failed or erroneous cases; 0 for never. */
	bail: number;
	/** Keep the ledgers. */
	journal: boolean;
	/** Say of each case what it reached. */
	coverage?: boolean;
	/** The bundled worker, for modules. */
	workerScript: string;
	/** Wall-clock milliseconds a module may compute without answering. */
	patience: number;
	/** Told of each case as it ends. */
	onCase?(report: CaseReport): void;
	interrupted?(): boolean;
	now(): number;
}

export interface Checked {
	report: Report;
	/** Lines of the ledgers, by case id, when they were asked for. */
	journal: readonly string[];
	usage: readonly UsageError[];
}

const REFERENCE = {
	frontend: { default: frontend },
	backend: { default: backend },
};
const NAMES = {
	requirements: new Set(REQUIREMENTS.keys()),
	rules: new Set(RULES.map((rule) => rule.id)),
};

/** Load what was selected: the scenarios, and what is wrong with the others. */
export function loadSelected(
	files: readonly Selected[],
	world: WorldPart,
): {
	loaded: { scenario: Scenario; lines: readonly number[] }[];
	problems: Problem[];
} {
	const loaded: { scenario: Scenario; lines: readonly number[] }[] = [];
	const problems: Problem[] = [];
	for (const { root, path, lines } of files) {
		const one = loadFile(root, path, { ...NAMES, world });
		if (one.ok) loaded.push({ scenario: one.scenario, lines });
		else problems.push(...one.problems);
	}
	problems.push(...duplicateIds(loaded.map(({ scenario }) => scenario)));
	return { loaded, problems };
}

/** Who plays when cases are explored; text: why the implementation cannot. It is loaded in this process: what hangs there is not ended from outside. */
export async function exploreSetup(
	under: Under,
	{ level, without }: { level: Level; without: readonly string[] },
): Promise<Setup | string> {
	const loaded: { frontend?: PeerModule; backend?: PeerModule } = {};
	const names: { frontend?: string; backend?: string } = {};
	for (const role of ["frontend", "backend"] as const) {
		const named = under[role];
		if (named === undefined) continue;
		const read = await loadModule(named.path, () => {});
		if (!read.ok) return `${named.name}: ${read.message}`;
		loaded[role] = read.module;
		names[role] = named.name;
	}
	return { reference: REFERENCE, under: loaded, names, level, without };
}

export async function check(options: CheckOptions): Promise<Checked> {
	const began = options.now();
	const selected = selectFiles(options.paths, options.cwd);
	const { loaded, problems } = loadSelected(selected.files, options.world);
	const usage = [...selected.errors];
	const chosen: { scenario: Scenario; story: Case }[] = [];
	for (const { scenario, lines } of loaded) {
		const { cases, errors } = casesAt(scenario, lines);
		usage.push(...errors);
		for (const story of cases)
			if (admits(options.filter, story)) chosen.push({ scenario, story });
	}
	const [part, parts] = options.shard ?? [1, 1];
	const mine = chosen.filter((_, index) => index % parts === part - 1);
	const runner = new CaseRunner(options);
	const reports: { file: string; report: CaseReport }[] = [];
	const journals = new Map<string, readonly string[]>();
	let bad = 0;
	if (usage.length === 0) {
		for (const { scenario, story } of mine) {
			const stop =
				options.interrupted?.() === true
					? "interrupted"
					: options.bail > 0 && bad >= options.bail
						? `stopped after ${bad} failures`
						: undefined;
			const report =
				stop === undefined
					? await runner.run(story, (lines) => journals.set(story.id, lines))
					: {
							...blankReport(story, runner.options),
							outcome:
								stop === "interrupted"
									? ("interrupted" as const)
									: ("skipped" as const),
							reason: stop,
						};
			const framed = withFrame(report, scenario);
			if (framed.outcome === "failed" || framed.outcome === "error") bad += 1;
			reports.push({ file: scenario.file, report: framed });
			if (stop === undefined) options.onCase?.(framed);
			// A run of generator tasks never leaves the microtasks: an interrupt is heard between two cases.
			await new Promise((go) => setImmediate(go));
		}
	}
	await runner.end();
	return {
		report: {
			tool: { name: "xdisp-check", version: VERSION },
			seed: options.seed,
			level: options.level,
			manners: options.world.manners ?? "c423",
			implementations: {
				frontend: options.under.frontend?.name ?? "reference",
				backend: options.under.backend?.name ?? "reference",
			},
			startedAt: new Date(began).toISOString().slice(0, 19),
			durationMs: options.now() - began,
			files: byFile(reports),
			invalid: problems.map(invalid),
			interrupted: options.interrupted?.() === true,
			...(options.maxWarnings === undefined
				? {}
				: { maxWarnings: options.maxWarnings }),
			internal: [],
		},
		journal: [...journals.keys()]
			.sort()
			.flatMap((id) => journals.get(id) ?? []),
		usage,
	};
}

/** Runs of a case whose scenario has `sweep` or `explore`: enough to see it at work. All places and orders are the affair of the command explore. */
const TRIED_BY_RUN = 12;

/** Plays cases in process, or in a worker when a user's module is under test. */
class CaseRunner {
	readonly options: CaseOptions;
	private readonly check: CheckOptions;
	private readonly worker: ModuleWorker | undefined;
	private started: Started | undefined;

	constructor(check: CheckOptions) {
		this.check = check;
		const { under } = check;
		this.options = {
			reference: REFERENCE,
			under: {
				...(under.frontend === undefined
					? {}
					: { frontend: REFERENCE.frontend }),
				...(under.backend === undefined ? {} : { backend: REFERENCE.backend }),
			},
			names: {
				...(under.frontend === undefined
					? {}
					: { frontend: under.frontend.name }),
				...(under.backend === undefined ? {} : { backend: under.backend.name }),
				...(under.world === undefined ? {} : { world: under.world.name }),
			},
			without: check.without,
			seed: check.seed,
			...(check.picks === undefined ? {} : { picks: check.picks }),
			level: check.level,
			coverage: check.coverage === true,
		};
		if (Object.keys(under).length > 0)
			this.worker = new ModuleWorker(
				check.workerScript,
				{
					...(under.frontend === undefined
						? {}
						: { frontend: under.frontend.path }),
					...(under.backend === undefined
						? {}
						: { backend: under.backend.path }),
					...(under.world === undefined ? {} : { world: under.world.path }),
				},
				check.patience,
			);
	}

	async run(
		story: Case,
		keep: (lines: readonly string[]) => void,
	): Promise<CaseReport> {
		const began = this.check.now();
		const report = await (this.worker === undefined
			? this.inProcess(story, keep)
			: this.inWorker(this.worker, story, keep));
		return { ...report, durationMs: this.check.now() - began };
	}

	async end(): Promise<void> {
		await this.worker?.stop();
	}

	private async inProcess(
		story: Case,
		keep: (lines: readonly string[]) => void,
	): Promise<CaseReport> {
		const { report, journal } = await runCase(story, this.options);
		if (this.check.journal && journal !== undefined)
			keep(journalLines(story.id, journal));
		return (await this.tryOthers(story, report)) ?? report;
	}

	/** What a scenario asks for by `sweep` and `explore`, as far as a few runs go; undefined when it asks for nothing or the case did not pass. */
	private async tryOthers(
		story: Case,
		report: CaseReport,
	): Promise<CaseReport | undefined> {
		const { sweep, explore: orders } = story;
		if (sweep === undefined && orders === undefined) return undefined;
		if (report.outcome !== "passed" || this.options.seed !== 0)
			return undefined;
		if (this.options.picks !== undefined) return undefined;
		const ways = {
			faults: sweep === undefined ? [] : undefined,
			pairs: 0,
			orders: orders === undefined ? undefined : ("pct" as const),
			preemptions: 0,
			depth: 3,
			window: "steps" as const,
			drawn: 0,
			seed: 1,
		};
		const { cases, findings } = await campaign({
			...ways,
			crew: new Alone(this.options),
			under: "",
			cases: [story],
			stories: 0,
			runs: TRIED_BY_RUN,
			time: Number.POSITIVE_INFINITY,
			shrinking: false,
			now: () => 0,
			interrupted: () => this.check.interrupted?.() === true,
		});
		const tried = cases[story.id] ?? untried();
		const [found] = findings;
		const failed =
			found && (await once(story, this.options, { picks: found.picks })).report;
		const notes = [
			...(sweep === undefined ? [] : [`sweep: ${faultsText(tried)}`]),
			...(orders === undefined ? [] : [`orders: ${ordersText(tried, ways)}`]),
			"all of it: xdisp-check explore",
		];
		return {
			...(failed ?? report),
			notes: [...(failed ?? report).notes, notes.join("; ")],
		};
	}

	private async inWorker(
		worker: ModuleWorker,
		story: Case,
		keep: (lines: readonly string[]) => void,
	): Promise<CaseReport> {
		const blank = blankReport(story, this.options);
		const not = notRun(story, this.options);
		if (not?.outcome === "not-applicable") return { ...blank, ...not };
		// A module that could not be loaded once will not load for the next case either.
		if (this.started?.ok !== false && !worker.running)
			this.started = await worker.start();
		if (this.started?.ok === false) {
			const { message, detail } = this.started;
			const text = `the implementation could not be loaded: ${message}`;
			return {
				...blank,
				outcome: "error",
				reason: text,
				error: {
					class: "load",
					message: text,
					...(detail === undefined ? {} : { detail }),
				},
			};
		}
		const { names, without, seed, picks, level } = this.options;
		const end = await worker.run({
			kind: "case",
			story,
			names,
			without,
			seed,
			level,
			journal: this.check.journal,
			coverage: this.check.coverage === true,
			...(picks === undefined ? {} : { picks }),
		});
		if (end.kind === "done") {
			if (end.journal !== undefined) keep(end.journal);
			if (story.sweep === undefined && story.explore === undefined)
				return end.report;
			const note =
				"what the scenario asks for by `sweep` or `explore` is tried by xdisp-check explore";
			return { ...end.report, notes: [...end.report.notes, note] };
		}
		return ended(blank, story, this.options, end);
	}
}

/** A module that hung or ended its process: from its first call on that breaks a promise, before it nothing could be judged. */
function ended(
	blank: CaseReport,
	story: Case,
	options: CaseOptions,
	{ kind, domid, begun, message }: Exclude<WorkerEnd, { kind: "done" }>,
): CaseReport {
	const name =
		(Object.keys(story.cast) as Participant[]).find(
			(one) => domidOf(one) === domid,
		) ?? (options.under.backend !== undefined ? "be" : "fe");
	const text = `${name}: ${message}`;
	const error = (kind: "load" | "internal", told: string): CaseReport => ({
		...blank,
		outcome: "error",
		reason: told,
		error: { class: kind, message: told },
	});
	if (standingOf(story, name, options.under) !== "subject")
		return error("internal", `${name}, which is not under test: ${message}`);
	if (kind === "hung" && domid === 0)
		return error("internal", `judging it took too long: ${message}`);
	if (!begun)
		return error("load", `the implementation could not be started: ${text}`);
	const hung = kind === "hung";
	return {
		...blank,
		outcome: "failed",
		reason: `survives: ${text}`,
		findings: [
			{
				rule: "survives",
				requirements: [hung ? "pv.survive.hang" : "pv.survive.crash"],
				level: "must",
				owes: name === "be" ? "backend" : "frontend",
				blamed: name,
				standing: "subject",
				message: text,
				expected: "it goes on, or ends in order",
				got: message,
				entry: 0,
				place: story.place,
			},
		],
	};
}

function withFrame(report: CaseReport, scenario: Scenario): CaseReport {
	if (
		report.outcome === "passed" ||
		report.outcome === "skipped" ||
		report.outcome === "not-applicable"
	)
		return report;
	const place = report.findings[0]?.place ?? report.place;
	const text = scenario.sources.get(place.file)?.line(place.line);
	if (text === undefined) return report;
	const frame: Frame = { place, text };
	return { ...report, frame };
}

function byFile(
	reports: readonly { file: string; report: CaseReport }[],
): FileReport[] {
	const files = new Map<string, CaseReport[]>();
	for (const { file, report } of reports) {
		const cases = files.get(file);
		if (cases === undefined) files.set(file, [report]);
		else cases.push(report);
	}
	const text = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
	return [...files]
		.sort(([a], [b]) => text(a, b))
		.map(([file, cases]) => ({
			file,
			cases: cases.sort((a, b) => text(a.id, b.id)),
		}));
}

const invalid = (one: Problem): InvalidFile => ({
	place: one.place,
	message: one.message,
	text: render(one),
});
