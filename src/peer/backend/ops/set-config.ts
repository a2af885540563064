/** XENDISPL_OP_SET_CONFIG: set the mode and show a framebuffer at once, or switch the connector off. No flip, so no event. */
import type { Body } from "../../../displif/packet.ts";
import type { Turns } from "../../../xen/call.ts";
import type { Connector } from "../connector.ts";
import { EBUSY, EINVAL, ENOENT } from "../status.ts";

export function* setConfig(
	connector: Connector,
	body: Body<"SET_CONFIG">,
): Turns<number> {
	const { fb_cookie, x, y, width, height, bpp } = body;
	if (fb_cookie === 0n && (x | y | width | height | bpp) === 0)
		return yield* switchOff(connector);
	const { link } = connector;
	const framebuffer = link.framebuffers.get(fb_cookie);
	if (framebuffer === undefined) return ENOENT;
	if (
		width === 0 ||
		height === 0 ||
		x + width > connector.width ||
		y + height > connector.height
	)
		return EINVAL;
	const mode = { x, y, width, height };
	yield* link.enter();
	const status = framebuffer.leaving
		? EBUSY
		: yield* connector.screenOrThrow.show(framebuffer, mode, undefined);
	yield* link.exit();
	return status;
}

/** Flips that were still to be presented get their events before the answer. */
function* switchOff(connector: Connector): Turns<number> {
	const { link } = connector;
	const screen = connector.screenOrThrow;
	yield* link.enter();
	const passed = yield* screen.hide();
	screen.mode = undefined;
	yield* link.exit();
	for (const flip of passed)
		if (flip.connector !== connector) yield* flip.connector.finish([flip]);
	yield* connector.finish(connector.flips, true);
	return 0;
}
