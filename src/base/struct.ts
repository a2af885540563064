/**
 * A C struct as a value: one table of fields with their offsets gives the static type, the encoder, the decoder and the documentation.
 *
 * Structs live in little-endian 32-bit words. Encoding stores every word of the struct exactly once, undefined octets as 0; a 64-bit field is two
 * words and a bigint at the surface. The code is generated once from the table: a loop over the table at run time costs forty times as much.
 */

export type CType = "u8" | "u16" | "u32" | "s32" | "u64";

export interface Field<T extends CType = CType> {
	type: T;
	/** Octets from the start of the struct. */
	offset: number;
}

const at =
	<T extends CType>(type: T) =>
	(offset: number): Field<T> => ({ type, offset });
export const u8 = at("u8");
export const u16 = at("u16");
export const u32 = at("u32");
export const s32 = at("s32");
export const u64 = at("u64");

export const OCTETS: Readonly<Record<CType, number>> = {
	u8: 1,
	u16: 2,
	u32: 4,
	s32: 4,
	u64: 8,
};

export type Fields = Readonly<Record<string, Field>>;
export type ValueOf<F extends Fields> = {
	-readonly [K in keyof F]: F[K]["type"] extends "u64" ? bigint : number;
};

export interface Struct<F extends Fields = Fields> {
	/** As in the header. */
	name: string;
	/** Octets. */
	size: number;
	fields: F;
	/** Store every word of the struct from word `at` on. */
	encode(value: ValueOf<F>, words: Uint32Array, at?: number): void;
	decode(words: ArrayLike<number>, at?: number): ValueOf<F>;
}

export function struct<const F extends Fields>(
	name: string,
	size: number,
	fields: F,
): Struct<F> {
	const words = Math.ceil(size / 4);
	const stores: string[] = Array.from({ length: words }, () => "");
	const loads: string[] = [];
	for (const [field, { type, offset }] of Object.entries(fields)) {
		const octets = OCTETS[type];
		if (offset + octets > size || offset % Math.min(octets, 4) !== 0)
			throw new RangeError(
				`${name}.${field} at ${offset} does not fit a struct of ${size} octets`,
			);
		const word = offset >> 2;
		const value = `v.${field}`;
		if (type === "u64") {
			or(stores, word, `Number(${value} & 0xffffffffn)`);
			or(stores, word + 1, `Number((${value} >> 32n) & 0xffffffffn)`);
			loads.push(
				`${field}: (BigInt(w[a + ${word + 1}]) << 32n) | BigInt(w[a + ${word}])`,
			);
			continue;
		}
		const shift = (offset & 3) * 8;
		const mask = octets === 4 ? "" : ` & ${2 ** (octets * 8) - 1}`;
		or(stores, word, octets === 4 ? value : `((${value}${mask}) << ${shift})`);
		const read =
			shift === 0 ? `w[a + ${word}]` : `(w[a + ${word}] >>> ${shift})`;
		loads.push(
			`${field}: ${type === "s32" ? `${read} | 0` : `(${read}${mask}) >>> 0`}`,
		);
	}
	const encode = new Function(
		"v",
		"w",
		"a",
		stores
			.map((value, word) => `w[a + ${word}] = ${value === "" ? "0" : value};`)
			.join("\n"),
	) as (v: unknown, w: Uint32Array, a: number) => void;
	const decode = new Function("w", "a", `return { ${loads.join(", ")} };`) as (
		w: ArrayLike<number>,
		a: number,
	) => ValueOf<F>;
	return {
		name,
		size,
		fields,
		encode: (value, into, start = 0) => encode(value, into, start),
		decode: (from, start = 0) => decode(from, start),
	};
}

function or(stores: string[], word: number, value: string): void {
	stores[word] = stores[word] === "" ? value : `${stores[word]} | ${value}`;
}

/** Octets of a struct that no field covers, ascending: the protocol wants them 0. */
export function uncovered(fields: Fields, from: number, to: number): number[] {
	const covered = new Set<number>();
	for (const { type, offset } of Object.values(fields))
		for (let i = 0; i < OCTETS[type]; i++) covered.add(offset + i);
	return Array.from({ length: to - from }, (_, i) => from + i).filter(
		(octet) => !covered.has(octet),
	);
}

/** One octet out of words. */
export const octet = (words: ArrayLike<number>, offset: number): number =>
	((words[offset >> 2] as number) >>> ((offset & 3) * 8)) & 0xff;
