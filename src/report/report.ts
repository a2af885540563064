import type { Finding, Level, Party, Place } from "../judge/finding.ts";
import type { Seen } from "../judge/seen.ts";

/**
 * How a case ended.
 * - `passed`: every expectation and rule that could be judged held.
 * - `failed`: the subject broke a rule or an expectation.
 * - `error`: could not be judged: the implementation did not load, our own error, or a scripted side's unannounced breach.
 * - `known`: failed, and the baseline lists exactly that.
 * - `unexpected-pass`: the baseline lists it and it passed. Fails the run.
 * - `skipped`: an ability is lacking, or nothing could be judged.
 * - `not-applicable`: no subject in the role under test.
 * - `interrupted`: the run was stopped before or during it.
 */
export const OUTCOMES = [
	"passed",
	"failed",
	"error",
	"known",
	"unexpected-pass",
	"skipped",
	"not-applicable",
	"interrupted",
] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** One line of the message sequence: who did what to whom, decoded. */
export interface StoryLine {
	/** Journal entry. */
	entry: number;
	/** Virtual milliseconds since the case began. */
	tick: number;
	/** Participant, e.g. "fe". */
	who: string;
	/** What it did, in the protocol's words, e.g. `request 3 DBUF_CREATE dbuf_cookie=0x1 width=64 …`. */
	text: string;
}

/** A source excerpt: the line and a caret under the column. */
export interface Frame {
	place: Place;
	/** The whole line of the scenario, without its end. */
	text: string;
}

export interface CaseReport {
	/** Expanded case id, unique in the run: `dbuf.fe-alloc[pages=1024]`. Reports are sorted by it. */
	id: string;
	/** Scenario id without the matrix part. */
	scenario: string;
	title: string;
	/** The matrix row, as written: `{ pages: "1024" }`; empty without a matrix. */
	row: Readonly<Record<string, string>>;
	place: Place;
	outcome: Outcome;
	/** One line that says why, for every outcome but `passed`. */
	reason?: string;
	/** Link of a known failure. */
	link?: string;
	/** Findings that decide the outcome first, then the later ones ("also"), warnings, notes, provoked ones. */
	findings: readonly Finding[];
	/** For an error that is no finding: what went wrong, with a stack only for our own errors. */
	error?: {
		class: "load" | "subject" | "scenario" | "internal" | "nondeterministic";
		message: string;
		detail?: string;
	};
	/** The scenario line of the first finding or error. */
	frame?: Frame;
	/** The tail of the message sequence, newest last. */
	story: readonly StoryLine[];
	/** Faults that struck: name and where. */
	faults: readonly string[];
	/** Rules that could not judge this run, with the reason. */
	notObservable: readonly { rule: string; reason: string }[];
	/** Rules not judged because a promise they rest on was broken. */
	notJudged: readonly { rule: string; because: string }[];
	/** Remarks, e.g. "sweep is executed by a later release: ran once". */
	notes: readonly string[];
	requirements: readonly string[];
	tags: readonly string[];
	/** What the case reached, when the run was made for `coverage`. */
	seen?: Seen & {
		/** Demands of the scenario that were judged. */ expectations: number;
	};
	/** Shell command that shows this case again. */
	command: string;
	/** Door calls made. */
	calls: number;
	/** Virtual milliseconds. */
	ticks: number;
	/** Wall-clock milliseconds. JUnit and CTRF print it; the JSON report never does. */
	durationMs: number;
}

/** A scenario file that could not be read or is invalid. `text` is the whole block with file, line, column, caret and advice. */
export interface InvalidFile {
	place: Place;
	message: string;
	text: string;
}

export interface FileReport {
	/** Path relative to the scenario root, with `/`. */
	file: string;
	cases: readonly CaseReport[];
}

/** Everything a run found, as one value; every reporter is a pure function of it. */
export interface Report {
	tool: { name: "xdisp-check"; version: string };
	/** Root seed. */
	seed: number;
	level: Level;
	/** XenStore manners. */
	manners: string;
	/** What stood in for each role: "reference", or the module's path as the user gave it. */
	implementations: Readonly<
		Partial<Record<Extract<Party, "frontend" | "backend">, string>>
	>;
	/** Git revision of the subject when known. */
	revision?: string;
	/** UTC start, `YYYY-MM-DDTHH:MM:SS`. Only JUnit and CTRF print it. */
	startedAt: string;
	durationMs: number;
	/** Sorted by file name; cases sorted by id. */
	files: readonly FileReport[];
	invalid: readonly InvalidFile[];
	interrupted: boolean;
	/** Set when `--max-warnings N` was given. */
	maxWarnings?: number;
	/** Our own errors outside any case. */
	internal: readonly string[];
}
