/**
 * Framebuffers, modes and page flips.
 */
import { formatOf } from "../../displif/format.ts";
import { fits } from "../../displif/size.ts";
import { ask, type Turns } from "../../xen/call.ts";
import type { OperationResult, Operations } from "../peer.ts";
import { cutOff, type Gem } from "./buffers.ts";
import type { Connection } from "./connection.ts";
import type { Device } from "./device.ts";
import { refused, waitFor } from "./driver.ts";
import type { Orphan } from "./requests.ts";
import { ETIMEDOUT, failed } from "./status.ts";
import { type Used, untilUnused, unused, using } from "./uses.ts";

/** What Linux waits for a flip's event before it lets the client go without. */
export const FLIP_MS = 3100;

export interface Framebuffer extends Used {
	readonly name: string;
	/** Of the GEM object. */
	readonly object: string;
	readonly cookie: bigint;
	/** Numbers of the driver objects, 0 for none. */
	framebuffer: number;
	cookieObject: number;
	state: "making" | "live" | "closing" | "cut off";
}

/** A client's wait for its flip to be on screen. */
interface Flip {
	/** The driver object that stands for it; 0 until that is made. */
	object: number;
	readonly connector: number;
	readonly cookie: bigint;
	readonly completion: number;
	waiting: boolean;
	shown: boolean;
}

export class Screens {
	protected readonly device: Device;
	readonly framebuffers = new Map<string, Framebuffer>();
	/** In the order in which they were asked for. */
	protected flips: Flip[] = [];

	constructor(device: Device) {
		this.device = device;
	}

	/** XENDISPL_OP_FB_ATTACH. */
	*createFramebuffer(args: Operations["fb.create"]): Turns<OperationResult> {
		const connection = this.device.live;
		if (connection === undefined) return refused("ENODEV");
		if (this.framebuffers.has(args.framebuffer)) return refused("EEXIST");
		const gem = this.device.buffers.gems.get(args.object);
		if (gem?.state !== "live") return refused("ENOENT");
		const { size, offset } = gem.dbuf.shape;
		const bpp = formatOf(args.format)?.bpp ?? 0;
		if (!fits(offset, args.width, args.height, bpp, size))
			return refused("EINVAL");
		const fb: Framebuffer = {
			name: args.framebuffer,
			object: args.object,
			cookie: this.device.driver.cookie(),
			framebuffer: 0,
			cookieObject: 0,
			state: "making",
			...unused(),
		};
		this.framebuffers.set(fb.name, fb);
		// Its buffer is not destroyed before it is attached.
		const status = yield* using(gem, this.attach(fb, gem, args, connection));
		if (status >= 0) {
			fb.state = "live";
			return { status: 0, cookie: fb.cookie };
		}
		yield* this.drop(fb);
		return { status };
	}

	protected *attach(
		fb: Framebuffer,
		gem: Gem,
		args: Operations["fb.create"],
		connection: Connection,
	): Turns<number> {
		let status = yield* this.makeObjects(fb);
		if (status >= 0) {
			const answer = yield* connection.requests(0).send("FB_ATTACH", {
				dbuf_cookie: gem.dbuf.cookie,
				fb_cookie: fb.cookie,
				width: args.width,
				height: args.height,
				pixel_format: args.format,
			});
			status = answer.status;
			if (answer.how === "unanswered")
				yield* connection.adopt(
					answer.pending,
					this.orphan(fb.cookie, connection),
				);
		}
		return status;
	}

	protected *makeObjects(fb: Framebuffer): Turns<number> {
		const made = yield* ask("object.make", {
			kind: "framebuffer",
			name: fb.name,
		});
		if (made.status < 0) return made.status;
		fb.framebuffer = made.object;
		const cookie = yield* ask("object.make", {
			kind: "cookie",
			name: `0x${fb.cookie.toString(16)}`,
		});
		if (cookie.status >= 0) fb.cookieObject = cookie.object;
		return cookie.status;
	}

	/** An attach answered 0 too late has made a framebuffer that no client knows. */
	protected orphan(cookie: bigint, connection: Connection): Orphan {
		return {
			*late(status) {
				if (status === 0)
					yield* connection
						.requests(0)
						.send("FB_DETACH", { fb_cookie: cookie });
			},
			*release() {},
		};
	}

	/** XENDISPL_OP_FB_DETACH. A refused one leaves the framebuffer to be destroyed again, unless its buffer is gone, and it with it. */
	*destroyFramebuffer(args: Operations["fb.destroy"]): Turns<OperationResult> {
		const fb = this.framebuffers.get(args.framebuffer);
		if (fb === undefined || fb.state === "making") return refused("ENOENT");
		if (fb.state === "closing") return refused("EBUSY");
		const connection = fb.state === "live" ? this.device.connection : undefined;
		let status = 0;
		if (connection !== undefined) {
			fb.state = "closing";
			yield* untilUnused(fb, () => this.device.driver.fresh());
			const answer = yield* connection
				.requests(0)
				.send("FB_DETACH", { fb_cookie: fb.cookie });
			const over = answer.how === "unsent" && this.device.live !== connection;
			status = over ? 0 : answer.status;
			const orphaned = !this.device.buffers.gems.has(fb.object);
			if (status < 0 && answer.how !== "unanswered" && !orphaned) {
				fb.state = "live";
				return { status };
			}
		}
		yield* this.drop(fb);
		return { status };
	}

