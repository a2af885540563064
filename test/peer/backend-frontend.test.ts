/** The two references against each other: several guests at once, many orders of turns, a backend that dies or stops in the middle. */
import { expect, test } from "vitest";
import { SeededChoices } from "../../src/base/choices.ts";
import { frontend } from "../../src/peer/frontend.ts";
import {
	BACKEND_LIMITS,
	type Body,
	type Frontend,
	type OperationName,
	type OperationResult,
	type Operations,
	starter,
} from "../../src/peer/peer.ts";
import type { Task } from "../../src/run/task.ts";
import { ask, type CallName, type Turns } from "../../src/xen/call.ts";
import {
	AT_REST,
	BE,
	device,
	display,
	FE,
	FE2,
	Harness,
	type HarnessOptions,
	XRGB8888,
} from "./harness.ts";

const OPTIONS: HarnessOptions = {
	guests: [FE, FE2],
	devices: [
		device(),
		device({
			fe: FE2,
			beAlloc: "1",
			connectors: [
				{ uniqueId: "screen-1", width: 800, height: 600 },
				{ uniqueId: "screen-2", width: 800, height: 600 },
			],
		}),
	],
	world: {
		displays: [
			display(),
			display({ name: "screen-1", frameTicks: 7 }),
			display({ name: "screen-2", frameTicks: 33 }),
		],
	},
};

/** A guest with the reference frontend. */
class Client {
	readonly harness: Harness;
	readonly domid: number;
	readonly driver: Frontend;

	constructor(harness: Harness, domid: number) {
		this.harness = harness;
		this.domid = domid;
		this.driver = frontend({
			role: "frontend",
			domid,
			limits: BACKEND_LIMITS,
			versions: "1,2",
			...starter((name, body) => harness.runner.offer(domid, name, body)),
		});
	}

	*does<N extends OperationName>(
		name: N,
		args: Omit<Operations[N], "dev">,
	): Turns<number> {
		const operation = this.driver.operations[name];
		const task = this.harness.runner.spawn(this.domid, name, ((verb) =>
			operation({ ...args, dev: 0 } as never, verb)) as Body);
		yield* ask("task.join", { task: task.id, timeout: 0 });
		return (task.result as OperationResult).status;
	}

	*connected(): Turns<boolean> {
		const path = `/local/domain/${this.domid}/device/vdispl/0/state`;
		for (let i = 0; i < 50; i++) {
			if ((yield* this.harness.node(path)) === "4") return true;
			yield* this.harness.sleep(100);
		}
		return false;
	}

	/** What a client does with two buffers on a connector: statuses in order. */
	*session(connector: number): Turns<number[]> {
		const statuses: number[] = [];
		const [a, b] = [`a${connector}`, `b${connector}`];
		for (const object of [a, b]) {
			statuses.push(
				yield* this.does("gem.create", {
					object,
					width: 64,
					height: 64,
					bpp: 32,
					size: 64 * 64 * 4,
				}),
				yield* this.does("fb.create", {
					framebuffer: object,
					object,
					width: 64,
					height: 64,
					format: XRGB8888,
				}),
			);
		}
		const mode = { x: 0, y: 0, width: 64, height: 64, bpp: 32 };
		statuses.push(
			yield* this.does("mode.set", { connector, framebuffer: a, ...mode }),
		);
		for (const framebuffer of [b, a, b])
			statuses.push(yield* this.does("page.flip", { connector, framebuffer }));
		statuses.push(
			yield* this.does("fb.destroy", { framebuffer: a }),
			yield* this.does("mode.off", { connector }),
			yield* this.does("fb.destroy", { framebuffer: b }),
		);
		for (const object of [a, b])
			statuses.push(yield* this.does("gem.close", { object }));
		return statuses;
	}
}

/** Let several bodies of the test's own domain run at once. */
function* together<T>(
	harness: Harness,
	bodies: readonly (() => Turns<T>)[],
): Turns<T[]> {
	const tasks: Task[] = bodies.map((body, i) =>
		harness.runner.spawn(0, `client ${i}`, body),
	);
	for (const { id } of tasks) yield* ask("task.join", { task: id, timeout: 0 });
	for (const { error } of tasks) if (error !== undefined) throw error;
	return tasks.map(({ result }) => result as T);
}

