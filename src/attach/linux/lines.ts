/**
 * Where in a source an octet of the module came from. The compiler writes it as DWARF 4 line tables, which name places in the module before asyncify;
 * wasm-opt carries source maps through its passes, so the tables become a source map before it runs.
 *
 * Facts: DWARF 4, section 6.2; the source map format, revision 3, where a "column" of the one line is an octet of the module.
 */

/** A place in the module and what stands there in the source. */
interface Row {
	at: number;
	file: string;
	/** Counted from 1. */
	line: number;
}

/** Reads little-endian numbers, LEB128 and strings one after the other. */
class Octets {
	readonly bytes: Uint8Array;
	at: number;
	constructor(bytes: Uint8Array, at = 0) {
		this.bytes = bytes;
		this.at = at;
	}

	u8(): number {
		return this.bytes[this.at++] as number;
	}

	u16(): number {
		return this.u8() | (this.u8() << 8);
	}

	u32(): number {
		return (this.u16() | (this.u16() << 16)) >>> 0;
	}

	uleb(): number {
		let value = 0;
		for (let shift = 0; ; shift += 7) {
			const octet = this.u8();
			value += (octet & 0x7f) * 2 ** shift;
			if (octet < 0x80) return value;
		}
	}

	sleb(): number {
		const start = this.at;
		const value = this.uleb();
		const bits = 7 * (this.at - start);
		const last = this.bytes[this.at - 1] as number;
		return (last & 0x40) !== 0 ? value - 2 ** bits : value;
	}

	text(): string {
		const start = this.at;
		while (this.u8() !== 0);
		return Buffer.from(this.bytes.subarray(start, this.at - 1)).toString();
	}
}

const CUSTOM = 0;
const CODE = 10;

/** Where the code section's contents begin, and the line tables. */
function sections(wasm: Uint8Array): { code: number; lines: Uint8Array } {
	const octets = new Octets(wasm, 8);
	let code = 0;
	let lines: Uint8Array = new Uint8Array();
	while (octets.at < wasm.length) {
		const id = octets.u8();
		const size = octets.uleb();
		const end = octets.at + size;
		if (id === CODE) code = octets.at;
		if (id === CUSTOM) {
			const length = octets.uleb();
			const name = Buffer.from(
				wasm.subarray(octets.at, octets.at + length),
			).toString();
			octets.at += length;
			if (name === ".debug_line") lines = wasm.subarray(octets.at, end);
		}
		octets.at = end;
	}
	return { code, lines };
}

/** One table: the program of one compilation unit. Where the octets end, the next begins. */
function* table(octets: Octets, code: number): Generator<Row> {
	const end = octets.u32() + octets.at;
	const version = octets.u16();
	if (version !== 4) throw new Error(`line table of DWARF ${version}`);
	const program = octets.u32() + octets.at;
	const least = octets.u8();
	octets.u8(); // operations in an instruction: one
	octets.u8(); // statements are not told apart from what is within them
	const base = (octets.u8() << 24) >> 24;
	const range = octets.u8();
	const firstSpecial = octets.u8();
	const operands = Array.from({ length: firstSpecial - 1 }, () => octets.u8());
	while (octets.text() !== "");
	const files: string[] = [""];
	for (let name = octets.text(); name !== ""; name = octets.text()) {
		files.push(name);
		for (let i = 0; i < 3; i++) octets.uleb(); // folder, time, size
	}
	octets.at = program;
	let [at, file, line] = [0, 1, 1];
	const row = (): Row => ({ at: code + at, file: files[file] ?? "", line });
	while (octets.at < end) {
		const op = octets.u8();
		if (op >= firstSpecial) {
			at += least * Math.floor((op - firstSpecial) / range);
			line += base + ((op - firstSpecial) % range);
			yield row();
			continue;
		}
		switch (op) {
			case 0: {
				const length = octets.uleb();
				const next = octets.at + length;
				const extended = octets.u8();
				if (extended === 1) [at, file, line] = [0, 1, 1];
				if (extended === 2) at = octets.u32();
				octets.at = next;
				break;
			}
			case 1:
				yield row();
				break;
			case 2:
				at += least * octets.uleb();
				break;
			case 3:
				line += octets.sleb();
				break;
			case 4:
				file = octets.uleb();
				break;
			case 8:
				at += least * Math.floor((255 - firstSpecial) / range);
				break;
			case 9:
				at += octets.u16();
				break;
			default:
				for (let i = operands[op - 1] as number; i > 0; i--) octets.uleb();
		}
	}
	octets.at = end;
}

const DIGITS =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

function digits(value: number): string {
	let left = value < 0 ? -value * 2 + 1 : value * 2;
	let text = "";
	do {
		const digit = left & 31;
		left >>>= 5;
		text += DIGITS[left > 0 ? digit | 32 : digit];
	} while (left > 0);
	return text;
}

/** The source map of a module that has line tables. */
export function sourceMapOf(wasm: Uint8Array): string {
	const { code, lines } = sections(wasm);
	const octets = new Octets(lines);
	const rows: Row[] = [];
	while (octets.at < lines.length) rows.push(...table(octets, code));
	const known = rows.filter(({ line }) => line > 0);
	known.sort((a, b) => a.at - b.at);
	const sources = [...new Set(known.map(({ file }) => file))];
	const numbers = new Map(sources.map((file, number) => [file, number]));
	let [at, source, line] = [0, 0, 1];
	const mappings = known.map((row) => {
		const number = numbers.get(row.file) as number;
		const text = [row.at - at, number - source, row.line - line, 0]
			.map(digits)
			.join("");
		[at, source, line] = [row.at, number, row.line];
		return text;
	});
	return JSON.stringify({
		version: 3,
		sources,
		names: [],
		mappings: mappings.join(","),
	});
}

/** A source map, asked for single octets. The optimizer loses some places, so an answer may name a line shortly before the right one. */
export class Lines {
	private readonly rows: readonly Row[];

	/** `text` is the source map that wasm-opt wrote. */
	constructor(text: string) {
		const { sources, mappings } = JSON.parse(text) as {
			sources: string[];
			mappings: string;
		};
		let [at, source, line] = [0, 0, 1];
		this.rows = mappings.split(",").map((mapping) => {
			const [step, file = 0, lines = 0] = numbersOf(mapping);
			at += step as number;
			source += file;
			line += lines;
			return { at, file: sources[source] ?? "", line };
		});
	}

	/** "xen_drm_front.c:67", the last place before the octet that the map knows; "" before the first. */
	at(octet: number): string {
		let [low, high] = [0, this.rows.length];
		while (low < high) {
			const middle = (low + high) >> 1;
			if ((this.rows[middle] as Row).at <= octet) low = middle + 1;
			else high = middle;
		}
		const row = this.rows[low - 1];
		return row === undefined ? "" : `${row.file}:${row.line}`;
	}
}

function numbersOf(mapping: string): number[] {
	const numbers: number[] = [];
	let [value, shift] = [0, 0];
	for (const digit of mapping) {
		const bits = DIGITS.indexOf(digit);
		value |= (bits & 31) << shift;
		shift += 5;
		if ((bits & 32) !== 0) continue;
		numbers.push((value & 1) !== 0 ? -(value >>> 1) : value >>> 1);
		[value, shift] = [0, 0];
	}
	return numbers;
}
