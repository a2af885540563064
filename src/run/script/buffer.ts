/** A scripted frontend's buffers: pages, grants and a directory that is right unless the scenario wants it otherwise. */
import {
	buildDirectory,
	directoryPages,
	GREFS_PER_DIRECTORY_PAGE,
} from "../../displif/directory.ts";
import type { StepOf } from "../../scenario/scenario.ts";
import { ask, type Turns } from "../../xen/call.ts";
import type { NamedOf } from "../stage.ts";
import type { Lent, Side } from "./side.ts";

/** What a buffer was made of. Its name's `refs` may become the backend's later; these stay. */
export interface Made {
	gfns: readonly number[];
	/** Grants of its pages. */
	pages: readonly Lent[];
	directory: readonly Lent[];
}

export const PAGE_OCTETS = 4096;

export function* makeBuffer(
	side: Side,
	step: StepOf<"wire.buffer">,
	to: number,
): Turns<Made & { refs: number[] }> {
	const { pages, grants, readonly } = step.args;
	const granted =
		typeof grants === "string" ? undefined : new Set<number>(grants);
	const gfns: number[] = [];
	const refs: number[] = [];
	const lent: Lent[] = [];
	for (let index = 0; index < pages; index++) {
		const gfn = yield* side.page(step);
		gfns.push(gfn);
		if (granted?.has(index) ?? grants === "all") {
			const page = yield* side.lend(step, gfn, to, readonly);
			lent.push(page);
			refs.push(page.ref);
		} else refs.push(0);
	}
	const directory: Lent[] = [];
	for (let left = directoryPages(pages); left > 0; left--)
		directory.push(yield* side.lend(step, yield* side.page(step), to));
	yield* writeDirectory(side, step, refs, directory);
	return { gfns, pages: lent, directory, refs };
}

function* writeDirectory(
	side: Side,
	step: StepOf<"wire.buffer">,
	refs: readonly number[],
	directory: readonly Lent[],
): Turns {
	const how = step.args.directory;
	const own = directory.map(({ ref }) => ref);
	const listed = how?.entries?.map((ref, index) =>
		side.number(step, ref, "directory", "entries", index),
	) ?? [...refs];
	const short = how?.short ?? 0;
	if (short > 0) listed.fill(0, Math.max(0, listed.length - short));
	const chain = buildDirectory(listed, own);
	const last = chain.at(-1);
	if (last !== undefined && how?.loop === true) last[0] = own[0] as number;
	if (last !== undefined && how?.next !== undefined)
		last[0] = side.number(step, how.next, "directory", "next");
	for (const [index, words] of chain.entries())
		yield* ask("page.store", {
			gfn: (directory[index] as Lent).gfn,
			word: 0,
			words,
		});
}

/** The references that the backend has written into a buffer's directory. */
export function* readDirectory(
	made: Made,
	{ size }: NamedOf<"buffer">,
): Turns<number[]> {
	const refs: number[] = [];
	const count = Math.ceil(size / PAGE_OCTETS);
	for (const { gfn } of made.directory) {
		const { words } = yield* ask("page.load", {
			gfn,
			word: 1,
			count: Math.min(GREFS_PER_DIRECTORY_PAGE, count - refs.length),
		});
		refs.push(...Array.from(words));
	}
	return refs;
}
