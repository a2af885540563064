/**
 * How long the driver of a kernel tree takes, between the reference's backend and the ledger: from nothing to Connected (a guest with its memory, the
 * handshake), and a flip (request, response, event). Medians of processor time, of flips over batches: `node bin/ts.mjs bench/linux.ts [linux:TREE]`, the reference's
 * frontend with `reference`. Exit code 1 when a goal is missed.
 */
import { resolve } from "node:path";
import { linuxFrontend } from "../src/attach/linux/frontend.ts";
import { linuxModule } from "../src/attach/linux/module.ts";
import { PlainChoices } from "../src/base/choices.ts";
import { Journal } from "../src/journal/journal.ts";
import backend from "../src/peer/backend.ts";
import reference from "../src/peer/frontend.ts";
import {
	BACKEND_LIMITS,
	type Backend,
	type Frontend,
	type OperationName,
	type Operations,
	type PeerContext,
	type PeerModule,
	starter,
} from "../src/peer/peer.ts";
import { addDevice, backendPath, createDomain } from "../src/peer/toolstack.ts";
import { Faults } from "../src/run/faults/faults.ts";
import { Runner } from "../src/run/runner.ts";
import { ask, type Turns } from "../src/xen/call.ts";
import { World } from "../src/xen/world.ts";

const GOALS = { "nothing to Connected": 20, flip: 0.2 };
const [CONNECTS, WARM, BATCHES, FLIPS] = [60, 2000, 100, 40];
const [BE, FE] = [1, 2];
const XRGB8888 = 0x34325258;

async function frontendModule(name: string): Promise<PeerModule> {
	if (name === "reference") return { default: reference };
	const made = await linuxModule(name, resolve("dist", "linux.mjs"));
	if (!made.ok) throw new Error(made.message);
	return linuxFrontend(made.path.replace(/\.mjs$/, ".wasm"));
}

/** A world with a device, and what is to happen in it once its sides exist. */
function play(module: PeerModule, script: (bench: Bench) => Turns): void {
	const bench = new Bench(module);
	const { runner } = bench;
	const director = runner.spawn(0, "bench", function* () {
		yield* createDomain(BE);
		yield* createDomain(FE);
		const { main } = backend(bench.context("backend")) as Backend;
		runner.spawn(BE, "main", main);
		yield* runner.pause({ until: "idle" });
		yield* addDevice({
			fe: FE,
			be: BE,
			dev: 0,
			beAlloc: "0",
			connectors: [{ uniqueId: "screen", width: 800, height: 600 }],
		});
		yield* script(bench);
	});
	for (const _ of runner.run(director));
	if (director.error !== undefined) throw director.error;
	const [crash] = runner.crashes;
	if (crash !== undefined) throw crash.task.error;
}

class Bench {
	readonly world = new World({
		displays: [
			{
				name: "screen",
				width: 800,
				height: 600,
				formats: [XRGB8888],
				edid: "",
				frameTicks: 16,
				hold: false,
			},
		],
	});
	readonly runner = new Runner(
		this.world,
		new Journal(),
		new PlainChoices(),
		new Faults(),
	);
	private readonly module: PeerModule;
	private frontend: Frontend | undefined;

	constructor(module: PeerModule) {
		this.module = module;
	}

	context(role: PeerContext["role"]): PeerContext {
		const domid = role === "backend" ? BE : FE;
		return {
			role,
			domid,
			limits: BACKEND_LIMITS,
			versions: "1,2",
			...starter((name, body) => this.runner.offer(domid, name, body)),
		};
	}

	*does<N extends OperationName>(name: N, args: Operations[N]): Turns {
		this.frontend ??= this.module.default(this.context("frontend")) as Frontend;
		const operation = this.frontend.operations[name];
		const task = this.runner.spawn(FE, name, (verb) => operation(args, verb));
		yield* ask("task.join", { task: task.id, timeout: 0 });
		const { status } = task.result as { status: number };
		if (status < 0) throw new Error(`${name}: ${status}`);
	}

	/** Bind, and go on when both sides are Connected. */
	*connect(): Turns {
		yield* this.does("bind", { dev: 0 });
		yield* this.runner.pause({ until: "idle" });
		const { value } = yield* ask("xs.read", {
			tx: 0,
			path: `${backendPath(BE, FE, 0)}/state`,
		});
		if (value !== "4") throw new Error(`the backend is in state ${value}`);
	}
}

/** Processor time of this process in milliseconds: a wall clock tells on a shared machine who else was running. */
const ms = (): number => {
	const { user, system } = process.cpuUsage();
	return (user + system) / 1000;
};

const median = (times: number[]): number =>
	times.sort((a, b) => a - b)[times.length >> 1] as number;

function connects(module: PeerModule): number {
	const times: number[] = [];
	for (let i = 0; i < CONNECTS; i++)
		play(module, function* (bench) {
			const began = ms();
			yield* bench.connect();
			times.push(ms() - began);
		});
	return median(times);
}

function flips(module: PeerModule): number {
	const times: number[] = [];
	play(module, function* (bench) {
		yield* bench.connect();
		const size = { width: 800, height: 600 };
		for (const name of ["a", "b"]) {
			const object = `buffer ${name}`;
			yield* bench.does("gem.create", {
				dev: 0,
				object,
				...size,
				bpp: 32,
				size: 800 * 600 * 4,
			});
			yield* bench.does("fb.create", {
				dev: 0,
				framebuffer: name,
				object,
				...size,
				format: XRGB8888,
			});
		}
		yield* bench.does("mode.set", {
			dev: 0,
			connector: 0,
			framebuffer: "a",
			x: 0,
			y: 0,
			...size,
			bpp: 32,
		});
		let shown = 0;
		const flip = () =>
			bench.does("page.flip", {
				dev: 0,
				connector: 0,
				framebuffer: shown++ % 2 === 0 ? "b" : "a",
			});
		for (let i = 0; i < WARM; i++) yield* flip();
		for (let batch = 0; batch < BATCHES; batch++) {
			const began = ms();
			for (let i = 0; i < FLIPS; i++) yield* flip();
			times.push((ms() - began) / FLIPS);
		}
	});
	return median(times);
}

const name = process.argv[2] ?? "linux:debian";
const module = await frontendModule(name);
const took = { "nothing to Connected": connects(module), flip: flips(module) };
for (const [what, goal] of Object.entries(GOALS)) {
	const time = took[what as keyof typeof took];
	if (time > goal) process.exitCode = 1;
	console.log(
		`${name}  ${what}  median ${time.toFixed(3)} ms, goal ${goal} ms${time > goal ? ": MISSED" : ""}`,
	);
}
