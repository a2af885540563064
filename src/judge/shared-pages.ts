/** The pages that one request hands over: the chain of its directory, and the references that the directory lists. */
import { bufferPages, walkDirectory } from "../displif/directory.ts";
import type { GrantView, MemoryView } from "../journal/memory-view.ts";
import { PAGE_SIZE } from "../xen/frame.ts";

export interface SharedPages {
	/** Whose references the directory lists: the frontend's, or with REQ_ALLOC the backend's. */
	granter: number;
	/** References of the directory's pages, always the frontend's, up to the first that is not open. */
	directory: readonly number[];
	/** Their frames. */
	directoryFrames: readonly number[];
	/** Every page listed, in order; none while the backend has not answered a create that asks it to allocate, or when the chain ends early. */
	refs: readonly number[];
	/** `refs`, or as many of them as a directory lists that ends early. */
	listed: readonly number[];
	/** What each of `refs` named at that time; undefined for a reference that was not open. */
	grants: readonly (GrantView | undefined)[];
	/** gref_dir_next_page of the last page, 0 in a right chain. */
	lastNext: number;
	/** How far it came when the directory ends before it has listed all pages: `gref_dir_next_page of directory page 1 is 0`. */
	short: string | undefined;
	/** Followed to the end: `lastNext` is the last page's. */
	whole: boolean;
}

/** Pages that such a directory would have to list are not looked at beyond this: 256 MiB, far beyond what the suite lends. */
const PAGES_MAX = 65_536;

/** Follow the directory as it stands now, for a buffer of so many octets; what lies beyond `most` is not looked at. */
export function walkShared(
	memory: MemoryView,
	fe: number,
	first: number,
	buffer_sz: number,
	most = PAGES_MAX * PAGE_SIZE,
): SharedPages {
	const directory: number[] = [];
	const directoryFrames: number[] = [];
	const pages = bufferPages(Math.min(buffer_sz, most));
	const walked = walkDirectory(first, pages, (ref) => {
		directory.push(ref);
		const grant = memory.grant(fe, ref);
		if (grant === undefined) return undefined;
		directoryFrames.push(grant.frame);
		return memory.words(grant.frame);
	});
	const refs = walked.ok ? Array.from(walked.grefs) : [];
	const listed = walked.ok ? refs : listedBy(memory, directoryFrames, pages);
	return {
		granter: fe,
		directory,
		directoryFrames,
		refs,
		listed,
		grants: refs.map((ref) => memory.grant(fe, ref)),
		lastNext: walked.ok ? walked.lastNext : 0,
		short: walked.ok ? undefined : `${walked.field} is ${walked.got}`,
		whole: walked.ok && pages === bufferPages(buffer_sz),
	};
}

/** What the backend has written into the directory of a buffer that it allocated. */
export function readAllocated(
	memory: MemoryView,
	be: number,
	asked: SharedPages,
	buffer_sz: number,
): SharedPages {
	const { directory, directoryFrames } = asked;
	const pages = Math.min(bufferPages(buffer_sz), PAGES_MAX);
	const refs = listedBy(memory, directoryFrames, pages);
	return {
		granter: be,
		directory,
		directoryFrames,
		refs,
		listed: refs,
		grants: refs.map((ref) => memory.grant(be, ref)),
		lastNext: 0,
		short: asked.short,
		whole: asked.whole,
	};
}

/** The first `pages` references in directory pages. */
function listedBy(
	memory: MemoryView,
	frames: readonly number[],
	pages: number,
): number[] {
	const refs: number[] = [];
	for (const frame of frames) {
		const words = memory.words(frame);
		for (let i = 1; i < words.length && refs.length < pages; i++)
			refs.push(words[i] as number);
	}
	return refs;
}
