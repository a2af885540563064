/**
 * Page directories of a guest (displif.h, "Shared page for XENDISPL_OP_DBUF_CREATE"): each page is mapped once and its words are copied once;
 * a chain is followed for as many pages as the buffer needs, so that a loop cannot run for ever.
 */
import {
	directoryPages,
	GREFS_PER_DIRECTORY_PAGE,
} from "../../displif/directory.ts";
import { GNTTAB_NR_RESERVED_ENTRIES } from "../../xen/abi/grant-table.ts";
import { ask, type Turns } from "../../xen/call.ts";
import type { Driver } from "./driver.ts";
import type { Lent, Mapping } from "./pages.ts";
import { EINVAL, EIO } from "./status.ts";

/** A reference that a device driver can have been given: the first ones are the tools'. */
export const usable = (ref: number): boolean =>
	ref >= GNTTAB_NR_RESERVED_ENTRIES;

export class Directories {
	protected readonly driver: Driver;

	constructor(driver: Driver) {
		this.driver = driver;
	}

	/**
	 * The `count` references that a chain lists, into `refs`. -EINVAL for a chain that ends early, names a reserved reference or, when it is to list
	 * the `whole` buffer, goes on too long.
	 */
	*read(
		fe: number,
		first: number,
		count: number,
		whole: boolean,
		refs: number[],
	): Turns<number> {
		let ref = first;
		while (refs.length < count) {
			if (!usable(ref)) return EINVAL;
			const page: Mapping[] = [];
			const mapped = yield* this.driver.pages.map(fe, [ref], "read", page);
			if (mapped < 0) return mapped;
			const listed = Math.min(GREFS_PER_DIRECTORY_PAGE, count - refs.length);
			const { status, words } = yield* ask("page.load", {
				gfn: (page[0] as Mapping).gfn,
				word: 0,
				count: 1 + listed,
			});
			yield* this.driver.pages.letGo(fe, page);
			if (status < 0) return EIO;
			for (let i = 1; i <= listed; i++) {
				const listedRef = words[i] as number;
				if (!usable(listedRef)) return EINVAL;
				refs.push(listedRef);
			}
			ref = words[0] as number;
		}
		return whole && ref !== 0 ? EINVAL : 0;
	}

	/** Map a chain for writing, long enough for `count` references. A failure leaves what was mapped so far in `into`. */
	*open(
		fe: number,
		first: number,
		count: number,
		into: Mapping[],
	): Turns<number> {
		let ref = first;
		for (let left = directoryPages(count); left > 0; left--) {
			if (!usable(ref)) return EINVAL;
			const mapped = yield* this.driver.pages.map(fe, [ref], "write", into);
			if (mapped < 0) return mapped;
			const { status, words } = yield* ask("page.load", {
				gfn: (into[into.length - 1] as Mapping).gfn,
				word: 0,
				count: 1,
			});
			if (status < 0) return EIO;
			ref = words[0] as number;
		}
		return ref === 0 ? 0 : EINVAL;
	}

	/** Write the references of lent pages into an open chain: exactly these, and nothing behind them. */
	*write(chain: readonly Mapping[], lent: readonly Lent[]): Turns<number> {
		for (const [index, { gfn }] of chain.entries()) {
			const start = index * GREFS_PER_DIRECTORY_PAGE;
			const words = lent
				.slice(start, start + GREFS_PER_DIRECTORY_PAGE)
				.map(({ ref }) => ref);
			const { status } = yield* ask("page.store", { gfn, word: 1, words });
			if (status < 0) return EIO;
		}
		return 0;
	}
}
