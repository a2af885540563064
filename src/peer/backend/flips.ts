/**
 * Flips that were accepted and whose event is still owed. The display says when one is on screen; for a covered surface it may never say so, and then
 * the time has the last word. The same clock tries again where an event page was full.
 */
import { ask, type Turns } from "../../xen/call.ts";
import type { Connector } from "./connector.ts";
import { type Driver, waitForWork } from "./driver.ts";
import type { Framebuffer } from "./link.ts";

export interface Flip {
	object: number;
	connector: Connector;
	framebuffer: Framebuffer;
	/** Ticks of the clock since it was accepted. */
	age: number;
	/** Its response is on the ring. */
	answered: boolean;
	/** Presented, or no longer to be waited for. */
	done: boolean;
}

/** Milliseconds between two ticks, and how many a flip may wait to be presented: less than a second, lest a slow display is given up just as it draws. */
const TICK = 225;
const PATIENCE = 4;

export class Flips {
	protected readonly driver: Driver;
	private readonly poke: number;
	/** Connectors that owe events. */
	private readonly owing = new Set<Connector>();
	private ticking = false;
	private finished = false;

	constructor(driver: Driver) {
		this.driver = driver;
		this.poke = driver.fresh();
	}

	/** See that the clock ticks for a connector. */
	*track(connector: Connector): Turns {
		this.owing.add(connector);
		if (this.ticking) return;
		this.ticking = true;
		yield* ask("completion.complete", { completion: this.poke });
	}

	/** The task that is the clock: it stands still while no connector owes an event. */
	*watch(): Turns {
		while (!this.finished) {
			const owed = this.owing.size > 0;
			this.ticking = owed;
			yield* waitForWork(this.poke, owed ? TICK : 0);
			if (!owed) continue;
			for (const connector of [...this.owing]) yield* this.tick(connector);
		}
	}

	*finish(): Turns {
		this.finished = true;
		yield* ask("completion.complete", { completion: this.poke });
	}

	protected *tick(connector: Connector): Turns {
		const late = connector.flips.filter((flip) => ++flip.age >= PATIENCE);
		yield* connector.finish(late);
		if (connector.flips.length === 0) this.owing.delete(connector);
	}
}
