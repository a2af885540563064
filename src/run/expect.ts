/** A step's own expectations, judged over what it brought: replies, requests sent, ledgers, state. */
import { errnoName } from "../base/errno.ts";
import type { Place } from "../base/position.ts";
import { decodeRequest, describeRequest } from "../displif/packet.ts";
import type { WireEntry } from "../journal/exchange.ts";
import type { Finding, Level } from "../judge/finding.ts";
import { holds, matchText } from "../scenario/match.ts";
import type {
	Answer,
	Graded,
	SendExpect,
	StateExpect,
} from "../scenario/modifiers.ts";
import { placeOf, type Step } from "../scenario/scenario.ts";
import type { LedgerName } from "../scenario/views.ts";
import { LEDGER_NAMES } from "../scenario/views.ts";
import type { Participant } from "../scenario/words.ts";
import { ledger, see } from "./see.ts";
import { type Actor, type Deed, type Stage, StepError } from "./stage.ts";

/** What an expectation found: not yet blamed. */
export interface Unmet {
	/** The participant whose doing it is. */
	who: Participant;
	level: Level;
	message: string;
	expected: string;
	got: string;
	place: Place;
	/** An operation did not return. */
	hangs?: true;
}

/** Ledgers of every participant, before a step. */
export type Accounts = ReadonlyMap<string, bigint>;

export function accounts(stage: Stage, step: Step): Accounts {
	const taken = new Map<string, bigint>();
	if (step.delta === undefined) return taken;
	if (step.delta === "none") {
		for (const who of stage.actors.keys())
			for (const name of LEDGER_NAMES)
				taken.set(`${who}.${name}`, ledger(stage, who, name));
		return taken;
	}
	for (const { path, who, ledger: name, kind } of step.delta)
		taken.set(path, ledger(stage, who, name, kind));
	return taken;
}

const GRADE_LEVELS = {
	must: "must",
	should: "should",
	info: "may",
} as const satisfies Record<keyof Graded, Level>;

/** Everything that a step expected and that did not hold. `wire` is what it put on and off the rings. */
export function unmet(
	stage: Stage,
	step: Step,
	deed: Deed,
	before: Accounts,
	wire: readonly WireEntry[],
): Unmet[] {
	return [
		...results(stage, step, deed, wire),
		...replies(stage, step, wire),
		...sends(stage, step, wire),
		...deltas(stage, step, before),
		...states(stage, step, step.state ?? [], "state"),
	];
}

const isDriver = (deed: Deed): boolean => deed.actor !== undefined;
const told = (status: number): string =>
	status < 0
		? `-${errnoName(status) ?? String(-status)}`
		: status === 0
			? "ok"
			: String(status);

function results(
	stage: Stage,
	step: Step,
	deed: Deed,
	wire: readonly WireEntry[],
): Unmet[] {
	if (!isDriver(deed) || deed.ended !== undefined || deed.status === undefined)
		return [];
	const { status } = deed;
	const who = (deed.actor as NonNullable<Deed["actor"]>).name;
	if (step.fails === undefined) {
		if (status >= 0) return [];
		// A refusal by the backend is the backend's doing; without one the frontend gave up by itself.
		const refused = wire.find(
			(w) => w.kind === "wire.response" && ((w.words[1] as number) | 0) < 0,
		);
		const struck = stage.faults.struck();
		return [
			{
				who: refused === undefined ? who : "be",
				level: "must",
				message: `${step.verb} failed${refused === undefined ? "" : ": the backend refused"}${struck.length > 0 ? `; faults: ${struck.join("; ")}` : ""}`,
				expected: "ok",
				got: told(status),
				place: step.place,
			},
		];
	}
	return grades(step.fails, status, (grade) => ({
		who,
		level: GRADE_LEVELS[grade],
		message: `${step.verb} ${status >= 0 ? "succeeded" : "failed in another way"}`,
		place: placeOf(step, "fails"),
	}));
}

