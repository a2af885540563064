import * as z from "zod/mini";
import { LIMITS } from "./limits.ts";
import { advise } from "./suggest.ts";
import { isLate, type Late } from "./template.ts";
import { ERRNO, type ErrnoName } from "./words.ts";

/** A piece of JSON Schema (draft 2020-12). */
export type Json = { [key: string]: unknown };

/** What the JSON Schema says of a leaf, kept beside the leaf itself. */
export const HINTS = new WeakMap<object, Json>();

/** Why a value is refused. `path` leads from the value to the part that is wrong. */
export interface Refusal {
	message: string;
	advice?: string;
	path?: readonly PropertyKey[];
	on?: "key";
}

export type Leaf<T> = z.ZodMiniType<T, unknown>;
/** Never comes back. `on` says whether the last step of the path is marked by its key or its value; the value if not said. */
export type Refuse = (
	message: string,
	advice?: string,
	path?: readonly PropertyKey[],
	on?: "key",
) => never;

class Refused extends Error {
	readonly refusal: Refusal;
	constructor(refusal: Refusal) {
		super(refusal.message);
		this.refusal = refusal;
	}
}

/**
 * A value read by a function: it gives what the value means, or refuses it. `expects` completes «needs …» when the value is of the wrong kind
 * or missing; `json` is what an editor may know.
 */
export function leaf<T>(
	expects: string,
	json: Json,
	read: (value: unknown, refuse: Refuse) => T | undefined,
): Leaf<T> {
	const schema = z.pipe(
		z.unknown(),
		z.transform((value, context): T => {
			if (value === undefined) {
				context.issues.push({
					code: "custom",
					message: `needs ${expects}`,
					input: value,
					params: { missing: true },
				});
				return z.NEVER;
			}
			const refuse: Refuse = (message, advice, path, on) => {
				throw new Refused({
					message,
					...(advice === undefined ? {} : { advice }),
					...(path === undefined ? {} : { path }),
					...(on === undefined ? {} : { on }),
				});
			};
			try {
				const read_ = read(value, refuse);
				if (read_ !== undefined) return read_;
				refuse(`needs ${expects}, not ${show(value)}`);
			} catch (thrown) {
				if (!(thrown instanceof Refused)) throw thrown;
				const { message, advice, path, on } = thrown.refusal;
				context.issues.push({
					code: "custom",
					message,
					input: value,
					path: [...(path ?? [])],
					params: { advice, on },
				});
			}
			return z.NEVER;
		}),
	);
	HINTS.set(schema, json);
	return schema as unknown as Leaf<T>;
}

/** The description an editor shows for a key. Apply it last. */
export function told<S extends z.ZodMiniType>(says: string, schema: S): S {
	const known = HINTS.get(schema);
	const copy = known === undefined ? schema : (schema.clone() as S);
	HINTS.set(copy, { ...known, description: says });
	return copy;
}

/** A value as a message shows it. */
export function show(value: unknown): string {
	if (value === null) return "nothing";
	if (typeof value === "string")
		return value.length > 40 ? `\`${value.slice(0, 40)}…\`` : `\`${value}\``;
	if (Array.isArray(value)) return "a list";
	if (isLate(value))
		return `\`${value.text}\`, which is known only while the case runs`;
	if (typeof value === "object") return "a map";
	return `\`${String(value)}\``;
}

/** A scalar that a `$` may stand for, in the JSON Schema. */
export const SUBSTITUTION: Json = { type: "string", pattern: "^[+-]?\\$" };

const orSubstitution = (json: Json): Json => ({ anyOf: [json, SUBSTITUTION] });

/** A whole number in a range; gives a `number`. */
export function int(min: number, max: number): Leaf<number> {
	return leaf(
		`a whole number from ${min} to ${max}`,
		orSubstitution({ type: "integer", minimum: min, maximum: max }),
		(value, refuse) => {
			if (typeof value !== "bigint") return undefined;
			if (value < BigInt(min) || value > BigInt(max))
				refuse(`${value} is out of range: ${min} to ${max}`);
			return Number(value);
		},
	);
}

