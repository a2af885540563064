import {
	closeSync,
	constants,
	fstatSync,
	openSync,
	readSync,
	realpathSync,
} from "node:fs";
import { dirname, isAbsolute, join, relative, sep } from "node:path";
import { Source } from "../base/position.ts";
import { LIMITS } from "./limits.ts";
import { fileProblem, type Problem } from "./problem.ts";

/** A path below a root, with `/`; undefined when it is not below it. */
export function below(root: string, path: string): string | undefined {
	const found = relative(root, path);
	return found === "" ||
		found === ".." ||
		found.startsWith(`..${sep}`) ||
		isAbsolute(found)
		? undefined
		: found.split(sep).join("/");
}

const reason = (thrown: unknown): string =>
	(thrown as { code?: string }).code ?? String(thrown);

/** The real path of a file that must lie below the root, links followed. */
export function confined(
	root: string,
	path: string,
): { real: string } | { wrong: string; advice?: string } {
	let realRoot: string;
	let real: string;
	try {
		realRoot = realpathSync(root);
	} catch (thrown) {
		return { wrong: `the scenario root cannot be read: ${reason(thrown)}` };
	}
	if (below(root, path) === undefined)
		return {
			wrong: "the path leaves the scenario root",
			advice: "a fixture lies below the folder that holds `scenarios`",
		};
	try {
		real = realpathSync(path);
	} catch (thrown) {
		const code = reason(thrown);
		return {
			wrong:
				code === "ENOENT" || code === "ENOTDIR"
					? "there is no such file"
					: `the file cannot be read: ${code}`,
		};
	}
	if (below(realRoot, real) === undefined)
		return {
			wrong: "the path leaves the scenario root through a symbolic link",
			advice: "put a copy below the root",
		};
	return { real };
}

/** The text of a regular file of limited size in UTF-8, named by its path below the root. */
export function readSource(root: string, path: string): Source | Problem {
	const name = below(root, path) ?? path.split(sep).at(-1) ?? path;
	const place = confined(root, path);
	if ("wrong" in place) return fileProblem(name, place.wrong, place.advice);
	let bytes: Uint8Array;
	try {
		// Without O_NONBLOCK the open of a pipe would wait for a writer.
		const file = openSync(
			place.real,
			constants.O_RDONLY | constants.O_NONBLOCK,
		);
		try {
			if (!fstatSync(file).isFile())
				return fileProblem(name, "this is no regular file");
			const room = new Uint8Array(LIMITS.fileSize + 1);
			let length = 0;
			for (let got = -1; got !== 0 && length < room.length; length += got)
				got = readSync(file, room, length, room.length - length, null);
			if (length > LIMITS.fileSize)
				return fileProblem(
					name,
					`the file has more than ${LIMITS.fileSize} octets`,
					"split the scenario into several files",
				);
			bytes = room.subarray(0, length);
		} finally {
			closeSync(file);
		}
	} catch (thrown) {
		return fileProblem(name, `the file cannot be read: ${reason(thrown)}`);
	}
	return decode(name, bytes);
}

/** Octets as a source, unless they are no text. */
export function decode(name: string, bytes: Uint8Array): Source | Problem {
	let text: string;
	try {
		text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
	} catch {
		return fileProblem(
			name,
			"the file is not UTF-8 text",
			"scenarios are YAML in UTF-8",
		);
	}
	const control = /[^\P{Cc}\t\n\r]/u.exec(text);
	if (control !== null) {
		const code = control[0].codePointAt(0)?.toString(16).padStart(4, "0");
		return fileProblem(
			name,
			`the file holds the control character U+${code} at offset ${control.index}: it is no text`,
			"scenarios are YAML in UTF-8",
		);
	}
	return new Source(name, text);
}

/** Where a fixture named by a file of a scenario lies. */
export function besides(root: string, file: string, named: string): string {
	return join(root, dirname(file), named);
}
