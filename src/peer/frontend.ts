/**
 * The reference frontend: what drm/xen-front of Linux is meant to be.
 *
 * `frontendOf` makes one of given parts. A deliberately wrong implementation is the reference with one class extended in one method:
 * `export default frontendOf({ Buffers: class extends Buffers { … } })`.
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

const PARTS: Parts = {
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

export const frontendOf =
	(parts: Partial<Parts>) =>
	(context: PeerContext): Frontend => {
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
	};

export const frontend: (context: PeerContext) => Frontend = frontendOf({});
export default frontend;
export {
	Buffers,
	Connection,
	Device,
	Driver,
	Edids,
	Events,
	Pages,
	type Parts,
	Quarantine,
	Requests,
	Screens,
	Xenbus,
};
