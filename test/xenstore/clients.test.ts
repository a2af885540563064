/** The distribution's own command-line clients talk to our store over a unix socket. */

import { execFile, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { XenStoreSocket } from "../../src/attach/xenstore-socket.ts";
import { XenStore } from "../../src/xen/xenstore/store.ts";
import {
	encodeMessage,
	type Message,
	MessageReader,
	XS,
} from "../../src/xen/xenstore/wire.ts";

const lacking = !existsSync("/usr/bin/xenstore-ls");
const run = promisify(execFile);

let dir: string;
let path: string;
let store: XenStore;
let socket: XenStoreSocket;

beforeEach(async () => {
	dir = mkdtempSync(join(tmpdir(), "xenstore-"));
	path = join(dir, "socket");
	store = new XenStore({ manners: "c423" });
	socket = await XenStoreSocket.listen(store, path);
});

afterEach(async () => {
	await socket.close();
	rmSync(dir, { recursive: true });
});

const env = () => ({ ...process.env, XENSTORED_PATH: path });

/** What a client prints, or the first line of its complaint. */
async function xenstore(verb: string, ...args: string[]): Promise<string> {
	try {
		return (await run(`/usr/bin/xenstore-${verb}`, args, { env: env() }))
			.stdout;
	} catch (error) {
		return (error as { stderr: string }).stderr.split("\n")[0] as string;
	}
}

describe.skipIf(lacking)("xenstore-utils (else: needs xenstore-utils)", () => {
	test("write, read, list, change permissions, remove", async () => {
		const rows: [string, string[], string][] = [
			["write", ["/a/b", "one", "/a/c", "two"], ""],
			["read", ["/a/b", "/a/c"], "one\ntwo\n"],
			["list", ["/a"], "b\nc\n"],
			["read", ["/a/x"], "xenstore-read: couldn't read path /a/x"],
			["write", ["/a/ b", "x"], "xenstore-write: could not write path /a/ b"],
			["exists", ["/a/b"], ""],
			["chmod", ["/a/b", "r0"], ""],
			["ls", ["-f", "-p", "/a"], '/a/b = "one"   (r0)\n/a/c = "two"   (n0)\n'],
			["rm", ["/a/b"], ""],
			["list", ["/a"], "c\n"],
		];
		for (const [verb, args, answer] of rows)
			expect(await xenstore(verb, ...args), `${verb} ${args.join(" ")}`).toBe(
				answer,
			);
	});

	test("xenstore-ls of a directory that needs many parts", async () => {
		const client = store.connectPrivileged();
		const names = Array.from({ length: 300 }, (_, i) => `a-long-name-${i}`);
		for (const name of names) store.write(client, 0, `/big/${name}`, "v");
		expect(store.directory(client, 0, "/big")).toEqual({
			ok: false,
			error: "E2BIG",
		});
		expect((await xenstore("list", "/big")).split("\n").slice(0, -1)).toEqual(
			names,
		);
	});

	test("xenstore-watch sees what another client writes", async () => {
		const watcher = spawn("/usr/bin/xenstore-watch", ["-n", "3", "/w"], {
			env: env(),
		});
		let seen = "";
		watcher.stdout.on("data", (data) => {
			seen += String(data);
		});
		// It ends by itself after the third line, perhaps before the last of us does.
		const closed = new Promise((resolve) => watcher.once("close", resolve));
		await expect.poll(() => seen).toBe("/w\n");
		await xenstore("write", "/w/x", "1");
		await xenstore("rm", "/w/x");
		await closed;
		expect(seen).toBe("/w\n/w/x\n/w/x\n");
	});
});

describe("any client", () => {
	const request = (type: number, payload: string) =>
		encodeMessage({ type, reqId: 7, txId: 0, payload });

	/** Send pieces one by one; what comes back until the daemon closes or has answered. */
	const talk = (pieces: Uint8Array[], answers: number) =>
		new Promise<{ messages: Message[]; closed: boolean }>((resolve) => {
			const reader = new MessageReader();
			const messages: Message[] = [];
			const client = connect(path);
			client.setNoDelay(true);
			client.on("connect", async () => {
				for (const piece of pieces) {
					client.write(piece);
					await new Promise((later) => setImmediate(later));
				}
			});
			client.on("data", (octets) => {
				for (let at = 0; at < octets.length; ) {
					const part = octets.subarray(at, at + reader.wants);
					at += part.length;
					const message = reader.take(part);
					if (typeof message === "object") messages.push(message);
				}
				if (messages.length < answers) return;
				client.destroy();
				resolve({ messages, closed: false });
			});
			client.on("end", () => resolve({ messages, closed: true }));
		});

	test("may write octet by octet", async () => {
		const octets = request(XS.WRITE, "/slow\0value");
		const pieces = [...octets].map((octet) => Uint8Array.of(octet));
		const { messages } = await talk(pieces, 1);
		expect(messages).toEqual([
			{ type: XS.WRITE, reqId: 7, txId: 0, payload: "OK\0" },
		]);
		const client = store.connectPrivileged();
		expect(store.read(client, 0, "/slow")).toEqual({
			ok: true,
			value: "value",
		});
	});

	test("is dropped when a payload is announced as too long, after its earlier answers", async () => {
		const long = request(XS.READ, "/tool\0");
		new DataView(long.buffer).setUint32(12, 4097, true);
		const { messages, closed } = await talk(
			[Buffer.concat([request(XS.READ, "/tool\0"), long])],
			2,
		);
		expect(messages).toEqual([
			{ type: XS.READ, reqId: 7, txId: 0, payload: "" },
		]);
		expect(closed).toBe(true);
	});

	test("that vanishes takes its watches and transactions along", async () => {
		const before = store.connections.length;
		await talk(
			[request(XS.WATCH, "/x\0t\0"), request(XS.TRANSACTION_START, "\0")],
			3,
		);
		await expect.poll(() => store.connections.length).toBe(before);
	});
});
