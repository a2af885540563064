import {
	frame,
	type Place,
	placeText,
	Source,
	type Span,
} from "../base/position.ts";

/** An error keeps a scenario from running; a warning is what `lint` says besides. */
export type Severity = "error" | "warning";

/** One thing wrong with a scenario file, with all that is needed to show it. */
export interface Problem {
	severity: Severity;
	place: Place;
	/** The source line, without its end. Empty when the file could not be read. */
	line: string;
	/** How many characters the caret line marks. */
	width: number;
	message: string;
	advice?: string;
	/** Other places that belong to it, nearest first: the other use of an id, the chain of fixtures. */
	also: readonly { place: Place; says: string }[];
}

export function problem(
	source: Source,
	span: Span,
	message: string,
	advice?: string,
	more: { severity?: Severity; also?: Problem["also"] } = {},
): Problem {
	const place = source.place(span.start);
	const line = source.line(place.line);
	const width = Math.max(
		1,
		Math.min(span.end - span.start, line.length - place.column + 1),
	);
	return {
		severity: more.severity ?? "error",
		place,
		line,
		width,
		message,
		...(advice === undefined ? {} : { advice }),
		also: more.also ?? [],
	};
}

/** A problem of a whole file that has no line to show: it cannot be read, or is no text. */
export function fileProblem(
	file: string,
	message: string,
	advice?: string,
): Problem {
	return problem(new Source(file, ""), { start: 0, end: 0 }, message, advice);
}

/** The block a user reads: place and message, the line, a caret, advice, other places. No line end at the end. */
export function render(one: Problem): string {
	const kind = one.severity === "warning" ? "warning: " : "";
	const lines = [`${placeText(one.place)}: ${kind}${one.message}`];
	if (one.line !== "") lines.push(frame(one.line, one.place, one.width));
	if (one.advice !== undefined) lines.push(`  ${one.advice}`);
	for (const { place, says } of one.also)
		lines.push(`  ${says} ${placeText(place)}`);
	return lines.join("\n");
}

/** Problems in reading order: by file, line, column; a problem said twice of one place is kept once. */
export function sorted(problems: readonly Problem[]): Problem[] {
	const seen = new Set<string>();
	const kept = problems.filter((one) => {
		const key = `${placeText(one.place)}\n${one.message}`;
		return !seen.has(key) && seen.add(key);
	});
	const byText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
	return kept.sort(
		(a, b) =>
			byText(a.place.file, b.place.file) ||
			a.place.line - b.place.line ||
			a.place.column - b.place.column,
	);
}
