/**
 * Small systematic changes to a program's syntax tree, one file of rules: what each operator looks for, and what it puts there.
 *
 * They are the slips of the field: a release forgotten, two calls in the wrong order, a check dropped, a bound off by one, a page not cleared, a
 * status not looked at, an answer given too early or too late.
 */
import ts from "typescript";

/** One change: the text from `start` to `end` becomes `text`. */
export interface Change {
	operator: OperatorName;
	start: number;
	end: number;
	text: string;
}

type Operator = (
	node: ts.Node,
	source: ts.SourceFile,
) => Omit<Change, "operator">[];

const RELEASES =
	/"(grant\.(end|free|unmap|release)|page\.free|balloon\.give|object\.drop|evtchn\.close|xs\.unwatch|lock\.give|display\.(close|hide|release))"|\.(takeBack|takeBackOrKeep|letGo|release|giveBalloonPages|unmap\w*|surrender|hide|leave|drop|exit|close\w*|abandon)\(/;

const remove = (node: ts.Node, source: ts.SourceFile) => ({
	start: node.getStart(source),
	end: node.getEnd(),
	text: ";",
});

/** `yield* something(…)` that stands alone. */
const isCall = (node: ts.Node): node is ts.ExpressionStatement =>
	ts.isExpressionStatement(node) && ts.isYieldExpression(node.expression);

const leaves = (node: ts.Statement): boolean => {
	const last = ts.isBlock(node) ? node.statements.at(-1) : node;
	return (
		last !== undefined &&
		(ts.isReturnStatement(last) ||
			ts.isContinueStatement(last) ||
			ts.isBreakStatement(last))
	);
};

const isStatus = (node: ts.Node, source: ts.SourceFile): boolean =>
	/(^|\.)(status|mapped|claimed|reserved|read|taken|posted|found)$/.test(
		node.getText(source),
	);

const BOUNDS = new Map([
	[ts.SyntaxKind.LessThanToken, "<="],
	[ts.SyntaxKind.LessThanEqualsToken, "<"],
	[ts.SyntaxKind.GreaterThanToken, ">="],
	[ts.SyntaxKind.GreaterThanEqualsToken, ">"],
]);

const isZero = (node: ts.Node) =>
	ts.isNumericLiteral(node) && node.text === "0";

/** Siblings of one shape: each operator answers with the changes that it can make at a node. */
export const OPERATORS = {
	/** What was taken is not given back. */
	"skip-release": (node, source) =>
		isCall(node) && RELEASES.test(node.getText(source))
			? [remove(node, source)]
			: [],
	/** A call to the world or to a helper is not made. */
	"skip-call": (node, source) =>
		isCall(node) && !RELEASES.test(node.getText(source))
			? [remove(node, source)]
			: [],
	/** Something is not remembered. */
	"skip-assignment": (node, source) =>
		ts.isExpressionStatement(node) &&
		((ts.isBinaryExpression(node.expression) &&
			node.expression.operatorToken.kind === ts.SyntaxKind.EqualsToken) ||
			(ts.isCallExpression(node.expression) &&
				/\.(set|delete|add|push|splice)\(/.test(node.getText(source))))
			? [remove(node, source)]
			: [],
	/** Two calls change places: a reply, a release or a note comes too early, the other too late. */
	"swap-calls": (node, source) => {
		if (!ts.isBlock(node)) return [];
		const acts = (one: ts.Statement) =>
			isCall(one) ||
			(ts.isExpressionStatement(one) && ts.isBinaryExpression(one.expression));
		return node.statements.flatMap((first, i) => {
			const second = node.statements[i + 1];
			if (second === undefined || !acts(first) || !acts(second)) return [];
			if (!isCall(first) && !isCall(second)) return [];
			return [
				{
					start: first.getStart(source),
					end: second.getEnd(),
					text: `${second.getText(source)}\n${first.getText(source)}`,
				},
			];
		});
	},
	/** A guard is gone. */
	"drop-check": (node, source) =>
		ts.isIfStatement(node) &&
		node.elseStatement === undefined &&
		leaves(node.thenStatement)
			? [remove(node, source)]
			: [],
	/** One of several conditions is not asked. */
	"drop-condition": (node) =>
		ts.isBinaryExpression(node) &&
		(node.operatorToken.kind === ts.SyntaxKind.AmpersandAmpersandToken ||
			node.operatorToken.kind === ts.SyntaxKind.BarBarToken)
			? [
					{ start: node.getStart(), end: node.right.getStart(), text: "" },
					{ start: node.left.getEnd(), end: node.getEnd(), text: "" },
				]
			: [],
	/** A bound is off by one. */
	"move-bound": (node) => {
		if (!ts.isBinaryExpression(node)) return [];
		const moved = BOUNDS.get(node.operatorToken.kind);
		// A status is no bound: -errno and 0 are told apart by "ignore-status".
		if (moved === undefined || isZero(node.right)) return [];
		return [
			{
				start: node.operatorToken.getStart(),
				end: node.operatorToken.getEnd(),
				text: moved,
			},
		];
	},
	/** A count is off by one. */
	"move-count": (node) =>
		ts.isBinaryExpression(node) &&
		(node.operatorToken.kind === ts.SyntaxKind.PlusToken ||
			node.operatorToken.kind === ts.SyntaxKind.MinusToken) &&
		ts.isNumericLiteral(node.right) &&
		node.right.text === "1"
			? [{ start: node.left.getEnd(), end: node.getEnd(), text: "" }]
			: [],
	/** A page or a field is not cleared, or a flag says the contrary. */
	"forget-zeroing": (node) => {
		if (!ts.isPropertyAssignment(node)) return [];
		const { initializer } = node;
		const flipped =
			initializer.kind === ts.SyntaxKind.TrueKeyword
				? "false"
				: initializer.kind === ts.SyntaxKind.FalseKeyword
					? "true"
					: undefined;
		return flipped === undefined
			? []
			: [
					{
						start: initializer.getStart(),
						end: initializer.getEnd(),
						text: flipped,
					},
				];
	},
	/** Whether a call worked is not looked at. */
	"ignore-status": (node, source) => {
		if (!ts.isBinaryExpression(node) || !isZero(node.right)) return [];
		if (!isStatus(node.left, source)) return [];
		const kind = node.operatorToken.kind;
		const good =
			kind === ts.SyntaxKind.GreaterThanEqualsToken ||
			kind === ts.SyntaxKind.EqualsEqualsEqualsToken;
		const bad =
			kind === ts.SyntaxKind.LessThanToken ||
			kind === ts.SyntaxKind.ExclamationEqualsEqualsToken;
		if (!good && !bad) return [];
		return [
			{
				start: node.getStart(),
				end: node.getEnd(),
				// Not a plain `false`, or the compiler would call the rest unreachable.
				text: good ? "Number(1) === 1" : "Number(1) === 0",
			},
		];
	},
	/** A failure is answered as a success. */
	"succeed-anyway": (node) =>
		ts.isReturnStatement(node) &&
		node.expression !== undefined &&
		/^((failed|refused)\(|EINVAL|ENOENT|EBUSY|-\w+$)/.test(
			node.expression.getText(),
		)
			? [
					{
						start: node.expression.getStart(),
						end: node.expression.getEnd(),
						text: "0",
					},
				]
			: [],
	/** A question is answered the other way round. */
	"negate-condition": (node) =>
		ts.isIfStatement(node) || ts.isConditionalExpression(node)
			? [
					{
						start: (ts.isIfStatement(node)
							? node.expression
							: node.condition
						).getStart(),
						end: (ts.isIfStatement(node)
							? node.expression
							: node.condition
						).getEnd(),
						text: `!(${(
							ts.isIfStatement(node) ? node.expression : node.condition
						).getText()})`,
					},
				]
			: [],
} as const satisfies Record<string, Operator>;

export type OperatorName = keyof typeof OPERATORS;
