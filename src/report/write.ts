import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { FORMAT_NAMES, type FormatName } from "./formats/index.ts";

/** Where a reporter's text goes. */
export interface Target {
	format: FormatName;
	/** undefined: standard output. */
	file: string | undefined;
}

/** `NAME[:FILE]` of `--reporter`, one after another. Two on standard output would be one mess. */
export function readTargets(
	texts: readonly string[],
): Target[] | { error: string } {
	const targets: Target[] = [];
	for (const text of texts) {
		const [, name = "", file] = /^([^:]*)(?::(.*))?$/s.exec(text) ?? [];
		const format = FORMAT_NAMES.find((known) => known === name);
		if (format === undefined)
			return {
				error: `no reporter "${name}": known are ${FORMAT_NAMES.join(", ")}`,
			};
		if (file === "")
			return { error: `--reporter ${text}: the file has no name` };
		targets.push({ format, file });
	}
	if (targets.filter((t) => t.file === undefined).length > 1)
		return {
			error:
				"two reporters on standard output: give all but one a file, as in junit:report.xml",
		};
	const twice = targets.find(
		(t, i) =>
			t.file !== undefined && targets.findIndex((o) => o.file === t.file) < i,
	);
	return twice === undefined
		? targets
		: { error: `two reporters write ${twice.file}` };
}

/** Write a whole file or none of it; missing folders are made. Throws what the file system throws. */
export function writeWhole(file: string, text: string): void {
	mkdirSync(dirname(file), { recursive: true });
	const temporary = `${file}.${process.pid}.tmp`;
	try {
		writeFileSync(temporary, text);
		renameSync(temporary, file);
	} catch (error) {
		rmSync(temporary, { force: true });
		throw error;
	}
}