function replies(
	stage: Stage,
	step: Step,
	wire: readonly WireEntry[],
): Unmet[] {
	if (step.replies === undefined) return [];
	const answers = wire.filter((w) => w.kind === "wire.response");
	const backend = "be" as const;
	if (answers.length === 0)
		return [
			{
				who: stage.actors.has(backend) ? backend : (step.actor ?? backend),
				level: "must",
				message: `no response came to ${step.verb}`,
				expected: gradedText(step.replies),
				got: "no response",
				place: placeOf(step, "replies"),
			},
		];
	for (const answer of answers) {
		const status = (answer.words[1] as number) | 0;
		const found = grades(step.replies, status, (grade) => ({
			who: backend,
			level: GRADE_LEVELS[grade],
			message: `the response to ${answer.request === undefined ? "a request" : describeRequest(answer.request.words)} is not as expected`,
			place: placeOf(step, "replies"),
		}));
		if (found.length > 0) return found;
	}
	return [];
}

function grades(
	wanted: Graded,
	status: number,
	make: (grade: keyof Graded) => Omit<Unmet, "expected" | "got">,
): Unmet[] {
	for (const grade of ["must", "should", "info"] as const) {
		const answer = wanted[grade];
		if (answer !== undefined && !answers(answer, status))
			return [
				{ ...make(grade), expected: answerText(answer), got: told(status) },
			];
	}
	return [];
}

function answers(answer: Answer, status: number): boolean {
	switch (answer.how) {
		case "ok":
			return status === 0;
		case "error":
			return status < 0;
		case "either":
			return true;
		case "errno":
			return (
				status < 0 && answer.names.some((name) => name === errnoName(status))
			);
	}
}

const answerText = (answer: Answer): string =>
	answer.how === "errno"
		? answer.names.map((name) => `-${name}`).join(" or ")
		: answer.how === "ok"
			? "ok"
			: "an error";
const gradedText = (graded: Graded): string => {
	const first = graded.must ?? graded.should ?? graded.info;
	return first === undefined ? "a response" : answerText(first);
};

function sends(stage: Stage, step: Step, wire: readonly WireEntry[]): Unmet[] {
	if (step.sends === undefined) return [];
	const requests = wire.filter((w) => w.kind === "wire.request");
	const who = step.actor ?? "fe";
	const miss = (
		message: string,
		expected: string,
		got: string,
		...path: (string | number)[]
	): Unmet[] => [
		{
			who,
			level: "must",
			message,
			expected,
			got,
			place: placeOf(step, "sends", ...path),
		},
	];
	if (step.sends === "nothing")
		return requests.length === 0
			? []
			: miss(
					`${step.verb} sent a request`,
					"nothing on the request rings",
					describeRequest((requests[0] as (typeof requests)[0]).request.words),
				);
	for (const [index, wanted] of step.sends.entries()) {
		const request = requests[index];
		if (request === undefined)
			return miss(
				`${step.verb} sent too few requests`,
				wanted.op,
				requests.length === 0 ? "nothing" : `only ${requests.length}`,
				index,
			);
		const wrong = compare(stage, step, wanted, request.request.words);
		if (wrong !== undefined)
			return miss(
				`${step.verb} sent another request`,
				wrong.expected,
				describeRequest(request.request.words),
				index,
				wrong.field,
			);
	}
	return requests.length === step.sends.length
		? []
		: miss(
				`${step.verb} sent more requests`,
				`${step.sends.length}`,
				`${requests.length}, the next ${describeRequest((requests[step.sends.length] as (typeof requests)[0]).request.words)}`,
			);
}

