/** Compiles the programs of this folder against the installed headers; writes tables.inc for witness.c out of our tables, and talks to that one. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CONSTANTS, KINDS, type Kind, type KindField } from "./tables.ts";

/** Members in C that hold one number each: an array has one for each octet. */
const members = ({ path, type, size }: KindField): string[] =>
	type === "bytes"
		? Array.from({ length: size }, (_, i) => `${path}[${i}]`)
		: [path];

export const memberCount = (kind: Kind): number =>
	kind.fields.flatMap(members).length;

function layout(): string[] {
	const lines = ["static void layout(void)", "{"];
	for (const group of Object.values(CONSTANTS))
		for (const [name, value] of Object.entries(group))
			lines.push(
				`\t${typeof value === "string" ? "TEXT" : "NUMBER"}(${name});`,
			);
	for (const type of new Set(KINDS.map((kind) => kind.type)))
		lines.push(`\tSIZE(${type});`);
	for (const { type, fields } of KINDS)
		for (const { path, type: field } of fields)
			lines.push(
				`\tOFFSET(${type}, ${path}, ${field === "bytes" || path.endsWith(".p") ? "-1" : `SIGNED(${type}, ${path})`});`,
			);
	return [...lines, "}"];
}

function functions(kind: Kind, index: number): string[] {
	const paths = kind.fields.flatMap(members);
	return [
		`static void encode_${index}(const uint64_t *values, unsigned char *out)`,
		"{",
		`\t${kind.type} s;`,
		"\tmemset(&s, 0, sizeof(s));",
		...paths.map(
			(path, i) => `\ts.${path} = (__typeof__(s.${path}))values[${i}];`,
		),
		`\tmemcpy(out, &s, ${kind.size});`,
		"}",
		`static void decode_${index}(const unsigned char *in, uint64_t *values)`,
		"{",
		`\t${kind.type} s;`,
		"\tmemset(&s, 0, sizeof(s));",
		`\tmemcpy(&s, in, ${kind.size});`,
		...paths.map((path, i) => `\tvalues[${i}] = (uint64_t)s.${path};`),
		"}",
	];
}

export const tablesInc = (): string =>
	[
		...layout(),
		...KINDS.flatMap(functions),
		"static const struct kind kinds[] = {",
		...KINDS.map(
			(kind, i) =>
				`\t{ "${kind.name}", ${kind.size}, ${memberCount(kind)}, encode_${i}, decode_${i} },`,
		),
		"};",
		"",
	].join("\n");

/** A program of this folder, compiled. */
export interface Program {
	path: string;
	/** Remove it. */
	end(): void;
}

/** SOURCE.c of this folder against the installed headers, with `written` beside it, or why it cannot be compiled here. */
export function compile(
	source: string,
	written: Readonly<Record<string, string>> = {},
): Program | { missing: string } {
	const gcc = (...args: string[]) =>
		spawnSync("gcc", args, { encoding: "utf8", timeout: 60_000 });
	if (gcc("--version").status !== 0) return { missing: "there is no gcc" };
	const folder = mkdtempSync(join(tmpdir(), "xdisp-witness-"));
	const end = () => rmSync(folder, { recursive: true });
	const probe = join(folder, "probe.c");
	writeFileSync(
		probe,
		"#include <stdint.h>\n#include <xen/xen.h>\n#include <xen/io/displif.h>\n",
	);
	if (gcc("-fsyntax-only", probe).status !== 0) {
		end();
		return { missing: "there are no Xen headers (Debian: libxen-dev)" };
	}
	const main = join(folder, source);
	cpSync(fileURLToPath(new URL(source, import.meta.url)), main);
	for (const [name, text] of Object.entries(written))
		writeFileSync(join(folder, name), text);
	const path = join(folder, "witness");
	const built = gcc("-O1", "-Wall", "-D__XEN_TOOLS__", "-o", path, main);
	if (built.status !== 0) {
		end();
		throw new Error(
			`the headers do not agree with ${source}:\n${built.stderr}`,
		);
	}
	return { path, end };
}

export interface Witness {
	/** Answers of the program, one line for each line that it printed. */
	ask(commands: readonly string[]): string[];
	end(): void;
}

/** The compiled witness of layouts, or why there is none here. */
export function compileWitness(): Witness | { missing: string } {
	const program = compile("witness.c", { "tables.inc": tablesInc() });
	if ("missing" in program) return program;
	return {
		ask(commands) {
			const run = spawnSync(program.path, {
				input: `${commands.join("\n")}\n`,
				encoding: "utf8",
				maxBuffer: 1 << 28,
				timeout: 60_000,
			});
			if (run.status !== 0)
				throw new Error(`the witness ended with ${run.status}: ${run.stderr}`);
			return run.stdout.trimEnd().split("\n");
		},
		end: () => program.end(),
	};
}

export const fromHex = (hex: string): Uint32Array =>
	new Uint32Array(Uint8Array.from(Buffer.from(hex, "hex")).buffer);

export const toHex = (words: Uint32Array, octets = words.byteLength): string =>
	Buffer.from(words.buffer, words.byteOffset, octets).toString("hex");
