/**
 * The displays behind the connectors: opened by the name that a connector's unique-id gives, shared when two connectors name the same.
 * One task takes their events and hands them on.
 */
import { ask, type Turns } from "../../xen/call.ts";
import type { Connector } from "./connector.ts";
import { type Driver, waitForAnswer } from "./driver.ts";
import type { Flip } from "./flips.ts";
import { asErrno, ENOENT, refused } from "./status.ts";

/** A buffer on its way to the screen, and the flip that waits for it; none for a mode set. */
export interface Show {
	buffer: number;
	flip: Flip | undefined;
}

export interface OpenDisplay {
	id: number;
	name: string;
	width: number;
	height: number;
	/** FOURCC codes. */
	formats: ReadonlySet<number>;
	/** One character an octet, empty for none. */
	edid: string;
	/** Who uses it. */
	connectors: Set<Connector>;
	/** Shown and not yet presented, in order. */
	shows: Show[];
	/** Who showed last. */
	last: Connector | undefined;
	lost: boolean;
}

export class Displays {
	protected readonly driver: Driver;
	private readonly lock: number;
	private readonly poke: number;
	private readonly open = new Map<number, OpenDisplay>();
	/** Completion of who waits for a buffer to be released, by buffer. */
	private readonly waiting = new Map<number, number>();
	protected finished = false;

	constructor(driver: Driver) {
		this.driver = driver;
		this.lock = driver.fresh();
		this.poke = driver.fresh();
	}

	/** The display of that name, or why it cannot be had. */
	*acquire(name: string, connector: Connector): Turns<OpenDisplay | number> {
		const { lock } = this;
		yield* ask("lock.take", { lock });
		const found = yield* this.find(name);
		if (typeof found !== "number") found.connectors.add(connector);
		yield* ask("lock.give", { lock });
		return found;
	}

	/** The last user closes it, and with it whatever buffers it still has. */
	*leave(display: OpenDisplay, connector: Connector): Turns {
		const { lock } = this;
		yield* ask("lock.take", { lock });
		display.connectors.delete(connector);
		if (display.connectors.size === 0) {
			this.open.delete(display.id);
			yield* ask("display.close", { display: display.id });
		}
		yield* ask("lock.give", { lock });
	}

	private *find(name: string): Turns<OpenDisplay | number> {
		for (const display of this.open.values())
			if (display.name === name)
				return display.lost ? refused("ENODEV") : display;
		const reply = yield* ask("display.open", { name });
		if (reply.status !== 0) return asErrno(reply.status);
		const { display: id, width, height, formats, edid } = reply;
		const display: OpenDisplay = {
			id,
			name,
			width,
			height,
			formats: new Set(Array.from(formats)),
			edid,
			connectors: new Set(),
			shows: [],
			last: undefined,
			lost: false,
		};
		this.open.set(id, display);
		return display;
	}

	/** Ask for a buffer back. False while the display holds it. */
	*release(display: OpenDisplay, buffer: number): Turns<boolean> {
		if (display.connectors.size === 0) return true;
		const { status } = yield* ask("display.release", {
			display: display.id,
			buffer,
		});
		return status === 0 || status === ENOENT;
	}

	/** Ask for a buffer back and wait for it so long. */
	*awaitRelease(
		display: OpenDisplay,
		buffer: number,
		timeout: number,
	): Turns<boolean> {
		const completion = this.driver.fresh();
		this.waiting.set(buffer, completion);
		let released = yield* this.release(display, buffer);
		if (!released) {
			yield* waitForAnswer(completion, timeout);
			released = yield* this.release(display, buffer);
		}
		this.waiting.delete(buffer);
		return released;
	}

	/** Nobody need wait for this buffer any longer. */
	*interrupt(buffer: number): Turns {
		const completion = this.waiting.get(buffer);
		if (completion !== undefined)
			yield* ask("completion.complete", { completion });
	}

	/** The task that takes the displays' events. */
	*watch(): Turns {
		while (!this.finished) {
			const { cause, display, event, buffer } = yield* ask("wait", {
				ports: [],
				token: "",
				completion: this.poke,
				display: true,
				timeout: 0,
				why: "work",
			});
			const open = this.open.get(display);
			if (cause === "display" && open !== undefined)
				yield* this.happened(open, event, buffer);
		}
	}

	*finish(): Turns {
		this.finished = true;
		yield* ask("completion.complete", { completion: this.poke });
	}

	/** `frame` says that it is time to draw, not that anything is on screen: all that follows is that the display is at it, and no flip is given up just then. */
	protected *happened(
		display: OpenDisplay,
		event: string,
		buffer: number,
	): Turns {
		switch (event) {
			case "frame":
				for (const { flip } of display.shows)
					if (flip !== undefined) flip.age = 0;
				return;
			case "presented":
				return yield* this.presented(display, buffer);
			case "released":
				return yield* this.interrupt(buffer);
			case "lost":
				display.lost = true;
				display.shows = [];
				for (const connector of [...display.connectors])
					yield* connector.link.fail(`display ${display.name} is lost`);
				return;
			default:
		}
	}

	/** On screen is this buffer, and everything shown before it has been. */
	protected *presented(display: OpenDisplay, buffer: number): Turns {
		const at = display.shows.findIndex((show) => show.buffer === buffer);
		for (const { flip } of display.shows.splice(0, at + 1))
			if (flip !== undefined) yield* flip.connector.finish([flip]);
	}
}