function* ended(harness: Harness): Turns {
	for (const { fe, dev } of harness.options.devices ?? [])
		expect(yield* harness.remove(fe, dev)).toBe(true);
	yield* harness.rest();
	expect(harness.held()).toEqual(AT_REST);
	yield* harness.stop();
	yield* harness.rest();
}

function clean(harness: Harness, what: string): void {
	for (const domid of [FE, FE2, BE])
		expect(harness.held(domid), `${what}, domain ${domid}`).toEqual({});
	expect(harness.findings("anybody"), what).toEqual([]);
}

test("fifty orders of turns: two guests and three connectors at once", () => {
	for (let seed = 0; seed < 50; seed++) {
		const harness = new Harness({
			...OPTIONS,
			choices: new SeededChoices(seed, "guests"),
		}).play(function* (harness) {
			const one = new Client(harness, FE);
			const two = new Client(harness, FE2);
			for (const client of [one, two]) {
				expect(yield* client.does("bind", {})).toBe(0);
				expect(yield* client.connected()).toBe(true);
			}
			const done = yield* together(harness, [
				() => one.session(0),
				() => two.session(0),
				() => two.session(1),
			]);
			for (const statuses of done)
				expect(statuses, `seed ${seed}`).toEqual(Array(13).fill(0));
			for (const client of [one, two])
				expect(yield* client.does("unbind", {})).toBe(0);
			yield* ended(harness);
		});
		clean(harness, `seed ${seed}`);
	}
});

test("fifty moments at which the backend dies and is started again", () => {
	for (let seed = 0; seed < 50; seed++) {
		const harness = new Harness({
			...OPTIONS,
			choices: new SeededChoices(seed, "restart"),
		}).play(function* (harness) {
			const one = new Client(harness, FE);
			const two = new Client(harness, FE2);
			for (const client of [one, two]) yield* client.does("bind", {});
			yield* together<unknown>(harness, [
				() => one.session(0),
				() => two.session(1),
				function* () {
					yield* harness.sleep(1 + seed * 3);
					yield* harness.crashAndRestart();
				},
			]);
			yield* harness.rest(20_000);
			for (const client of [one, two]) {
				expect(yield* client.connected(), `seed ${seed}`).toBe(true);
				expect(yield* client.session(0), `seed ${seed}`).toEqual(
					Array(13).fill(0),
				);
				expect(yield* client.does("unbind", {})).toBe(0);
			}
			yield* ended(harness);
		});
		clean(harness, `seed ${seed}`);
	}
});

test("twenty moments at which the backend is stopped", () => {
	for (let seed = 0; seed < 20; seed++) {
		const harness = new Harness({
			...OPTIONS,
			choices: new SeededChoices(seed, "stop"),
		}).play(function* (harness) {
			const one = new Client(harness, FE);
			const two = new Client(harness, FE2);
			for (const client of [one, two]) yield* client.does("bind", {});
			yield* together<unknown>(harness, [
				() => one.session(0),
				() => two.session(1),
				function* () {
					yield* harness.sleep(1 + seed * 5);
					yield* harness.stop();
				},
			]);
			yield* harness.rest(20_000);
			for (const client of [one, two]) yield* client.does("unbind", {});
			for (const { fe, dev } of harness.options.devices ?? [])
				expect(yield* harness.remove(fe, dev)).toBe(true);
			yield* harness.rest();
		});
		clean(harness, `seed ${seed}`);
	}
});

const FAULTS: readonly (readonly [CallName, number])[] = [
	["grant.map", -13],
	["evtchn.bind-interdomain", -28],
	["display.import", -22],
	["display.show", -19],
	["page.alloc", -12],
	["grant.claim", -28],
	["grant.end", -16],
	["xs.write", -28],
	["xs.transaction-start", -28],
	["object.make", -12],
];

test.each(FAULTS)(
	"whichever %s of the backend fails, nothing is left",
	(at, status) => {
		let struck = true;
		for (let nth = 1; struck && nth <= 30; nth += nth < 8 ? 1 : 4) {
			const harness = new Harness(OPTIONS);
			harness.fault(at, nth, status);
			harness.play(function* (harness) {
				const client = new Client(harness, FE2);
				yield* client.does("bind", {});
				if (yield* client.connected()) yield* client.session(0);
				yield* client.does("unbind", {});
				yield* ended(harness);
			});
			struck = harness.faults.struck().length > 0;
			clean(harness, `${at} ${nth}`);
		}
	},
);
