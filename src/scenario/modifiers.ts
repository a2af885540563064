import * as z from "zod/mini";
import { LIMITS } from "./limits.ts";
import { MATCH_JSON, type Match, readMatch } from "./match.ts";
import { advise } from "./suggest.ts";
import { isLate } from "./template.ts";
import {
	int,
	type Json,
	type Leaf,
	label,
	leaf,
	name,
	oneOrMore,
	type Refuse,
	readErrno,
	show,
	text,
	told,
	within,
} from "./values.ts";
import {
	LEDGER_NAMES,
	type LedgerName,
	readLedger,
	readView,
	VIEWS,
	type ViewPath,
} from "./views.ts";
import {
	BODY_FIELDS,
	type ErrnoName,
	FIELD_WORDS,
	OP_NAMES,
	type OpName,
	type Participant,
} from "./words.ts";

/** How an answer is to be: granted, refused, whatever it is, or refused with one of these errors. */
export type Answer =
	| { how: "ok" }
	| { how: "error" }
	| { how: "either" }
	| { how: "errno"; names: ErrnoName[] };

/** The same with a level for each demand: a broken `should` is a warning, a broken `info` a note. */
export interface Graded {
	must?: Answer;
	should?: Answer;
	info?: Answer;
}

/** A request that the step is to send: fields not listed are free. */
export interface SendExpect {
	op: OpName;
	/** Header field and body fields by their names in io/displif.h. */
	fields: Readonly<Record<string, Match>>;
	/** All reserved octets and unused flag bits are 0. */
	reserved: boolean;
}

export interface DeltaExpect {
	/** As written, e.g. `fe.grants`. */
	path: string;
	who: Participant;
	ledger: LedgerName;
	kind?: string;
	change: Match;
}

export interface StateExpect {
	path: ViewPath;
	want: Match;
}

const GRADES = ["must", "should", "info"] as const;
const ANSWER_JSON: Json = {
	type: "string",
	pattern: "^(ok|error|either|-E[A-Z0-9]+|\\$.*)$",
};

function readAnswer(
	value: unknown,
	refuse: Refuse,
	path: readonly PropertyKey[],
	words: readonly string[],
): Answer {
	const list = Array.isArray(value) ? value : [value];
	const names: ErrnoName[] = [];
	if (list.length === 0 || list.length > 16)
		return refuse("the list needs 1 to 16 error names", undefined, path);
	for (const [index, one] of list.entries()) {
		const here = Array.isArray(value) ? [...path, index] : path;
		if (typeof one === "string" && /^-?E[A-Z0-9_]+$/.test(one))
			names.push(readErrno(one, refuse, here));
		else if (
			typeof one === "string" &&
			words.includes(one) &&
			list.length === 1
		)
			return { how: one as "ok" | "error" | "either" };
		else {
			const known = [...words, "-EINVAL"];
			const advice =
				typeof one === "string"
					? advise(one, [...words, "-EINVAL", "-ENOMEM"])
					: `write ${words.join(", ")} or an error name such as -EINVAL`;
			return refuse(
				`needs ${known.join(", ")} or another error name, not ${show(one)}`,
				advice,
				here,
			);
		}
	}
	return { how: "errno", names };
}

function graded(words: readonly string[]): Leaf<Graded> {
	const one: Json = {
		anyOf: [ANSWER_JSON, { type: "array", items: ANSWER_JSON }],
	};
	const json: Json = {
		anyOf: [
			one,
			{
				type: "object",
				additionalProperties: false,
				minProperties: 1,
				properties: Object.fromEntries(GRADES.map((grade) => [grade, one])),
			},
		],
	};
	return leaf(
		`${words.join(", ")} or an error name such as -EINVAL`,
		json,
		(value, refuse) => {
			if (typeof value !== "object" || value === null || Array.isArray(value))
				return { must: readAnswer(value, refuse, [], words) };
			const map = value as Record<string, unknown>;
			const found: Graded = {};
			for (const key of Object.keys(map)) {
				const grade = GRADES.find((one) => one === key);
				if (grade === undefined)
					return refuse(
						`no level \`${key}\``,
						advise(key, GRADES),
						[key],
						"key",
					);
				found[grade] = readAnswer(map[key], refuse, [key], words);
			}
			if (Object.keys(found).length === 0)
				refuse("the map is empty", "e.g. { must: error, info: -EEXIST }");
			return found;
		},
	);
}

