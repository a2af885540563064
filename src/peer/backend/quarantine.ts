/**
 * What could not be given back: an own page whose grant the guest still has in use, a mapping that would not go, pages that a shared display still
 * holds. Nothing of it is used again; a timer tries with growing pauses, and each closing of a device of that guest once more.
 */
import { ask, type Turns } from "../../xen/call.ts";
import type { OpenDisplay } from "./displays.ts";
import { type Driver, JOIN, waitForWork } from "./driver.ts";
import type { Lent, Mapping } from "./pages.ts";

export type Kept =
	| { kind: "grant"; fe: number; ref: number; gfn: number }
	| { kind: "mapping"; fe: number; handle: number; gfn: number }
	/** The display must let go of the buffer before its pages can be given back. */
	| {
			kind: "picture";
			fe: number;
			display: OpenDisplay;
			buffer: number;
			mappings: Mapping[];
			lent: Lent[];
	  };

/** Milliseconds to the first try, doubled after each so many times: a guest may keep its pages busy until it dies, and nobody tells us when. */
const FIRST_PAUSE = 1000;
const DOUBLINGS = 4;

export class Quarantine {
	protected readonly driver: Driver;
	private readonly hurry: number;
	private items: Kept[] = [];
	private tries = 0;
	private running = false;
	private task = 0;

	constructor(driver: Driver) {
		this.driver = driver;
		this.hurry = driver.fresh();
	}

	/** The pages of an item count against the guest's limit until it is given back. */
	*keep(item: Kept): Turns {
		this.items.push(item);
		this.driver.limits.add(item.fe, { pages: pagesOf(item) });
		yield* this.again();
	}

	/** A peer has let go of something, or the driver stops: try soon. */
	*again(): Turns {
		this.tries = 0;
		if (this.items.length === 0 || this.running) return;
		this.running = true;
		this.task = yield* this.driver.context.start("quarantine", () =>
			this.timer(),
		);
	}

	/** The driver stops: one last try, then the task ends. */
	*finish(): Turns {
		if (!this.running) return yield* this.retry();
		yield* ask("completion.complete", { completion: this.hurry });
		yield* ask("task.join", { task: this.task, timeout: JOIN });
	}

	private *timer(): Turns {
		while (this.items.length > 0) {
			const pause = FIRST_PAUSE * 2 ** Math.min(this.tries, DOUBLINGS);
			yield* waitForWork(this.hurry, pause);
			this.tries += 1;
			yield* this.retry();
			if (this.driver.stopping) break;
		}
		this.running = false;
	}

	private *retry(): Turns {
		const items = this.items;
		this.items = [];
		for (const item of items) {
			const pages = pagesOf(item);
			if (!(yield* this.giveBack(item))) {
				this.items.push(item);
				continue;
			}
			this.driver.limits.drop(item.fe, { pages });
		}
	}

	/** False while it is still in use. */
	protected *giveBack(item: Kept): Turns<boolean> {
		const { pages, displays } = this.driver;
		switch (item.kind) {
			case "grant": {
				const { ref, gfn } = item;
				if (!(yield* pages.end({ ref, gfn, open: true }))) return false;
				yield* pages.free(ref, gfn);
				return true;
			}
			case "mapping": {
				const { handle, gfn } = item;
				return (yield* pages.unmap([{ handle, gfn }])) === 0;
			}
			case "picture": {
				if (!(yield* displays.release(item.display, item.buffer))) return false;
				const { fe, mappings, lent } = item;
				yield* pages.letGo(fe, mappings);
				yield* pages.takeBackOrKeep(fe, lent);
				return true;
			}
		}
	}
}

const pagesOf = (item: Kept): number =>
	item.kind === "picture" ? item.mappings.length + item.lent.length : 1;
