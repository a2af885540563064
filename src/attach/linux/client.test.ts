/** The client program, over a kernel that answers from a table. */
import { describe, expect, it } from "vitest";
import type { OperationResult, PeerContext } from "../../peer/peer.ts";
import type { AnyReply, Turns } from "../../xen/call.ts";
import { Client } from "./client.ts";
import type { Kernel, Step } from "./wasm.ts";

const [ENOENT, EEXIST, ENODEV, ETIMEDOUT] = [-2, -17, -19, -110];

type Answer = number | readonly number[];

/** Every system call, in order, and what it is answered: a status, or the words of a result. 0 when nothing is said. */
function stage(answer: (call: string, args: readonly number[]) => Answer) {
	const calls: string[] = [];
	let files = 0;
	const kernel = {
		dead: false,
		begin: (name: string, ...args: number[]) => ({ name, args }),
		step(
			{ name, args }: { name: string; args: number[] },
			reply?: AnyReply,
		): Step {
			if (name === "user_read_event" && reply === undefined)
				return { done: false, call: { op: "memory.mb" } };
			calls.push([name.slice(5), ...args].join(" "));
			const said = answer(name, args);
			if (typeof said !== "number")
				return { done: true, status: 0, result: said };
			const result = name === "user_open" && said === 0 ? [++files] : [said];
			return { done: true, status: Math.min(said, 0), result };
		},
	} as unknown as Kernel;
	return { calls, client: new Client(kernel, {} as PeerContext, 0) };
}

/** Run an operation that nobody keeps waiting. */
function done<T>(turns: Turns<T>): T {
	for (let turn = turns.next(); ; turn = turns.next({ status: 0 }))
		if (turn.done === true) return turn.value;
}

const GEM = {
	dev: 0,
	object: "buf",
	width: 64,
	height: 8,
	bpp: 32,
	size: 2048,
};
const FB = {
	dev: 0,
	framebuffer: "fb",
	object: "buf",
	width: 64,
	height: 8,
	format: 0x34325258,
};
const status = (result: OperationResult) => result.status;

describe("a client", () => {
	it("keeps the device open as long as it holds something", () => {
		const { calls, client } = stage((name) =>
			name === "user_dumb_create" ? [7, 256, 2048, 0, 0x1000, 1] : 0,
		);
		expect(done(client.createGem(GEM))).toEqual({
			status: 0,
			cookie: 0x1_0000_1000n,
		});
		expect(status(done(client.createGem(GEM)))).toBe(EEXIST);
		expect(status(done(client.createFramebuffer(FB)))).toBe(0);
		expect(status(done(client.destroyFramebuffer(FB)))).toBe(0);
		expect(status(done(client.closeGem(GEM)))).toBe(0);
		expect(status(done(client.closeGem(GEM)))).toBe(ENOENT);
		expect(calls).toEqual([
			"open 0",
			"dumb_create 1 64 8 32",
			"addfb 1 7 64 8 875713112 256",
			"rmfb 1 0",
			"dumb_destroy 1 7",
			"close 1",
		]);
	});

	it("closes what it opened for nothing", () => {
		const { calls, client } = stage((name) =>
			name === "user_dumb_create" ? -12 : 0,
		);
		expect(status(done(client.createGem(GEM)))).toBe(-12);
		expect(calls).toEqual(["open 0", "dumb_create 1 64 8 32", "close 1"]);
	});

	it("forgets what it held of an unplugged device, and opens the next one", () => {
		let unplugged = false;
		const { calls, client } = stage((name, [file]) =>
			unplugged && file === 1 && name !== "user_close" && name !== "user_open"
				? ENODEV
				: 0,
		);
		done(client.createGem(GEM));
		done(client.createFramebuffer(FB));
		unplugged = true;
		expect(status(done(client.createGem({ ...GEM, object: "new" })))).toBe(0);
		expect(status(done(client.destroyFramebuffer(FB)))).toBe(0);
		expect(calls).not.toContain("close 1");
		expect(status(done(client.closeGem(GEM)))).toBe(0);
		expect(calls.slice(-2)).toEqual(["dumb_create 2 64 8 32", "close 1"]);
	});

	it("gives everything up when it is told that the device is gone", () => {
		const { calls, client } = stage(() => 0);
		done(client.createGem(GEM));
		done(client.createFramebuffer(FB));
		done(client.closeAll());
		expect(calls.at(-1)).toBe("close 1");
		expect(status(done(client.closeGem(GEM)))).toBe(ENOENT);
	});

	it("lets one of two flips read the events of both", () => {
		const events = [[2], [1]];
		const { calls, client } = stage((name) =>
			name === "user_read_event" ? (events.shift() ?? ETIMEDOUT) : 0,
		);
		done(client.createGem(GEM));
		done(client.createFramebuffer(FB));
		const flips = [1, 2].map(() =>
			client.flip({ dev: 0, connector: 0, framebuffer: "fb" }),
		);
		expect(flips.map((flip) => done(flip).status)).toEqual([0, 0]);
		expect(calls.filter((call) => call.startsWith("read_event"))).toHaveLength(
			2,
		);
	});

	it("does not wait for an event for ever", () => {
		const { client } = stage((name) =>
			name === "user_read_event" ? ETIMEDOUT : 0,
		);
		done(client.createGem(GEM));
		done(client.createFramebuffer(FB));
		const flip = client.flip({ dev: 0, connector: 0, framebuffer: "fb" });
		expect(status(done(flip))).toBe(ETIMEDOUT);
	});

	it("closes its descriptor of an imported buffer, whatever came of it", () => {
		for (const came of [0, -12]) {
			const { calls, client } = stage((name) =>
				name === "user_prime_export"
					? [5]
					: name === "user_prime_import"
						? came
						: 0,
			);
			const made = client.importGem({
				dev: 0,
				object: "buf",
				size: 8192,
				offset: 512,
			});
			expect(status(done(made))).toBe(came);
			expect(calls).toContain("prime_export 7680 512");
			expect(calls.at(-1)).toBe("prime_close 5");
		}
	});
});

/** Two operations under way at once: what each asks next, or its end. */
describe("of two flips at once", () => {
	it("one reads, is told of the other's event, and hands the reading over", () => {
		const events = [[2], [1]];
		const { client } = stage((name) =>
			name === "user_read_event" ? (events.shift() ?? ETIMEDOUT) : 0,
		);
		done(client.createGem(GEM));
		done(client.createFramebuffer(FB));
		const go = (flip: Turns<OperationResult>) => {
			const turn = flip.next({ status: 0 });
			return turn.done === true ? turn.value.status : turn.value.op;
		};
		const flip = () => client.flip({ dev: 0, connector: 0, framebuffer: "fb" });
		const [first, second] = [flip(), flip()];
		expect(go(first)).toBe("memory.mb"); // it sleeps in read()
		expect(go(second)).toBe("wait"); // for who reads
		expect(go(first)).toBe("completion.complete"); // event 2 was not its own
		expect(go(second)).toBe(0);
		expect(go(first)).toBe("memory.mb");
		expect(go(first)).toBe(0);
	});
});
