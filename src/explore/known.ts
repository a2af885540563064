/** Failures that a baseline lists, looked for while cases are explored: whatever the story, a finding of that form is no news. */
import { formOf, lists } from "../report/baseline/apply.ts";
import type { Known } from "../report/baseline/read.ts";
import type { Setup } from "./once.ts";

export type KnownForm = Pick<Known, "case" | "rule" | "message">;

export function isKnown(
	entries: readonly KnownForm[],
): NonNullable<Setup["known"]> {
	const forms = entries.map((entry) => ({ entry, fits: formOf(entry.case) }));
	return (finding, id) =>
		forms.some(({ entry, fits }) => fits(id) && lists(entry, finding));
}
