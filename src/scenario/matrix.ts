import type { Span } from "../base/position.ts";
import {
	type Expression,
	evaluate,
	parseExpression,
	type Scope,
} from "./expression.ts";
import { LIMITS } from "./limits.ts";
import type { ListNode, MapNode, Node, ScalarNode } from "./node.ts";
import type { Complaints } from "./reader.ts";
import { advise } from "./suggest.ts";
import { fill } from "./template.ts";
import { show } from "./values.ts";

export type RowValue = bigint | string | boolean;

/** One choice of the matrix's values. */
export interface Row {
	values: ReadonlyMap<string, RowValue>;
	/** Where the row itself stands, when it was written out under `include`. */
	node?: Node;
	/** Where each value stands. */
	from: ReadonlyMap<string, Node>;
}

const OWN_KEYS = ["include", "exclude", "pairwise"] as const;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

export function isName(text: string): boolean {
	return (
		NAME.test(text) && text.length <= LIMITS.nameLength && text !== "__proto__"
	);
}

/** A value as ids and reports show it. */
export function rowText(value: RowValue): string {
	const text = String(value);
	return typeof value !== "string" || /^[A-Za-z0-9_.:/+-]+$/.test(text)
		? text
		: JSON.stringify(text);
}

/** `pages=1024,die=late`. */
export function rowId(row: Row): string {
	return [...row.values]
		.map(([name, value]) => `${name}=${rowText(value)}`)
		.join(",");
}

/** The rows of a `matrix`, in order; undefined when it is wrong. */
export function readMatrix(
	node: Node,
	complaints: Complaints,
): Row[] | undefined {
	const before = complaints.count;
	if (node.kind !== "map") {
		complaints.at(
			node,
			"`matrix` needs a map of names to lists",
			"e.g. matrix: { pages: [1, 1023, 1024] }",
		);
		return undefined;
	}
	const lists = new Map<string, ListNode>();
	for (const [name, { key, value }] of node.entries) {
		if ((OWN_KEYS as readonly string[]).includes(name)) continue;
		if (!isName(name)) {
			complaints.say(
				node.source,
				key,
				`\`${name.slice(0, 64)}\` is no name`,
				"a name has letters, digits and `_`, and does not start with a digit",
			);
			continue;
		}
		if (value.kind !== "list" || value.items.length === 0) {
			complaints.at(
				value,
				`\`${name}\` needs a list of values`,
				"e.g. [1, 1023, 1024]",
			);
			continue;
		}
		lists.set(name, value);
	}
	if (lists.size > LIMITS.matrixNames)
		complaints.at(
			node,
			`the matrix has ${lists.size} lists: the limit is ${LIMITS.matrixNames}`,
		);
	if (complaints.count > before) return undefined;

	const values = new Map<string, [Node, RowValue][]>();
	for (const [name, list] of lists)
		values.set(name, readValues(name, list, complaints));
	const pairs = flagOf(node, "pairwise", complaints);
	if (complaints.count > before) return undefined;
	let rows =
		lists.size === 0
			? []
			: pairs
				? pairwise(node, values, complaints)
				: product(node, values, complaints);
	rows = exclude(node, rows, lists, complaints);
	include(node, rows, lists, complaints);
	if (complaints.count > before) return undefined;
	if (rows.length === 0) complaints.at(node, "the matrix has no row left");
	if (rows.length > LIMITS.cases)
		complaints.say(
			node.source,
			keySpan(node),
			`the matrix makes ${rows.length} cases: the limit is ${LIMITS.cases}`,
			"use fewer values, `exclude`, or `pairwise: true`",
		);
	twice(rows, node, complaints);
	return complaints.count > before ? undefined : rows;
}

const keySpan = (node: Node): Span => ({
	start: node.start,
	end: node.start + 1,
});

function flagOf(map: MapNode, name: string, complaints: Complaints): boolean {
	const node = map.entries.get(name)?.value;
	if (node === undefined) return false;
	if (node.kind === "scalar" && typeof node.value === "boolean")
		return node.value;
	complaints.at(node, `\`${name}\` is true or false`);
	return false;
}

