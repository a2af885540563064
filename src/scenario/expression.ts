import { LIMITS } from "./limits.ts";

/** A whole-number expression, as written inside `$(…)` or under `let`. Plain data. */
export type Expression =
	| { kind: "number"; value: bigint }
	| { kind: "name"; name: string; at: number }
	/** Something known only while the case runs: a buffer's cookie, a page's grant reference. */
	| {
			kind: "live";
			name: string;
			field: string;
			index?: Expression;
			at: number;
	  }
	| { kind: "minus"; of: Expression }
	| {
			kind: "binary";
			sign: BinarySign;
			left: Expression;
			right: Expression;
			at: number;
	  }
	| { kind: "call"; name: FunctionName; args: Expression[]; at: number };

export const BINARY_SIGNS = [
	"<=",
	">=",
	"==",
	"!=",
	"<",
	">",
	"+",
	"-",
	"*",
	"/",
	"%",
] as const;
export type BinarySign = (typeof BINARY_SIGNS)[number];
export const FUNCTION_NAMES = ["min", "max", "ceil", "floor"] as const;
export type FunctionName = (typeof FUNCTION_NAMES)[number];

/** What is wrong, where in the text (offsets), and what to do. */
export interface Wrong {
	wrong: string;
	at: number;
	end: number;
	advice?: string;
}

class Complaint extends Error {
	readonly at: number;
	readonly end: number;
	readonly advice: string | undefined;
	constructor(message: string, at: number, end = at + 1, advice?: string) {
		super(message);
		this.at = at;
		this.end = end;
		this.advice = advice;
	}
	wrong(): Wrong {
		const { message, at, end, advice } = this;
		return {
			wrong: message,
			at,
			end,
			...(advice === undefined ? {} : { advice }),
		};
	}
}

const LEVELS: readonly (readonly BinarySign[])[] = [
	["<=", ">=", "==", "!=", "<", ">"],
	["+", "-"],
	["*", "/", "%"],
];

/** Reads one expression from `start` on; `end` is where it stops. */
export function parseExpression(
	text: string,
	start = 0,
): { expression: Expression; end: number } | Wrong {
	try {
		const parser = new Reader(text, start);
		const expression = parser.level(0, 0);
		return { expression, end: parser.at };
	} catch (thrown) {
		if (thrown instanceof Complaint) return thrown.wrong();
		throw thrown;
	}
}

class Reader {
	readonly text: string;
	readonly #start: number;
	at: number;

	constructor(text: string, start: number) {
		this.text = text;
		this.#start = start;
		this.at = start;
		this.#blanks();
	}