/** A field of the wire, `bits` wide; gives a BigInt, or a number known later. A negative number is its two's complement. */
export function wide(
	bits: number,
	words: Readonly<Record<string, bigint>> = {},
): Leaf<bigint | Late> {
	const names = Object.keys(words);
	const expects = `a number of ${bits} bits${names.length > 0 ? ` or ${names.join(", ")}` : ""}`;
	return leaf(
		expects,
		orSubstitution({ type: ["integer", "string"] }),
		(value, refuse) => {
			if (isLate(value)) return value;
			if (typeof value === "string" && Object.hasOwn(words, value))
				return words[value];
			if (
				typeof value === "string" &&
				names.length > 0 &&
				/^[A-Z_]+$/.test(value)
			)
				refuse(`no word \`${value}\` for this field`, advise(value, names));
			if (typeof value !== "bigint") return undefined;
			if (value >= 1n << BigInt(bits) || value < -(1n << BigInt(bits - 1)))
				refuse(`${value} does not fit ${bits} bits`);
			return value < 0n ? value + (1n << BigInt(bits)) : value;
		},
	);
}

/** One word of a closed list. */
export function word<const W extends string>(
	known: readonly W[],
	what = "word",
): Leaf<W> {
	const expects =
		known.length <= 12 ? `one of ${known.join(", ")}` : `a ${what}`;
	return leaf(expects, orSubstitution({ enum: known }), (value, refuse) => {
		if (typeof value !== "string") return undefined;
		const found = known.find((one) => one === value);
		return found ?? refuse(`no ${what} \`${value}\``, advise(value, known));
	});
}

export function flag(): Leaf<boolean> {
	return leaf(
		"true or false",
		orSubstitution({ type: "boolean" }),
		(value, refuse) => {
			if (typeof value === "string" && /^(yes|no|on|off)$/i.test(value))
				refuse(
					`needs true or false, not ${show(value)}`,
					"YAML 1.2 knows only true and false",
				);
			return typeof value === "boolean" ? value : undefined;
		},
	);
}

/** Free text of limited length, on one line or several. Numbers and truth values are taken as written by YAML 1.2. */
export function text(max = 400, min = 1): Leaf<string> {
	return leaf(
		"a text",
		{ type: ["string", "integer", "boolean"], maxLength: max },
		(value, refuse) => {
			if (
				typeof value !== "string" &&
				typeof value !== "bigint" &&
				typeof value !== "boolean"
			)
				return undefined;
			const read = String(value);
			if (read.length < min)
				refuse(
					read === ""
						? "the text is empty"
						: `the text is too short: at least ${min} characters are needed`,
				);
			if (read.length > max)
				refuse(`the text has ${read.length} characters: the limit is ${max}`);
			if (/[^\P{Cc}\t\n]/u.test(read))
				refuse("the text holds a control character");
			return read;
		},
	);
}

/** The name of an object a step makes: letters, digits and `_`, so that `$name.field` can be written. */
export function name(what: string): Leaf<string> {
	return leaf(
		`a name for ${what}`,
		{ type: "string", pattern: "^[A-Za-z][A-Za-z0-9_]*$" },
		(value, refuse) => {
			if (typeof value !== "string") return undefined;
			if (!/^[A-Za-z][A-Za-z0-9_]*$/.test(value))
				refuse(
					`${show(value)} is no name`,
					"a name has letters, digits and `_`, and starts with a letter",
				);
			if (value.length > LIMITS.nameLength)
				refuse(
					`the name has ${value.length} characters: the limit is ${LIMITS.nameLength}`,
				);
			return value;
		},
	);
}

/** A name that is only ever pointed to: of a mark or a task. Hyphens are allowed. */
export function label(what: string): Leaf<string> {
	return leaf(
		`a name for ${what}`,
		{ type: "string", pattern: "^[A-Za-z][A-Za-z0-9_-]*$" },
		(value, refuse) => {
			if (typeof value !== "string") return undefined;
			if (!/^[A-Za-z][A-Za-z0-9_-]*$/.test(value))
				refuse(
					`${show(value)} is no name`,
					"a name has letters, digits, `_` and `-`, and starts with a letter",
				);
			if (value.length > LIMITS.nameLength)
				refuse(
					`the name has ${value.length} characters: the limit is ${LIMITS.nameLength}`,
				);
			return value;
		},
	);
}