function readValue(
	name: string,
	node: Node,
	complaints: Complaints,
): RowValue | undefined {
	if (
		node.kind !== "scalar" ||
		node.value === null ||
		typeof node.value === "number"
	) {
		complaints.at(
			node,
			`a value of \`${name}\` is a whole number, a text, true or false, not ${show(node.kind === "scalar" ? node.value : node.kind === "list" ? [] : {})}`,
		);
		return undefined;
	}
	if (node.template !== undefined) {
		complaints.at(
			node,
			"`$` has no meaning in a matrix",
			"use `let` for what is computed from the row",
		);
		return undefined;
	}
	if (
		typeof node.value === "string" &&
		(node.value.length > LIMITS.nameLength ||
			node.value === "" ||
			/\p{Cc}/u.test(node.value))
	) {
		complaints.at(
			node,
			`a text in a matrix has 1 to ${LIMITS.nameLength} plain characters`,
		);
		return undefined;
	}
	if (
		typeof node.value === "bigint" &&
		(node.value >= 1n << 64n || node.value < -(1n << 63n))
	) {
		complaints.at(node, `${node.value} does not fit 64 bits`);
		return undefined;
	}
	return node.value;
}

function readValues(
	name: string,
	list: ListNode,
	complaints: Complaints,
): [Node, RowValue][] {
	const found: [Node, RowValue][] = [];
	const seen = new Map<RowValue, Node>();
	for (const item of list.items) {
		const value = readValue(name, item, complaints);
		if (value === undefined) continue;
		const before = seen.get(value);
		if (before !== undefined) {
			complaints.at(item, `\`${name}\` has the value ${rowText(value)} twice`);
			continue;
		}
		seen.set(value, item);
		found.push([item, value]);
	}
	return found;
}

function product(
	node: MapNode,
	values: ReadonlyMap<string, [Node, RowValue][]>,
	complaints: Complaints,
): Row[] {
	let count = 1n;
	for (const list of values.values()) count *= BigInt(list.length);
	if (count > BigInt(LIMITS.rowsBefore)) {
		complaints.say(
			node.source,
			keySpan(node),
			`the matrix makes ${count} rows: the limit is ${LIMITS.cases} cases`,
			"use fewer values, or `pairwise: true`",
		);
		return [];
	}
	let rows: Row[] = [{ values: new Map(), from: new Map() }];
	for (const [name, list] of values)
		rows = rows.flatMap((row) =>
			list.map(([from, value]) => ({
				values: new Map(row.values).set(name, value),
				from: new Map(row.from).set(name, from),
			})),
		);
	return rows;
}

