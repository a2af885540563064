/**
 * What one connector shows on its display. Who calls holds the link's lock: a framebuffer must not be shown by one ring while another takes it
 * off the screen.
 */
import { ask, type Turns } from "../../xen/call.ts";
import type { Connector } from "./connector.ts";
import type { OpenDisplay } from "./displays.ts";
import type { Flip } from "./flips.ts";
import type { Framebuffer } from "./link.ts";
import { asErrno } from "./status.ts";

/** Where a framebuffer stands on the connector, in pixels. */
export interface Mode {
	x: number;
	y: number;
	width: number;
	height: number;
}

export class Screen {
	protected readonly connector: Connector;
	readonly display: OpenDisplay;
	mode: Mode | undefined;
	/** Shown last. */
	current: Framebuffer | undefined;

	constructor(connector: Connector, display: OpenDisplay) {
		this.connector = connector;
		this.display = display;
	}

	/** Put a framebuffer on screen; the display gets it, without a copy, when it sees it for the first time. */
	*show(
		framebuffer: Framebuffer,
		mode: Mode,
		flip: Flip | undefined,
	): Turns<number> {
		const { display } = this;
		const imported = yield* this.import(framebuffer);
		if (imported !== 0) return imported;
		const show = { buffer: framebuffer.id, flip };
		display.shows.push(show);
		const { status } = yield* ask("display.show", {
			display: display.id,
			buffer: framebuffer.id,
			...mode,
		});
		if (status !== 0) {
			display.shows = display.shows.filter((other) => other !== show);
			return asErrno(status);
		}
		display.last = this.connector;
		this.mode = mode;
		this.current = framebuffer;
		return 0;
	}

	protected *import(framebuffer: Framebuffer): Turns<number> {
		const { display } = this;
		if (framebuffer.imports.has(display)) return 0;
		const { buffer, stride, width, height, format } = framebuffer;
		const { status } = yield* ask("display.import", {
			display: display.id,
			buffer: framebuffer.id,
			pages: buffer.gfns,
			offset: buffer.dataOffset,
			stride,
			width,
			height,
			format,
		});
		if (status !== 0) return asErrno(status);
		framebuffer.imports.add(display);
		return 0;
	}

	/** Take the picture off the screen, unless another connector has put its own over it. The flips that will never be presented now. */
	*hide(): Turns<Flip[]> {
		const { display } = this;
		this.current = undefined;
		if (display.last !== this.connector) return [];
		display.last = undefined;
		return yield* this.clear();
	}

	/** Let the display drop what it has queued, and show the current picture again: for a covered surface that presents nothing. */
	*refresh(): Turns<Flip[]> {
		const { display, current, mode } = this;
		if (display.last !== this.connector) return [];
		const flips = yield* this.clear();
		if (current !== undefined && mode !== undefined)
			yield* this.show(current, mode, undefined);
		return flips;
	}

	private *clear(): Turns<Flip[]> {
		const { display } = this;
		const { shows } = display;
		display.shows = [];
		yield* ask("display.hide", { display: display.id });
		return shows.flatMap(({ flip }) => (flip === undefined ? [] : [flip]));
	}
}