function compare(
	stage: Stage,
	step: Step,
	wanted: SendExpect,
	words: Uint32Array,
): { field: string; expected: string } | undefined {
	const packet = decodeRequest(words);
	if (packet.operation !== wanted.op)
		return { field: "op", expected: wanted.op };
	const body = packet.body as unknown as Record<string, number | bigint>;
	for (const [field, match] of Object.entries(wanted.fields)) {
		const value = BigInt((field === "id" ? packet.id : body[field]) ?? 0);
		const held = holds(match, value, stage.live);
		if (typeof held !== "boolean")
			throw new StepError(step, held.wrong, "sends", field);
		if (!held) return { field, expected: `${field} ${matchText(match)}` };
	}
	const [stray] = packet.strays;
	if (wanted.reserved && stray !== undefined)
		return {
			field: "reserved",
			expected: `${stray.field} at octet ${stray.offset} zero`,
		};
	return undefined;
}

function deltas(stage: Stage, step: Step, before: Accounts): Unmet[] {
	if (step.delta === undefined) return [];
	if (step.delta === "none") {
		for (const [path, was] of before) {
			const [who, name] = path.split(".") as [Participant, LedgerName];
			const now = ledger(stage, who, name);
			if (now !== was)
				return [
					{
						who,
						level: "must",
						message: `${path} changed over ${step.verb}`,
						expected: `${was}, as before`,
						got: String(now),
						place: placeOf(step, "delta"),
					},
				];
		}
		return [];
	}
	for (const { path, who, ledger: name, kind, change } of step.delta) {
		const delta = ledger(stage, who, name, kind) - (before.get(path) ?? 0n);
		const held = holds(change, delta, stage.live);
		if (typeof held !== "boolean")
			throw new StepError(step, held.wrong, "delta", path);
		if (!held)
			return [
				{
					who,
					level: "must",
					message: `${path} changed otherwise over ${step.verb}`,
					expected: matchText(change, true),
					got: delta >= 0n ? `+${delta}` : String(delta),
					place: placeOf(step, "delta", path),
				},
			];
	}
	return [];
}

/** Which of the wanted states do not hold now. */
export function states(
	stage: Stage,
	step: Step,
	wanted: readonly StateExpect[],
	...at: (string | number)[]
): Unmet[] {
	const missed: Unmet[] = [];
	for (const { path, want } of wanted) {
		const value = see(stage, path);
		const held = holds(want, value, stage.live);
		if (typeof held !== "boolean")
			throw new StepError(step, held.wrong, ...at, path.text);
		if (!held)
			missed.push({
				who: whose(stage, path),
				level: "must",
				message: `${path.text} is not as expected`,
				expected: matchText(want),
				got: String(value),
				place: placeOf(step, ...at, path.text),
			});
	}
	return missed;
}

/** Who answers for a state: its participant; a display and what is mapped of a buffer is the backend's. */
function whose(stage: Stage, path: StateExpect["path"]): Participant {
	const first = path.args[0] as Participant | undefined;
	if (
		path.view.startsWith("WHO") &&
		first !== undefined &&
		stage.actors.has(first)
	)
		return first;
	return "be";
}

/**
 * Who is to blame. An expectation speaks of what two sides did together, and a reference that stands in meets it with another reference: so
 * what it seems to have done wrong is the doing of the subject that it met.
 */
function culprit(stage: Stage, who: Participant): Actor | undefined {
	const actor = stage.actors.get(who);
	if (actor?.standing !== "reference") return actor;
	const others = [...stage.actors.values()].filter(
		(other) => other.standing === "subject",
	);
	return others.find((other) => other.role !== actor.role) ?? actor;
}

/** The finding that an unmet expectation is, blamed by who takes part how. */
export function expectationFinding(stage: Stage, missed: Unmet): Finding {
	const actor = culprit(stage, missed.who);
	const standing =
		actor?.standing === "subject"
			? "subject"
			: actor?.standing === "scripted"
				? "unannounced"
				: "ours";
	return {
		rule: "expectation",
		requirements: stage.case.spec,
		level: missed.level,
		owes: actor?.role ?? "world",
		blamed: actor?.name ?? missed.who,
		standing,
		message: missed.message,
		expected: missed.expected,
		got: missed.got,
		entry: Math.max(0, stage.journal.length - 1),
		place: missed.place,
		...(missed.hangs === undefined ? {} : { hangs: missed.hangs }),
	};
}
