import {
	type Alias,
	Composer,
	isAlias,
	isMap,
	isPair,
	isScalar,
	isSeq,
	Lexer,
	Parser,
	type Scalar,
	type Node as YamlNode,
} from "yaml";
import type { Source, Span } from "../base/position.ts";
import { LIMITS } from "./limits.ts";
import type { Entry, Node } from "./node.ts";
import { type Problem, problem } from "./problem.ts";
import { parseTemplate } from "./template.ts";

const OPTIONS = {
	intAsBigInt: true,
	version: "1.2",
	schema: "core",
	// Both are done below: theirs cost the square of the keys, and a copy of the text for each error.
	uniqueKeys: false,
	prettyErrors: false,
	logLevel: "silent",
} as const;

/** Lexemes that stand for a document, the end of flow and a scalar; they are not in the text. */
const MARKS = ["\u0002", "\u0018", "\u001f"];

/** What to do about an error of the YAML parser, where its own words do not say. */
const ADVICE: Readonly<Record<string, string>> = {
	TAB_AS_INDENT: "YAML indents with blanks, never with tabs",
	MULTIPLE_DOCS:
		"one file holds one scenario: put the second into a file of its own",
	BLOCK_AS_IMPLICIT_KEY: "a value that holds `: ` needs quotes",
	MISSING_CHAR:
		"a bracket, brace or quote is never closed, or a comma is missing",
	BAD_INDENT: "siblings start in the same column",
	OPEN: "a bracket or brace that was opened before is never closed",
	LIST: "items of a list start with `- `, all in the same column",
	IMPOSSIBLE: "this is no YAML",
	BAD_ALIAS:
		"an alias (`*name`) repeats a node marked `&name`; a value that starts with `*` needs quotes",
	TAG_RESOLVE_FAILED:
		"scenarios use no tags; a value that starts with `!` needs quotes",
	BAD_SCALAR_START: "a value that starts with this character needs quotes",
	BAD_DQ_ESCAPE: "in single quotes a backslash stands for itself",
};

/** A text as nodes, or what is wrong with it. Never throws, and costs time in proportion to the text. */
export function parseYaml(source: Source): Node | Problem[] {
	const early = tooMuch(source);
	if (early !== undefined) return [early];
	let root: YamlNode | null;
	try {
		const read = compose(source);
		if (Array.isArray(read)) return read;
		root = read.root;
	} catch (thrown) {
		// The parser's own breakdown on a text is the text's fault.
		const why = thrown instanceof Error ? thrown.message : String(thrown);
		return [
			problem(
				source,
				{ start: 0, end: 0 },
				"the YAML parser gave up on this file",
				why,
			),
		];
	}
	if (root === null)
		return [
			problem(
				source,
				{ start: 0, end: 0 },
				"the file is empty",
				"a scenario has at least `id`, `title` and `steps`",
			),
		];
	return new Reader(source).read(root);
}

/** Sizes that can be told from the text alone. */
function tooMuch(source: Source): Problem | undefined {
	const { text } = source;
	for (let line = 0; line < text.length; ) {
		const end = text.indexOf("\n", line);
		const next = end < 0 ? text.length : end;
		if (next - line > LIMITS.lineLength)
			return problem(
				source,
				{ start: line, end: line + 1 },
				`the line has ${next - line} characters: the limit is ${LIMITS.lineLength}`,
			);
		line = next + 1;
	}
	const digits = new RegExp(`[0-9a-fA-F]{${LIMITS.digits + 1},}`).exec(text);
	if (digits !== null)
		return problem(
			source,
			{ start: digits.index, end: digits.index + digits[0].length },
			`${digits[0].length} digits in a row: the limit is ${LIMITS.digits}`,
		);
	return undefined;
}

function compose(source: Source): { root: YamlNode | null } | Problem[] {
	const parser = new Parser();
	const tokens = [];
	let offset = 0;
	let lexemes = 0;
	let flow = 0;
	let inLine = 0;
	for (const lexeme of new Lexer().lex(source.text)) {
		const span = { start: offset, end: offset + lexeme.length };
		if (!MARKS.includes(lexeme)) offset += lexeme.length;
		if (lexeme === "[" || lexeme === "{") flow++;
		else if (lexeme === "]" || lexeme === "}") flow--;
		else if (lexeme === "-" || lexeme === "?" || lexeme === ":") inLine++;
		else if (lexeme.endsWith("\n")) inLine = 0;
		if (flow > LIMITS.depth || (flow <= 0 && inLine > LIMITS.depth))
			return [
				problem(
					source,
					span,
					`nested too deeply: the limit is ${LIMITS.depth}`,
				),
			];
		if (++lexemes > 4 * LIMITS.nodes)
			return [
				problem(
					source,
					span,
					`more than ${LIMITS.nodes} values in one file`,
					"split the scenario into several files",
				),
			];
		for (const token of parser.next(lexeme)) tokens.push(token);
	}
	for (const token of parser.end()) tokens.push(token);

	const [document, second] = new Composer(OPTIONS).compose(
		tokens,
		true,
		source.text.length,
	);
	if (document === undefined) return { root: null };
	const complaints = [...document.errors, ...document.warnings]
		.sort((a, b) => a.pos[0] - b.pos[0])
		.slice(0, LIMITS.problems)
		.map((error) => complaint(source, error));
	if (second !== undefined) {
		const start = second.range[0];
		complaints.push(
			problem(
				source,
				{ start, end: start + 1 },
				"a second document starts here",
				ADVICE.MULTIPLE_DOCS,
			),
		);
	}
	return complaints.length > 0 ? complaints : { root: document.contents };
}

