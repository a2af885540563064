import type { Live, Wrong } from "./expression.ts";
import { advise } from "./suggest.ts";
import { isLate, type Late, settle } from "./template.ts";
import {
	type Json,
	type Leaf,
	leaf,
	type Refuse,
	SUBSTITUTION,
	show,
} from "./values.ts";

export const COMPARISONS = ["eq", "ne", "gt", "ge", "lt", "le"] as const;
export type Comparison = (typeof COMPARISONS)[number];

export type Bound = bigint | Late;

/** What a value must be. Bounds of `between` belong to the range. */
export type Match =
	| { how: Comparison; to: Bound }
	| { how: "between"; low: Bound; high: Bound }
	| { how: "one-of"; to: Bound[] }
	| { how: "word"; to: string[] };

/** Words that stand for one number of a field, such as `REQ_ALLOC`. */
export type FieldWords = Readonly<Record<string, bigint>>;

const SIGNS: Readonly<Record<Comparison, string>> = {
	eq: "",
	ne: "not ",
	gt: "> ",
	ge: ">= ",
	lt: "< ",
	le: "<= ",
};

/** JSON Schema of a number or a comparison. */
export const MATCH_JSON: Json = {
	anyOf: [
		{ type: "integer" },
		SUBSTITUTION,
		{ type: "string" },
		{
			type: "object",
			additionalProperties: false,
			minProperties: 1,
			maxProperties: 1,
			properties: {
				...Object.fromEntries(
					COMPARISONS.map((one) => [one, { type: ["integer", "string"] }]),
				),
				between: {
					type: "array",
					minItems: 2,
					maxItems: 2,
					items: { type: ["integer", "string"] },
				},
				"one-of": {
					type: "array",
					minItems: 1,
					maxItems: 64,
					items: { type: ["integer", "string"] },
				},
			},
		},
	],
};

export function readBound(
	value: unknown,
	refuse: Refuse,
	path: readonly PropertyKey[],
	words: FieldWords = {},
): Bound {
	if (isLate(value) || typeof value === "bigint") return value;
	if (typeof value === "string" && Object.hasOwn(words, value))
		return words[value] as bigint;
	const names = Object.keys(words);
	return refuse(
		`needs a number${names.length > 0 ? `, ${names.join(", ")}` : ""} or a comparison, not ${show(value)}`,
		typeof value === "string" && names.length > 0
			? advise(value, names)
			: "e.g. 3, { ge: 1 } or { between: [1, 4] }",
		path,
	);
}

/** A number, a word for one, or a comparison with one key. */
export function readMatch(
	value: unknown,
	refuse: Refuse,
	path: readonly PropertyKey[] = [],
	words: FieldWords = {},
): Match {
	if (typeof value !== "object" || value === null || isLate(value))
		return { how: "eq", to: readBound(value, refuse, path, words) };
	if (Array.isArray(value))
		return refuse(
			"needs a number or a comparison, not a list",
			"one of several values is { one-of: [1, 2] }",
			path,
		);
	const map = value as Record<string, unknown>;
	const keys = Object.keys(map);
	const [key] = keys;
	if (key === undefined || keys.length > 1)
		return refuse(
			`a comparison has one key, not ${keys.length}`,
			"a range is { between: [1, 4] }",
			path,
		);
	const here = [...path, key];
	if (key === "between") {
		const ends = map[key];
		if (!Array.isArray(ends) || ends.length !== 2)
			return refuse(
				"`between` needs two numbers, the least and the most",
				"e.g. { between: [1, 4] }",
				here,
			);
		const [low, high] = ends.map((one, index) =>
			readBound(one, refuse, [...here, index], words),
		) as [Bound, Bound];
		if (typeof low === "bigint" && typeof high === "bigint" && low > high)
			return refuse(
				`nothing lies between ${low} and ${high}`,
				"the least comes first",
				here,
			);
		return { how: "between", low, high };
	}
	if (key === "one-of") {
		const all = map[key];
		if (!Array.isArray(all) || all.length === 0 || all.length > 64)
			return refuse(
				"`one-of` needs a list of 1 to 64 numbers",
				"e.g. { one-of: [1, 2] }",
				here,
			);
		return {
			how: "one-of",
			to: all.map((one, index) =>
				readBound(one, refuse, [...here, index], words),
			),
		};
	}
	const how = COMPARISONS.find((one) => one === key);
	if (how === undefined)
		return refuse(
			`no comparison \`${key}\``,
			advise(key, [...COMPARISONS, "between", "one-of"]),
			here,
			"key",
		);
	return { how, to: readBound(map[key], refuse, here, words) };
}

/** A number or comparison as a leaf. */
export function match(words: FieldWords = {}): Leaf<Match> {
	return leaf("a number or a comparison", MATCH_JSON, (value, refuse) =>
		readMatch(value, refuse, [], words),
	);
}

/** Whether a value is as wanted. A late bound without a value makes the answer unknown: the reason comes back. */
export function holds(
	wanted: Match,
	value: bigint | string,
	live: Live,
): boolean | Wrong {
	if (wanted.how === "word") return wanted.to.includes(String(value));
	if (typeof value !== "bigint") return false;
	if (wanted.how === "one-of") {
		for (const one of wanted.to) {
			const to = settle(one, live);
			if (typeof to !== "bigint") return to;
			if (to === value) return true;
		}
		return false;
	}
	if (wanted.how === "between") {
		const low = settle(wanted.low, live);
		const high = settle(wanted.high, live);
		if (typeof low !== "bigint") return low;
		if (typeof high !== "bigint") return high;
		return low <= value && value <= high;
	}
	const to = settle(wanted.to, live);
	if (typeof to !== "bigint") return to;
	switch (wanted.how) {
		case "eq":
			return value === to;
		case "ne":
			return value !== to;
		case "gt":
			return value > to;
		case "ge":
			return value >= to;
		case "lt":
			return value < to;
		case "le":
			return value <= to;
	}
}

/** A match as a report words it: `> 0`, `3`, `1 to 4`. With `signed` plain numbers carry their sign, as changes do. */
export function matchText(wanted: Match, signed = false): string {
	const one = (bound: Bound) =>
		isLate(bound)
			? bound.text
			: signed && bound >= 0n
				? `+${bound}`
				: String(bound);
	if (wanted.how === "word") return wanted.to.join(" or ");
	if (wanted.how === "between")
		return `${one(wanted.low)} to ${one(wanted.high)}`;
	if (wanted.how === "one-of") return wanted.to.map(one).join(" or ");
	return SIGNS[wanted.how] + one(wanted.to);
}
