/** A C header's comments as sentences, each with a hash that reflowing does not change. */
import { createHash } from "node:crypto";

export interface Sentence {
	/** First line it stands on. */
	line: number;
	/** Heading above it, `Section: Sub-section`; without headings the name that the comment documents. */
	place: string;
	/** One line, without the comment's stars and bullets. */
	text: string;
	hash: string;
}

/** Words that bind, or seem to. */
export const BINDING =
	/\b(must|shall|should|may|cannot|reserved|is an error)\b/i;

/** The first 48 bits of SHA-256. */
export const hashOf = (text: string): string =>
	createHash("sha256").update(text).digest("hex").slice(0, 12);

/** Packet drawings, state arrows and example paths: what the drawings show is held to the compiled structures by the layout tests. */
const DRAWING =
	/^(\+[-+]+.*|\|.*|[0-9 ]+octet|V|=+( +=+)?|\/local\/domain\/.*)$/;
const RULE = /^[*=-]{10,}$/;
const SUB_HEADING = /^-{3,}\s*([^-].*?)\s*-{3,}$/;
/** What begins a sentence of its own: bullets, numbered notes, `name - type, …`, a note. */
const BEGINS =
	/^(o |- |-- |\d\. |\[\*?\w*\]|NB\.? |Note:|NOTES:|All |(Frontend|Backend) on |[\w[\]]+ - |[A-Z]\w*: )/;
const MARK = /^(o |- |-- |\d\. )/;
/** Licence, authors, the editor's variables, the name of an include guard. */
const ABOUT_THE_FILE =
	/SPDX-License|Copyright|c-file-style|Andrew Warfield|\/\* _*[A-Z0-9]+(_[A-Z0-9]+)*_H_* \*\//;
/** A packet's own heading: it stands where its description begins. */
const PACKET =
	/^(?:(Request [\w /]+|Get EDID response|Page flip complete event) - |(Shared page for \w+))/;
const ABBREVIATED = /\b(i\.e|e\.g|cf|vs|inc|Ill|n\.b)\.$/i;

interface Line {
	number: number;
	text: string;
}

export function sentencesOf(header: string): Sentence[] {
	const out: Sentence[] = [];
	let section = "";
	let sub = "";
	for (const { lines, names } of comments(header)) {
		let paragraph: Line[] = [];
		const end = () => {
			for (const { number, text } of split(paragraph))
				out.push({
					line: number,
					place: [section, sub].filter((s) => s !== "").join(": ") || names,
					text,
					hash: hashOf(text),
				});
			paragraph = [];
		};
		for (const [i, line] of lines.entries()) {
			const { text } = line;
			const heading =
				RULE.test(lines[i - 1]?.text ?? "") &&
				RULE.test(lines[i + 1]?.text ?? "");
			const below = SUB_HEADING.exec(text)?.[1];
			if (heading || below !== undefined || RULE.test(text)) {
				end();
				if (heading) {
					section = text;
					sub = "";
				}
				if (below !== undefined) sub = below;
			} else if (text === "" || DRAWING.test(text)) end();
			else {
				const packet = PACKET.exec(text);
				if (packet !== null || BEGINS.test(text)) end();
				if (packet !== null) sub = packet[1] ?? (packet[2] as string);
				paragraph.push({ ...line, text: text.replace(MARK, "") });
				if (text.endsWith(":")) end();
			}
		}
		end();
	}
	return out;
}

/** Each comment without its decoration, and the name that it documents: the next one that is defined, or is in the comment's own line. */
function comments(header: string): { lines: Line[]; names: string }[] {
	const out: { lines: Line[]; names: string }[] = [];
	const lineOf = (at: number) => header.slice(0, at).split("\n").length;
	for (const found of header.matchAll(/\/\*[\s\S]*?\*\//g)) {
		if (ABOUT_THE_FILE.test(found[0])) continue;
		const first = lineOf(found.index);
		const lines = found[0]
			.replace(/^\/\*/, "")
			.replace(/\*\/$/, "")
			.split("\n")
			.map((text, i) => ({
				number: first + i,
				text: text
					.replace(/\\\s*$/, "")
					.replace(/^\s*\*(?!\*)\s?/, "")
					.trim()
					.replace(/^\*+$/, (stars) => stars.padEnd(10, "*"))
					.replaceAll(/\s+/g, " "),
			}));
		const before = header.slice(
			header.lastIndexOf("\n", found.index) + 1,
			found.index,
		);
		const after = header.slice(found.index + found[0].length);
		const name =
			/[A-Za-z_]\w*(?=[^A-Za-z]*$)/.exec(
				before.replace(/[;,\s()\d-]+$/, ""),
			)?.[0] ??
			/(?:#define|struct|union|enum|typedef \w+)\s+(\w+)/.exec(after)?.[1] ??
			"the header";
		out.push({ lines, names: name });
	}
	return out;
}

/** A paragraph at its full stops; an abbreviation ends nothing. */
function split(paragraph: readonly Line[]): Line[] {
	const out: Line[] = [];
	let current = "";
	let number = 0;
	for (const line of paragraph)
		for (const word of line.text.split(" ")) {
			if (current === "") number = line.number;
			current += current === "" ? word : ` ${word}`;
			if (/[.!?][)"]*$/.test(word) && !ABBREVIATED.test(word)) {
				out.push({ number, text: current });
				current = "";
			}
		}
	if (current !== "") out.push({ number, text: current });
	return out;
}
