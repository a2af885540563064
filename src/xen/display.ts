/**
 * The display behind a backend: a compositor or a KMS device that takes buffers without copying them, shows one at each frame and
 * may hold on to what it was given. No header describes it; it is the consumer whose manners decide when a backend may answer
 * DBUF_DESTROY and when a flip is on screen.
 *
 * A show is answered by the events `frame` (draw now), `presented` (on screen) and, for the buffer before it, `released`.
 */

export interface DisplayShape {
	/** The unique-id of the connector that it stands behind. */
	name: string;
	width: number;
	height: number;
	/** FOURCC codes. */
	formats: readonly number[];
	/** One character an octet; empty when the display has none. */
	edid: string;
	/** Virtual milliseconds from show to frame. */
	frameTicks: number;
	/** Keep what was shown from the beginning. */
	hold: boolean;
}

/** How the display behaves from now on: what a scenario's `display.*` steps change. */
export interface DisplayManners {
	/** Keep every buffer that was shown, also when asked for it back. */
	hold: boolean;
	/** Give no frame callbacks. */
	withhold: boolean;
	/** Gone: every call fails and an event says so. */
	lost: boolean;
}

export interface DisplayEvent {
	event: "frame" | "presented" | "released" | "lost";
	buffer: number;
}

interface Buffer {
	/** The consumer has it on screen, queued, or holds it. */
	held: boolean;
}

export class Display {
	readonly shape: DisplayShape;
	readonly manners: DisplayManners = {
		hold: false,
		withhold: false,
		lost: false,
	};
	private readonly buffers = new Map<number, Buffer>();
	/** Shown and not yet presented, in order. */
	private queue: { buffer: number; due: number; framed: boolean }[] = [];
	private shown = 0;
	/** Frames presented so far. */
	presented = 0;
	readonly events: DisplayEvent[] = [];

	constructor(shape: DisplayShape) {
		this.shape = shape;
		this.manners.hold = shape.hold;
	}

	/** The buffer on screen, 0 when dark. */
	get current(): number {
		return this.shown;
	}

	/** Buffers that the consumer holds. */
	get held(): number {
		let count = 0;
		for (const buffer of this.buffers.values()) if (buffer.held) count += 1;
		return count;
	}

	/** When the display moves by itself next, 0 for never. */
	get due(): number {
		if (this.manners.withhold || this.manners.lost) return 0;
		return this.queue[0]?.due ?? 0;
	}

	import(
		buffer: number,
		pages: ArrayLike<number>,
		bytes: number,
		format: number,
	): "ok" | "EINVAL" | "EEXIST" | "ENODEV" {
		if (this.manners.lost) return "ENODEV";
		if (this.buffers.has(buffer)) return "EEXIST";
		// 0 on screen means a dark one.
		if (buffer === 0) return "EINVAL";
		if (!this.shape.formats.includes(format)) return "EINVAL";
		if (bytes > pages.length * 4096) return "EINVAL";
		this.buffers.set(buffer, { held: false });
		return "ok";
	}

	show(buffer: number, now: number): "ok" | "ENOENT" | "ENODEV" {
		if (this.manners.lost) return "ENODEV";
		const shown = this.buffers.get(buffer);
		if (shown === undefined) return "ENOENT";
		shown.held = true;
		const last = this.queue[this.queue.length - 1];
		this.queue.push({
			buffer,
			due: Math.max(now, last?.due ?? 0) + this.shape.frameTicks,
			framed: false,
		});
		return "ok";
	}

	hide(): void {
		const before = [...this.queue.map(({ buffer }) => buffer), this.shown];
		this.queue = [];
		this.shown = 0;
		for (const buffer of new Set(before)) this.letGo(buffer);
	}

	/** False while the consumer holds it; the event `released` says when it does not. */
	release(buffer: number): "ok" | "ENOENT" | "EBUSY" {
		const asked = this.buffers.get(buffer);
		if (asked === undefined) return "ENOENT";
		if (asked.held) return "EBUSY";
		this.buffers.delete(buffer);
		return "ok";
	}

	/** The backend is gone: a real consumer drops what a closed connection handed it. */
	close(): void {
		this.buffers.clear();
		this.queue = [];
		this.shown = 0;
		this.events.length = 0;
	}

	/** A scenario's step: from now on. */
	setManners(manners: Partial<DisplayManners>, now: number): void {
		const held = this.manners.hold;
		const withheld = this.manners.withhold;
		Object.assign(this.manners, manners);
		if (manners.lost === true) {
			this.queue = [];
			this.shown = 0;
			for (const buffer of this.buffers.values()) buffer.held = false;
			this.events.push({ event: "lost", buffer: 0 });
			return;
		}
		if (withheld && !this.manners.withhold) {
			let due = now;
			for (const waiting of this.queue)
				waiting.due = due += this.shape.frameTicks;
		}
		if (held && !this.manners.hold) {
			for (const [number, buffer] of this.buffers) {
				if (!buffer.held || this.inUse(number)) continue;
				buffer.held = false;
				this.events.push({ event: "released", buffer: number });
			}
		}
	}

	/** Time has come: `frame` now, `presented` one tick later. */
	advance(now: number): void {
		for (;;) {
			const next = this.queue[0];
			if (next === undefined || this.due === 0 || next.due > now) return;
			if (!next.framed) {
				next.framed = true;
				next.due += 1;
				this.events.push({ event: "frame", buffer: next.buffer });
				continue;
			}
			this.queue.shift();
			const before = this.shown;
			this.shown = next.buffer;
			this.presented += 1;
			this.events.push({ event: "presented", buffer: next.buffer });
			if (before !== 0 && before !== next.buffer) this.letGo(before);
		}
	}

	private letGo(buffer: number): void {
		const gone = this.buffers.get(buffer);
		if (gone === undefined || this.manners.hold || this.inUse(buffer)) return;
		gone.held = false;
		this.events.push({ event: "released", buffer });
	}

	private inUse(buffer: number): boolean {
		return this.shown === buffer || this.queue.some((q) => q.buffer === buffer);
	}
}
