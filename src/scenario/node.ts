import type { Place, Source, Span } from "../base/position.ts";
import type { Template } from "./template.ts";

/** YAML reduced to what a scenario may hold, each piece with its span. Shared subtrees (aliases) are one node. */
export type Node = ScalarNode | ListNode | MapNode;

interface Piece extends Span {
	source: Source;
	/** A `$` stands in it or below it: what it means depends on the case. */
	dynamic: boolean;
}

export interface ScalarNode extends Piece {
	kind: "scalar";
	/** Whole numbers are BigInt; `number` is a decimal fraction, which nothing in a scenario accepts. */
	value: string | bigint | number | boolean | null;
	/** Offset in the source of the value's first character, when its characters stand there one for one. */
	origin?: number;
	template?: Template;
}

export interface ListNode extends Piece {
	kind: "list";
	items: readonly Node[];
}

export interface MapNode extends Piece {
	kind: "map";
	entries: ReadonlyMap<string, Entry>;
}

export interface Entry {
	key: Span;
	value: Node;
}

export function nodePlace(node: Node): Place {
	return node.source.place(node.start);
}

/** The node a path leads to, or the last one on the way; `key` is the span of the last key taken. */
export function follow(
	node: Node,
	path: readonly PropertyKey[],
): { node: Node; key?: Span; whole: boolean } {
	let at = node;
	let key: Span | undefined;
	for (const step of path) {
		if (at.kind === "list") {
			const item = typeof step === "number" ? at.items[step] : undefined;
			if (item === undefined) return found(at, key, false);
			at = item;
			key = undefined;
		} else if (at.kind === "map") {
			const entry = at.entries.get(String(step));
			if (entry === undefined) return found(at, key, false);
			at = entry.value;
			key = entry.key;
		} else return found(at, key, false);
	}
	return found(at, key, true);
}

function found(node: Node, key: Span | undefined, whole: boolean) {
	return key === undefined ? { node, whole } : { node, key, whole };
}

/** Places of a node and all below it, by path joined with `/`. */
export function places(
	node: Node,
	at = "",
	into: Record<string, Place> = Object.create(null) as Record<string, Place>,
): Record<string, Place> {
	into[at] = nodePlace(node);
	const below = (key: string | number, child: Node) =>
		places(child, at === "" ? String(key) : `${at}/${key}`, into);
	if (node.kind === "list")
		for (const [index, item] of node.items.entries()) below(index, item);
	if (node.kind === "map")
		for (const [key, { value }] of node.entries) below(key, value);
	return into;
}
