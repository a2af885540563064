import * as z from "zod/mini";
import { CALL_NAMES, CALLS, type FieldType } from "../../xen/call.ts";
import { advise } from "../suggest.ts";
import { isLate, type Late } from "../template.ts";
import {
	type Leaf,
	leaf,
	name,
	show,
	told,
	wide,
	within,
	word,
} from "../values.ts";
import { byScript, callStatus, mapOf } from "./args.ts";
import { step } from "./step.ts";

/** What a scripted side may ask: not what only the toolstack or the runner can. */
const ASKED = CALL_NAMES.filter((one) => !/^(domain|driver|task)\./.test(one));

/** A number, perhaps known later, a text, a truth value or a list of numbers: as the call's field needs it. */
type Field = bigint | Late | string | boolean | (bigint | Late)[];

const NEEDED: Readonly<Record<FieldType, string>> = {
	u32: "a number",
	i32: "a number",
	bool: "true or false",
	str: "a text",
	words: "a list of numbers",
};

const isNumber = (value: unknown): boolean =>
	typeof value === "bigint" || isLate(value);

const FITS: Readonly<Record<FieldType, (value: Field) => boolean>> = {
	u32: isNumber,
	i32: isNumber,
	bool: (value) => typeof value === "boolean",
	str: (value) => typeof value === "string",
	words: (value) => Array.isArray(value),
};

function field(): Leaf<Field> {
	return leaf(
		"a number, a text, true or false, or a list of numbers",
		{ type: ["integer", "string", "boolean", "array"] },
		(value, refuse) => {
			if (Array.isArray(value)) {
				if (value.length > 1024)
					refuse(`the list has ${value.length} entries: the limit is 1024`);
				return value.map((one, i) => within(wide(32), one, refuse, [i]));
			}
			if (typeof value === "boolean" || isLate(value)) return value;
			if (typeof value === "bigint")
				return within(wide(32), value, refuse, []) as bigint;
			if (typeof value !== "string") return undefined;
			if (value.length > 4096) refuse("the text has more than 4096 characters");
			return value;
		},
	);
}

export const call = step({
	verb: "call",
	by: "script",
	says: "the scripted side makes one call at the door, whatever it is",
	args: z.strictObject({
		by: byScript,
		at: told("the call, as docs/PEERS.md lists them", word(ASKED, "call")),
		with: told(
			"its fields; what is not said is 0, empty or false",
			z._default(mapOf("fields of the call", /^[a-z_]+$/, field()), {}),
		),
		as: told("a name for the answer", z.optional(name("the answer"))),
		answers: told(
			"ok, or the status with which the world must refuse it",
			z.optional(answer()),
		),
	}),
	example:
		"call: { at: xs.read, with: { path: /local, tx: 0 }, answers: -EACCES }",
	names: { as: { makes: "answer" } },
	sound(args) {
		const { ask } = CALLS[args.at] as { ask: Record<string, FieldType> };
		for (const [key, value] of Object.entries(args.with)) {
			const type = ask[key];
			if (type === undefined)
				return {
					message: `${args.at} has no field \`${key}\``,
					advice: advise(key, Object.keys(ask)),
					key: "with",
				};
			if (!FITS[type](value as Field))
				return {
					message: `\`${key}\` of ${args.at} needs ${NEEDED[type]}, not ${show(value)}`,
					key: "with",
				};
		}
		return undefined;
	},
});

function answer(): Leaf<number> {
	return leaf(
		"ok, an error name such as -EACCES or a GNTST name",
		{ type: ["string", "integer"] },
		(value, refuse) =>
			value === "ok" ? 0 : within(callStatus(), value, refuse, []),
	);
}
