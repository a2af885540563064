/**
 * The pages of a buffer: our own lent to the backend by grant, or the backend's mapped at frame numbers of our balloon.
 *
 * What the backend still has in use is never forced: it goes to the quarantine, page and reference together.
 */
import {
	buildDirectory,
	GREFS_PER_DIRECTORY_PAGE,
} from "../../displif/directory.ts";
import {
	GNTMAP_host_map,
	GNTTAB_NR_RESERVED_ENTRIES,
} from "../../xen/abi/grant-table.ts";
import { ask, call, type Reply, type Turns } from "../../xen/call.ts";
import type { Driver } from "./driver.ts";
import { failed } from "./status.ts";

/** Own pages and the references that name them: `refs[i]` is for `gfns[i]`, and the first `open` entries are open. */
export interface Lent {
	gfns: number[];
	refs: number[];
	open: number;
}

/** Frame numbers taken from the balloon, and the handles of what is mapped at them: `handles[i]` at `gfns[i]`. */
export interface Mapped {
	gfns: number[];
	handles: number[];
	/** A task is at unmapping them. */
	unmapping: boolean;
	/** The frame numbers are to go back to the balloon when that is done. */
	wanted: boolean;
}

export const nothingLent = (): Lent => ({ gfns: [], refs: [], open: 0 });
export const nothingMapped = (): Mapped => ({
	gfns: [],
	handles: [],
	unmapping: false,
	wanted: false,
});

export class Pages {
	protected readonly driver: Driver;

	constructor(driver: Driver) {
		this.driver = driver;
	}

	/** Cleared pages, since the backend will see them. A failure leaves what was had so far in `lent`. */
	*allocatePages(lent: Lent, count: number): Turns<number> {
		for (let i = 0; i < count; i++) {
			const { status, gfn } = (yield call("page.alloc", {
				zeroed: true,
			})) as Reply<"page.alloc">;
			if (status < 0) return status;
			lent.gfns.push(gfn);
		}
		return 0;
	}

	/** A reference for each page, out of one batch. What is left of the batch goes back, also when a claim fails. */
	*claimReferences(...all: Lent[]): Turns<number> {
		const count = all.reduce((sum, { gfns }) => sum + gfns.length, 0);
		const reserved = yield* ask("grant.reserve", { count });
		if (reserved.status < 0) return reserved.status;
		const { batch } = reserved;
		let status = 0;
		for (const lent of all)
			while (status >= 0 && lent.refs.length < lent.gfns.length) {
				const claimed = (yield call("grant.claim", {
					batch,
				})) as Reply<"grant.claim">;
				status = claimed.status;
				if (status >= 0) lent.refs.push(claimed.ref);
			}
		yield* ask("grant.release", { batch });
		return status;
	}

	/** Open an entry for each claimed reference. */
	*grantPages(lent: Lent, domid: number, readonly: boolean): Turns<number> {
		while (lent.open < lent.refs.length) {
			const { status } = (yield call("grant.access", {
				ref: lent.refs[lent.open] as number,
				domid,
				gfn: lent.gfns[lent.open] as number,
				readonly,
			})) as Reply<"grant.access">;
			if (status < 0) return status;
			lent.open += 1;
		}
		return 0;
	}

	/** Chain the directory's pages and list `refs` in them; none are listed when the backend is to fill them in. */
	*writeDirectory(directory: Lent, refs: readonly number[]): Turns {
		const chain = buildDirectory(refs, directory.refs);
		for (const [i, words] of chain.entries())
			yield* ask("page.store", {
				gfn: directory.gfns[i] as number,
				word: 0,
				words,
			});
	}

	/** The `count` references that the backend has written, each directory page read once; undefined when one of them can be no driver's. */
	*readDirectory(directory: Lent, count: number): Turns<number[] | undefined> {
		const refs: number[] = [];
		for (const gfn of directory.gfns) {
			const { words } = yield* ask("page.load", {
				gfn,
				word: 1,
				count: Math.min(GREFS_PER_DIRECTORY_PAGE, count - refs.length),
			});
			refs.push(...Array.from(words));
		}
		return refs.some((ref) => ref < GNTTAB_NR_RESERVED_ENTRIES)
			? undefined
			: refs;
	}

