/** Where in a scenario a thing stands. Lines and columns count from 1; `file` is relative to the scenario root, with `/`. */
export interface Place {
	file: string;
	line: number;
	column: number;
}

/** A piece of a source text: offsets in UTF-16 units, `end` exclusive. */
export interface Span {
	start: number;
	end: number;
}

/** Columns of a source line that a frame shows before it is cut around the caret. */
const FRAME_WIDTH = 120;

/** A text with a name, able to say which line an offset is on. */
export class Source {
	readonly file: string;
	readonly text: string;
	readonly #starts: number[];

	constructor(file: string, text: string) {
		this.file = file;
		this.text = text;
		this.#starts = [0];
		for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1))
			this.#starts.push(at + 1);
	}

	/** Number of lines; a final line end opens no further one. */
	get lines(): number {
		const last = this.#starts.length;
		return last > 1 && this.#starts[last - 1] === this.text.length
			? last - 1
			: last;
	}

	place(offset: number): Place {
		const at = Math.max(0, Math.min(offset, this.text.length));
		let low = 0;
		let high = this.#starts.length - 1;
		while (low < high) {
			const middle = (low + high + 1) >> 1;
			if ((this.#starts[middle] ?? 0) <= at) low = middle;
			else high = middle - 1;
		}
		return {
			file: this.file,
			line: low + 1,
			column: at - (this.#starts[low] ?? 0) + 1,
		};
	}

	/** The text of a line, counted from 1, without its end. */
	line(number: number): string {
		const start = this.#starts[number - 1];
		if (start === undefined) return "";
		const next = this.#starts[number];
		const text = this.text.slice(start, next === undefined ? undefined : next);
		return text.replace(/\r?\n?$/, "");
	}
}

/** `file:line:column`. */
export function placeText(place: Place): string {
	return `${place.file}:${place.line}:${place.column}`;
}

/**
 * The source line and a caret line under `column`, `width` characters wide, as two lines of text with a line number gutter.
 * Tabs become one blank and control characters a middle dot, so that the caret stands right in any terminal; long lines are cut.
 */
export function frame(
	line: string,
	place: Pick<Place, "line" | "column">,
	width = 1,
): string {
	let shown = "";
	for (const unit of line)
		shown += /\p{Cc}/u.test(unit) ? (unit === "\t" ? " " : "·") : unit;
	let column = Math.min(place.column, line.length + 1) - 1;
	let text = shown;
	if (text.length > FRAME_WIDTH) {
		const start = Math.max(
			0,
			Math.min(column - FRAME_WIDTH / 2, text.length - FRAME_WIDTH),
		);
		const cutLeft = start > 0 ? "…" : "";
		const cutRight = start + FRAME_WIDTH < text.length ? "…" : "";
		text = cutLeft + text.slice(start, start + FRAME_WIDTH) + cutRight;
		column = column - start + cutLeft.length;
	}
	const gutter = String(place.line);
	const blank = " ".repeat(gutter.length);
	const carets = "^".repeat(Math.max(1, Math.min(width, text.length - column)));
	return `  ${gutter} | ${text}\n  ${blank} | ${" ".repeat(column)}${carets}`;
}