/** `-EINVAL`; gives the name without the sign. */
export function readErrno(
	value: string,
	refuse: Refuse,
	path: readonly PropertyKey[] = [],
): ErrnoName {
	if (/^E[A-Z0-9]+$/.test(value))
		refuse(`\`${value}\` lacks its sign`, `write \`-${value}\``, path);
	const found = value.slice(1);
	if (!Object.hasOwn(ERRNO, found)) {
		const near = advise(found.replace(/^XEN_/, ""), Object.keys(ERRNO)).replace(
			/`(E[A-Z0-9]+)`/g,
			"`-$1`",
		);
		refuse(`no error name \`${value}\``, near, path);
	}
	return found as ErrnoName;
}

/** One or several of the same. */
export function oneOrMore<T>(what: string, one: Leaf<T>, max = 64): Leaf<T[]> {
	const json = HINTS.get(one) ?? {};
	return leaf(
		what,
		{
			anyOf: [json, { type: "array", items: json, minItems: 1, maxItems: max }],
		},
		(value, refuse) => {
			const list = Array.isArray(value) ? value : [value];
			if (list.length === 0) refuse("the list is empty");
			if (list.length > max)
				refuse(`the list has ${list.length} entries: the limit is ${max}`);
			return list.map((item, index) =>
				within(one, item, refuse, Array.isArray(value) ? [index] : []),
			);
		},
	);
}

/** Reads a part of a value by its own schema; a refusal of the part becomes one of the whole, with the path to it. */
export function within<T>(
	schema: z.ZodMiniType<T, unknown>,
	value: unknown,
	refuse: Refuse,
	path: readonly PropertyKey[],
): T {
	const result = z.safeParse(schema, value);
	if (result.success) return result.data;
	const [issue] = result.error.issues;
	if (issue === undefined) return refuse("is not valid", undefined, path);
	const { message, advice, on } = complaint(issue, schema);
	return refuse(message, advice, [...path, ...issue.path], on);
}

/** Keys an object schema knows, found by walking the issue's path down the schema. */
function keysAt(schema: unknown, path: readonly PropertyKey[]): string[] {
	let at = schema as
		| { def?: Record<string, unknown>; shape?: Record<string, unknown> }
		| undefined;
	const unwrap = () => {
		while (at?.def && at.shape === undefined && (at.def.innerType ?? at.def.in))
			at = (at.def.innerType ?? at.def.in) as typeof at;
	};
	unwrap();
	for (const key of path) {
		at = (at?.shape?.[String(key)] ??
			at?.def?.element ??
			at?.def?.valueType) as typeof at;
		unwrap();
	}
	return at?.shape === undefined ? [] : Object.keys(at.shape);
}

/** An issue of the schema library in our words. */
export function complaint(
	issue: z.core.$ZodIssue,
	schema: unknown,
): { message: string; advice?: string; on?: "key" } {
	if (issue.code === "custom") {
		const { advice, on } = (issue.params ?? {}) as {
			advice?: string;
			on?: "key";
		};
		return {
			message: issue.message,
			...(advice === undefined ? {} : { advice }),
			...(on === undefined ? {} : { on }),
		};
	}
	if (issue.code === "unrecognized_keys") {
		const key = issue.keys[0] ?? "";
		const known = keysAt(schema, issue.path);
		const advice =
			known.length === 0
				? "no keys are known here: write {}"
				: advise(key, known);
		return {
			message: `unknown key \`${key.slice(0, 64)}\``,
			advice,
			on: "key",
		};
	}
	if (issue.code === "invalid_type") {
		const kinds: Record<string, string> = {
			object: "a map, e.g. { key: value }",
			array: "a list",
			record: "a map",
		};
		return { message: `needs ${kinds[issue.expected] ?? issue.expected}` };
	}
	if (issue.code === "too_big")
		return { message: `too many: the limit is ${issue.maximum}` };
	if (issue.code === "too_small")
		return { message: `too few: at least ${issue.minimum}` };
	return { message: "is not valid" };
}
