/**
 * The toolstack: creates domains and writes device nodes as libxl does (tools/libs/light), from domain 0.
 *
 * F = /local/domain/<fe>/device/vdispl/<dev>, B = /local/domain/<be>/backend/vdispl/<fe>/<dev>.
 */

import { errnoName } from "../base/errno.ts";
import { ask, type Turns } from "../xen/call.ts";

export interface ConnectorShape {
	/** By which the backend knows the display. */
	uniqueId: string;
	width: number;
	height: number;
}

export interface DeviceShape {
	fe: number;
	be: number;
	dev: number;
	/** Text of the be-alloc node; undefined: no node. */
	beAlloc: string | undefined;
	connectors: readonly ConnectorShape[];
}

export const frontendPath = (fe: number, dev: number): string =>
	`/local/domain/${fe}/device/vdispl/${dev}`;
export const backendPath = (be: number, fe: number, dev: number): string =>
	`/local/domain/${be}/backend/vdispl/${fe}/${dev}`;

/** A promise of the toolstack's own that did not hold: our error, never a verdict. */
export class ToolstackError extends Error {}

function must(reply: { status: number }, what: string): void {
	if (reply.status < 0)
		throw new ToolstackError(`${what}: ${errnoName(reply.status)}`);
}

/** Create a domain, its home directory and the sub-directories that it may write. */
export function* createDomain(domid: number): Turns {
	must(yield* ask("domain.create", { domid }), `domain.create ${domid}`);
	must(yield* ask("xs.introduce", { domid }), `XS_INTRODUCE ${domid}`);
	const home = `/local/domain/${domid}`;
	const tx = yield* begin();
	yield* node(tx, home, "", `n0\0r${domid}\0`);
	yield* node(tx, `${home}/domid`, String(domid), `n0\0r${domid}\0`);
	// Its own drivers make what they need below these two; the toolstack makes the device entries.
	for (const own of ["device", "backend", "error", "data"])
		yield* node(tx, `${home}/${own}`, "", `n${domid}\0`);
	yield* commit(tx, `home of domain ${domid}`);
}

/**
 * Write a device's nodes in one transaction, old ones removed first, retried on EAGAIN.
 * F belongs to the guest and the backend may read it; the configuration in it belongs to the backend's domain and is read-only for the guest; B belongs to
 * the backend and the guest may read it (libxl_device generic add).
 */
export function* addDevice(shape: DeviceShape): Turns {
	const { fe, be, dev } = shape;
	const front = frontendPath(fe, dev);
	const back = backendPath(be, fe, dev);
	const frontPerms = `n${fe}\0r${be}\0`;
	const backPerms = `n${be}\0r${fe}\0`;
	const configPerms = `n${be}\0r${fe}\0`;
	for (;;) {
		const tx = yield* begin();
		yield* ask("xs.rm", { tx, path: front });
		yield* ask("xs.rm", { tx, path: back });
		yield* node(tx, front, "", frontPerms);
		yield* node(tx, `${front}/backend`, back, frontPerms);
		yield* node(tx, `${front}/backend-id`, String(be), frontPerms);
		yield* node(tx, `${front}/state`, "1", frontPerms);
		if (shape.beAlloc !== undefined)
			yield* node(tx, `${front}/be-alloc`, shape.beAlloc, configPerms);
		for (const [index, connector] of shape.connectors.entries()) {
			yield* node(tx, `${front}/${index}`, "", frontPerms);
			yield* node(
				tx,
				`${front}/${index}/unique-id`,
				connector.uniqueId,
				configPerms,
			);
			yield* node(
				tx,
				`${front}/${index}/resolution`,
				`${connector.width}x${connector.height}`,
				configPerms,
			);
		}
		yield* node(tx, back, "", backPerms);
		yield* node(tx, `${back}/frontend`, front, backPerms);
		yield* node(tx, `${back}/frontend-id`, String(fe), backPerms);
		yield* node(tx, `${back}/online`, "1", backPerms);
		yield* node(tx, `${back}/state`, "1", backPerms);
		if (yield* tryCommit(tx, `device ${fe}/${dev}`)) return;
	}
}

/** Ask for removal: online "0" and B/state Closing in one transaction, unless it is Closed already. */
export function* askRemoval(be: number, fe: number, dev: number): Turns {
	const back = backendPath(be, fe, dev);
	for (;;) {
		const tx = yield* begin();
		const { status, value } = yield* ask("xs.read", {
			tx,
			path: `${back}/state`,
		});
		if (status < 0) {
			yield* ask("xs.transaction-end", { tx, commit: false });
			return;
		}
		yield* ask("xs.write", { tx, path: `${back}/online`, value: "0" });
		if (value !== "6")
			yield* ask("xs.write", { tx, path: `${back}/state`, value: "5" });
		if (yield* tryCommit(tx, `removal of ${fe}/${dev}`)) return;
	}
}

/** Delete both directories of a device: the end of a removal, or its forced form. */
export function* deleteDevice(be: number, fe: number, dev: number): Turns {
	for (;;) {
		const tx = yield* begin();
		yield* ask("xs.rm", { tx, path: frontendPath(fe, dev) });
		yield* ask("xs.rm", { tx, path: backendPath(be, fe, dev) });
		if (yield* tryCommit(tx, `deletion of ${fe}/${dev}`)) return;
	}
}

/** libxl waits 10 s for B/state Closed, then deletes. True when Closed was seen (or the directory is gone). */
export function* removeDevice(
	be: number,
	fe: number,
	dev: number,
): Turns<boolean> {
	const path = `${backendPath(be, fe, dev)}/state`;
	const token = `remove ${fe}/${dev}`;
	yield* ask("xs.watch", { path, token });
	yield* askRemoval(be, fe, dev);
	let closed = false;
	let left = 10_000;
	while (!closed && left > 0) {
		const { status, value } = yield* ask("xs.read", { tx: 0, path });
		closed = status < 0 || value === "6";
		if (closed) break;
		const { status: waited } = yield* ask("wait", {
			ports: [],
			token,
			completion: 0,
			display: false,
			timeout: left,
			why: "answer",
		});
		if (waited < 0) left = 0;
	}
	yield* ask("xs.unwatch", { path, token });
	yield* deleteDevice(be, fe, dev);
	return closed;
}

function* begin(): Turns<number> {
	const reply = yield* ask("xs.transaction-start", {});
	must(reply, "XS_TRANSACTION_START");
	return reply.tx;
}

function* node(tx: number, path: string, value: string, perms: string): Turns {
	must(yield* ask("xs.write", { tx, path, value }), `XS_WRITE ${path}`);
	must(yield* ask("xs.set-perms", { tx, path, perms }), `XS_SET_PERMS ${path}`);
}

/** False when the transaction met a conflict and must be made again. */
function* tryCommit(tx: number, what: string): Turns<boolean> {
	const reply = yield* ask("xs.transaction-end", { tx, commit: true });
	if (reply.status < 0 && errnoName(reply.status) === "EAGAIN") return false;
	must(reply, `XS_TRANSACTION_END of ${what}`);
	return true;
}

function* commit(tx: number, what: string): Turns {
	if (!(yield* tryCommit(tx, what)))
		throw new ToolstackError(
			`${what}: a conflict before anybody else was there`,
		);
}
