/** A labelled paragraph of a report: the label stands once, the lines below each other beside it. */
export interface Section {
	label: string;
	lines: readonly string[];
}

/** Labels are cut or filled to this many characters. */
const LABEL_WIDTH = 13;

/** One line per line of each section; `ink` paints the label. */
export function layOut(
	sections: readonly Section[],
	indent = "",
	ink: (label: string) => string = (label) => label,
): string[] {
	return sections.flatMap(({ label, lines }) =>
		lines
			.flatMap((line) => line.split("\n"))
			.map((line, i) => {
				const margin =
					i === 0
						? ink(label) + " ".repeat(LABEL_WIDTH - label.length)
						: " ".repeat(LABEL_WIDTH);
				return (indent + margin + line).trimEnd();
			}),
	);
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
