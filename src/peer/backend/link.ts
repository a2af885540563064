/**
 * A connected frontend: its connectors, its display buffers and framebuffers, from Initialised until either side closes.
 */
import { ask, type Turns } from "../../xen/call.ts";
import type { Connector } from "./connector.ts";
import type { Device } from "./device.ts";
import type { OpenDisplay } from "./displays.ts";
import type { Driver } from "./driver.ts";
import type { FrontendConfig } from "./handshake.ts";
import type { Lent, Mapping } from "./pages.ts";

/** A display buffer: the guest's pages mapped, or our own lent to it. */
export interface DisplayBuffer {
	cookie: bigint;
	object: number;
	/** buffer_sz. */
	bytes: number;
	/** data_ofs. */
	dataOffset: number;
	/** Octets from line to line; 0 when the create gave no geometry (an imported buffer). */
	pitch: number;
	mappings: Mapping[];
	lent: Lent[];
	/** Where its pages lie here, in order. */
	gfns: number[];
	/** Framebuffers attached to it. */
	framebuffers: number;
	/** A destroy could not be finished: it can only be destroyed. */
	spoiled: boolean;
}

export interface Framebuffer {
	cookie: bigint;
	object: number;
	/** Number by which displays know it. */
	id: number;
	buffer: DisplayBuffer;
	width: number;
	height: number;
	/** FOURCC. */
	format: number;
	stride: number;
	/** Displays that it was handed to. */
	imports: Set<OpenDisplay>;
	/** Being detached: it is not shown again. */
	leaving: boolean;
}

export class Link {
	readonly driver: Driver;
	readonly device: Device;
	readonly fe: number;
	readonly config: FrontendConfig;
	readonly connectors: Connector[] = [];
	readonly buffers = new Map<bigint, DisplayBuffer>();
	readonly framebuffers = new Map<bigint, Framebuffer>();
	closing = false;
	/** Why it cannot go on: the peer broke the protocol, or the display is gone. */
	broken: string | undefined;
	private readonly lock: number;

	constructor(device: Device, fe: number, config: FrontendConfig) {
		this.driver = device.driver;
		this.device = device;
		this.fe = fe;
		this.config = config;
		this.lock = this.driver.fresh();
	}

	/** Bind every connector. What is wrong, or undefined. */
	*open(): Turns<string | undefined> {
		for (const config of this.config.connectors) {
			const connector = new this.driver.parts.Connector(this, config);
			this.connectors.push(connector);
			const wrong = yield* connector.bind();
			if (wrong !== undefined) return wrong;
		}
		return undefined;
	}

	/** Requests are taken from now on. */
	*start(): Turns {
		for (const connector of this.connectors) yield* connector.start();
	}

	/** Screens, framebuffers and event pages of all connectors change under one lock; nobody waits for anything else while holding it. */
	*enter(): Turns {
		yield* ask("lock.take", { lock: this.lock });
	}

	*exit(): Turns {
		yield* ask("lock.give", { lock: this.lock });
	}

	/** It cannot go on: the device closes. */
	*fail(why: string): Turns {
		if (this.broken !== undefined) return;
		this.broken = why;
		yield* ask("driver.note", { text: why });
		yield* this.device.poke();
	}

	/** Stop the rings, take the pictures off, and give back everything that is this frontend's. */
	*close(): Turns {
		this.closing = true;
		for (const connector of this.connectors) yield* connector.tellToStop();
		for (const { id } of this.framebuffers.values())
			yield* this.driver.displays.interrupt(id);
		for (const connector of this.connectors) yield* connector.join();
		// Whoever came in before `closing` was set has left when the lock is ours.
		yield* this.enter();
		yield* this.exit();
		yield* this.releaseConnectors();
		const held = yield* this.releaseFramebuffers();
		yield* this.releaseBuffers(held);
		yield* this.driver.quarantine.again();
	}

	protected *releaseConnectors(): Turns {
		for (const connector of this.connectors.splice(0))
			yield* connector.release();
	}

	/** Buffers that a display which others still use will not let go, with the framebuffer it knows them by. */
	protected *releaseFramebuffers(): Turns<Map<DisplayBuffer, Framebuffer>> {
		const { limits, displays } = this.driver;
		const held = new Map<DisplayBuffer, Framebuffer>();
		for (const framebuffer of this.framebuffers.values()) {
			const { imports, id, buffer, object } = framebuffer;
			for (const display of [...imports])
				if (yield* displays.release(display, id)) imports.delete(display);
			if (imports.size > 0) held.set(buffer, framebuffer);
			yield* ask("object.drop", { object });
			limits.drop(this.fe, { framebuffers: 1 });
		}
		this.framebuffers.clear();
		return held;
	}

	protected *releaseBuffers(
		held: ReadonlyMap<DisplayBuffer, Framebuffer>,
	): Turns {
		const { limits, pages, quarantine } = this.driver;
		const { fe } = this;
		for (const buffer of this.buffers.values()) {
			limits.drop(fe, usageOf(buffer));
			const { mappings, lent } = buffer;
			const holder = held.get(buffer);
			const display = holder && [...holder.imports][0];
			if (holder !== undefined && display !== undefined) {
				yield* quarantine.keep({
					kind: "picture",
					fe,
					display,
					buffer: holder.id,
					mappings,
					lent,
				});
			} else {
				yield* pages.letGo(fe, mappings);
				yield* pages.takeBackOrKeep(fe, lent);
			}
			yield* ask("object.drop", { object: buffer.object });
		}
		this.buffers.clear();
	}
}

/** What a buffer counts for in its guest's limits. */
export const usageOf = (buffer: DisplayBuffer) => ({
	buffers: 1,
	bytes: buffer.bytes,
	pages: buffer.gfns.length,
});
