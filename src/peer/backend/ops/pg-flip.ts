/** XENDISPL_OP_PG_FLIP: show another framebuffer in the mode that is set. The event that it is on screen follows, exactly one. */
import { XENDISPL_IN_RING_LEN } from "../../../displif/constants.ts";
import type { Body } from "../../../displif/packet.ts";
import { ask, type Turns } from "../../../xen/call.ts";
import type { Connector } from "../connector.ts";
import type { Flip } from "../flips.ts";
import { EBUSY, EINVAL, ENOENT } from "../status.ts";
import { hex } from "./dbuf-create.ts";

/** Events that may be owed at once: a frontend that takes none must not make us keep ever more. */
const OWED_MAX = XENDISPL_IN_RING_LEN;

export function* pgFlip(
	connector: Connector,
	{ fb_cookie }: Body<"PG_FLIP">,
): Turns<number> {
	const { driver, link, flips } = connector;
	const screen = connector.screenOrThrow;
	const framebuffer = link.framebuffers.get(fb_cookie);
	if (framebuffer === undefined) return ENOENT;
	const { mode } = screen;
	if (mode === undefined) return EINVAL;
	if (flips.length >= OWED_MAX) return EBUSY;
	const { status: made, object } = yield* ask("object.make", {
		kind: "flip",
		name: hex(fb_cookie),
	});
	if (made < 0) return made;
	const flip: Flip = {
		object,
		connector,
		framebuffer,
		age: 0,
		answered: false,
		done: false,
	};
	yield* link.enter();
	// Owed before it is shown: the display may be quicker than we are.
	connector.owe(flip);
	const status = framebuffer.leaving
		? EBUSY
		: yield* screen.show(framebuffer, mode, flip);
	if (status < 0) {
		connector.disown(flip);
		yield* ask("object.drop", { object });
	}
	yield* link.exit();
	if (status === 0) yield* driver.flips.track(connector);
	return status;
}
