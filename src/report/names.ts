import { ascii, oneLine } from "./plain.ts";
import type { CaseReport } from "./report.ts";

/** What tells the cases of one scenario apart: `[pages=1024]`, or nothing. */
export function suffix(one: Pick<CaseReport, "id" | "scenario">): string {
	return one.id.startsWith(one.scenario)
		? one.id.slice(one.scenario.length)
		: `[${one.id}]`;
}

/** A case as a person reads it: `A buffer is given back [pages=1024]`. */
export function caseTitle(
	one: Pick<CaseReport, "id" | "scenario" | "title">,
): string {
	return oneLine(`${one.title} ${suffix(one)}`);
}

/** Azure shows 512 characters of class and name together. */
const NAME_LIMIT = 300;

/** The same for machines: ASCII only, since one reader drops other signs; the id where nothing readable is left of the title. */
export function asciiTitle(
	one: Pick<CaseReport, "id" | "scenario" | "title">,
): string {
	const title = ascii(one.title, NAME_LIMIT);
	const readable = /[A-Za-z0-9]/.test(title) ? title : one.scenario;
	return `${readable} ${ascii(suffix(one), NAME_LIMIT)}`.trimEnd();
}

/** Gives each name once: a second use of it becomes `name (2)`. */
export function uniqueNames(): (scope: string, name: string) => string {
	const taken = new Set<string>();
	return (scope, name) => {
		let unique = name;
		for (let i = 2; taken.has(`${scope}\n${unique}`); i++)
			unique = `${name} (${i})`;
		taken.add(`${scope}\n${unique}`);
		return unique;
	};
}