/** Rows that hold every pair of values of two lists at least once, found greedily in a fixed order. */
function pairwise(
	node: MapNode,
	values: ReadonlyMap<string, [Node, RowValue][]>,
	complaints: Complaints,
): Row[] {
	const names = [...values.keys()];
	const lists = [...values.values()];
	const sizes = lists.map((list) => list.length).sort((a, b) => b - a);
	const tooMany = () => {
		complaints.say(
			node.source,
			keySpan(node),
			`the matrix makes more than ${LIMITS.cases} rows, pairs only`,
			"use fewer values",
		);
		return [];
	};
	if ((sizes[0] ?? 0) * (sizes[1] ?? 1) > LIMITS.cases) return tooMany();
	if (lists.length < 2) return product(node, values, complaints);
	let pairs = 0;
	for (const [i, list] of lists.entries())
		for (const other of lists.slice(i + 1)) pairs += list.length * other.length;
	if (pairs > LIMITS.pairs) {
		complaints.say(
			node.source,
			keySpan(node),
			`the matrix has ${pairs} pairs of values: the limit is ${LIMITS.pairs}`,
			"use fewer values",
		);
		return [];
	}
	const open = new Set<number>();
	const width = LIMITS.cases;
	const code = (i: number, a: number, j: number, b: number) =>
		i < j
			? ((i * width + a) * LIMITS.matrixNames + j) * width + b
			: ((j * width + b) * LIMITS.matrixNames + i) * width + a;
	for (let i = 0; i < lists.length; i++)
		for (let j = i + 1; j < lists.length; j++)
			for (let a = 0; a < (lists[i]?.length ?? 0); a++)
				for (let b = 0; b < (lists[j]?.length ?? 0); b++)
					open.add(code(i, a, j, b));
	const rows: Row[] = [];
	for (const first of open) {
		// A pair taken by an earlier row has left the set before the walk reaches it.
		const rest = first % (LIMITS.matrixNames * width);
		const seed = Math.floor(first / (LIMITS.matrixNames * width));
		const picks = new Map<number, number>([
			[Math.floor(seed / width), seed % width],
			[Math.floor(rest / width), rest % width],
		]);
		for (let i = 0; i < lists.length; i++) {
			if (picks.has(i)) continue;
			let best = 0;
			let most = -1;
			for (let a = 0; a < (lists[i]?.length ?? 0); a++) {
				let gain = 0;
				for (const [j, b] of picks) if (open.has(code(i, a, j, b))) gain++;
				if (gain > most) [best, most] = [a, gain];
			}
			picks.set(i, best);
		}
		const chosen = [...picks];
		for (const [i, a] of chosen)
			for (const [j, b] of chosen) if (i < j) open.delete(code(i, a, j, b));
		const row = names.map(
			(name, i) =>
				[name, lists[i]?.[picks.get(i) ?? 0] as [Node, RowValue]] as const,
		);
		rows.push({
			values: new Map(row.map(([name, [, value]]) => [name, value])),
			from: new Map(row.map(([name, [from]]) => [name, from])),
		});
		if (rows.length > LIMITS.cases) return tooMany();
	}
	return rows;
}

function rowMaps(
	node: MapNode,
	name: "include" | "exclude",
	complaints: Complaints,
): MapNode[] {
	const list = node.entries.get(name)?.value;
	if (list === undefined) return [];
	if (list.kind !== "list") {
		complaints.at(
			list,
			`\`${name}\` needs a list of maps`,
			"e.g. [{ pages: 1, nth: 1 }]",
		);
		return [];
	}
	return list.items.filter((item): item is MapNode => {
		if (item.kind === "map" && item.entries.size > 0) return true;
		complaints.at(
			item,
			`an entry of \`${name}\` is a map of names to values`,
			"e.g. { pages: 1, nth: 1 }",
		);
		return false;
	});
}

function exclude(
	node: MapNode,
	rows: Row[],
	lists: ReadonlyMap<string, unknown>,
	complaints: Complaints,
): Row[] {
	let kept = rows;
	for (const map of rowMaps(node, "exclude", complaints)) {
		const wanted: [string, RowValue][] = [];
		for (const [name, { key, value }] of map.entries) {
			if (!lists.has(name))
				complaints.say(
					map.source,
					key,
					`the matrix has no list \`${name.slice(0, 64)}\``,
					advise(name, lists.keys()),
				);
			const read = readValue(name, value, complaints);
			if (read !== undefined) wanted.push([name, read]);
		}
		const fewer = kept.filter(
			(row) => !wanted.every(([name, value]) => row.values.get(name) === value),
		);
		if (fewer.length === kept.length && wanted.length === map.entries.size)
			complaints.say(map.source, keySpan(map), "this excludes no row");
		kept = fewer;
	}
	return kept;
}

function include(
	node: MapNode,
	rows: Row[],
	lists: ReadonlyMap<string, unknown>,
	complaints: Complaints,
): void {
	let names: string[] | undefined =
		lists.size > 0 ? [...lists.keys()] : undefined;
	for (const map of rowMaps(node, "include", complaints)) {
		const values = new Map<string, RowValue>();
		const from = new Map<string, Node>();
		names ??= [...map.entries.keys()];
		for (const [name, { key }] of map.entries) {
			if (!isName(name))
				complaints.say(
					map.source,
					key,
					`\`${name.slice(0, 64)}\` is no name`,
					"a name has letters, digits and `_`",
				);
			else if (!names.includes(name))
				complaints.say(
					map.source,
					key,
					`the other rows have no \`${name}\``,
					advise(name, names),
				);
		}
		for (const name of names) {
			const value = map.entries.get(name)?.value;
			if (value === undefined)
				complaints.say(
					map.source,
					keySpan(map),
					`the row lacks \`${name}\``,
					"every row gives all names a value",
				);
			else {
				const read = readValue(name, value, complaints);
				if (read === undefined) continue;
				values.set(name, read);
				from.set(name, value);
			}
		}
		rows.push({ values, from, node: map });
	}
}

