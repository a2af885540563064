import {
	closeSync,
	mkdirSync,
	openSync,
	realpathSync,
	renameSync,
	rmSync,
	statSync,
	writeFileSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { nearest } from "../scenario/suggest.ts";
import type { FormatOptions } from "./formats/format.ts";
import {
	FORMAT_NAMES,
	FORMATS,
	type FormatName,
	isFormatName,
} from "./formats/index.ts";
import type { Report } from "./report.ts";

/** One `--reporter NAME[:FILE]`. Without a file it writes to stdout, as with the file `-`. */
export interface Reporter {
	format: FormatName;
	file?: string;
}

export type Parsed<T> = { ok: true; value: T } | { ok: false; message: string };

export function parseReporter(text: string): Parsed<Reporter> {
	const colon = text.indexOf(":");
	const name = colon < 0 ? text : text.slice(0, colon);
	const file = colon < 0 ? undefined : text.slice(colon + 1);
	if (!isFormatName(name)) {
		const meant = nearest(name, FORMAT_NAMES);
		return {
			ok: false,
			message: `there is no reporter \`${name}\`${meant === undefined ? "" : `; did you mean \`${meant}\`?`} The reporters are ${FORMAT_NAMES.join(", ")}`,
		};
	}
	if (file === "")
		return {
			ok: false,
			message: `\`--reporter ${text}\` names no file after the colon`,
		};
	return {
		ok: true,
		value:
			file === undefined || file === "-"
				? { format: name }
				: { format: name, file },
	};
}

/** All `--reporter` options together; none means pretty on stdout. Two on stdout, or two into one file, would mix: a usage error. */
export function parseReporters(texts: readonly string[]): Parsed<Reporter[]> {
	if (texts.length === 0) return { ok: true, value: [{ format: "pretty" }] };
	const reporters: Reporter[] = [];
	const taken = new Map<string | undefined, string>();
	for (const text of texts) {
		const parsed = parseReporter(text);
		if (!parsed.ok) return parsed;
		const { file } = parsed.value;
		const target = file === undefined ? undefined : resolve(file);
		const other = taken.get(target);
		if (other !== undefined)
			return {
				ok: false,
				message: `\`--reporter ${other}\` and \`--reporter ${text}\` both write to ${file ?? "stdout"}; give one of them a file of its own, e.g. \`--reporter ${parsed.value.format}:report.txt\``,
			};
		taken.set(target, text);
		reporters.push(parsed.value);
	}
	return { ok: true, value: reporters };
}

/** A report that could not be written, and why. */
export interface WriteProblem {
	reporter: Reporter;
	message: string;
}

/**
 * Write every report, files first. One that fails does not keep the others from being written.
 * `options` may differ by reporter: colours are for a terminal, not for a file.
 */
export function writeReports(
	report: Report,
	reporters: readonly Reporter[],
	options: (reporter: Reporter) => FormatOptions,
	stdout: (text: string) => void,
): WriteProblem[] {
	const problems: WriteProblem[] = [];
	const filesFirst = [
		...reporters.filter(({ file }) => file !== undefined),
		...reporters.filter(({ file }) => file === undefined),
	];
	for (const reporter of filesFirst)
		try {
			const text = FORMATS[reporter.format](report, options(reporter));
			if (reporter.file === undefined) stdout(text);
			else writeWhole(reporter.file, text);
		} catch (error) {
			const message = error instanceof Error ? error.message : String(error);
			problems.push({
				reporter,
				message: `the ${reporter.format} report could not be written to ${reporter.file ?? "stdout"}: ${message}`,
			});
		}
	return problems;
}

/**
 * Replace a file as a whole, making its folders: a reader finds the old text or the new, never half of one. A symbolic link stays, and its target
 * is replaced; what is no plain file (a pipe, a device) is written to.
 */
export function writeWhole(file: string, text: string): void {
	mkdirSync(dirname(file), { recursive: true });
	const there = statSync(file, { throwIfNoEntry: false });
	if (there !== undefined && !there.isFile()) {
		writeFileSync(file, text);
		return;
	}
	const target = there === undefined ? file : realpathSync(file);
	const temporary = join(
		dirname(target),
		`.${basename(target)}.${process.pid}.tmp`,
	);
	// A run that was killed may have left one, and in containers process numbers return.
	rmSync(temporary, { force: true });
	const handle = openSync(temporary, "wx", there?.mode ?? 0o666);
	try {
		try {
			writeFileSync(handle, text);
		} finally {
			closeSync(handle);
		}
		renameSync(temporary, target);
	} catch (error) {
		rmSync(temporary, { force: true });
		throw error;
	}
}
