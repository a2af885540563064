/**
 * Machine frames: 4096 octets each, seen as 1024 little-endian words.
 *
 * A frame belongs to one domain for its whole life. It is freed when its owner has let it go *and* the last foreign mapping is gone:
 * page references in xen/common/page_alloc.c, docs/misc/grant-tables.txt.
 */

export const PAGE_SIZE = 4096;
export const PAGE_WORDS = PAGE_SIZE / 4;

/** What a page that nobody cleared holds: a leftover that is easy to recognise in the peer's hands. */
export const POISON = 0xa5a5a5a5;

/** Where the words of frames live. In process it is the heap; with an outside program a file that both map. */
export interface Memory {
	load(frame: number, word: number): number;
	store(frame: number, word: number, value: number): void;
	/** A copy of `count` words. */
	read(frame: number, word: number, count: number): Uint32Array;
	write(frame: number, word: number, words: ArrayLike<number>): void;
	/** The frame's words are `value` from now on. */
	fill(frame: number, value: number): void;
}

/** One `Uint32Array` for each page that somebody wrote; an untouched page costs nothing. */
export class HeapMemory implements Memory {
	protected readonly pages: (Uint32Array | undefined)[] = [];
	protected readonly fillers: number[] = [];

	load(frame: number, word: number): number {
		const page = this.pages[frame];
		return page === undefined
			? (this.fillers[frame] ?? 0)
			: (page[word] as number);
	}

	store(frame: number, word: number, value: number): void {
		this.page(frame)[word] = value;
	}

	read(frame: number, word: number, count: number): Uint32Array {
		const page = this.pages[frame];
		if (page !== undefined) return page.slice(word, word + count);
		const words = new Uint32Array(count);
		const filler = this.fillers[frame] ?? 0;
		return filler === 0 ? words : words.fill(filler);
	}

	write(frame: number, word: number, words: ArrayLike<number>): void {
		const page = this.page(frame);
		for (let i = 0; i < words.length; i++) page[word + i] = words[i] as number;
	}

	fill(frame: number, value: number): void {
		this.pages[frame] = undefined;
		this.fillers[frame] = value;
	}

	protected page(frame: number): Uint32Array {
		let page = this.pages[frame];
		if (page === undefined) {
			page = new Uint32Array(PAGE_WORDS);
			const filler = this.fillers[frame] ?? 0;
			if (filler !== 0) page.fill(filler);
			this.pages[frame] = page;
		}
		return page;
	}
}

const FREE = 0;
const OWNED = 1;
/** The owner has let go; only mappings keep it. */
const HELD = 2;

/** All frames of the machine, and who owns and maps them. */
export class Frames {
	readonly memory: Memory;
	protected readonly owners: number[] = [0];
	protected readonly states: number[] = [FREE];
	protected readonly maps: number[] = [0];
	protected readonly grants: number[] = [0];
	protected readonly free: number[] = [];

	constructor(memory: Memory) {
		this.memory = memory;
	}

	/** A frame for a domain, filled with `value`. */
	alloc(domid: number, value: number): number {
		const frame = this.free.pop() ?? this.owners.length;
		this.owners[frame] = domid;
		this.states[frame] = OWNED;
		this.maps[frame] = 0;
		// Entries that named the frame under an earlier owner still do, until that owner ends them.
		this.grants[frame] ??= 0;
		this.memory.fill(frame, value);
		return frame;
	}

	/** The owner lets go. True when the frame is free at once, false when mappings still hold it. */
	release(frame: number): boolean {
		if (this.states[frame] !== OWNED)
			throw new Error(`frame ${frame} released twice`);
		if ((this.maps[frame] as number) > 0) {
			this.states[frame] = HELD;
			return false;
		}
		this.states[frame] = FREE;
		this.free.push(frame);
		return true;
	}

	/** A foreign mapping takes a reference. */
	hold(frame: number): void {
		if (this.states[frame] === FREE)
			throw new Error(`frame ${frame} mapped while free`);
		this.maps[frame] = (this.maps[frame] as number) + 1;
	}

	/** A foreign mapping drops its reference. True when that freed the frame. */
	drop(frame: number): boolean {
		const left = (this.maps[frame] as number) - 1;
		if (left < 0) throw new Error(`frame ${frame} has no mapping to drop`);
		this.maps[frame] = left;
		if (left > 0 || this.states[frame] !== HELD) return false;
		this.states[frame] = FREE;
		this.free.push(frame);
		return true;
	}

	owner(frame: number): number {
		return this.owners[frame] as number;
	}

	/** Allocated and not given up by its owner. */
	owned(frame: number): boolean {
		return this.states[frame] === OWNED;
	}

	mappings(frame: number): number {
		return this.maps[frame] as number;
	}

	/** An open grant entry names the frame, or does no longer. */
	granted(frame: number, by: 1 | -1): void {
		this.grants[frame] = (this.grants[frame] as number) + by;
	}

	/** Another domain may see this frame: some order of accesses matters. */
	shared(frame: number): boolean {
		return (
			(this.grants[frame] as number) > 0 || (this.maps[frame] as number) > 0
		);
	}
}