function twice(rows: readonly Row[], node: Node, complaints: Complaints): void {
	const seen = new Set<string>();
	for (const row of rows) {
		const id = rowId(row);
		if (seen.has(id))
			complaints.say(
				(row.node ?? node).source,
				keySpan(row.node ?? node),
				`the row ${id} stands twice`,
			);
		seen.add(id);
	}
}

/** A name of `let` with its expression. */
export interface Let {
	name: string;
	key: Span;
	node: ScalarNode;
	expression?: Expression;
}

/** The definitions under `let`, in order. */
export function readLets(
	node: Node,
	taken: Iterable<string>,
	complaints: Complaints,
): Let[] {
	if (node.kind !== "map") {
		complaints.at(
			node,
			"`let` needs a map of names to expressions",
			"e.g. let: { dirs: ceil(pages / 1023) }",
		);
		return [];
	}
	if (node.entries.size > LIMITS.lets)
		complaints.at(
			node,
			`\`let\` has ${node.entries.size} names: the limit is ${LIMITS.lets}`,
		);
	const before = new Set(taken);
	const lets: Let[] = [];
	for (const [name, { key, value }] of node.entries) {
		if (!isName(name))
			complaints.say(
				node.source,
				key,
				`\`${name.slice(0, 64)}\` is no name`,
				"a name has letters, digits and `_`, and does not start with a digit",
			);
		else if (before.has(name))
			complaints.say(
				node.source,
				key,
				`\`${name}\` is a list of the matrix already`,
			);
		else if (
			value.kind !== "scalar" ||
			(typeof value.value !== "string" && typeof value.value !== "bigint")
		)
			complaints.at(
				value,
				`\`${name}\` needs an expression of whole numbers`,
				"e.g. ceil(pages / 1023)",
			);
		else if (value.template !== undefined || typeof value.value === "bigint")
			lets.push({ name, key, node: value });
		else {
			const read = parseExpression(value.value);
			if ("wrong" in read) complaints.wrong(value, read);
			else if (read.end < value.value.length)
				complaints.wrong(value, {
					wrong: `a sign is expected, not \`${value.value[read.end]}\``,
					at: read.end,
					end: read.end + 1,
				});
			else lets.push({ name, key, node: value, expression: read.expression });
		}
	}
	return lets;
}

/** The scope of a row: its values, then each `let` in turn. */
export function scopeOf(
	values: Scope,
	lets: readonly Let[],
	complaints: Complaints,
): Scope {
	const scope = new Map(values);
	for (const { name, node, expression } of lets) {
		if (expression === undefined && node.template === undefined) {
			scope.set(name, node.value as bigint);
			continue;
		}
		const value =
			expression !== undefined
				? evaluate(expression, scope)
				: node.template !== undefined
					? fill(node.template, String(node.value), scope)
					: 0n;
		if (typeof value === "bigint") scope.set(name, value);
		else if (typeof value === "object" && "wrong" in value) {
			const missing = /^no name `\$?(\w+)`/.exec(value.wrong)?.[1];
			const advice =
				value.advice ??
				(missing === undefined ? undefined : advise(missing, scope.keys()));
			complaints.wrong(node, {
				...value,
				...(advice === undefined ? {} : { advice }),
			});
			scope.set(name, 1n);
		} else {
			complaints.at(
				node,
				`\`${name}\` needs a whole number, not ${show(value)}`,
			);
			scope.set(name, 1n);
		}
	}
	return scope;
}
