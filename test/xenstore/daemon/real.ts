/** The real daemon with its clients: sockets straight from here, guests through the bridge. */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
	encodeMessage,
	type Message,
	MessageReader,
	XS,
} from "../../../src/xen/xenstore/wire.ts";

const here = (name: string): string =>
	fileURLToPath(new URL(name, import.meta.url));

const NEEDED: readonly (readonly [string, string])[] = [
	["/usr/lib/xen-4.17/bin/xenstored", "xen-utils-4.17"],
	["/usr/include/xenctrl.h", "libxen-dev"],
	["/usr/bin/gcc", "gcc"],
];

/** Packages that must be installed before the daemon can be started here. */
export const missing = (): string[] =>
	NEEDED.filter(([path]) => !existsSync(path)).map(([, name]) => name);

/** Messages that one client got, in order, for one who waits. */
class Inbox {
	private readonly reader = new MessageReader();
	private readonly messages: Message[] = [];
	private wake: (() => void) | undefined;
	private ended = false;

	/** Nothing will come any more. */
	end(): void {
		this.ended = true;
		this.wake?.();
	}

	take(octets: Uint8Array): void {
		for (let at = 0; at < octets.length; ) {
			const part = octets.subarray(at, at + this.reader.wants);
			at += part.length;
			const message = this.reader.take(part);
			if (message === "oversize") {
				this.end();
				return;
			}
			if (message !== undefined) this.messages.push(message);
		}
		this.wake?.();
	}

	/** The next message, or undefined when none comes. */
	async next(patience: number): Promise<Message | undefined> {
		if (this.messages.length === 0 && !this.ended)
			await new Promise<void>((resolve) => {
				const timer = setTimeout(resolve, patience);
				this.wake = () => {
					if (this.messages.length === 0 && !this.ended) return;
					clearTimeout(timer);
					resolve();
				};
			});
		this.wake = undefined;
		return this.messages.shift();
	}

	/** What came that nobody waited for. */
	rest(): Message[] {
		return this.messages.splice(0);
	}
}

export interface RealClient {
	readonly inbox: Inbox;
	send(octets: Uint8Array): void;
}

interface RealSocket extends RealClient {
	close(): void;
}

/** The stand-in library and the bridge, compiled once. */
export class Tools {
	readonly dir = mkdtempSync(join(tmpdir(), "xenstored-"));
	readonly stub = join(this.dir, "stub.so");
	readonly bridge = join(this.dir, "bridge");

	constructor() {
		const cc = (...args: string[]) => execFileSync("gcc", ["-O1", ...args]);
		cc("-shared", "-fPIC", "-o", this.stub, here("store-stub.c"), "-ldl");
		cc("-o", this.bridge, here("bridge.c"));
	}

	remove(): void {
		rmSync(this.dir, { recursive: true, force: true });
	}
}

export class RealDaemon {
	readonly dir: string;
	private readonly daemon: ChildProcess;
	private readonly bridge: ChildProcess;
	private readonly guests = new Map<number, Inbox>();
	private readonly inboxes: Inbox[] = [];
	private readonly lifeOf = new Map<number, number>();
	private lives = 0;
	private readonly told: (() => void)[] = [];
	private fenceClient: RealSocket | undefined;
	/** Set when the process has ended by itself. */
	died: string | undefined;

	private constructor(tools: Tools) {
		this.dir = mkdtempSync(join(tools.dir, "run-"));
		this.daemon = spawn(
			here("run-xenstored.sh"),
			// Events are never dropped for being old: the daemon's clock runs fast.
			[this.dir, tools.stub, "-w", "watch-event=0"],
			{ stdio: ["ignore", "ignore", "pipe"] },
		);
		let complaints = "";
		this.daemon.stderr?.on("data", (data) => {
			complaints = (complaints + String(data)).slice(-2000);
		});
		this.daemon.on("exit", (code, signal) => {
			this.died = `${signal ?? code}: ${complaints}`;
			for (const inbox of this.inboxes) inbox.end();
		});
		this.bridge = spawn(tools.bridge, {
			env: { XSTUB_DIR: this.dir },
			stdio: ["pipe", "pipe", "inherit"],
		});
		let left = Buffer.alloc(0);
		this.bridge.stdout?.on("data", (data: Buffer) => {
			left = Buffer.concat([left, data]);
			while (left.length >= 4) {
				const end = 4 + left.readUInt16LE(2);
				if (left.length < end) return;
				if (left[0] === 0x76) this.told.shift()?.();
				else this.guests.get(left[1] as number)?.take(left.subarray(4, end));
				left = left.subarray(end);
			}
		});
	}

