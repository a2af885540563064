import { existsSync, statSync } from "node:fs";
import { basename, dirname, join, resolve, sep } from "node:path";
import { globSync, isDynamicPattern } from "tinyglobby";
import { below } from "./file.ts";
import { LIMITS } from "./limits.ts";
import type { Case, Scenario } from "./scenario.ts";
import { advise } from "./suggest.ts";
import { TAG_NAMES } from "./tags.ts";

/** A scenario file that was selected. */
export interface Selected {
	/** The scenario root: what the file may use lies below it, and reports name the file from it. */
	root: string;
	/** Path below the root, with `/`. */
	file: string;
	/** Absolute path. */
	path: string;
	/** Lines named with `file:line`; without any the whole file is meant. */
	lines: readonly number[];
}

/** Something wrong with the command line rather than with a file. */
export interface UsageError {
	message: string;
	advice?: string;
}

const HOME = "scenarios";

function isFolder(path: string): boolean {
	return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/**
 * The scenario root of a path: the nearest folder, from the path upwards, that holds a folder `scenarios`; when there is none, the folder itself,
 * or the folder a file lies in. So a file has the same name in reports from wherever the tool is started.
 */
export function rootOf(path: string): string {
	const start = isFolder(path) ? path : dirname(path);
	for (let at = start; ; at = dirname(at)) {
		if (isFolder(join(at, HOME))) return at;
		if (dirname(at) === at) return start;
	}
}

/** Files, folders, globs and `file:line`, as selected files in the order of their names. Fixture files, which have no id, lie where nobody looks: in a folder `fixtures`. */
export function selectFiles(
	paths: readonly string[],
	cwd: string,
): { files: Selected[]; errors: UsageError[] } {
	const found = new Map<
		string,
		{ selected: Selected; whole: boolean; lines: Set<number> }
	>();
	const errors: UsageError[] = [];
	const add = (path: string, line?: number) => {
		const known = found.get(path);
		const root = known?.selected.root ?? rootOf(path);
		const entry = known ?? {
			selected: {
				root,
				file: below(root, path) ?? basename(path),
				path,
				lines: [],
			},
			whole: false,
			lines: new Set<number>(),
		};
		if (line === undefined) entry.whole = true;
		else entry.lines.add(line);
		found.set(path, entry);
	};
	for (const given of paths) {
		const { pattern, line } = cut(given, cwd);
		const path = resolve(cwd, pattern);
		const stat = statSync(path, { throwIfNoEntry: false });
		if (stat?.isDirectory()) {
			if (line !== undefined)
				errors.push({ message: `${given}: a folder has no lines` });
			const inside = glob("**/*.yaml", path);
			if (inside.length === 0)
				errors.push({
					message: `${given}: no scenario lies below this folder`,
					advice: "scenario files end in .yaml",
				});
			for (const file of inside) add(file);
		} else if (stat !== undefined) {
			if (path.endsWith(".yaml")) add(path, line);
			else
				errors.push({
					message: `${given}: not a scenario file`,
					advice: "scenario files end in .yaml",
				});
		} else if (isDynamicPattern(pattern)) {
			const inside = glob(pattern, cwd);
			if (inside.length === 0)
				errors.push({ message: `${given}: no scenario matches` });
			for (const file of inside) add(file, line);
		} else errors.push({ message: `${given}: no such file or folder` });
		if (found.size > LIMITS.files)
			return {
				files: [],
				errors: [
					{ message: `more than ${LIMITS.files} scenario files are selected` },
				],
			};
	}
	const files = [...found.values()].map(({ selected, whole, lines }) => ({
		...selected,
		lines: whole ? [] : [...lines].sort((a, b) => a - b),
	}));
	files.sort((a, b) => compare(a.file, b.file) || compare(a.path, b.path));
	for (const [index, one] of files.entries()) {
		const other = files[index - 1];
		if (other?.file === one.file)
			errors.push({
				message: `${other.path} and ${one.path} would both be called ${one.file} in reports`,
				advice: "run them apart",
			});
	}
	return { files, errors };
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

function glob(pattern: string, cwd: string): string[] {
	const posix = sep === "/" ? pattern : pattern.split(sep).join("/");
	const all = globSync([posix], {
		cwd,
		absolute: true,
		onlyFiles: true,
		followSymbolicLinks: false,
		ignore: ["**/node_modules/**", "**/fixtures/**"],
	});
	return all
		.filter((file) => file.endsWith(".yaml"))
		.map((file) => resolve(file));
}

/** `x.yaml:12` is a line of a file, unless a file has that very name. */
function cut(given: string, cwd: string): { pattern: string; line?: number } {
	const match = /^(.+?):([0-9]{1,9})(?::[0-9]{1,9})?$/.exec(given);
	if (match?.[1] === undefined || existsSync(resolve(cwd, given)))
		return { pattern: given };
	return { pattern: match[1], line: Number(match[2]) };
}

/** The cases a selected file stands for: all, or those whose row is on one of the lines. Lines that are not in the file are errors. */
export function casesAt(
	scenario: Scenario,
	lines: readonly number[],
): { cases: Case[]; errors: UsageError[] } {
	if (lines.length === 0) return { cases: [...scenario.cases], errors: [] };
	const errors: UsageError[] = [];
	const ids = new Set<string>();
	const last = scenario.sources.get(scenario.file)?.lines ?? 0;
	for (const line of lines) {
		if (line < 1 || line > last)
			errors.push({
				message: `${scenario.file}:${line}: the file has ${last} lines`,
			});
		else
			for (const id of scenario.rowLines.get(line) ??
				scenario.cases.map((one) => one.id))
				ids.add(id);
	}
	return { cases: scenario.cases.filter((one) => ids.has(one.id)), errors };
}

export interface Filter {
	/** Regular expressions on id and title; one has to match. */
	grep?: readonly RegExp[];
	/** None of these may match. */
	grepInvert?: readonly RegExp[];
	/** Exact ids of scenarios or cases. */
	ids?: readonly string[];
	/** Requirement ids: one has to be in `spec`. */
	spec?: readonly string[];
	tag?: TagExpression;
}

export function admits(filter: Filter, one: Case): boolean {
	const matches = (expressions: readonly RegExp[]) =>
		expressions.some((expression) => expression.test(`${one.id} ${one.title}`));
	if (
		filter.grep !== undefined &&
		filter.grep.length > 0 &&
		!matches(filter.grep)
	)
		return false;
	if (filter.grepInvert !== undefined && matches(filter.grepInvert))
		return false;
	if (
		filter.ids !== undefined &&
		filter.ids.length > 0 &&
		!filter.ids.some((id) => id === one.id || id === one.scenario)
	)
		return false;
	if (
		filter.spec !== undefined &&
		filter.spec.length > 0 &&
		!filter.spec.some((id) => one.spec.includes(id))
	)
		return false;
	return filter.tag === undefined || hasTags(filter.tag, one.tags);
}

/** A pattern of `--grep`, or why it is none. */
export function readGrep(text: string): RegExp | UsageError {
	try {
		return new RegExp(text, "iu");
	} catch (thrown) {
		return { message: `--grep: ${(thrown as Error).message}` };
	}
}

/** `smoke and not (slow or race)`; plain data. */
export type TagExpression =
	| { tag: string }
	| { not: TagExpression }
	| { and: readonly TagExpression[] }
	| { or: readonly TagExpression[] };

export function hasTags(
	expression: TagExpression,
	tags: readonly string[],
): boolean {
	if ("tag" in expression) return tags.includes(expression.tag);
	if ("not" in expression) return !hasTags(expression.not, tags);
	if ("and" in expression)
		return expression.and.every((one) => hasTags(one, tags));
	return expression.or.some((one) => hasTags(one, tags));
}

/** Reads a tag expression. Every tag in it must be a declared one. */
export function readTags(text: string): TagExpression | UsageError {
	if (text.length > LIMITS.tagExpression)
		return {
			message: `--tag: the expression has ${text.length} characters: the limit is ${LIMITS.tagExpression}`,
		};
	const tokens = text.match(/[()]|[^\s()]+/g) ?? [];
	let at = 0;
	let depth = 0;
	const wrong: { error?: UsageError } = {};
	const fail = (message: string, advice?: string): TagExpression => {
		wrong.error ??= {
			message: `--tag: ${message}`,
			...(advice === undefined ? {} : { advice }),
		};
		at = tokens.length;
		return { tag: "" };
	};
	const list = (
		joiner: "and" | "or",
		inner: () => TagExpression,
	): TagExpression => {
		const parts = [inner()];
		while (tokens[at] === joiner) {
			at++;
			parts.push(inner());
		}
		const [only] = parts;
		if (parts.length === 1 && only !== undefined) return only;
		return joiner === "and" ? { and: parts } : { or: parts };
	};
	const atom = (): TagExpression => {
		const token = tokens[at++];
		if (token === undefined)
			return fail("the expression ends where a tag is expected");
		if (++depth > 100) return fail("the expression is nested too deeply");
		try {
			if (token === "not") return { not: atom() };
			if (token === "(") {
				const inside = list("or", () => list("and", atom));
				return tokens[at++] === ")"
					? inside
					: fail("a parenthesis is never closed");
			}
			if (token === ")" || token === "and" || token === "or")
				return fail(`a tag is expected, not \`${token}\``);
			return (TAG_NAMES as readonly string[]).includes(token)
				? { tag: token }
				: fail(`no tag \`${token.slice(0, 64)}\``, advise(token, TAG_NAMES));
		} finally {
			depth--;
		}
	};
	const expression = list("or", () => list("and", atom));
	if (wrong.error === undefined && at < tokens.length)
		fail(`\`and\` or \`or\` is expected, not \`${tokens[at]?.slice(0, 64)}\``);
	return wrong.error ?? expression;
}
