/** What a scenario file may cost. Whatever lies beyond is refused with its place, so no file can hang or exhaust the tool. */
export const LIMITS = {
	/** Octets of a file. */
	fileSize: 1 << 20,
	/** Characters of one line. */
	lineLength: 16_384,
	/** Characters of one scalar. */
	scalarLength: 4_096,
	/** Digits in a row: reading a number costs the square of its digits. */
	digits: 64,
	/** Maps and lists inside one another. */
	depth: 24,
	/** YAML nodes of a file, each alias counted as often as it stands. */
	nodes: 50_000,
	/** Aliases (`*name`) of a file. */
	aliases: 100,
	/** Problems told of one file; the rest are counted. */
	problems: 20,
	/** Characters of a `$(…)` expression. */
	expression: 256,
	/** Parentheses and signs inside one another in an expression. */
	expressionDepth: 32,
	/** Binary digits of any number an expression makes. */
	bits: 128,
	/** Lists of a matrix. */
	matrixNames: 16,
	/** Rows of a matrix before `exclude`. */
	rowsBefore: 10_000,
	/** Pairs of values that `pairwise` may have to cover. */
	pairs: 30_000,
	/** Cases of a file. */
	cases: 1_000,
	/** Names of `let`. */
	lets: 100,
	/** Steps of a case, those of its fixtures included. */
	steps: 1_000,
	/** Steps of all cases of a file. */
	stepsOfAll: 20_000,
	/** Fixture files that use one another. */
	fixtures: 8,
	/** Characters of a name: participants' objects, marks, tags. */
	nameLength: 64,
	/** Characters of an id. */
	idLength: 128,
	/** Virtual milliseconds a step may ask for. */
	ticks: 3_600_000,
	/** Files of one selection. */
	files: 20_000,
	/** Characters of a tag expression. */
	tagExpression: 1_024,
} as const;
