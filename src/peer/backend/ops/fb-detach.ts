/** XENDISPL_OP_FB_DETACH: off the screen, back from the display, and only then gone. */
import type { Body } from "../../../displif/packet.ts";
import { ask, type Turns } from "../../../xen/call.ts";
import type { Connector } from "../connector.ts";
import type { OpenDisplay } from "../displays.ts";
import type { Flip } from "../flips.ts";
import type { Framebuffer, Link } from "../link.ts";
import { EBUSY, ENOENT } from "../status.ts";

/** Milliseconds that the display gets to let go, twice: of itself, and after its queue was emptied. The Linux frontend waits 3000. */
const RELEASE = 1000;

export function* fbDetach(
	{ link, driver }: Connector,
	{ fb_cookie }: Body<"FB_DETACH">,
): Turns<number> {
	const framebuffer = link.framebuffers.get(fb_cookie);
	if (framebuffer === undefined) return ENOENT;
	framebuffer.leaving = true;
	yield* takeOff(link, framebuffer);
	for (const display of [...framebuffer.imports])
		if (!(yield* giveBack(link, framebuffer, display))) {
			framebuffer.leaving = false;
			return EBUSY;
		}
	link.framebuffers.delete(fb_cookie);
	driver.limits.drop(link.fe, { framebuffers: 1 });
	framebuffer.buffer.framebuffers -= 1;
	yield* ask("object.drop", { object: framebuffer.object });
	return 0;
}

/** Off every screen that shows it; the events of its flips are delivered before the answer. */
function* takeOff(link: Link, framebuffer: Framebuffer): Turns {
	const passed: Flip[] = [];
	yield* link.enter();
	for (const { screen } of link.connectors)
		if (screen?.current === framebuffer) passed.push(...(yield* screen.hide()));
	yield* link.exit();
	yield* finishAll(passed);
	for (const connector of link.connectors)
		yield* connector.finish(
			connector.flips.filter((flip) => flip.framebuffer === framebuffer),
			true,
		);
}

/** True when the display has let go of it. */
function* giveBack(
	link: Link,
	{ imports, id }: Framebuffer,
	display: OpenDisplay,
): Turns<boolean> {
	const { displays } = link.driver;
	let released = yield* displays.awaitRelease(display, id, RELEASE);
	if (!released && !link.closing) {
		// A covered surface presents nothing, so what it showed before stays with it until its queue is emptied.
		const passed: Flip[] = [];
		yield* link.enter();
		for (const { screen } of link.connectors)
			if (screen?.display === display)
				passed.push(...(yield* screen.refresh()));
		yield* link.exit();
		yield* finishAll(passed);
		released = yield* displays.awaitRelease(display, id, RELEASE);
	}
	if (released) imports.delete(display);
	return released;
}

function* finishAll(flips: readonly Flip[]): Turns {
	for (const flip of flips) yield* flip.connector.finish([flip]);
}
