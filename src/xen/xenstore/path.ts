/**
 * Paths as small integers with a parent chain: a string seen before costs one lookup. docs/misc/xenstore.txt, "Store Paths".
 *
 * A table may be shared by many stores; it only grows.
 */

export const ROOT = 0;

const WELL_FORMED = /^[/@][A-Za-z0-9\-/_@]*$/;
/** Below a domain's home only the rest counts. The number is read with scanf's %5u, which takes a sign. */
const HOME = /^\/local\/domain\/(?=[-\d]{1,5}\/)-?\d+\//;

export class PathTable {
	private readonly ids = new Map<string, number>();
	private readonly texts: string[] = [];
	private readonly parents: number[] = [];
	private readonly counts: number[] = [];
	private readonly valid: boolean[] = [];

	constructor() {
		this.add("/", ROOT, true);
	}

	/** A path that starts with a slash, or a special name that starts with @; -1 when it is malformed. */
	of(text: string): number {
		const id = this.ids.get(text);
		if (id !== undefined) return this.valid[id] === true ? id : -1;
		if (!WELL_FORMED.test(text) || text.endsWith("/") || text.includes("//"))
			return -1;
		return this.intern(text);
	}

	/** A name that need not be well-formed: the older daemon watches anything that starts with @. */
	raw(text: string): number {
		const id = this.of(text);
		if (id !== -1) return id;
		return this.ids.get(text) ?? this.add(text, ROOT, false);
	}

	text(id: number): string {
		return this.texts[id] as string;
	}

	/** The last component. */
	name(id: number): string {
		const text = this.text(id);
		return text.slice(text.lastIndexOf("/") + 1);
	}

	/** The root is its own parent, and that of a special name. */
	parent(id: number): number {
		return this.parents[id] as number;
	}

	/** Octets that count against the path limit. */
	counted(id: number): number {
		return this.counts[id] as number;
	}

	isSpecial(id: number): boolean {
		return this.text(id).charCodeAt(0) === 0x40;
	}

	/** Levels from `above` down to `below`, or -1 when it is not at or above it. */
	levels(below: number, above: number): number {
		for (let id = below, levels = 0; ; levels++) {
			if (id === above) return levels;
			const parent = this.parent(id);
			if (parent === id || (parent === ROOT && this.isSpecial(id))) return -1;
			id = parent;
		}
	}

	private intern(text: string): number {
		const id = this.ids.get(text);
		if (id !== undefined) return id;
		const slash = text.lastIndexOf("/");
		const parent = slash <= 0 ? ROOT : this.intern(text.slice(0, slash));
		return this.add(text, parent, true);
	}

	private add(text: string, parent: number, valid: boolean): number {
		const id = this.texts.length;
		this.ids.set(text, id);
		this.texts.push(text);
		this.parents.push(parent);
		this.counts.push(text.length - (HOME.exec(text)?.[0].length ?? 0));
		this.valid.push(valid);
		return id;
	}
}
