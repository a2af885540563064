/**
 * The page directory of displif.h ("Shared page for XENDISPL_OP_DBUF_CREATE"): in each page the grant of the next page, then 1023 grants of
 * buffer pages. How many grants there are is not sent: it follows from buffer_sz.
 */
export const GREFS_PER_DIRECTORY_PAGE = 1023;
const PAGE_WORDS = 1024;
const PAGE_OCTETS = 4096;

/** Buffer pages behind so many octets. */
export const bufferPages = (buffer_sz: number): number =>
	Math.ceil(buffer_sz / PAGE_OCTETS);

/** Directory pages for so many buffer pages. */
export const directoryPages = (pages: number): number =>
	Math.ceil(pages / GREFS_PER_DIRECTORY_PAGE);

/** The words of each directory page. `grefs` are the buffer's, `own` those of the directory pages themselves, in order. */
export function buildDirectory(
	grefs: ArrayLike<number>,
	own: readonly number[],
): Uint32Array[] {
	return own.map((_gref, index) => {
		const words = new Uint32Array(PAGE_WORDS);
		words[0] = own[index + 1] ?? 0;
		const first = index * GREFS_PER_DIRECTORY_PAGE;
		for (
			let i = 0;
			i < GREFS_PER_DIRECTORY_PAGE && first + i < grefs.length;
			i++
		)
			words[i + 1] = grefs[first + i] as number;
		return words;
	});
}

/** What is wrong with a directory that a peer wrote. */
export interface BadDirectory {
	ok: false;
	/** Directory page, counted from 0. */
	page: number;
	field: string;
	expected: string;
	got: string;
}

export interface WalkedDirectory {
	ok: true;
	grefs: Uint32Array;
	/** gref_dir_next_page of the last page: 0 in a right chain. */
	lastNext: number;
}

/**
 * Follow a chain for exactly as many pages as the buffer needs, so that a loop cannot run for ever. `page` gives the words of a directory page by
 * its grant, each called once; undefined when it cannot be had.
 */
export function walkDirectory(
	first: number,
	pages: number,
	page: (gref: number) => ArrayLike<number> | undefined,
): WalkedDirectory | BadDirectory {
	const grefs = new Uint32Array(pages);
	const count = directoryPages(pages);
	let gref = first;
	for (let index = 0; index < count; index++) {
		const words = gref === 0 ? undefined : page(gref);
		if (words === undefined)
			return {
				ok: false,
				page: index,
				field: index === 0 ? "gref_directory" : "gref_dir_next_page",
				expected: `the grant of directory page ${index} of ${count}`,
				got: String(gref),
			};
		const start = index * GREFS_PER_DIRECTORY_PAGE;
		for (let i = 0; i < GREFS_PER_DIRECTORY_PAGE && start + i < pages; i++)
			grefs[start + i] = words[i + 1] as number;
		gref = words[0] as number;
	}
	return { ok: true, grefs, lastNext: gref };
}
