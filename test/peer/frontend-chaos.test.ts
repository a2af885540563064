/** Anything in any order: clients, unbind and bind, a backend that dies, hangs or starts anew, the toolstack, and calls that fail. */
import { expect, test } from "vitest";
import { SeededChoices } from "../../src/base/choices.ts";
import { fourcc } from "../../src/displif/format.ts";
import { backend } from "../../src/peer/backend.ts";
import {
	addDevice,
	askRemoval,
	deleteDevice,
} from "../../src/peer/toolstack.ts";
import type { Task } from "../../src/run/task.ts";
import { ask, type CallName } from "../../src/xen/call.ts";
import { BE, device, FE, Stage } from "./frontend-stage.ts";

const FORMAT = fourcc("XR24");
const FAULTS: readonly (readonly [CallName, number])[] = [
	["page.alloc", -12],
	["grant.reserve", -28],
	["grant.claim", -28],
	["grant.access", -14],
	["grant.end", -16],
	["grant.map", -1],
	["grant.unmap", -4],
	["balloon.take", -12],
	["evtchn.alloc-unbound", -28],
	["object.make", -12],
	["xs.read", -5],
	["xs.write", -28],
	["xs.rm", -13],
	["xs.watch", -12],
	["xs.transaction-start", -28],
	["xs.transaction-end", -11],
	["wait", -110],
];

/** One story, told by a seed. What is left of it at the end. */
function story(
	seed: number,
	faults: number,
): { held: Record<string, number>; findings: string[]; running: string[] } {
	const dice = new SeededChoices(seed, "chaos");
	const pick = <T>(of: readonly T[]): T =>
		of[dice.pick("what", of.length)] as T;
	const connectors = [
		device().connectors[0],
		{ uniqueId: "screen-0", width: 640, height: 480 },
	].slice(0, 1 + (seed % 2)) as never;
	const shape = device({ beAlloc: String((seed >> 1) & 1), connectors });
	const stage = new Stage({
		backend: "reference",
		choices: dice,
		devices: [shape],
	});
	const tasks: Task[] = [];
	stage.play(function* () {
		const dev = 0;
		let be = backend(stage.context(BE, "backend"));
		stage.runner.spawn(BE, "main", be.main);
		for (let i = 0; i < faults; i++) {
			const [at, status] = pick(FAULTS);
			stage.fault(
				at,
				1 + dice.pick("nth", 30),
				status,
				1 + dice.pick("times", 3),
			);
		}
		tasks.push(stage.start("bind", { dev }));
		for (let step = 0; step < 40; step++) {
			const object = pick(["A", "B"]);
			const framebuffer = pick(["f", "g"]);
			const rarely = dice.pick("rarely", 3) === 0;
			switch (dice.pick("step", 16)) {
				case 0:
					tasks.push(
						stage.start("gem.create", {
							dev,
							object,
							width: 64,
							height: 64,
							bpp: 32,
							size: 16384,
						}),
					);
					break;
				case 1:
					tasks.push(
						stage.start("prime.import", {
							dev,
							object,
							size: 8192,
							offset: pick([0, 512]),
						}),
					);
					break;
				case 2:
					tasks.push(stage.start("gem.close", { dev, object }));
					break;
				case 3:
					tasks.push(
						stage.start("fb.create", {
							dev,
							framebuffer,
							object,
							width: 64,
							height: 32,
							format: FORMAT,
						}),
					);
					break;
				case 4:
					tasks.push(stage.start("fb.destroy", { dev, framebuffer }));
					break;
				case 5:
					tasks.push(
						stage.start("mode.set", {
							dev,
							connector: 0,
							framebuffer,
							x: 0,
							y: 0,
							width: 64,
							height: 32,
							bpp: 32,
						}),
					);
					break;
				case 6:
					tasks.push(
						stage.start("page.flip", { dev, connector: 0, framebuffer }),
					);
					break;
				case 7:
					tasks.push(stage.start("edid.read", { dev, connector: 0 }));
					break;
				case 8:
					if (rarely) tasks.push(stage.start("unbind", { dev }));
					break;
				case 9:
					tasks.push(stage.start("bind", { dev }));
					break;
				case 10:
					if (!rarely) break;
					stage.runner.kill(BE);
					yield* ask("driver.exit", { domid: BE });
					be = backend(stage.context(BE, "backend"));
					stage.runner.spawn(BE, "main", be.main);
					break;
				case 11:
					if (!rarely) break;
					yield* ask("domain.hang", { domid: BE });
					yield* stage.sleep(pick([500, 4000, 15_000]));
					yield* ask("domain.resume", { domid: BE });
					break;
				case 12:
					if (!rarely) break;
					yield* askRemoval(BE, FE, dev);
					yield* stage.sleep(pick([1, 2000]));
					yield* deleteDevice(BE, FE, dev);
					yield* addDevice(shape);
					break;
				case 13:
					yield* stage.sleep(pick([1, 20, 100, 1000]));
					break;
				default:
					yield* stage.idle();
			}
		}
		yield* stage.sleep(1000);
		yield* stage.does("unbind", { dev });
		yield* askRemoval(BE, FE, dev);
		yield* stage.rest(30_000);
		yield* deleteDevice(BE, FE, dev);
		const stop = stage.runner.spawn(BE, "stop", be.stop);
		yield* ask("task.join", { task: stop.id, timeout: 60_000 });
		yield* stage.rest();
	});
	return {
		held: stage.held(),
		findings: stage.findings(),
		running: tasks
			.filter((task) => task.state === "runnable")
			.map((task) => task.name),
	};
}

test.each([0, 3])(
	"100 stories with %i faults in each end with nothing held, no rule broken and every operation answered",
	(faults) => {
		for (let seed = 1; seed <= 100; seed++)
			expect(story(seed, faults), `seed ${seed}`).toEqual({
				held: {},
				findings: [],
				running: [],
			});
	},
);
