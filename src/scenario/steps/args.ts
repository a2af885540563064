import * as z from "zod/mini";
import { LIMITS } from "../limits.ts";
import { advise } from "../suggest.ts";
import { isLate, type Late } from "../template.ts";
import {
	HINTS,
	int,
	type Leaf,
	leaf,
	name,
	readErrno,
	show,
	told,
	wide,
	within,
	word,
} from "../values.ts";
import {
	ERRNO,
	FIELD_WORDS,
	GNTST,
	OP_NAMES,
	type OpName,
	PARTICIPANTS,
	type Participant,
} from "../words.ts";

/** Arguments that several verbs share, so that the same word means the same everywhere. */

const FRONTENDS = ["fe", "fe2", "fe3", "fe4"] as const;
export type Frontend = (typeof FRONTENDS)[number];

export const participant = () => word(PARTICIPANTS, "participant");
export const frontend = () => word(FRONTENDS, "frontend");

/** Whose driver does it; unset means fe. */
export const byFrontend = told(
	"whose driver does it; fe if not said",
	z.optional(frontend()),
);
/** Which scripted side does it; unset means the only one. */
export const byScript = told(
	"which scripted side does it; the only one if not said",
	z.optional(participant()),
);
export const dev = told("index of the device", z._default(int(0, 15), 0));
export const connector = told(
	"index of the connector",
	z._default(int(0, 15), 0),
);
export const guest = told("the frontend", z._default(frontend(), "fe"));
export const ofDomain = told("whose", participant());
export const as = (what: string) => told(`a name for ${what}`, name(what));
export const of = (what: string) => told(`the name of ${what}`, name(what));
export const pixels = (says: string) =>
	told(says, z.optional(int(0, 0xffff_ffff)));
export const ticks = (says: string) => told(says, int(0, LIMITS.ticks));
export const count = (most: number) => int(0, most);

/** A field of a request's body by its name in io/displif.h. */
export const field = (bits: number, name: string) =>
	told(
		`${name} of the packet, ${bits} bits wide`,
		z.optional(wide(bits, FIELD_WORDS[name])),
	);

/** A status word: ok, an error name with its sign, or a number of 32 bits with sign. */
export function status(): Leaf<number> {
	return leaf(
		"ok, an error name such as -EINVAL, or a number",
		{ type: ["string", "integer"] },
		(value, refuse) => {
			if (value === "ok") return 0;
			if (typeof value === "bigint") {
				if (value < -0x8000_0000n || value > 0x7fff_ffffn)
					refuse(`${value} does not fit 32 bits with sign`);
				return Number(value);
			}
			if (typeof value !== "string") return undefined;
			if (/^-?E[A-Z0-9_]+$/.test(value))
				return -ERRNO[readErrno(value, refuse)];
			return refuse(
				`needs ok, an error name or a number, not ${show(value)}`,
				advise(value, ["ok", "-EINVAL", "-ENOMEM"]),
			);
		},
	);
}

/** A XenStore path: absolute, or below a participant's directory of the device, written `fe/state`. */
export interface StorePath {
	text: string;
	/** The participant whose device directory it is in; absent for an absolute path. */
	of?: Participant;
	/** The rest, without a slash before it; empty for the directory itself. */
	below: string;
}

export function storePath(): Leaf<StorePath> {
	return leaf(
		"a XenStore path, e.g. be/state or fe/0/resolution",
		{ type: "string" },
		(value, refuse) => {
			if (typeof value !== "string") return undefined;
			if (value.length > 1024) refuse("the path has more than 1024 characters");
			if (!/^\/?[A-Za-z0-9_@:-]+(\/[A-Za-z0-9_@:-]+)*$/.test(value))
				refuse(
					`${show(value)} is no XenStore path`,
					"letters, digits and -/_@ between single slashes, none at the end",
				);
			if (value.startsWith("/")) return { text: value, below: value.slice(1) };
			const [first = "", ...rest] = value.split("/");
			const who = PARTICIPANTS.find((one) => one === first);
			if (who === undefined)
				return refuse(
					`no participant \`${first}\` to start a path from`,
					advise(first, PARTICIPANTS),
				);
			return { text: value, of: who, below: rest.join("/") };
		},
	);
}

/** Text of a XenStore node, or a number known later. */
export function nodeText(): Leaf<string | { late: unknown; text: string }> {
	return leaf(
		"the text of the node",
		{ type: ["string", "integer", "boolean"] },
		(value, refuse) => {
			if (typeof value === "object" && value !== null && "late" in value)
				return value as { late: unknown; text: string };
			if (
				typeof value !== "string" &&
				typeof value !== "bigint" &&
				typeof value !== "boolean"
			)
				return undefined;
			const read = String(value);
			if (read.length > 4000) refuse("the text has more than 4000 characters");
			return read;
		},
	);
}

