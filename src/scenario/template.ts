import {
	type Expression,
	evaluate,
	type Live,
	namesOf,
	parseExpression,
	type Scope,
	type Wrong,
} from "./expression.ts";
import { advise } from "./suggest.ts";

/** A scalar with `$name` or `$(expression)` in it, cut into pieces. `$$` is a plain dollar sign. */
export interface Template {
	parts: readonly (
		| string
		| { expression: Expression; at: number; end: number }
	)[];
	/** The whole scalar is one substitution, with a sign before it or not: its value keeps its kind. */
	single: boolean;
}

/** A number that is known only while the case runs. Plain data; `settle` gives its value. */
export interface Late {
	late: Expression;
	/** As written, for reports. */
	text: string;
}

export function isLate(value: unknown): value is Late {
	return (
		typeof value === "object" &&
		value !== null &&
		"late" in value &&
		"text" in value
	);
}

/** The value of a number that may be late. */
export function settle(value: bigint | Late, live: Live): bigint | Wrong {
	return isLate(value) ? evaluate(value.late, new Map(), live) : value;
}

export function parseTemplate(text: string): Template | Wrong {
	const parts: (
		| string
		| { expression: Expression; at: number; end: number }
	)[] = [];
	let plain = "";
	let at = 0;
	const flush = () => {
		if (plain !== "") parts.push(plain);
		plain = "";
	};
	while (at < text.length) {
		const dollar = text.indexOf("$", at);
		if (dollar < 0) break;
		plain += text.slice(at, dollar);
		if (text[dollar + 1] === "$") {
			plain += "$";
			at = dollar + 2;
			continue;
		}
		if (text[dollar + 1] === "(") {
			const read = parseExpression(text, dollar + 2);
			if ("wrong" in read) return read;
			if (text[read.end] !== ")") {
				if (read.end >= text.length)
					return {
						wrong: "the parenthesis of `$(` is never closed",
						at: dollar,
						end: text.length,
						advice:
							"inside `{ }` and `[ ]` a comma ends the value: put quotes around it",
					};
				return {
					wrong: `a sign or \`)\` is expected, not \`${text[read.end]}\``,
					at: read.end,
					end: read.end + 1,
				};
			}
			flush();
			parts.push({
				expression: read.expression,
				at: dollar,
				end: read.end + 1,
			});
			at = read.end + 1;
			continue;
		}
		const name = /^[A-Za-z_][A-Za-z0-9_]*/.exec(
			text.slice(dollar + 1, dollar + 100),
		)?.[0];
		if (name === undefined) {
			const brace = text[dollar + 1] === "{";
			return {
				wrong: "a name or `(` is expected after `$`",
				at: dollar,
				end: dollar + 1,
				advice: brace
					? "write $name or $(expression): braces are YAML's own"
					: "write $$ for a dollar sign",
			};
		}
		let end = dollar + 1 + name.length;
		const field = /^\.([A-Za-z_][A-Za-z0-9_]*)/.exec(
			text.slice(end, end + 100),
		);
		const nameAt = dollar + 1;
		flush();
		if (field?.[1] !== undefined) {
			end += field[0].length;
			parts.push({
				expression: { kind: "live", name, field: field[1], at: nameAt },
				at: dollar,
				end,
			});
		} else
			parts.push({
				expression: { kind: "name", name, at: nameAt },
				at: dollar,
				end,
			});
		at = end;
	}
	plain += text.slice(at);
	flush();
	const [first, second] = parts;
	const signed =
		typeof first === "string" &&
		/^[+-]$/.test(first) &&
		second !== undefined &&
		typeof second !== "string";
	return {
		parts,
		single:
			(parts.length === 1 && typeof first !== "string") ||
			(parts.length === 2 && signed),
	};
}

/** What a template means in a case: its value, a number known later, or what is wrong. */
export function fill(
	template: Template,
	text: string,
	scope: Scope,
): bigint | string | boolean | Late | Wrong {
	const values: (bigint | string | boolean)[] = [];
	for (const part of template.parts) {
		if (typeof part === "string") {
			values.push(part);
			continue;
		}
		const { expression } = part;
		if (expression.kind === "name") {
			const value = scope.get(expression.name);
			if (value === undefined)
				return unknown(expression.name, expression.at, scope);
			values.push(value);
			continue;
		}
		// `$pages.next` in a text: the name is the matrix's, so the rest is text.
		if (expression.kind === "live" && text[part.at + 1] !== "(") {
			const value = scope.get(expression.name);
			if (value !== undefined) {
				values.push(`${value}.${expression.field}`);
				continue;
			}
		}
		const { names, live } = namesOf(expression);
		for (const name of names)
			if (!scope.has(name))
				return unknown(name, text.indexOf(name, part.at), scope);
		if (live.length > 0) {
			if (!template.single)
				return {
					wrong: `\`${text.slice(part.at, part.end)}\` is known only while the case runs: it cannot be part of a text`,
					at: part.at,
					end: part.end,
				};
			const bound = bind(expression, scope);
			if ("wrong" in bound) return bound;
			const late =
				values[0] === "-" ? ({ kind: "minus", of: bound } as const) : bound;
			return { late, text };
		}
		const value = evaluate(expression, scope);
		if (typeof value !== "bigint")
			return {
				...value,
				at: value.at > 0 ? value.at : part.at,
				end: value.at > 0 ? value.end : part.end,
			};
		values.push(value);
	}
	if (!template.single) return values.map(String).join("");
	const [first, second] = values;
	if (second === undefined) return first ?? "";
	if (typeof second !== "bigint") return `${first}${second}`;
	return first === "-" ? -second : second;
}

function unknown(name: string, at: number, scope: Scope): Wrong {
	const advice =
		scope.size === 0
			? "names come from `matrix` and `let`; write $$ for a dollar sign"
			: advise(name, scope.keys());
	return {
		wrong: `no name \`$${name}\` here`,
		at: Math.max(at, 0),
		end: Math.max(at, 0) + name.length,
		advice,
	};
}

/** The expression with the names of the scope replaced by their numbers, so that only live names are left. */
function bind(expression: Expression, scope: Scope): Expression | Wrong {
	const inner = (one: Expression): Expression => {
		switch (one.kind) {
			case "name": {
				const value = scope.get(one.name);
				return typeof value === "bigint" ? { kind: "number", value } : one;
			}
			case "live":
				return one.index === undefined
					? one
					: { ...one, index: inner(one.index) };
			case "minus":
				return { ...one, of: inner(one.of) };
			case "binary":
				return { ...one, left: inner(one.left), right: inner(one.right) };
			case "call":
				return { ...one, args: one.args.map(inner) };
			default:
				return one;
		}
	};
	for (const name of namesOf(expression).names)
		if (typeof scope.get(name) !== "bigint")
			return {
				wrong: `\`${name}\` is ${JSON.stringify(scope.get(name))} here, not a number`,
				at: 0,
				end: 1,
			};
	return inner(expression);
}
