/**
 * Pages of a guest mapped here, and own pages lent to it by grant.
 *
 * Every map status is looked at, each handle is unmapped once, and a page that the guest still has in use is never freed: it goes to the
 * quarantine together with its reference.
 */
import { GNTMAP_host_map, GNTMAP_readonly } from "../../xen/abi/grant-table.ts";
import { ask, call, type Reply, type Turns } from "../../xen/call.ts";
import type { Driver } from "./driver.ts";
import { asErrno, EBUSY, grantStatus } from "./status.ts";

/** One foreign page, mapped where the kernel found a place. */
export interface Mapping {
	handle: number;
	gfn: number;
}

/** One own page with the reference that names it. */
export interface Lent {
	gfn: number;
	ref: number;
	/** The entry is open: the guest may map it. */
	open: boolean;
}

export class Pages {
	protected readonly driver: Driver;

	constructor(driver: Driver) {
		this.driver = driver;
	}

	/** Map each reference. The first failure ends it: what was mapped so far is in `into`. */
	*map(
		granter: number,
		refs: ArrayLike<number>,
		access: "read" | "write",
		into: Mapping[],
	): Turns<number> {
		const flags = GNTMAP_host_map | (access === "read" ? GNTMAP_readonly : 0);
		for (let i = 0; i < refs.length; i++) {
			const { status, handle, gfn } = (yield call("grant.map", {
				granter,
				ref: refs[i] as number,
				gfn: 0,
				flags,
			})) as Reply<"grant.map">;
			if (status !== 0) return asErrno(grantStatus(status));
			into.push({ handle, gfn });
		}
		return 0;
	}

	/** Unmap all. What would not go stays in the list; 0 when it is empty. */
	*unmap(mappings: Mapping[]): Turns<number> {
		const stuck: Mapping[] = [];
		for (const mapping of mappings) {
			const { status } = (yield call("grant.unmap", {
				handle: mapping.handle,
				gfn: mapping.gfn,
			})) as Reply<"grant.unmap">;
			if (status !== 0) stuck.push(mapping);
		}
		mappings.splice(0, mappings.length, ...stuck);
		return stuck.length === 0 ? 0 : EBUSY;
	}

	/** Unmap all, now or, when one would not go, later. */
	*letGo(fe: number, mappings: Mapping[]): Turns {
		yield* this.unmap(mappings);
		for (const mapping of mappings.splice(0))
			yield* this.driver.quarantine.keep({ kind: "mapping", fe, ...mapping });
	}

	/** Cleared pages of our own, each granted to the guest. A failure leaves what was had so far in `into`. */
	*lend(fe: number, count: number, into: Lent[]): Turns<number> {
		const reserved = yield* ask("grant.reserve", { count });
		if (reserved.status < 0) return reserved.status;
		const { batch } = reserved;
		let status = 0;
		while (status === 0 && into.length < count)
			status = yield* this.lendPage(fe, batch, into);
		yield* ask("grant.release", { batch });
		return status;
	}

	/** A cleared page, since the guest will see it. */
	protected *take(): Turns<Reply<"page.alloc">> {
		return yield* ask("page.alloc", { zeroed: true });
	}

	protected *lendPage(fe: number, batch: number, into: Lent[]): Turns<number> {
		const page = yield* this.take();
		if (page.status < 0) return page.status;
		const { gfn } = page;
		const claimed = yield* ask("grant.claim", { batch });
		if (claimed.status < 0) {
			yield* ask("page.free", { gfn });
			return claimed.status;
		}
		const { ref } = claimed;
		const { status } = yield* ask("grant.access", {
			ref,
			domid: fe,
			gfn,
			readonly: false,
		});
		into.push({ gfn, ref, open: status >= 0 });
		return Math.min(status, 0);
	}

	/**
	 * Take lent pages back, all or none: -EBUSY with every grant as it was while the guest maps one of them. Asking first spares the
	 * guest a gap; only the end itself is proof, so what was ended before one that is in use is opened again.
	 */
	*takeBack(fe: number, lent: Lent[]): Turns<number> {
		for (const { ref, open } of lent) {
			if (!open) continue;
			const { flags } = (yield call("grant.query", {
				ref,
			})) as Reply<"grant.query">;
			if (flags !== 0) return EBUSY;
		}
		for (const page of lent) {
			if (!page.open || (yield* this.end(page))) continue;
			yield* this.reopen(fe, lent);
			return EBUSY;
		}
		for (const { ref, gfn } of lent.splice(0)) yield* this.free(ref, gfn);
		return 0;
	}

	/** Take lent pages back as far as the guest lets them go; the rest waits in the quarantine. How many wait. */
	*takeBackOrKeep(fe: number, lent: Lent[]): Turns<number> {
		let kept = 0;
		for (const page of lent.splice(0)) {
			const { ref, gfn } = page;
			if (!page.open || (yield* this.end(page))) {
				yield* this.free(ref, gfn);
				continue;
			}
			kept += 1;
			yield* this.driver.quarantine.keep({ kind: "grant", fe, ref, gfn });
		}
		return kept;
	}

	/** False while the entry is in use. */
	*end(page: Lent): Turns<boolean> {
		const { status } = (yield call("grant.end", {
			ref: page.ref,
		})) as Reply<"grant.end">;
		if (status < 0) return false;
		page.open = false;
		return true;
	}

	*free(ref: number, gfn: number): Turns {
		yield call("grant.free", { ref });
		yield call("page.free", { gfn });
	}

	private *reopen(fe: number, lent: readonly Lent[]): Turns {
		for (const page of lent) {
			if (page.open) continue;
			const { ref, gfn } = page;
			const { status } = yield* ask("grant.access", {
				ref,
				domid: fe,
				gfn,
				readonly: false,
			});
			page.open = status >= 0;
		}
	}
}