	static async start(tools: Tools): Promise<RealDaemon> {
		const made = new RealDaemon(tools);
		made.fenceClient = await made.socket();
		return made;
	}

	private get path(): string {
		return join(this.dir, "run", "socket");
	}

	private inbox(): Inbox {
		const inbox = new Inbox();
		this.inboxes.push(inbox);
		return inbox;
	}

	/** A socket client, accepted before this returns. */
	async socket(): Promise<RealSocket> {
		let socket: Socket | undefined;
		for (let tries = 0; socket === undefined; tries++) {
			if (tries > 500 || this.died !== undefined)
				throw new Error(`no daemon: ${this.died ?? "no socket"}`);
			socket = await attempt(this.path);
		}
		const inbox = this.inbox();
		socket.on("data", (octets) => inbox.take(octets));
		socket.on("error", () => {});
		const open = socket;
		const client: RealSocket = {
			inbox,
			send: (octets) => void open.write(octets),
			close: () => open.destroy(),
		};
		await ping(client);
		return client;
	}

	/** Wait until the daemon has seen all that was done to it so far. */
	async fence(): Promise<void> {
		if (this.fenceClient !== undefined) await ping(this.fenceClient);
	}

	private frame(
		op: string,
		domid: number,
		octets: Uint8Array = new Uint8Array(0),
	): void {
		const head = Uint8Array.of(
			op.charCodeAt(0),
			domid,
			octets.length & 255,
			octets.length >> 8,
		);
		this.bridge.stdin?.write(Buffer.concat([head, octets]));
	}

	domain(domid: number): RealClient {
		const page = join(this.dir, `page.${domid}`);
		// A new file: the daemon may still have the old one mapped.
		rmSync(page, { force: true });
		writeFileSync(page, new Uint8Array(4096));
		this.lifeOf.set(domid, ++this.lives);
		this.alive(domid, "r");
		this.frame("g", domid);
		const inbox = this.inbox();
		this.guests.set(domid, inbox);
		return { inbox, send: (octets) => this.frame("s", domid, octets) };
	}

	private alive(domid: number, state: string): void {
		const life = this.lifeOf.get(domid) ?? 0;
		writeFileSync(join(this.dir, `alive.${domid}`), `${state}${life}`);
	}

	/** Change what a domain is, and tell the daemon. */
	async life(domid: number, state: "s" | "d" | "r" | "gone"): Promise<void> {
		const alive = join(this.dir, `alive.${domid}`);
		if (state === "gone") {
			rmSync(alive, { force: true });
			this.frame("x", domid);
			this.guests.delete(domid);
		} else this.alive(domid, state);
		await this.virq();
		// Nothing that could still be mapped.
		if (state === "gone") rmSync(join(this.dir, `page.${domid}`));
	}

	/** Tell the daemon to look at the domains, and wait until it has. */
	async virq(): Promise<void> {
		const told = new Promise<void>((resolve) => this.told.push(resolve));
		this.frame("v", 0);
		await told;
		await this.fence();
	}

	stop(): void {
		this.daemon.removeAllListeners("exit");
		this.daemon.kill();
		this.bridge.kill();
		rmSync(this.dir, { recursive: true, force: true });
	}
}

const attempt = (path: string): Promise<Socket | undefined> =>
	new Promise((resolve) => {
		const socket = connect(path);
		socket.once("connect", () => resolve(socket));
		socket.once("error", () => setTimeout(() => resolve(undefined), 10));
	});

async function ping(client: RealClient): Promise<void> {
	client.send(
		encodeMessage({
			type: XS.GET_DOMAIN_PATH,
			reqId: 0,
			txId: 0,
			payload: "0\0",
		}),
	);
	const answer = await client.inbox.next(5000);
	if (answer === undefined) throw new Error("the daemon does not answer");
}
