/**
 * A case as the text of a scenario file of its own: the matrix row, `let` and fixture files are filled in, so that it stands alone. Read again it is the
 * same case, but for the places.
 */
import { Document, isMap, isScalar, type Node, Scalar, visit } from "yaml";
import { formatPicks, type Pick } from "../base/choices.ts";
import { ERRNO } from "../base/errno.ts";
import { type Expression, expressionText } from "./expression.ts";
import type { Match } from "./match.ts";
import type {
	Answer,
	DeltaExpect,
	Graded,
	SendExpect,
	StateExpect,
} from "./modifiers.ts";
import type { Case, Step } from "./scenario.ts";
import { SHAPES } from "./steps/index.ts";
import { isLate } from "./template.ts";
import { GNTST } from "./words.ts";
import {
	defaultWorld,
	type PerDomain,
	type Size,
	type WorldKeyName,
} from "./world-keys.ts";

/** Plain data as YAML has it. */
type Plain = unknown;

/** The text of a scenario file that holds this case alone, under an id of its own. `says` stands above it as a comment. */
export function printCase(
	story: Case,
	id = ownId(story),
	says: readonly string[] = [],
): string {
	const document = new Document(caseValue(story, id), {
		version: "1.2",
		aliasDuplicateObjects: false,
	});
	visit(document, {
		// Whatever stands below a list of steps or a key of the world is short enough for one line.
		Pair(_, pair, path) {
			const depth = path.filter((one) => isMap(one)).length;
			if (depth === 1 && ONE_LINE.has(keyOf(pair.key))) flow(pair.value);
			if (depth >= 2) flow(pair.value);
		},
	});
	if (says.length > 0)
		document.commentBefore = says.map((line) => ` ${line}`).join("\n");
	const text = document.toString({ lineWidth: 0, flowCollectionPadding: true });
	return `${text.trimEnd()}\n`;
}

/** Keys of a scenario whose whole value stands on their line. */
const ONE_LINE: ReadonlySet<string> = new Set([
	"spec",
	"tags",
	"requires",
	"cast",
]);

const keyOf = (key: unknown): string =>
	isScalar(key) ? String(key.value) : String(key);

function flow(value: unknown): void {
	const node = value as (Node & { flow?: boolean }) | null;
	if (node !== null && typeof node === "object" && "items" in node)
		node.flow = true;
}

/** `gem.fe-alloc[pages=1024]` as an id that a scenario may have: `gem.fe-alloc.pages-1024`. */
function ownId(story: Case): string {
	const row = Object.entries(story.row).map(
		([name, value]) => `${name}-${value}`,
	);
	const words = row.map((text) =>
		text
			.toLowerCase()
			.replace(/[^a-z0-9]+/g, "-")
			.replace(/^-+|-+$/g, ""),
	);
	return [story.scenario, ...words.filter((word) => word !== "")]
		.join(".")
		.slice(0, 128)
		.replace(/[.-]+$/, "");
}

function caseValue(story: Case, id: string): Record<string, Plain> {
	const steps = [...story.setup, ...story.steps].map(stepValue);
	const world = worldValue(story);
	const cast = Object.fromEntries(
		Object.entries(story.cast).filter(([, role]) => role !== "subject"),
	);
	const filled = <T extends object>(key: string, value: T) =>
		(Array.isArray(value) ? value.length : Object.keys(value).length) > 0
			? { [key]: value as Plain }
			: {};
	return {
		id,
		title: textValue(story.title),
		...filled("spec", story.spec),
		...filled("tags", story.tags),
		...filled(
			"requires",
			story.requires.map(({ text }) => text),
		),
		...filled("cast", cast),
		...(story.fixture === "connected" ? {} : { use: story.fixture }),
		...filled("world", world),
		steps,
		...(story.interrupt === undefined
			? {}
			: {
					interrupt: {
						at: story.interrupt.at,
						with: story.interrupt.with.map(stepValue),
					},
				}),
		...filled("after", story.after.map(stepValue)),
		...filled("finally", story.finally.map(stepValue)),
		...filled(
			"always",
			story.always.map((one) => statesValue([one])),
		),
		...filled(
			"allow",
			story.allow.map(({ rule, because }) => ({
				rule,
				because: textValue(because),
			})),
		),
		...(story.choices === undefined
			? {}
			: { choices: choicesValue(story.choices) }),
		...(story.sweep === undefined
			? {}
			: {
					sweep: {
						...filled("of", story.sweep.of),
						at: story.sweep.at,
						most: story.sweep.most,
						outcome: story.sweep.outcome,
					},
				}),
		...(story.explore === undefined
			? {}
			: {
					explore: {
						schedules: story.explore.schedules,
						preemptions: story.explore.preemptions,
						seeds: story.explore.seeds,
						most: story.explore.most,
					},
				}),
	};
}