	/** XENDISPL_OP_SET_CONFIG with a framebuffer. */
	*setMode(args: Operations["mode.set"]): Turns<OperationResult> {
		const connection = this.device.live;
		if (connection === undefined) return refused("ENODEV");
		const fb = this.framebuffers.get(args.framebuffer);
		const size = connection.config.connectors[args.connector];
		if (fb?.state !== "live" || size === undefined) return refused("ENOENT");
		const { x, y, width, height, bpp } = args;
		// x, y, width and height within the connector's resolution: displif.h, "Request configuration set/reset".
		if (x + width > size.width || y + height > size.height)
			return refused("EINVAL");
		const { status } = yield* using(
			fb,
			connection.requests(args.connector).send("SET_CONFIG", {
				fb_cookie: fb.cookie,
				x,
				y,
				width,
				height,
				bpp,
			}),
		);
		return { status };
	}

	/** XENDISPL_OP_SET_CONFIG with all fields 0: the connector is switched off. */
	*off(args: Operations["mode.off"]): Turns<OperationResult> {
		const connection = this.device.live;
		if (connection === undefined) return refused("ENODEV");
		if (connection.config.connectors[args.connector] === undefined)
			return refused("ENOENT");
		const { status } = yield* connection
			.requests(args.connector)
			.send("SET_CONFIG", {
				fb_cookie: 0n,
				x: 0,
				y: 0,
				width: 0,
				height: 0,
				bpp: 0,
			});
		return { status };
	}

	/** XENDISPL_OP_PG_FLIP. The client's event is cached before the request goes out: the two channels keep no order between them. */
	*flip(args: Operations["page.flip"]): Turns<OperationResult> {
		const connection = this.device.live;
		if (connection === undefined) return refused("ENODEV");
		const { connector } = args;
		const fb = this.framebuffers.get(args.framebuffer);
		if (
			fb?.state !== "live" ||
			connection.config.connectors[connector] === undefined
		)
			return refused("ENOENT");
		const flip: Flip = {
			object: 0,
			connector,
			cookie: fb.cookie,
			completion: this.device.driver.fresh(),
			waiting: false,
			shown: false,
		};
		// Held before anything is asked: who destroys the framebuffer meanwhile waits for the answer.
		let status = yield* using(fb, this.sendFlip(fb.name, flip, connection));
		if (flip.object === 0) return { status };
		if (status >= 0) status = yield* this.awaitEvent(flip, connection);
		this.flips = this.flips.filter((other) => other !== flip);
		yield* ask("object.drop", { object: flip.object });
		return { status };
	}

	/** The client's event, and then the request. */
	protected *sendFlip(
		name: string,
		flip: Flip,
		connection: Connection,
	): Turns<number> {
		const made = yield* ask("object.make", { kind: "flip", name });
		if (made.status < 0) return made.status;
		flip.object = made.object;
		this.flips.push(flip);
		const { status } = yield* connection
			.requests(flip.connector)
			.send("PG_FLIP", { fb_cookie: flip.cookie });
		return status;
	}

	protected *awaitEvent(flip: Flip, connection: Connection): Turns<number> {
		flip.waiting = !flip.shown && this.device.live === connection;
		if (flip.waiting) yield* waitFor(flip.completion, FLIP_MS);
		if (flip.shown) return 0;
		return this.device.live === connection ? ETIMEDOUT : failed("EIO");
	}

	/** An event has come: the oldest flip of this framebuffer on this connector is on screen. */
	*flipped(connector: number, cookie: bigint): Turns {
		const flip = this.flips.find(
			(f) => !f.shown && f.connector === connector && f.cookie === cookie,
		);
		if (flip === undefined) return;
		flip.shown = true;
		if (flip.waiting)
			yield* ask("completion.complete", { completion: flip.completion });
	}

	/** Nobody waits for an event of a connection that is over. */
	*wakeAll(): Turns {
		for (const { completion } of this.flips.filter((flip) => flip.waiting))
			yield* ask("completion.complete", { completion });
	}

	/** The connection is over: the framebuffers are names only until their clients let them go. */
	cutOff(): void {
		for (const fb of this.framebuffers.values())
			if (fb.state === "live") fb.state = "cut off";
	}

	/** The device goes: no client keeps anything. */
	*closeAll(): Turns {
		for (const fb of cutOff(this.framebuffers)) yield* this.drop(fb);
	}

	protected *drop(fb: Framebuffer): Turns {
		this.framebuffers.delete(fb.name);
		for (const object of [fb.cookieObject, fb.framebuffer])
			if (object !== 0) yield* ask("object.drop", { object });
	}
}