const PACKET_KEYS = ["op", "id", "reserved"] as const;

const sendOne: Leaf<SendExpect> = leaf(
	"`nothing`, or a request such as { op: DBUF_CREATE }",
	{
		type: "object",
		required: ["op"],
		properties: {
			op: { enum: OP_NAMES },
			reserved: { const: "zero" },
			id: MATCH_JSON,
			...Object.fromEntries(
				Object.values(BODY_FIELDS).flatMap((fields) =>
					fields.map((field) => [field, MATCH_JSON]),
				),
			),
		},
		additionalProperties: false,
	},
	(value, refuse) => {
		if (
			typeof value !== "object" ||
			value === null ||
			Array.isArray(value) ||
			isLate(value)
		)
			return undefined;
		const map = value as Record<string, unknown>;
		const op = OP_NAMES.find((one) => one === map.op);
		if (op === undefined) {
			if (map.op === undefined)
				return refuse("a request needs `op`", `known: ${OP_NAMES.join(", ")}`);
			return refuse(
				`no operation ${show(map.op)}`,
				advise(String(map.op), OP_NAMES),
				["op"],
			);
		}
		const known = BODY_FIELDS[op];
		const fields: Record<string, Match> = Object.create(null) as Record<
			string,
			Match
		>;
		for (const key of Object.keys(map)) {
			if (key === "op") continue;
			if (key === "reserved") {
				if (map[key] !== "zero")
					refuse(
						`\`reserved\` can only be zero, not ${show(map[key])}`,
						"write `reserved: zero`, or leave it out",
						[key],
					);
				continue;
			}
			if (key !== "id" && !known.includes(key))
				return refuse(
					`${op} has no field \`${key}\``,
					advise(key, [...known, ...PACKET_KEYS]),
					[key],
					"key",
				);
			fields[key] = readMatch(map[key], refuse, [key], FIELD_WORDS[key]);
		}
		return { op, fields, reserved: "reserved" in map };
	},
);

const sendsMany = oneOrMore("`nothing`, or one or more requests", sendOne);
const sends: Leaf<"nothing" | SendExpect[]> = leaf(
	"`nothing`, or one or more requests such as { op: DBUF_CREATE }",
	{
		anyOf: [
			{ const: "nothing" },
			{ $ref: "#/$defs/request" },
			{ type: "array", items: { $ref: "#/$defs/request" }, minItems: 1 },
		],
	},
	(value, refuse) => {
		if (typeof value === "string")
			return value === "nothing"
				? "nothing"
				: refuse(
						`needs \`nothing\` or a request, not ${show(value)}`,
						"a request is { op: DBUF_CREATE }",
					);
		return within(sendsMany, value, refuse, []);
	},
);

/** The JSON Schema of one expected request, shared by all steps. */
export { sendOne };

const delta: Leaf<"none" | DeltaExpect[]> = leaf(
	"`none`, or changes such as { fe.grants: +470 }",
	{
		anyOf: [
			{ const: "none" },
			{
				type: "object",
				minProperties: 1,
				patternProperties: {
					[`^(fe[234]?|be)\\.(${LEDGER_NAMES.join("|")})(\\(.+\\))?$`]: {
						$ref: "#/$defs/match",
					},
				},
				additionalProperties: false,
			},
		],
	},
	(value, refuse) => {
		if (value === "none") return "none";
		if (
			typeof value !== "object" ||
			value === null ||
			Array.isArray(value) ||
			isLate(value)
		)
			return undefined;
		const map = value as Record<string, unknown>;
		const keys = Object.keys(map);
		if (keys.length === 0)
			refuse("the map is empty", "`delta: none` says that nothing changes");
		return keys.map((path) => {
			const read = readLedger(path);
			if ("wrong" in read)
				return refuse(read.wrong, read.advice, [path], "key");
			return { path, ...read, change: readMatch(map[path], refuse, [path]) };
		});
	},
);