/** Choices of one line: a scalar has at most `LIMITS.scalarLength` characters. */
const PICKS_A_LINE = 100;

function choicesValue(picks: readonly Pick[]): Plain {
	const lines: string[] = [];
	for (let at = 0; at < picks.length; at += PICKS_A_LINE)
		lines.push(formatPicks(picks.slice(at, at + PICKS_A_LINE)));
	return lines.length > 1 ? lines : (lines[0] ?? "");
}

/** Keys that differ from what they are when nobody says. */
function worldValue({ world }: Case): Record<string, Plain> {
	const plain = defaultWorld();
	const made: Record<string, Plain> = {};
	for (const [name, value] of Object.entries(world)) {
		if (same(value, plain[name as WorldKeyName])) continue;
		const [group = "", rest] = name.split(".");
		const one = worldKeyValue(name as WorldKeyName, value);
		if (rest === undefined) made[name] = one;
		else made[group] = { ...(made[group] as object | undefined), [rest]: one };
	}
	return made;
}

function worldKeyValue(name: WorldKeyName, value: unknown): Plain {
	if (name === "connectors") {
		const sizes = value as readonly Size[];
		return sizes.every(({ width, height }) => width === 800 && height === 600)
			? sizes.length
			: sizes.map(({ width, height }) => `${width}x${height}`);
	}
	if (typeof value !== "object" || value === null || Array.isArray(value))
		return plainValue(value);
	const { all, ...some } = value as PerDomain;
	// Once set for all, a participant's own number lies over it.
	return Object.keys(some).length === 0 ? all : some;
}

/** A verb with its arguments, and the modifiers beside it. */
function stepValue(step: Step): Record<string, Plain> {
	const { verb } = step;
	const made: Record<string, Plain> = { [verb]: argsValue(step) };
	if (step.sends !== undefined)
		made.sends =
			step.sends === "nothing" ? "nothing" : step.sends.map(sendValue);
	if (step.replies !== undefined) made.replies = gradedValue(step.replies);
	if (step.fails !== undefined) made.fails = gradedValue(step.fails);
	if (step.delta !== undefined)
		made.delta =
			step.delta === "none"
				? "none"
				: Object.fromEntries(
						step.delta.map(({ path, change }: DeltaExpect) => [
							path,
							matchValue(change),
						]),
					);
	if (step.state !== undefined) made.state = statesValue(step.state);
	if (step.eventually !== undefined)
		made.eventually = {
			within: step.eventually.within,
			state: statesValue(step.eventually.state),
		};
	if (step.async !== undefined) made.async = step.async;
	if (step.mark !== undefined) made.mark = step.mark;
	if (step.note !== undefined) made.note = textValue(step.note);
	if (step.breaks !== undefined) made.breaks = step.breaks;
	if (step.repeat !== undefined) made.repeat = step.repeat;
	if (step.if !== undefined) made.if = step.if;
	return made;
}

/** The arguments that differ from what they are when nobody says. */
function argsValue({ verb, args }: Step): Record<string, Plain> {
	const shape = SHAPES[verb].args.shape as Record<string, unknown>;
	const made: Record<string, Plain> = {};
	for (const [name, value] of Object.entries(args as Record<string, unknown>)) {
		if (value === undefined || same(value, defaultOf(shape[name]))) continue;
		made[name] = argValue(name, value, args as { at?: unknown });
	}
	return made;
}

