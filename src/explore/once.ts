/**
 * One run of one case as a plan says, and everything that exploration asks of it: what it found, what was chosen where, how it ended.
 *
 * Exploration is re-execution: nothing is saved and restored, a run is begun anew from its choices. The same plan gives the same answer.
 */
import {
	type Pick as Choice,
	type Choices,
	Occurrences,
	PlainChoices,
	ReplayedChoices,
	SeededChoices,
} from "../base/choices.ts";
import type { CallEntry } from "../journal/entry.ts";
import { footprint, type Touch } from "../journal/footprint.ts";
import type { Journal } from "../journal/journal.ts";
import type { Finding } from "../judge/finding.ts";
import type { Verdict } from "../judge/judge.ts";
import type { CaseReport } from "../report/report.ts";
import { type CaseOptions, runCase } from "../run/case.ts";
import type { Play } from "../run/play.ts";
import type { Case } from "../scenario/scenario.ts";
import type { CallName } from "../xen/call.ts";
import { endState } from "./state.ts";

/** Who plays, and by what a run is judged: the same for all runs of an exploration. */
export interface Setup
	extends Omit<CaseOptions, "seed" | "picks" | "die" | "faults" | "staged"> {
	/** Failures that are known: they are not found. */
	known?(finding: Finding, id: string): boolean;
	/** A run begins. */
	onBegin?(): void;
	/** Something was chosen that is not 0. */
	onChoice?(label: string, occurrence: number, value: number): void;
}

/** What to choose. Plain data, so that a worker can be told. */
export interface Plan {
	/** Choices to make again: turns, memory, faults. A fault strikes only by one of these. */
	picks: readonly Choice[];
	/** Kinds of faults whose places are wanted, by name, beside those that the picks name. */
	faults?: readonly string[];
	/** Draws every choice that is no fault and that no pick names; 0 or nothing is the plain story. */
	seed?: number;
}

/** A choice that was asked. */
export interface Point {
	label: string;
	occurrence: number;
	count: number;
	value: number;
}

/** A place where a fault could strike: the die was asked, and the call that it stood before. */
export interface Place extends Point {
	op: CallName;
}

/** A finding that fails the run. */
export interface Found {
	/** Rule, blamed participant, kind of thing leaked, whether an operation hangs: what stays the same while a story is shrunk. */
	signature: string;
	/** Undefined when the run could not be judged. */
	finding: Finding | undefined;
	message: string;
}

/** A fault that struck. */
export interface Stroke {
	pick: Choice;
	op: CallName;
	/** The participant whose call it was. */
	who: string;
	/** Journal position. */
	entry: number;
	text: string;
}

export interface Once {
	/** That of the report; passed when all that failed is known. */
	outcome: CaseReport["outcome"];
	report: CaseReport;
	found: readonly Found[];
	/** Choices that were not 0. */
	picks: readonly Choice[];
	/** Every choice that was asked, in order. */
	points: readonly Point[];
	struck: readonly Stroke[];
	/** Where faults that were switched on could have struck, in order. */
	places: readonly Place[];
	/** A hash of how the world was left: equal ends have equal hashes. Empty when the case could not be played. */
	state: string;
	calls: number;
	journal: Journal | undefined;
	/** What the rules saw. */
	verdict: Verdict | undefined;
}

/** A call of the ledger with what it touched. */
export interface Step {
	entry: CallEntry;
	touches: readonly Touch[];
}

/** Everything that was done at the door, with its footprint. */
export function* footprints(journal: Journal): Generator<Step> {
	for (const entry of journal.entries())
		if ("reply" in entry) yield { entry, touches: footprint(entry) };
}

