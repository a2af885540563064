/** Each death of the fake kernel has been seen to come, and a driver that does nothing wrong meets none. Needs clang, lld, binaryen and a linux-source package. */
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildDriver } from "../../src/attach/linux/build.ts";
import { Lines } from "../../src/attach/linux/lines.ts";
import {
	type Context,
	Kernel,
	KernelDeath,
} from "../../src/attach/linux/wasm.ts";
import type { AnyReply, Call } from "../../src/xen/call.ts";

const tree = mkdtempSync(join(tmpdir(), "xdisp-misdeeds-"));
cpSync(
	fileURLToPath(new URL("misdeeds.c", import.meta.url)),
	join(tree, "xen_drm_front.c"),
);
const built = await buildDriver(tree);
const missing = built.ok ? "" : built.message;
/** Without the tools there is nothing to see; any other complaint is a fault of ours. */
const absent = /not installed|no linux-source package/.test(missing);

/** A host that answers every call as a world would in which all goes well: waits with a limit time out, unless what they wait for was completed. */
class Host {
	readonly kernel: Kernel;
	readonly said: Call[] = [];
	private readonly contexts: { context: Context; waits?: Call }[] = [];
	private readonly completed = new Set<number>();
	private readonly held = new Map<number, Context>();
	private next = 1;

	constructor(wasm: Uint8Array) {
		this.kernel = new Kernel(new WebAssembly.Module(wasm));
	}

	/** Run a system call to its first call of this name, which stays unanswered. */
	until(context: Context, op: Call["op"]): Context {
		let reply: AnyReply | undefined;
		for (;;) {
			const step = this.kernel.step(context, reply);
			if (step.done) throw new Error(`it ended before its first ${op}`);
			if (step.call.op === op) return context;
			if (step.start !== undefined)
				this.contexts.push({ context: step.start.context });
			reply = this.answer(context, step.call) ?? this.idle(step.call);
		}
	}

	/** Run a system call to its end, the contexts that it starts beside it. */
	run(context: Context, first?: AnyReply): number {
		let reply = first;
		for (;;) {
			const step = this.kernel.step(context, reply);
			if (step.done) return step.status;
			this.said.push(step.call);
			if (step.start !== undefined)
				this.contexts.push({ context: step.start.context });
			reply = this.answer(context, step.call) ?? this.idle(step.call);
		}
	}

	/** Nothing but the others' work ends this wait; or time does. */
	private idle(call: Call): AnyReply {
		for (let rounds = 0; rounds < 20; rounds++) {
			for (const other of [...this.contexts]) this.advance(other);
			const reply = this.answer(undefined, call);
			if (reply !== undefined) return reply;
		}
		return { status: -110 };
	}

	private advance(other: { context: Context; waits?: Call }): void {
		let reply: AnyReply | undefined;
		if (other.waits !== undefined) {
			reply = this.answer(other.context, other.waits);
			if (reply === undefined && (other.waits as { timeout: number }).timeout)
				reply = { status: -110 };
			if (reply === undefined) return;
		}
		for (;;) {
			const step = this.kernel.step(other.context, reply);
			if (step.done) {
				this.contexts.splice(this.contexts.indexOf(other), 1);
				return;
			}
			this.said.push(step.call);
			reply = this.answer(other.context, step.call);
			if (reply === undefined) {
				other.waits = step.call;
				return;
			}
		}
	}

	/** Undefined while the call has to wait. */
	private answer(
		context: Context | undefined,
		call: Call,
	): AnyReply | undefined {
		const ok = { status: 0 };
		switch (call.op) {
			case "wait":
				return this.completed.delete(call.completion)
					? ({ ...ok, cause: "completion" } as AnyReply)
					: undefined;
			case "completion.complete":
				this.completed.add(call.completion);
				return ok;
			case "lock.take":
				if (this.held.get(call.lock) === context) return { status: -35 };
				if (context !== undefined) this.held.set(call.lock, context);
				return ok;
			case "lock.give":
				this.held.delete(call.lock);
				return ok;
			case "xs.read": {
				const value = call.path.endsWith("/backend")
					? "/local/domain/1/backend/vdispl/2/0"
					: "1";
				return { ...ok, value } as AnyReply;
			}
			case "page.load":
				return { ...ok, words: new Uint32Array(call.count) } as AnyReply;
			default: {
				const number = this.next++;
				return {
					...ok,
					object: number,
					gfn: number,
					ref: number + 8,
					batch: number,
					port: number,
					tx: number,
					task: number,
					names: "",
				} as AnyReply;
			}
		}
	}
}

