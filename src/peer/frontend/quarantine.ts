/**
 * What the peer still has in use when we are through with it, as gnttab's deferred list in Linux: page and reference stay together, untouched, and
 * a timer tries again until the peer has let go.
 */
import { ask, type Turns } from "../../xen/call.ts";
import type { Driver } from "./driver.ts";

/** An entry that could not be ended with its page, or a mapping that could not be undone with its frame number. */
type Kept =
	| { kind: "grant"; ref: number; gfn: number }
	| { kind: "mapping"; handle: number; gfn: number };

/** Milliseconds to the first try, doubled after each, up to the longest. */
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 16_000;

export class Quarantine {
	protected readonly driver: Driver;
	protected readonly hurry: number;
	protected kept: Kept[] = [];
	protected watching = false;
	protected pause = FIRST_PAUSE;

	constructor(driver: Driver) {
		this.driver = driver;
		this.hurry = driver.fresh();
	}

	keepGrant(ref: number, gfn: number): void {
		this.kept.push({ kind: "grant", ref, gfn });
		this.pause = FIRST_PAUSE;
	}

	keepMapping(handle: number, gfn: number): void {
		this.kept.push({ kind: "mapping", handle, gfn });
		this.pause = FIRST_PAUSE;
	}

	/** Something may have been kept: see that the timer runs. */
	*watchOver(): Turns {
		if (this.watching || this.kept.length === 0) return;
		this.watching = true;
		yield* this.driver.context.start("vdispl/quarantine", () => this.timer());
	}

	/** A backend has let go: what it held may be free now. */
	*tryNow(): Turns {
		this.pause = FIRST_PAUSE;
		if (this.watching)
			yield* ask("completion.complete", { completion: this.hurry });
		else yield* this.watchOver();
	}

	protected *timer(): Turns {
		while (this.kept.length > 0) {
			const timeout = this.pause;
			this.pause = Math.min(2 * timeout, LONGEST_PAUSE);
			yield* ask("wait", {
				ports: [],
				token: "",
				completion: this.hurry,
				display: false,
				timeout,
				why: "work",
			});
			yield* this.retry();
		}
		this.watching = false;
	}

	protected *retry(): Turns {
		const items = this.kept;
		this.kept = [];
		for (const item of items)
			if (!(yield* this.giveBack(item))) this.kept.push(item);
	}

	/** False while it is still in use. */
	protected *giveBack(item: Kept): Turns<boolean> {
		const { gfn } = item;
		if (item.kind === "grant") {
			const { ref } = item;
			if (!(yield* this.driver.pages.endGrant(ref))) return false;
			yield* ask("grant.free", { ref });
			yield* ask("page.free", { gfn });
			return true;
		}
		const { handle } = item;
		const { status } = yield* ask("grant.unmap", { handle, gfn });
		if (status !== 0) return false;
		yield* ask("balloon.give", { gfn });
		return true;
	}
}
