import { type PathTable, ROOT } from "./path.ts";
import type { Perms } from "./perms.ts";

/** A node as it is stored. Never changed in place: a write stores another one. */
export interface Node {
	/** Value of the store's counter when it was last written. */
	readonly generation: number;
	/** One character an octet. */
	readonly value: string;
	readonly perms: Perms;
	/** Paths of the children, in order of creation. */
	readonly children: readonly number[];
	/** Octets of their names, each with a NUL. */
	readonly childLength: number;
}

/** The committed nodes, by path. */
export class Tree {
	readonly paths: PathTable;
	private readonly nodes: (Node | undefined)[] = [];
	/** Goes up with every write and every transaction start. */
	generation = 0;
	/** Nodes that exist. */
	count = 0;

	constructor(paths: PathTable) {
		this.paths = paths;
	}

	get(path: number): Node | undefined {
		return this.nodes[path];
	}

	set(path: number, node: Node): void {
		// The table of paths may be shared and large; keep this array without holes.
		while (this.nodes.length <= path) this.nodes.push(undefined);
		if (this.nodes[path] === undefined) this.count++;
		this.nodes[path] = node;
	}

	delete(path: number): void {
		if (this.nodes[path] === undefined) return;
		this.nodes[path] = undefined;
		this.count--;
	}

	/** All nodes below and with the root, parents first, in the order of their children. */
	*walk(from: number = ROOT): Generator<[path: number, node: Node]> {
		const node = this.get(from);
		if (node === undefined) return;
		yield [from, node];
		for (const child of node.children) yield* this.walk(child);
	}
}