export const STATE_JSON: Json = {
	type: "object",
	minProperties: 1,
	additionalProperties: { $ref: "#/$defs/wanted" },
};

function readState(
	value: unknown,
	refuse: Refuse,
	at: readonly PropertyKey[] = [],
): StateExpect[] | undefined {
	if (
		typeof value !== "object" ||
		value === null ||
		Array.isArray(value) ||
		isLate(value)
	)
		return undefined;
	const map = value as Record<string, unknown>;
	const keys = Object.keys(map);
	if (keys.length === 0)
		refuse("the map is empty", "e.g. { be.state: Connected }", at);
	return keys.map((key) => {
		const path = readView(key);
		if ("wrong" in path)
			return refuse(path.wrong, path.advice, [...at, key], "key");
		return { path, want: readWanted(path, map[key], refuse, [...at, key]) };
	});
}

function readWanted(
	path: ViewPath,
	value: unknown,
	refuse: Refuse,
	at: readonly PropertyKey[],
): Match {
	const kind: "number" | "text" | readonly string[] = VIEWS[path.view].value;
	if (kind === "number") return readMatch(value, refuse, at);
	const list = Array.isArray(value) ? value : [value];
	if (list.length === 0 || list.length > 16)
		return refuse("the list needs 1 to 16 values", undefined, at);
	const to = list.map((one, index) => {
		const here = Array.isArray(value) ? [...at, index] : at;
		if (
			typeof one !== "string" &&
			typeof one !== "bigint" &&
			typeof one !== "boolean"
		)
			return refuse(
				`\`${path.text}\` is compared with a word, not ${show(one)}`,
				undefined,
				here,
			);
		const word = String(one);
		if (kind !== "text" && !kind.includes(word))
			return refuse(
				`\`${path.text}\` is never \`${word}\``,
				advise(word, kind),
				here,
			);
		return word;
	});
	return { how: "word", to };
}

/** A map of paths and what they must be. */
export const state: Leaf<StateExpect[]> = leaf(
	"a map such as { be.state: Connected }",
	STATE_JSON,
	(value, refuse) => readState(value, refuse),
);

export const ticks = () => int(0, LIMITS.ticks);

/** The keys that may stand beside a verb. */
export const MODIFIERS = z.strictObject({
	sends: told(
		"what the step puts on the request rings: nothing, or these requests in this order; unlisted fields are free",
		z.optional(sends),
	),
	replies: told(
		"how every request that the step sends is answered: ok, error, an error name, or a demand for each level",
		z.optional(graded(["ok", "error"])),
	),
	fails: told(
		"the driver operation itself fails: error, an error name, either (it may succeed, the rules judge), or a demand for each level",
		z.optional(graded(["error", "either"])),
	),
	delta: told(
		"how ledgers change over the step; unlisted ledgers may change, `none` forbids all change",
		z.optional(delta),
	),
	state: told("what holds right after the step", z.optional(state)),
	eventually: told(
		"what comes to hold within so many ticks after the step",
		z.optional(
			z.strictObject({
				within: told("ticks: virtual milliseconds", ticks()),
				state,
			}),
		),
	),
	async: told(
		"start the step as a task of this name and go on; `join` waits for it",
		z.optional(label("the task")),
	),
	mark: told(
		"a name for the moment right after the step, for `interrupt`",
		z.optional(label("the mark")),
	),
	note: told("a remark for the report", z.optional(text())),
	breaks: told(
		"requirement ids that a scripted side breaks here on purpose; `anything` for a side that keeps to nothing from here on",
		z.optional(oneOrMore("requirement ids", text(128))),
	),
	repeat: told(
		"do the step so many times, one after the other; what is expected holds for each",
		z.optional(int(2, 10_000)),
	),
	if: told(
		"do the step only if an object of this name was created",
		z.optional(name("an object")),
	),
});
export type Modifiers = z.output<typeof MODIFIERS>;
export const MODIFIER_NAMES = Object.keys(
	MODIFIERS.shape,
) as readonly (keyof Modifiers)[];