function argValue(
	name: string,
	value: unknown,
	{ at }: { at?: unknown },
): Plain {
	if (name === "answers" && value === 0) return "ok";
	// The fields of a call are all that was written, false as well.
	if (name === "with")
		return Object.fromEntries(
			Object.entries(value as object).map(([key, one]) => [
				key,
				plainValue(one),
			]),
		);
	if (
		["status", "returns", "answers"].includes(name) &&
		typeof value === "number"
	) {
		const grant = String(at).startsWith("grant.");
		const named = grant
			? Object.keys(GNTST).find((one) => GNTST[one] === value)
			: Object.keys(ERRNO).find((one) => -ERRNO[one as "EPERM"] === value);
		if (named !== undefined && value < 0) return grant ? named : `-${named}`;
	}
	if (
		(name === "format" || name === "pixel_format") &&
		typeof value === "bigint"
	) {
		const letters = [0n, 8n, 16n, 24n].map((shift) =>
			String.fromCharCode(Number((value >> shift) & 0xffn)),
		);
		if (
			letters.every((letter) => /[A-Z0-9]/.test(letter)) &&
			value >> 32n === 0n
		)
			return letters.join("");
	}
	return plainValue(value);
}

/** What a leaf without a form of its own means: numbers, words, and lists and maps of them. */
function plainValue(value: unknown): Plain {
	if (isLate(value)) return lateValue(value.late as Expression);
	if (typeof value === "string") return textValue(value);
	if (Array.isArray(value)) return value.map(plainValue);
	if (typeof value !== "object" || value === null) return value;
	// A XenStore path keeps what was written.
	if ("below" in value && "text" in value) return String(value.text);
	return Object.fromEntries(
		Object.entries(value).flatMap(([key, one]) =>
			one === undefined || one === false ? [] : [[key, plainValue(one)]],
		),
	);
}

/** A text that stays the same when its `$` are read. */
const textValue = (text: string): string => text.replaceAll("$", "$$$$");

/** In quotes, because a comma or a brace would end it. */
function lateValue(expression: Expression): Scalar {
	const scalar = new Scalar(`$(${expressionText(expression)})`);
	scalar.type = Scalar.QUOTE_DOUBLE;
	return scalar;
}

function matchValue(match: Match): Plain {
	switch (match.how) {
		case "eq":
			return plainValue(match.to);
		case "between":
			return { between: [plainValue(match.low), plainValue(match.high)] };
		case "one-of":
			return { "one-of": match.to.map(plainValue) };
		case "word":
			return match.to.length === 1
				? textValue(match.to[0] as string)
				: match.to.map(textValue);
		default:
			return { [match.how]: plainValue(match.to) };
	}
}

const statesValue = (wanted: readonly StateExpect[]): Record<string, Plain> =>
	Object.fromEntries(
		wanted.map(({ path, want }) => [path.text, matchValue(want)]),
	);

function sendValue({ op, fields, reserved }: SendExpect): Plain {
	return {
		op,
		...Object.fromEntries(
			Object.entries(fields).map(([name, match]) => [name, matchValue(match)]),
		),
		...(reserved ? { reserved: "zero" } : {}),
	};
}

function answerValue(answer: Answer): Plain {
	if (answer.how !== "errno") return answer.how;
	const names = answer.names.map((name) => `-${name}`);
	return names.length === 1 ? names[0] : names;
}

function gradedValue({ must, should, info }: Graded): Plain {
	if (must !== undefined && should === undefined && info === undefined)
		return answerValue(must);
	return {
		...(must === undefined ? {} : { must: answerValue(must) }),
		...(should === undefined ? {} : { should: answerValue(should) }),
		...(info === undefined ? {} : { info: answerValue(info) }),
	};
}

function defaultOf(schema: unknown): unknown {
	const def = (schema as { def?: { type?: string; defaultValue?: unknown } })
		?.def;
	return def?.type === "default" ? def.defaultValue : undefined;
}

const same = (a: unknown, b: unknown): boolean =>
	a === b || JSON.stringify(a, bigText) === JSON.stringify(b, bigText);
const bigText = (_: string, value: unknown) =>
	typeof value === "bigint" ? `${value}n` : value;