describe.skipIf(absent)("a driver inside the fake kernel", () => {
	const wasmFile = (): string => {
		if (!built.ok) throw new Error(built.message);
		return built.wasm;
	};
	let wasm: Uint8Array;
	beforeAll(() => {
		wasm = readFileSync(wasmFile());
	});
	afterAll(() => rmSync(tree, { recursive: true, force: true }));

	const bind = (dev: number): { host: Host; status: number } => {
		const host = new Host(wasm);
		host.run(host.kernel.begin("user_init"));
		return { host, status: host.run(host.kernel.begin("user_bind", dev)) };
	};
	const death = (dev: number): KernelDeath => {
		try {
			bind(dev);
		} catch (error) {
			if (error instanceof KernelDeath) return error;
			throw error;
		}
		throw new Error("nothing happened");
	};

	test("that does nothing wrong is bound, and gives back what it made", () => {
		const { host, status } = bind(0);
		expect(status).toBe(0);
		const count = (op: Call["op"]) =>
			host.said.filter((call) => call.op === op).length;
		expect(count("page.free")).toBe(1);
		expect(count("grant.end")).toBe(1);
		expect(count("grant.free")).toBe(1);
	});

	test("has its store into a lent page told, and what was written with it", () => {
		const { host } = bind(0);
		const stores = host.said.filter((call) => call.op === "page.store");
		expect(stores).toEqual([
			{
				op: "page.store",
				gfn: expect.any(Number),
				word: 3,
				words: new Uint32Array([7]),
			},
		]);
		const at = (op: Call["op"]) =>
			host.said.findIndex((call) => call.op === op);
		expect(at("page.store")).toBeLessThan(at("memory.wmb"));
		expect(at("grant.access")).toBeLessThan(at("page.store"));
	});

	test.each([
		[1, "null-pointer", "read of 4 octets at 0x00000004"],
		[2, "use-after-free", "freed at xen_drm_front.c:"],
		[3, "double-free", "kfree of 0x"],
		[4, "out-of-bounds", "octet 12 of a 12-octet kmalloc object"],
		[5, "BUG", "BUG_ON(dev)"],
		[6, "deadlock", "that it holds"],
		[7, "sleeping-while-atomic", "invalid context"],
		[8, "endless-loop", "soft lockup"],
		[9, "endless-loop", "without a lock, a barrier or a call"],
		[10, "wild-access", "at 0x30000000"],
		[11, "wild-access", "kfree of 0x"],
		[12, "use-after-free", "octet 0 of a 4096-octet pages object"],
		[13, "use-after-free", "freed at xen_drm_front.c:"],
		[14, "out-of-bounds", "octet 12 of a 12-octet kmalloc object"],
	])("dies of misdeed %i: %s", (dev, kind, text) => {
		const error = death(dev);
		expect(error.kind).toBe(kind);
		expect(error.message).toContain(text);
		expect(error.functions).toContain("probe");
	});

	test.each([
		[2, "return seen->last;", 1],
		[4, "return ((volatile int *)seen)[3];", 0],
	])("is told the line of misdeed %i", (dev, text, nth) => {
		const lines = new Lines(readFileSync(`${wasmFile()}.map`, "utf8"));
		const offset = /at probe \(wasm:.*:0x([0-9a-f]+)\)/.exec(
			death(dev).stack as string,
		)?.[1] as string;
		const source = readFileSync(
			new URL("misdeeds.c", import.meta.url),
			"utf8",
		).split("\n");
		const places = source.flatMap((line, i) =>
			line.includes(text) ? [i + 1] : [],
		);
		expect(lines.at(Number.parseInt(offset, 16))).toBe(
			`xen_drm_front.c:${places[nth]}`,
		);
	});

	test("goes on from one state in two ways", () => {
		const host = new Host(wasm);
		const { kernel } = host;
		host.run(kernel.begin("user_init"));
		const bound = host.until(kernel.begin("user_bind", 0), "page.alloc");
		const snapshot = kernel.snapshot();
		const index = kernel.waiting.indexOf(bound);
		const page = { status: 0, gfn: 77 } as AnyReply;
		const refused = { status: -12, gfn: 0 } as AnyReply;
		expect(host.run(bound, refused)).toBe(-5);
		for (const [reply, status] of [
			[page, 0],
			[refused, -5],
		] as const)
			expect(host.run(kernel.restore(snapshot)[index] as Context, reply)).toBe(
				status,
			);
		const hash = () => {
			kernel.restore(snapshot);
			return kernel.hash();
		};
		expect(hash()).toBe(hash());
	});

	test("is the same again, to the last octet of its memory", () => {
		const hashes = [0, 1, 2].map(() => bind(0).host.kernel.hash());
		expect(new Set(hashes).size).toBe(1);
	});
});
