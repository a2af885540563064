/**
 * Text that a stranger wrote, made fit for any reader: a terminal that obeys escape sequences, an XML parser that refuses control characters.
 * Patterns are built from text, so that no control character stands in this file.
 */

const ESCAPE_SEQUENCE = new RegExp(
	[
		"(?:\\u001b\\[|\\u009b)[0-?]*[ -/]*[@-~]", // colours, cursor
		"\\u001b[\\]PX^_][^\\u0007\\u001b]*(?:\\u0007|\\u001b\\\\)", // titles, links, device strings
		"\\u001b[ -/]*[0-~]",
	].join("|"),
	"g",
);

/** Line end and tab stay; lone surrogates and the two non-characters that XML forbids go. */
const UNPRINTABLE =
	/[^\t\n\u0020-\u007e\u00a0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

/** Without escape sequences, control characters and lone surrogates; line ends are `\n`. What is left is legal XML 1.0. */
export function plain(text: string): string {
	return text
		.replaceAll(ESCAPE_SEQUENCE, "")
		.replaceAll(/\r\n?/g, "\n")
		.replaceAll(UNPRINTABLE, "");
}

/** Characters of one text that a report shows; the JSON report has all of them. Readers refuse a text of some megabytes. */
export const TEXT_LIMIT = 20_000;

/** `plain`, and at most about `limit` characters: the beginning, the end, and how much was left out between them. */
export function clip(text: string, limit = TEXT_LIMIT): string {
	if (text.length <= limit) return plain(text);
	const half = limit >> 1;
	const head = plain(text.slice(0, half));
	const tail = plain(text.slice(-half));
	return `${head} [... ${text.length - 2 * half} characters left out ...] ${tail}`;
}

/** `clip`, with every run of blanks and line ends as one blank. */
export function oneLine(text: string, limit = TEXT_LIMIT): string {
	return clip(text, limit).replaceAll(/\s+/g, " ").trim();
}

const LOOKALIKES: Readonly<Record<string, string>> = {
	"‐": "-",
	"‑": "-",
	"–": "-",
	"—": "-",
	"−": "-",
	"‘": "'",
	"’": "'",
	"“": '"',
	"”": '"',
	"…": "...",
	"×": "x",
	"→": "->",
	"≤": "<=",
	"≥": ">=",
};

/** One line of printable ASCII: accents dropped, common signs spelled, the rest as `?`. */
export function ascii(text: string, limit = TEXT_LIMIT): string {
	return oneLine(text, limit)
		.replaceAll(/[‐‑–—−‘’“”…×→≤≥]/gu, (sign) => LOOKALIKES[sign] ?? "?")
		.normalize("NFKD")
		.replaceAll(/\p{M}/gu, "")
		.replaceAll(/[^\u0020-\u007e]/gu, "?")
		.replaceAll(/ +/g, " ")
		.trim();
}
