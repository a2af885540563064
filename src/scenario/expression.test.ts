import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { evaluate, parseExpression, type Scope } from "./expression.ts";

const scope: Scope = new Map<string, bigint | string>([
	["pages", 1024n],
	["die", "late"],
]);

function value(text: string): bigint | string {
	const read = parseExpression(text);
	if ("wrong" in read) return read.wrong;
	if (read.end < text.length) return `stops at ${read.end}`;
	const found = evaluate(read.expression, scope);
	return typeof found === "bigint" ? found : found.wrong;
}

describe("expressions", () => {
	it.each<[string, bigint]>([
		["1 + 2 * 3", 7n],
		["(1 + 2) * 3", 9n],
		["10 - 2 - 3", 5n],
		["-2 + 5", 3n],
		["0x10", 16n],
		["ceil(pages / 1023)", 2n],
		["floor(pages / 1023)", 1n],
		["ceil(-7 / 2)", -3n],
		["floor(-7 / 2)", -4n],
		["7 / 2 * 2", 7n],
		["-7 % 3", 2n],
		["min(3, 1, 2)", 1n],
		["max(3, 7 / 2 * 2, 2)", 7n],
		["3 < 4", 1n],
		["3 >= 4", 0n],
		["1 / 3 == 2 / 6", 1n],
		["(3 != 3) + 1", 1n],
		["0xffffffffffffffff + 1", 18_446_744_073_709_551_616n],
	])("%s is %s", (text, wanted) => expect(value(text)).toBe(wanted));

	it.each<[string, string]>([
		["7 / 2", "the value is the fraction 7/2"],
		["1 / 0", "division by zero"],
		["1 % 0", "division by zero"],
		["die + 1", '`die` is "late" here, not a number'],
		["page", "no name `page` here"],
		["min(1)", "`min` takes two or more values, not 1"],
		["round(1)", "no function `round`"],
		["1 +", "the expression ends where a value is expected"],
		["(1", "a parenthesis is never closed"],
		["1.5", "a whole number is expected here"],
		["__proto__", "no name `__proto__` here"],
		["constructor", "no name `constructor` here"],
	])("%s is refused", (text, wanted) => expect(value(text)).toBe(wanted));

	it("agree with another evaluator", () => {
		type Tree = { text: string; value: bigint };
		const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
			tree: fc.oneof(
				{ maxDepth: 4 },
				fc
					.bigInt({ min: 0n, max: 1000n })
					.map((n) => ({ text: String(n), value: n })),
				fc
					.tuple(
						tie("tree"),
						fc.constantFrom("+", "-", "*", "<", ">=", "=="),
						tie("tree"),
					)
					.map(([a, sign, b]) => ({
						text: `(${a.text} ${sign} ${b.text})`,
						value:
							sign === "+"
								? a.value + b.value
								: sign === "-"
									? a.value - b.value
									: sign === "*"
										? a.value * b.value
										: BigInt(
												sign === "<"
													? a.value < b.value
													: sign === ">="
														? a.value >= b.value
														: a.value === b.value,
											),
					})),
			),
		}));
		fc.assert(
			fc.property(tree, ({ text, value: wanted }) => {
				fc.pre(text.length < 250);
				const found = value(text);
				if (typeof found === "bigint") expect(found).toBe(wanted);
				else expect(wanted > 2n ** 127n || wanted < -(2n ** 127n)).toBe(true);
			}),
		);
	});
});