	#blanks(): void {
		while (/\s/.test(this.text[this.at] ?? "")) this.at++;
	}

	#take(token: RegExp): string | undefined {
		token.lastIndex = this.at;
		const found = token.exec(this.text)?.[0];
		if (found === undefined) return undefined;
		if (this.at + found.length - this.#start > LIMITS.expression)
			throw new Complaint(
				`an expression of more than ${LIMITS.expression} characters`,
				this.#start,
			);
		this.at += found.length;
		this.#blanks();
		return found;
	}

	level(level: number, depth: number): Expression {
		if (depth > LIMITS.expressionDepth)
			throw new Complaint("the expression is nested too deeply", this.at);
		const signs = LEVELS[level];
		if (signs === undefined) return this.#unary(depth);
		let left = this.level(level + 1, depth);
		for (;;) {
			const at = this.at;
			const sign = signs.find((one) => this.text.startsWith(one, at));
			if (sign === undefined) return left;
			this.at += sign.length;
			this.#blanks();
			const right = this.level(level + 1, depth);
			left = { kind: "binary", sign, left, right, at };
			if (this.at - this.#start > LIMITS.expression)
				throw new Complaint(
					`an expression of more than ${LIMITS.expression} characters`,
					this.#start,
				);
		}
	}

	#unary(depth: number): Expression {
		if (this.#take(/-/y) !== undefined)
			return { kind: "minus", of: this.#unaryBelow(depth) };
		if (this.#take(/\+/y) !== undefined) return this.#unaryBelow(depth);
		return this.#atom(depth);
	}

	#unaryBelow(depth: number): Expression {
		if (depth + 1 > LIMITS.expressionDepth)
			throw new Complaint("the expression is nested too deeply", this.at);
		return this.#unary(depth + 1);
	}

	#atom(depth: number): Expression {
		const at = this.at;
		const digits = this.#take(/0x[0-9a-fA-F]+|[0-9]+/y);
		if (digits !== undefined) {
			if (/[A-Za-z_.]/.test(this.text[at + digits.length] ?? ""))
				throw new Complaint("a whole number is expected here", at, this.at + 1);
			return { kind: "number", value: BigInt(digits) };
		}
		if (this.#take(/\(/y) !== undefined) {
			const inner = this.level(0, depth + 1);
			this.#close(at);
			return inner;
		}
		const name = this.#take(/[A-Za-z_][A-Za-z0-9_]*/y);
		if (name === undefined) {
			const found = this.text[at];
			throw found === undefined
				? new Complaint(
						"the expression ends where a value is expected",
						Math.max(this.#start, at - 1),
					)
				: new Complaint(
						`a number, a name or a parenthesis is expected, not \`${found}\``,
						at,
					);
		}
		if (this.text[this.at] === ".") return this.#live(name, at, depth);
		if (this.text[this.at] !== "(") return { kind: "name", name, at };
		const known = FUNCTION_NAMES.find((one) => one === name);
		if (known === undefined)
			throw new Complaint(
				`no function \`${name}\``,
				at,
				at + name.length,
				`known: ${FUNCTION_NAMES.join(", ")}`,
			);
		const open = this.at;
		this.#take(/\(/y);
		const args = [this.level(0, depth + 1)];
		while (this.#take(/,/y) !== undefined) args.push(this.level(0, depth + 1));
		this.#close(open);
		const single = known === "ceil" || known === "floor";
		if (single ? args.length !== 1 : args.length < 2)
			throw new Complaint(
				`\`${known}\` takes ${single ? "one value" : "two or more values"}, not ${args.length}`,
				at,
				this.at,
			);
		return { kind: "call", name: known, args, at };
	}

	#live(name: string, at: number, depth: number): Expression {
		this.#take(/\./y);
		const field = this.#take(/[A-Za-z_][A-Za-z0-9_-]*/y);
		if (field === undefined)
			throw new Complaint(`a field is expected after \`${name}.\``, this.at);
		if (this.text[this.at] !== "(") return { kind: "live", name, field, at };
		const open = this.at;
		this.#take(/\(/y);
		const index = this.level(0, depth + 1);
		this.#close(open);
		return { kind: "live", name, field, index, at };
	}

	#close(open: number): void {
		if (this.#take(/\)/y) !== undefined) return;
		if (this.at >= this.text.length)
			throw new Complaint(
				"a parenthesis is never closed",
				open,
				open + 1,
				"inside `{ }` and `[ ]` a comma ends the value: put quotes around it",
			);
		throw new Complaint(
			`\`)\` is expected, not \`${this.text[this.at]}\``,
			this.at,
		);
	}
}

/** An exact fraction: `ceil(pages / 1023)` needs the quotient before it is rounded. `below` is positive. */
interface Fraction {
	above: bigint;
	below: bigint;
}

/** What names mean: the values of a matrix row and of `let`. */
export type Scope = ReadonlyMap<string, bigint | string | boolean>;
/** What live names mean while a case runs: undefined when there is no such thing (yet). */
export type Live = (
	name: string,
	field: string,
	index: bigint | undefined,
) => bigint | undefined;

/** The value of an expression, or why it has none. Without `live`, live names are wrong. */
export function evaluate(
	expression: Expression,
	scope: Scope,
	live?: Live,
): bigint | Wrong {
	try {
		const { above, below } = fraction(expression, scope, live);
		if (below !== 1n)
			throw new Complaint(
				`the value is the fraction ${above}/${below}`,
				0,
				1,
				"use floor() or ceil() to get a whole number",
			);
		return above;
	} catch (thrown) {
		if (thrown instanceof Complaint) return thrown.wrong();
		throw thrown;
	}
}

function fraction(
	expression: Expression,
	scope: Scope,
	live: Live | undefined,
): Fraction {
	switch (expression.kind) {
		case "number":
			return checked({ above: expression.value, below: 1n }, 0);
		case "name": {
			const { name, at } = expression;
			const value = scope.get(name);
			if (value === undefined)
				throw new Complaint(`no name \`${name}\` here`, at, at + name.length);
			if (typeof value !== "bigint")
				throw new Complaint(
					`\`${name}\` is ${JSON.stringify(value)} here, not a number`,
					at,
					at + name.length,
				);
			return checked({ above: value, below: 1n }, at);
		}
		case "live": {
			const { name, field, at } = expression;
			const index =
				expression.index === undefined
					? undefined
					: whole(fraction(expression.index, scope, live), at);
			const value = live?.(name, field, index);
			if (value === undefined)
				throw new Complaint(
					`\`${name}.${field}\` has no value here`,
					at,
					at + name.length + 1 + field.length,
				);
			return checked({ above: value, below: 1n }, at);
		}
		case "minus": {
			const { above, below } = fraction(expression.of, scope, live);
			return { above: -above, below };
		}
		case "binary":
			return binary(
				expression,
				fraction(expression.left, scope, live),
				fraction(expression.right, scope, live),
			);
		case "call": {
			const args = expression.args.map((one) => fraction(one, scope, live));
			const [first = { above: 0n, below: 1n }] = args;
			const less = (a: Fraction, b: Fraction) =>
				a.above * b.below < b.above * a.below;
			switch (expression.name) {
				case "min":
					return args.reduce((a, b) => (less(b, a) ? b : a));
				case "max":
					return args.reduce((a, b) => (less(a, b) ? b : a));
				case "floor":
					return { above: floor(first), below: 1n };
				case "ceil":
					return {
						above: -floor({ above: -first.above, below: first.below }),
						below: 1n,
					};
			}
		}
	}
}

function floor({ above, below }: Fraction): bigint {
	const cut = above / below;
	return above % below < 0n ? cut - 1n : cut;
}

function whole({ above, below }: Fraction, at: number): bigint {
	if (below !== 1n)
		throw new Complaint(
			`the fraction ${above}/${below} stands where a whole number must`,
			at,
		);
	return above;
}

function binary(
	{ sign, at }: { sign: BinarySign; at: number },
	left: Fraction,
	right: Fraction,
): Fraction {
	const l = left.above * right.below;
	const r = right.above * left.below;
	const truth = (yes: boolean) => ({ above: yes ? 1n : 0n, below: 1n });
	switch (sign) {
		case "+":
			return checked({ above: l + r, below: left.below * right.below }, at);
		case "-":
			return checked({ above: l - r, below: left.below * right.below }, at);
		case "*":
			return checked(
				{ above: left.above * right.above, below: left.below * right.below },
				at,
			);
		case "/":
			if (right.above === 0n) throw new Complaint("division by zero", at);
			return checked(
				{ above: left.above * right.below, below: left.below * right.above },
				at,
			);
		case "%": {
			const divisor = whole(right, at);
			if (divisor === 0n) throw new Complaint("division by zero", at);
			const rest = whole(left, at) % divisor;
			return {
				above:
					rest !== 0n && rest < 0n !== divisor < 0n ? rest + divisor : rest,
				below: 1n,
			};
		}
		case "<":
			return truth(l < r);
		case "<=":
			return truth(l <= r);
		case ">":
			return truth(l > r);
		case ">=":
			return truth(l >= r);
		case "==":
			return truth(l === r);
		case "!=":
			return truth(l !== r);
	}
}

const MOST = 1n << BigInt(LIMITS.bits);

function checked(value: Fraction, at: number): Fraction {
	let { above, below } = value;
	if (below < 0n) [above, below] = [-above, -below];
	let [a, b] = [above < 0n ? -above : above, below];
	while (b !== 0n) [a, b] = [b, a % b];
	if (a > 1n) [above, below] = [above / a, below / a];
	if (above >= MOST || above <= -MOST || below >= MOST)
		throw new Complaint(
			`the number has more than ${LIMITS.bits} binary digits`,
			at,
		);
	return { above, below };
}

/** Names an expression speaks of, live ones apart. */
export function namesOf(expression: Expression): {
	names: Set<string>;
	live: { name: string; field: string; at: number }[];
} {
	const names = new Set<string>();
	const live: { name: string; field: string; at: number }[] = [];
	const visit = (one: Expression): void => {
		if (one.kind === "name") names.add(one.name);
		else if (one.kind === "live") {
			live.push(one);
			if (one.index !== undefined) visit(one.index);
		} else if (one.kind === "minus") visit(one.of);
		else if (one.kind === "binary") {
			visit(one.left);
			visit(one.right);
		} else if (one.kind === "call") one.args.forEach(visit);
	};
	visit(expression);
	return { names, live };
}

/** An expression as text that reads back as the same value, each part in parentheses of its own. */
export function expressionText(expression: Expression): string {
	const part = (one: Expression): string =>
		one.kind === "binary" || one.kind === "minus"
			? `(${expressionText(one)})`
			: expressionText(one);
	switch (expression.kind) {
		case "number":
			return String(expression.value);
		case "name":
			return expression.name;
		case "live": {
			const { name, field, index } = expression;
			return index === undefined
				? `${name}.${field}`
				: `${name}.${field}(${expressionText(index)})`;
		}
		case "minus":
			return `-${part(expression.of)}`;
		case "binary":
			return `${part(expression.left)} ${expression.sign} ${part(expression.right)}`;
		case "call":
			return `${expression.name}(${expression.args.map(expressionText).join(", ")})`;
	}
}
