/** Nodes in XenStore and the bus state, as drivers/xen/xenbus of Linux treats them. Paths of our own are relative to our home. */
import { ask, type Turns } from "../../xen/call.ts";
import { EAGAIN, ENOENT } from "./status.ts";

/** A transaction that met a conflict is made anew so many times. */
const TRANSACTIONS = 64;
/** A read that failed for another reason than a missing node is tried so many times. */
const READS = 3;

/** How a change of state ended: `moved` when somebody else had changed it, `gone` when the device is being removed. */
export type Switched = "done" | "moved" | "gone" | "failed";

export class Xenbus {
	/** A node's value, or undefined when it is missing or may not be read. */
	*read(path: string, tx = 0): Turns<string | undefined> {
		const value = yield* this.readOrStatus(path, tx);
		return typeof value === "string" ? value : undefined;
	}

	/** A node's value, or why it cannot be had. */
	*readOrStatus(path: string, tx = 0): Turns<string | number> {
		let status = 0;
		for (let tries = 0; tries < READS; tries++) {
			const reply = yield* ask("xs.read", { tx, path });
			if (reply.status >= 0) return reply.value;
			status = reply.status;
			if (status === ENOENT) break;
		}
		return status;
	}

	/** Names below a node; none when it is missing. */
	*list(path: string): Turns<string[]> {
		const whole = yield* ask("xs.directory", { tx: 0, path });
		if (whole.status >= 0) return split(whole.names);
		if (whole.status === ENOENT) return [];
		return yield* this.listInParts(path);
	}

	/**
	 * Write B/state and, before it, other nodes below B, all in one step. Only from `expected`: what the toolstack has written in between is not
	 * overwritten, a removed device not resurrected and an equal value not written again. Only while `holds`, read in the same step.
	 */
	*switchState(
		dir: string,
		expected: string,
		next: string,
		nodes: Readonly<Record<string, string>> = {},
		holds?: (tx: number) => Turns<boolean>,
	): Turns<Switched> {
		const path = `${dir}/state`;
		for (let tries = 0; tries < TRANSACTIONS; tries++) {
			const start = yield* ask("xs.transaction-start", {});
			if (start.status < 0) return "failed";
			const { tx } = start;
			const found = yield* this.readOrStatus(path, tx);
			if (found !== expected || found === next) {
				yield* ask("xs.transaction-end", { tx, commit: false });
				if (typeof found === "number")
					return found === ENOENT ? "gone" : "failed";
				return found === next ? "done" : "moved";
			}
			if (holds !== undefined && !(yield* holds(tx))) {
				yield* ask("xs.transaction-end", { tx, commit: false });
				return "moved";
			}
			let status = 0;
			for (const name of Object.keys(nodes))
				if (status >= 0)
					({ status } = yield* ask("xs.write", {
						tx,
						path: `${dir}/${name}`,
						value: nodes[name] as string,
					}));
			if (status >= 0)
				({ status } = yield* ask("xs.write", { tx, path, value: next }));
			const end = yield* ask("xs.transaction-end", {
				tx,
				commit: status >= 0,
			});
			if (status < 0) return "failed";
			if (end.status >= 0) return "done";
			if (end.status !== EAGAIN) return "failed";
		}
		return "failed";
	}

	/** A list too long for one answer, in parts; made again when it changed in between. */
	private *listInParts(path: string): Turns<string[]> {
		let names = "";
		let generation = "";
		for (let tries = 0; tries < TRANSACTIONS; tries++) {
			const part = yield* ask("xs.directory-part", {
				tx: 0,
				path,
				offset: names.length,
			});
			if (part.status < 0) return [];
			if (names !== "" && part.generation !== generation) {
				names = "";
				continue;
			}
			generation = part.generation;
			names += part.names;
			if (names.endsWith("\0\0") || part.names === "\0") break;
		}
		return split(names);
	}
}

const split = (names: string): string[] =>
	names.split("\0").filter((name) => name !== "");