/** An error or warning of the parser as ours, at the place where a reader would look. */
function complaint(
	source: Source,
	error: { code: string; message: string; pos: [number, number] },
): Problem {
	const { code, message } = error;
	let [start, end] = error.pos;
	const quote = /^Missing closing (["'])/.exec(message)?.[1];
	if (quote !== undefined) {
		start = Math.max(0, source.text.lastIndexOf(quote));
		end = start + 1;
	}
	const solid = source.text.trimEnd().length;
	if (start >= solid) [start, end] = [Math.max(0, solid - 1), solid];
	// The parser's own recursion ended; how deep that is depends on the platform.
	if (code === "RESOURCE_EXHAUSTION")
		return problem(
			source,
			{ start, end },
			`nested too deeply: the limit is ${LIMITS.depth}`,
		);
	const advice = /and end with a/.test(message)
		? ADVICE.OPEN
		: /without - indicator/.test(message)
			? ADVICE.LIST
			: ADVICE[code];
	return problem(
		source,
		{ start, end },
		quote === undefined ? said(message) : "the quote is never closed",
		quote === undefined ? advice : undefined,
	);
}

/** The parser's message in our manner: lower case, one line, no full stop. */
function said(message: string): string {
	const line = message.split("\n")[0] ?? "";
	return (line.charAt(0).toLowerCase() + line.slice(1)).slice(0, 200);
}

class Reader {
	readonly #source: Source;
	readonly #problems: Problem[] = [];
	readonly #anchors = new Map<string, Node | "open">();
	#nodes = 0;
	#aliases = 0;

	constructor(source: Source) {
		this.#source = source;
	}

	read(root: YamlNode): Node | Problem[] {
		const node = this.#node(root, 0);
		return this.#problems.length > 0 ? this.#problems : node;
	}

	#complain(span: Span, message: string, advice?: string): void {
		if (this.#problems.length < LIMITS.problems)
			this.#problems.push(problem(this.#source, span, message, advice));
	}

	#node(yaml: YamlNode, depth: number): Node {
		const span = spanOf(yaml);
		const base = { ...span, source: this.#source, dynamic: false };
		const nothing: Node = { ...base, kind: "scalar", value: null };
		if (++this.#nodes > LIMITS.nodes) {
			if (this.#nodes === LIMITS.nodes + 1)
				this.#complain(
					span,
					`more than ${LIMITS.nodes} values in one file`,
					"split the scenario into several files",
				);
			return nothing;
		}
		if (depth > LIMITS.depth) {
			this.#complain(span, `nested too deeply: the limit is ${LIMITS.depth}`);
			return nothing;
		}
		if (isAlias(yaml)) return this.#alias(yaml, span) ?? nothing;
		const { tag } = yaml as { tag?: string };
		if (tag !== undefined) {
			this.#complain(
				span,
				`the tag \`${tag.slice(0, 64)}\` has no meaning here`,
				ADVICE.TAG_RESOLVE_FAILED,
			);
			return nothing;
		}
		const anchor = (yaml as { anchor?: string }).anchor;
		if (anchor !== undefined) this.#anchors.set(anchor, "open");
		const node = this.#plain(yaml, base, depth) ?? nothing;
		if (anchor !== undefined) this.#anchors.set(anchor, node);
		return node;
	}

	#plain(
		yaml: YamlNode,
		base: Span & { source: Source; dynamic: boolean },
		depth: number,
	): Node | undefined {
		if (isScalar(yaml)) return this.#scalar(yaml, base);
		if (isSeq(yaml)) {
			const items = yaml.items.map((item) =>
				this.#node(item as YamlNode, depth + 1),
			);
			return {
				...base,
				kind: "list",
				items,
				dynamic: items.some((item) => item.dynamic),
			};
		}
		if (isMap(yaml)) {
			const entries = new Map<string, Entry>();
			let dynamic = false;
			for (const pair of yaml.items) {
				if (!isPair(pair)) continue;
				const key = this.#key(pair.key as YamlNode | null, base);
				if (key === undefined) continue;
				const value =
					pair.value === null
						? ({ ...base, ...key.span, kind: "scalar", value: null } as Node)
						: this.#node(pair.value as YamlNode, depth + 1);
				const before = entries.get(key.text);
				if (before !== undefined) {
					const also = [
						{
							place: this.#source.place(before.key.start),
							says: "first written at",
						},
					];
					if (this.#problems.length < LIMITS.problems)
						this.#problems.push(
							problem(
								this.#source,
								key.span,
								`the key \`${key.text}\` is written twice`,
								undefined,
								{ also },
							),
						);
					continue;
				}
				entries.set(key.text, { key: key.span, value });
				dynamic ||= value.dynamic;
			}
			return { ...base, kind: "map", entries, dynamic };
		}
		this.#complain(base, "this kind of YAML node has no meaning in a scenario");
		return undefined;
	}

	#scalar(
		yaml: Scalar,
		base: Span & { source: Source; dynamic: boolean },
	): Node {
		const { value } = yaml;
		if (typeof value !== "string")
			return {
				...base,
				kind: "scalar",
				value: value as bigint | number | boolean | null,
			};
		if (value.length > LIMITS.scalarLength) {
			this.#complain(
				base,
				`a text of ${value.length} characters: the limit is ${LIMITS.scalarLength}`,
			);
			return { ...base, kind: "scalar", value: "" };
		}
		const quoted =
			yaml.type === "QUOTE_DOUBLE" || yaml.type === "QUOTE_SINGLE" ? 1 : 0;
		const origin = this.#source.text.startsWith(value, base.start + quoted)
			? base.start + quoted
			: undefined;
		const node: Node = {
			...base,
			kind: "scalar",
			value,
			...(origin === undefined ? {} : { origin }),
		};
		if (!value.includes("$")) return node;
		const template = parseTemplate(value);
		if ("wrong" in template) {
			const start = origin === undefined ? base.start : origin + template.at;
			const end =
				origin === undefined
					? base.end
					: origin + Math.max(template.at + 1, template.end);
			this.#complain({ start, end }, template.wrong, template.advice);
			return node;
		}
		node.template = template;
		node.dynamic = true;
		return node;
	}

	#key(
		yaml: YamlNode | null,
		map: Span,
	): { text: string; span: Span } | undefined {
		if (yaml !== null && isScalar(yaml)) {
			const span = spanOf(yaml);
			const text =
				typeof yaml.value === "string"
					? yaml.value
					: (yaml.source ?? String(yaml.value));
			if (text.length > LIMITS.scalarLength) {
				this.#complain(
					span,
					`a key of ${text.length} characters: the limit is ${LIMITS.scalarLength}`,
				);
				return undefined;
			}
			if (text.includes("$")) {
				this.#complain(
					span,
					"`$` has no meaning in a key",
					"only values are substituted",
				);
				return undefined;
			}
			return { text, span };
		}
		this.#complain(
			yaml === null ? map : spanOf(yaml),
			"a key must be a plain word",
		);
		return undefined;
	}

	#alias(yaml: Alias, span: Span): Node | undefined {
		if (++this.#aliases > LIMITS.aliases) {
			if (this.#aliases === LIMITS.aliases + 1)
				this.#complain(span, `more than ${LIMITS.aliases} aliases in one file`);
			return undefined;
		}
		const target = this.#anchors.get(yaml.source);
		if (target === undefined) {
			this.#complain(
				span,
				`no anchor \`&${yaml.source}\` before this alias`,
				ADVICE.BAD_ALIAS,
			);
			return undefined;
		}
		if (target === "open") {
			this.#complain(
				span,
				`the alias \`*${yaml.source}\` stands inside its own anchor`,
			);
			return undefined;
		}
		this.#nodes += weigh(target);
		if (this.#nodes > LIMITS.nodes) {
			this.#complain(
				span,
				`more than ${LIMITS.nodes} values in one file, aliases written out`,
			);
			return undefined;
		}
		return target;
	}
}

/** Nodes of a subtree with every alias written out. */
function weigh(node: Node, known = new Map<Node, number>()): number {
	const before = known.get(node);
	if (before !== undefined) return before;
	let sum = 1;
	if (node.kind === "list")
		for (const item of node.items) sum += weigh(item, known);
	if (node.kind === "map")
		for (const { value } of node.entries.values()) sum += weigh(value, known);
	known.set(node, sum);
	return sum;
}

function spanOf(yaml: YamlNode): Span {
	const [start, end] = yaml.range ?? [0, 0];
	return { start, end };
}
