/**
 * The reference backend: a user-space display backend that takes buffers without copying them, reading from `backend/bus.ts` (which devices
 * there are) over `backend/device.ts` (bus states), `backend/link.ts` and `backend/connector.ts` (a connection) to `backend/ops/` (requests).
 */
import { Bus } from "./backend/bus.ts";
import { Connector } from "./backend/connector.ts";
import { Device } from "./backend/device.ts";
import { Directories } from "./backend/directories.ts";
import { Displays } from "./backend/displays.ts";
import { Driver, type Parts } from "./backend/driver.ts";
import { Events } from "./backend/events.ts";
import { Flips } from "./backend/flips.ts";
import { Handshake } from "./backend/handshake.ts";
import { Limits } from "./backend/limits.ts";
import { Link } from "./backend/link.ts";
import { HANDLERS } from "./backend/ops/index.ts";
import { Pages } from "./backend/pages.ts";
import { Quarantine } from "./backend/quarantine.ts";
import { Screen } from "./backend/screen.ts";
import { Xenbus } from "./backend/xenbus.ts";
import type { Backend, PeerContext } from "./peer.ts";

/** The classes and handlers that the reference is made of. */
export const PARTS: Parts = {
	Bus,
	Connector,
	Device,
	Directories,
	Displays,
	Events,
	Flips,
	Handshake,
	Limits,
	Link,
	Pages,
	Quarantine,
	Screen,
	Xenbus,
	handlers: HANDLERS,
};

/** A backend for one run. Parts given here replace those of the reference: a wrong implementation overrides exactly one function. */
export function backend(
	context: PeerContext,
	parts: Partial<Parts> = {},
): Backend {
	const { bus } = new Driver(context, { ...PARTS, ...parts });
	return { main: () => bus.main(), stop: () => bus.stop() };
}

export default (context: PeerContext): Backend => backend(context);
