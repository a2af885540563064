/**
 * The reference frontend: what drm/xen-front of Linux is meant to be, reading from `frontend/device.ts` (bus states) over `frontend/connection.ts` (a
 * connection), `frontend/requests.ts` and `frontend/events.ts` (the wire) to `frontend/buffers.ts` and `frontend/screens.ts` (what clients ask for).
 */
import { Buffers } from "./frontend/buffers.ts";
import { Connection } from "./frontend/connection.ts";
import { Device } from "./frontend/device.ts";
import { Driver, type Parts } from "./frontend/driver.ts";
import { Edids } from "./frontend/edids.ts";
import { Events } from "./frontend/events.ts";
import { Pages } from "./frontend/pages.ts";
import { Quarantine } from "./frontend/quarantine.ts";
import { Requests } from "./frontend/requests.ts";
import { Screens } from "./frontend/screens.ts";
import { Xenbus } from "./frontend/xenbus.ts";
import type { Frontend, PeerContext } from "./peer.ts";

/** The classes that the reference is made of. */
export const PARTS: Parts = {
	Buffers,
	Connection,
	Device,
	Edids,
	Events,
	Pages,
	Quarantine,
	Requests,
	Screens,
	Xenbus,
};

/** A frontend for one run. Parts given here replace those of the reference: a wrong implementation overrides exactly one function. */
export function frontend(
	context: PeerContext,
	parts: Partial<Parts> = {},
): Frontend {
	const driver = new Driver(context, { ...PARTS, ...parts });
	return {
		operations: {
			bind: ({ dev }) => driver.bind(dev),
			unbind: ({ dev }) => driver.unbind(dev),
			"gem.create": (args) =>
				driver.use(args.dev, (device) => device.buffers.create(args)),
			"gem.close": (args) =>
				driver.use(args.dev, (device) => device.buffers.close(args)),
			"prime.import": (args) =>
				driver.use(args.dev, (device) => device.buffers.import(args)),
			"fb.create": (args) =>
				driver.use(args.dev, (device) =>
					device.screens.createFramebuffer(args),
				),
			"fb.destroy": (args) =>
				driver.use(args.dev, (device) =>
					device.screens.destroyFramebuffer(args),
				),
			"mode.set": (args) =>
				driver.use(args.dev, (device) => device.screens.setMode(args)),
			"mode.off": (args) =>
				driver.use(args.dev, (device) => device.screens.off(args)),
			"page.flip": (args) =>
				driver.use(args.dev, (device) => device.screens.flip(args)),
			"edid.read": (args) =>
				driver.use(args.dev, (device) => device.edids.read(args)),
		},
	};
}

export default (context: PeerContext): Frontend => frontend(context);