/** A map from names of a closed list to values of one kind. */
export function mapOf<const K extends string, T>(
	what: string,
	keys: readonly K[] | RegExp,
	each: Leaf<T>,
	most = 64,
): Leaf<Partial<Record<K, T>>> {
	const json = HINTS.get(each) ?? {};
	const known = keys instanceof RegExp ? undefined : keys;
	return leaf(
		what,
		known === undefined
			? { type: "object", additionalProperties: json }
			: {
					type: "object",
					additionalProperties: false,
					properties: Object.fromEntries(known.map((key) => [key, json])),
				},
		(value, refuse) => {
			if (
				typeof value !== "object" ||
				value === null ||
				Array.isArray(value) ||
				"late" in value
			)
				return undefined;
			const map = value as Record<string, unknown>;
			const found = Object.create(null) as Partial<Record<K, T>>;
			const given = Object.keys(map);
			if (given.length > most)
				refuse(`the map has ${given.length} keys: the limit is ${most}`);
			for (const key of given) {
				if (known !== undefined && !(known as readonly string[]).includes(key))
					refuse(`no \`${key}\` here`, advise(key, known), [key], "key");
				if (known === undefined && !(keys as RegExp).test(key))
					refuse(
						`\`${key.slice(0, 80)}\` cannot stand here`,
						`needs ${what}`,
						[key],
						"key",
					);
				found[key as K] = within(each, map[key], refuse, [key]);
			}
			return found;
		},
	);
}

/** An operation of io/displif.h by name, or any code of 8 bits. */
export function opCode(): Leaf<OpName | number> {
	return leaf(
		"an operation such as DBUF_CREATE, or a code of 8 bits",
		{
			anyOf: [
				{ enum: OP_NAMES },
				{ type: "integer", minimum: 0, maximum: 255 },
				{ type: "string", pattern: "^\\$" },
			],
		},
		(value, refuse) => {
			if (typeof value === "bigint") {
				if (value < 0n || value > 255n) refuse(`${value} is no code: 0 to 255`);
				return Number(value);
			}
			if (typeof value !== "string") return undefined;
			return (
				OP_NAMES.find((one) => one === value) ??
				refuse(
					`no operation \`${value.slice(0, 64)}\``,
					advise(value, OP_NAMES),
				)
			);
		},
	);
}

/** A FOURCC as text, or its number. */
export function pixelFormat(): Leaf<bigint | Late> {
	return leaf(
		"a pixel format such as XR24, or a number of 32 bits",
		{ type: ["string", "integer"] },
		(value, refuse) => {
			if (typeof value === "string" && !isLate(value)) {
				if (!/^[ -~]{4}$/.test(value))
					refuse(
						`${show(value)} is no pixel format`,
						"four characters, e.g. XR24",
					);
				return [...value].reduceRight(
					(sum, char) => (sum << 8n) | BigInt(char.charCodeAt(0)),
					0n,
				);
			}
			return within(wide(32), value, refuse, []);
		},
	);
}

/** Which pages of a buffer are granted. */
export function grantList(): Leaf<"all" | "none" | number[]> {
	return leaf(
		"all, none, or a list of page indices",
		{
			anyOf: [
				{ enum: ["all", "none"] },
				{ type: "array", items: { type: "integer", minimum: 0 } },
			],
		},
		(value, refuse) => {
			if (value === "all" || value === "none") return value;
			if (!Array.isArray(value)) return undefined;
			if (value.length > 4096)
				refuse(`the list has ${value.length} entries: the limit is 4096`);
			return value.map((one, index) =>
				within(int(0, 262_143), one, refuse, [index]),
			);
		},
	);
}

/** How `wire.serve` treats an operation: with another status, or not at all. */
export function exception(): Leaf<{ status: number } | { silent: true }> {
	return leaf(
		"{ status: -EINVAL } or { silent: true }",
		{
			type: "object",
			additionalProperties: false,
			minProperties: 1,
			maxProperties: 1,
			properties: {
				status: { type: ["string", "integer"] },
				silent: { const: true },
			},
		},
		(value, refuse) => {
			if (typeof value !== "object" || value === null || Array.isArray(value))
				return undefined;
			const map = value as Record<string, unknown>;
			const [key, more] = Object.keys(map);
			if (key === "silent" && more === undefined && map.silent === true)
				return { silent: true };
			if (key === "status" && more === undefined)
				return { status: within(status(), map.status, refuse, ["status"]) };
			return refuse("needs { status: -EINVAL } or { silent: true }");
		},
	);
}

/** What a struck call gives: an error name, a GNTST name, or a negative number. */
export function callStatus(): Leaf<number> {
	const known = Object.keys(GNTST).filter((one) => one !== "GNTST_okay");
	return leaf(
		"an error name such as -ENOMEM, a GNTST name, or a negative number",
		{ type: ["string", "integer"] },
		(value, refuse) => {
			if (typeof value === "string" && /^-?E[A-Z0-9_]+$/.test(value))
				return -ERRNO[readErrno(value, refuse)];
			if (typeof value === "string" && value.startsWith("GNTST")) {
				if (!known.includes(value))
					refuse(
						`no status \`${value.slice(0, 64)}\` of a failed call`,
						advise(value, known),
					);
				return GNTST[value];
			}
			if (typeof value !== "bigint") return undefined;
			if (value >= 0n || value < -4095n)
				refuse(`${value} is no failure`, "a failure is -1 to -4095");
			return Number(value);
		},
	);
}