	/** End the grants, free references and pages. Who still has one mapped keeps it: it goes to the quarantine. */
	*takeBack(lent: Lent): Turns {
		const { gfns, refs, open } = this.empty(lent);
		for (const [i, gfn] of gfns.entries()) {
			const ref = refs[i];
			if (ref !== undefined) {
				if (i < open && !(yield* this.endGrant(ref))) {
					this.driver.quarantine.keepGrant(ref, gfn);
					continue;
				}
				yield call("grant.free", { ref });
			}
			yield call("page.free", { gfn });
		}
		yield* this.driver.quarantine.watchOver();
	}

	/** False while the entry is in use: asking first and ending then would let the peer map in between. */
	*endGrant(ref: number): Turns<boolean> {
		const { status } = (yield call("grant.end", { ref })) as Reply<"grant.end">;
		return status >= 0;
	}

	/** The backend never said that it has let go: all that is granted goes to the quarantine untried. */
	*surrender(lent: Lent): Turns {
		const { gfns, refs, open } = this.empty(lent);
		for (let i = 0; i < open; i++)
			this.driver.quarantine.keepGrant(refs[i] as number, gfns[i] as number);
		yield* this.takeBack({
			gfns: gfns.slice(open),
			refs: refs.slice(open),
			open: 0,
		});
	}

	/** Frame numbers without memory behind them. A failure leaves what was had so far in `mapped`. */
	*takeBalloonPages(mapped: Mapped, count: number): Turns<number> {
		for (let i = 0; i < count; i++) {
			const { status, gfn } = (yield call(
				"balloon.take",
				{},
			)) as Reply<"balloon.take">;
			if (status < 0) return status;
			mapped.gfns.push(gfn);
		}
		return 0;
	}

	*giveBalloonPages(mapped: Mapped): Turns {
		// Another task is at unmapping them: it gives them back when it is done.
		if (mapped.unmapping) {
			mapped.wanted = true;
			return;
		}
		const { gfns } = mapped;
		mapped.gfns = [];
		for (const gfn of gfns) yield call("balloon.give", { gfn });
	}

	/** Map each page of the backend. A page that fails ends it: the handles got so far are in `mapped`. */
	*mapBackendPages(
		mapped: Mapped,
		granter: number,
		refs: readonly number[],
	): Turns<number> {
		for (const ref of refs) {
			const { status, handle } = (yield call("grant.map", {
				granter,
				ref,
				gfn: mapped.gfns[mapped.handles.length] as number,
				flags: GNTMAP_host_map,
			})) as Reply<"grant.map">;
			if (status !== 0) return failed("EIO");
			mapped.handles.push(handle);
		}
		return 0;
	}

	/** Unmap what was mapped. A page that stays mapped keeps its frame number out of the balloon. */
	*unmapBackendPages(mapped: Mapped): Turns {
		const { gfns, handles } = mapped;
		if (handles.length === 0) return;
		mapped.handles = [];
		mapped.unmapping = true;
		const stuck = new Set<number>();
		for (const [i, handle] of handles.entries()) {
			const gfn = gfns[i] as number;
			const { status } = (yield call("grant.unmap", {
				handle,
				gfn,
			})) as Reply<"grant.unmap">;
			if (status === 0) continue;
			stuck.add(gfn);
			this.driver.quarantine.keepMapping(handle, gfn);
		}
		mapped.unmapping = false;
		mapped.gfns = gfns.filter((gfn) => !stuck.has(gfn));
		if (mapped.wanted) yield* this.giveBalloonPages(mapped);
		if (stuck.size > 0) yield* this.driver.quarantine.watchOver();
	}

	/** Take what is lent out of its record at once, so that no two tasks give it back. */
	protected empty(lent: Lent): Lent {
		const taken = { ...lent };
		lent.gfns = [];
		lent.refs = [];
		lent.open = 0;
		return taken;
	}
}
