/** A labelled paragraph of a report: the label stands once, the lines below each other beside it. */
export interface Section {
	label: string;
	/** A line that has line ends in it is laid out already. */
	lines: readonly string[];
	/** To be copied: never broken. */
	whole?: true;
}

/** Labels are cut or filled to this many characters. */
const LABEL_WIDTH = 13;

/** One line per line of each section, broken between words to fit in `width` columns; `ink` paints the label. */
export function layOut(
	sections: readonly Section[],
	indent = "",
	ink: (label: string) => string = (label) => label,
	width = Number.POSITIVE_INFINITY,
): string[] {
	const room = width - indent.length - LABEL_WIDTH;
	return sections.flatMap(({ label, lines, whole }) =>
		lines
			.flatMap((line) =>
				whole || line.includes("\n") ? line.split("\n") : wrap(line, room),
			)
			.map((line, i) => {
				const margin =
					i === 0
						? ink(label) + " ".repeat(LABEL_WIDTH - label.length)
						: " ".repeat(LABEL_WIDTH);
				return (indent + margin + line).trimEnd();
			}),
	);
}

/** Broken between words; what goes on stands below the line's last column. A word that is too long stays whole. */
export function wrap(line: string, width: number): string[] {
	if (line.length <= width) return [line];
	const columnsEnd = /^.*\S {2,}(?=\S)/.exec(line.slice(0, width / 2))?.[0];
	const hang = " ".repeat(
		columnsEnd?.length ?? (/^[ -]*/.exec(line)?.[0] ?? "").length,
	);
	const out: string[] = [];
	let rest = line;
	while (rest.length > width) {
		const at = rest.lastIndexOf(" ", width);
		const cut = at > hang.length ? at : rest.indexOf(" ", width);
		if (cut < 0) break;
		out.push(rest.slice(0, cut).trimEnd());
		rest = hang + rest.slice(cut).trimStart();
	}
	return [...out, rest];
}

/** Rows as columns, two blanks apart; the last column is not filled. */
export function columns(rows: readonly (readonly string[])[]): string[] {
	const widths: number[] = [];
	for (const row of rows)
		for (const [i, cell] of row.entries())
			widths[i] = Math.max(widths[i] ?? 0, cell.length);
	return rows.map((row) =>
		row
			.map((cell, i) =>
				i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0),
			)
			.join("  "),
	);
}
