/**
 * The check at the door for callers that nobody compiled with us: what a user's module asks is data. It becomes a call of its own, each
 * field read once, so that nothing the module does to its argument afterwards changes what was asked.
 */
import { CALLS, type Call, type CallName, type FieldType } from "./call.ts";

/** Longest run of words in one call: the pages of a buffer of 4 GiB. */
const WORDS_MAX = 1 << 20;
/** Longest text in one call, in UTF-16 units. XenStore itself takes 4096 octets. */
const TEXT_MAX = 1 << 16;

const NEEDED: Record<FieldType, string> = {
	u32: "a whole number from 0 to 4294967295",
	i32: "a whole number from -2147483648 to 2147483647",
	bool: "true or false",
	str: `a text of at most ${TEXT_MAX} characters`,
	words: `a list of at most ${WORDS_MAX} whole numbers from 0 to 4294967295`,
};

const isU32 = (value: unknown): value is number =>
	typeof value === "number" && value >>> 0 === value;

function words(value: unknown): Uint32Array | undefined {
	if (value instanceof Uint32Array)
		return value.length <= WORDS_MAX ? value.slice() : undefined;
	if (!Array.isArray(value) && !ArrayBuffer.isView(value)) return undefined;
	const list = value as unknown as ArrayLike<unknown>;
	const { length } = list;
	if (!isU32(length) || length > WORDS_MAX) return undefined;
	const copy = new Uint32Array(length);
	for (let i = 0; i < length; i++) {
		const word = list[i];
		if (!isU32(word)) return undefined;
		copy[i] = word;
	}
	return copy;
}

/** The field as a call may carry it; undefined when it is no such thing. */
function field(type: FieldType, value: unknown): unknown {
	switch (type) {
		case "u32":
			return isU32(value) ? value : undefined;
		case "i32":
			return typeof value === "number" && (value | 0) === value
				? value
				: undefined;
		case "bool":
			return typeof value === "boolean" ? value : undefined;
		case "str":
			return typeof value === "string" && value.length <= TEXT_MAX
				? value
				: undefined;
		case "words":
			return words(value);
	}
}

const FIELDS = new Map<unknown, readonly [string, FieldType][]>(
	Object.entries(CALLS).map(([op, { ask }]) => [
		op,
		Object.entries(ask) as [string, FieldType][],
	]),
);

/** What somebody gave in place of what was needed, in a few words. */
export function shown(value: unknown): string {
	switch (typeof value) {
		case "string":
			return value.length > 40
				? `a text of ${value.length} characters`
				: JSON.stringify(value);
		case "bigint":
			return value.toString().length > 40 ? "a bigint" : `${value}n, a bigint`;
		case "function":
		case "symbol":
			return `a ${typeof value}`;
		case "object":
			if (value === null) return "null";
			return Array.isArray(value)
				? `a list of ${value.length}`
				: ArrayBuffer.isView(value)
					? "a typed array"
					: "an object";
		default:
			return String(value);
	}
}

/** Thrown in a task that asked for what is no call. */
export class NoCall extends TypeError {}

/** The call that somebody asks, or one sentence that says why it is none. Throws only what reading a field of `asked` throws. */
export function admit(op: unknown, asked: unknown): Call | string {
	const fields = FIELDS.get(op);
	if (fields === undefined)
		return `${shown(op)} is no call of the door: docs/PEERS.md lists them`;
	if (fields.length > 0 && (typeof asked !== "object" || asked === null))
		return `${op as CallName} was given ${shown(asked)} where an object with ${fields.map(([name]) => name).join(", ")} is needed`;
	const call: Record<string, unknown> = { op };
	for (const [name, type] of fields) {
		const value = (asked as Record<string, unknown>)[name];
		const taken = field(type, value);
		if (taken === undefined)
			return `${op as CallName}: \`${name}\` is ${shown(value)}, but ${NEEDED[type]} is needed`;
		call[name] = taken;
	}
	return call as Call;
}