export async function once(
	story: Case,
	setup: Setup,
	plan: Plan,
	{ die, staged }: Partial<Pick<CaseOptions, "die" | "staged">> = {},
): Promise<Once> {
	setup.onBegin?.();
	const noted = new NotedChoices(die ?? dieOf(story, plan), setup.onChoice);
	let stage: Play | undefined;
	const { report, journal, picks, verdict } = await runCase(story, {
		...setup,
		seed: 0,
		picks: plan.picks,
		faults: plan.faults ?? [],
		die: noted,
		staged(play) {
			stage = play;
			staged?.(play);
		},
	});
	const what = found(report, setup);
	return {
		// All that failed is known.
		outcome:
			report.outcome === "failed" && what.length === 0
				? "passed"
				: report.outcome,
		report,
		found: what,
		picks,
		points: noted.points,
		struck: stage === undefined ? [] : strokes(stage),
		places: stage === undefined ? [] : places(stage, noted.points),
		state: stage === undefined ? "" : endState(stage),
		calls: report.calls,
		journal,
		verdict,
	};
}

/** Faults by the picks alone; everything else by the picks, the seed, or the plain story. */
function dieOf(story: Case, { picks, seed = 0 }: Plan): Choices {
	const replayed = new ReplayedChoices(picks);
	if (seed === 0) return picks.length === 0 ? new PlainChoices() : replayed;
	const drawn = new SeededChoices(seed, story.id);
	return {
		pick(label, count) {
			const value = replayed.pick(label, count);
			return value !== 0 || label.startsWith("fault.")
				? value
				: drawn.pick(label, count);
		},
	};
}

/** Notes every choice that is asked. */
class NotedChoices implements Choices {
	readonly points: Point[] = [];
	private readonly inner: Choices;
	private readonly told: Setup["onChoice"];
	private readonly seen = new Occurrences();

	constructor(inner: Choices, told: Setup["onChoice"]) {
		this.inner = inner;
		this.told = told;
	}

	pick(label: string, count: number): number {
		const occurrence = this.seen.next(label);
		const value = this.inner.pick(label, count);
		if (value !== 0) this.told?.(label, occurrence, value);
		this.points.push({ label, occurrence, count, value });
		return value;
	}
}

/** What a finding is known by, whatever the story around it. */
export function signature({ rule, blamed, leak, hangs }: Finding): string {
	return [
		rule,
		blamed,
		...(leak === undefined ? [] : [leak.kind]),
		...(hangs === true ? ["hangs"] : []),
	].join(" ");
}

/**
 * The findings that decide a run, one of each signature: of a failed one those of the subject, of an error those of the same standing as the one
 * that is told first. An error without any is its own finding.
 */
function found(report: CaseReport, { level, known }: Setup): Found[] {
	const { outcome, error } = report;
	if (outcome !== "failed" && outcome !== "error") return [];
	// What a scripted side was announced to break is no error, nor is what an error stands before.
	const [told] = report.findings.filter(
		({ standing }) =>
			standing === "ours" ||
			standing === "unannounced" ||
			(standing === "subject" && outcome === "failed"),
	);
	if (outcome === "error" && told === undefined)
		return [
			{
				signature: `error ${error?.class ?? "internal"}`,
				finding: undefined,
				message: error?.message ?? report.reason ?? "",
			},
		];
	const least = LEVELS.indexOf(outcome === "failed" ? level : "must");
	const made = new Map<string, Found>();
	for (const finding of report.findings) {
		const decides =
			finding.standing === told?.standing &&
			(finding === told || LEVELS.indexOf(finding.level) <= least) &&
			known?.(finding, report.id) !== true;
		const named = signature(finding);
		if (decides && !made.has(named))
			made.set(named, { signature: named, finding, message: finding.message });
	}
	return [...made.values()];
}
const LEVELS = ["must", "should", "may"];

function places({ faults }: Play, points: readonly Point[]): Place[] {
	return points
		.filter(({ label }) => label.startsWith("fault."))
		.map((point, at) => ({ ...point, op: faults.places[at] as CallName }));
}

const strokes = ({ faults }: Play): Stroke[] =>
	faults.blows.map(({ kind, who, occurrence, way, op, entry, text }) => ({
		pick: { label: `fault.${kind.name}.${who}`, occurrence, value: way },
		op,
		who,
		entry,
		text,
	}));
