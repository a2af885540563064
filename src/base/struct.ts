/**
 * A C struct as a value: one table of fields with their offsets gives the static type, the encoder, the decoder and the documentation.
 *
 * Structs live in little-endian 32-bit words. Encoding stores every word of the struct exactly once, undefined octets as 0; a 64-bit field is two
 * words and a bigint at the surface. Field names are C paths from the struct, so a member of a member is `"source.domid"`.
 */

/** Octets of each number. */
export const OCTETS = {
	u8: 1,
	u16: 2,
	s16: 2,
	u32: 4,
	s32: 4,
	u64: 8,
} as const;

export type Scalar = keyof typeof OCTETS;
/** `bytes` is an array of octets. */
export type CType = Scalar | "bytes";

export interface Field<T extends CType = CType> {
	type: T;
	/** Octets from the start of the struct. */
	offset: number;
	/** Octets. */
	size: number;
}

const at =
	<T extends Scalar>(type: T) =>
	(offset: number): Field<T> => ({ type, offset, size: OCTETS[type] });
export const u8 = at("u8");
export const u16 = at("u16");
export const s16 = at("s16");
export const u32 = at("u32");
export const s32 = at("s32");
export const u64 = at("u64");
export const bytes = (offset: number, size: number): Field<"bytes"> => ({
	type: "bytes",
	offset,
	size,
});

export type Fields = Readonly<Record<string, Field>>;

interface ValueOfType {
	u8: number;
	u16: number;
	s16: number;
	u32: number;
	s32: number;
	u64: bigint;
	bytes: Uint8Array;
}
export type ValueOf<F extends Fields> = {
	-readonly [K in keyof F]: ValueOfType[F[K]["type"]];
};

export interface Struct<F extends Fields = Fields> {
	/** As in the header. */
	name: string;
	/** Octets. */
	size: number;
	fields: F;
	/** Store every word of the struct from word `at` on. Numbers that are too wide for their field lose their upper bits. */
	encode(value: ValueOf<F>, words: Uint32Array, at?: number): void;
	decode(words: ArrayLike<number>, at?: number): ValueOf<F>;
}

export function struct<const F extends Fields>(
	name: string,
	size: number,
	fields: F,
): Struct<F> {
	check(name, size, fields);
	const [encode, decode] = codec<F>(size, fields);
	return {
		name,
		size,
		fields,
		encode: (value, into, start = 0) => encode(value, into, start),
		decode: (from, start = 0) => decode(from, start),
	};
}

/** A table that no C compiler would have laid out is our own mistake. */
function check(name: string, size: number, fields: Fields): void {
	const owner = new Map<number, string>();
	for (const [field, { type, offset, size: octets }] of Object.entries(
		fields,
	)) {
		const aligned = type === "bytes" || offset % Math.min(octets, 4) === 0;
		if (!aligned || offset < 0 || offset + octets > size)
			throw new RangeError(
				`${name}.${field} at ${offset} does not fit a struct of ${size} octets`,
			);
		for (let i = offset; i < offset + octets; i++) {
			if (owner.has(i))
				throw new RangeError(
					`${name}.${field} and ${name}.${owner.get(i)} share octet ${i}`,
				);
			owner.set(i, field);
		}
	}
}

type Encode<F extends Fields> = (
	value: ValueOf<F>,
	words: Uint32Array,
	at: number,
) => void;
type Decode<F extends Fields> = (
	words: ArrayLike<number>,
	at: number,
) => ValueOf<F>;

/**
 * The two functions of a struct, written out from its table. Generated code because a loop over the table at run time costs forty times as much;
 * the text holds nothing but offsets and our own field names, which are quoted.
 */
function codec<F extends Fields>(
	size: number,
	fields: F,
): [Encode<F>, Decode<F>] {
	const stores: string[][] = Array.from(
		{ length: Math.ceil(size / 4) },
		() => [],
	);
	const store = (word: number, value: string) =>
		(stores[word] as string[]).push(value);
	const loads: string[] = [];
	for (const [name, { type, offset, size: octets }] of Object.entries(fields)) {
		const key = JSON.stringify(name);
		const value = `v[${key}]`;
		const word = offset >> 2;
		const shift = (offset & 3) * 8;
		const load = `w[a + ${word}]`;
		const shifted = shift === 0 ? load : `(${load} >>> ${shift})`;
		switch (type) {
			case "u8":
			case "u16": {
				const mask = 2 ** (octets * 8) - 1;
				store(word, `(${value} & ${mask}) << ${shift}`);
				loads.push(`${key}: ${shifted} & ${mask}`);
				break;
			}
			case "s16":
				store(word, `(${value} & 0xffff) << ${shift}`);
				loads.push(`${key}: ${shifted} << 16 >> 16`);
				break;
			case "u32":
				store(word, value);
				loads.push(`${key}: ${load} >>> 0`);
				break;
			case "s32":
				store(word, value);
				loads.push(`${key}: ${load} | 0`);
				break;
			case "u64":
				store(word, `Number(${value} & 0xffffffffn)`);
				store(word + 1, `Number((${value} >> 32n) & 0xffffffffn)`);
				loads.push(
					`${key}: (BigInt(w[a + ${word + 1}]) << 32n) | BigInt(${load})`,
				);
				break;
			case "bytes": {
				const each = Array.from({ length: octets }, (_, i) => offset + i);
				for (const [i, octet] of each.entries())
					store(octet >> 2, `${value}[${i}] << ${(octet & 3) * 8}`);
				const items = each.map(
					(octet) => `w[a + ${octet >> 2}] >>> ${(octet & 3) * 8}`,
				);
				loads.push(`${key}: Uint8Array.of(${items.join(", ")})`);
				break;
			}
		}
	}
	const lines = stores.map(
		(values, word) => `w[a + ${word}] = ${values.join(" | ") || "0"};`,
	);
	return [
		new Function("v", "w", "a", lines.join("\n")) as Encode<F>,
		new Function("w", "a", `return { ${loads.join(", ")} };`) as Decode<F>,
	];
}

/** Octets of a struct that no field covers, ascending: the protocol wants them 0. */
export function uncovered(fields: Fields, from: number, to: number): number[] {
	const covered = new Set<number>();
	for (const { offset, size } of Object.values(fields))
		for (let i = 0; i < size; i++) covered.add(offset + i);
	return Array.from({ length: to - from }, (_, i) => from + i).filter(
		(octet) => !covered.has(octet),
	);
}

/** One octet out of words. */
export const octet = (words: ArrayLike<number>, offset: number): number =>
	((words[offset >> 2] as number) >>> ((offset & 3) * 8)) & 0xff;
