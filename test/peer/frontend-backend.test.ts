import { expect, test } from "vitest";
import { SeededChoices } from "../../src/base/choices.ts";
import { fourcc } from "../../src/displif/format.ts";
import { backend } from "../../src/peer/backend.ts";
import { askRemoval, deleteDevice } from "../../src/peer/toolstack.ts";
import { ask, type CallName, type Turns } from "../../src/xen/call.ts";
import { BE, device, FE, Stage, type StageOptions } from "./frontend-stage.ts";

const FORMAT = fourcc("XR24");

/** A frontend against the reference backend, to the removal of the device. */
function played(
	script: (stage: Stage) => Turns,
	options: StageOptions = {},
): Stage {
	const stage = new Stage({
		backend: "reference",
		...options,
	});
	stage.play(function* () {
		const be = backend(stage.context(BE, "backend"));
		stage.runner.spawn(BE, "main", be.main);
		yield* script(stage);
		yield* askRemoval(BE, FE, 0);
		yield* stage.rest(30_000);
		yield* deleteDevice(BE, FE, 0);
		const stop = stage.runner.spawn(BE, "stop", be.stop);
		yield* ask("task.join", { task: stop.id, timeout: 60_000 });
		yield* stage.rest();
	});
	return stage;
}

function* connected(stage: Stage): Turns {
	yield* stage.does("bind", { dev: 0 });
	for (let i = 0; i < 100 && (yield* stage.frontState()) !== "4"; i++)
		yield* stage.sleep(100);
}

/** Everything that a client does with one buffer. Statuses in order. */
function* session(stage: Stage, size = 64 * 64 * 4): Turns<number[]> {
	const statuses: number[] = [];
	const does = function* (...args: Parameters<Stage["does"]>): Turns {
		statuses.push((yield* stage.does(...args)).status);
	};
	yield* does("gem.create", {
		dev: 0,
		object: "A",
		width: 64,
		height: 64,
		bpp: 32,
		size,
	});
	yield* does("fb.create", {
		dev: 0,
		framebuffer: "f",
		object: "A",
		width: 64,
		height: 64,
		format: FORMAT,
	});
	yield* does("mode.set", {
		dev: 0,
		connector: 0,
		framebuffer: "f",
		x: 0,
		y: 0,
		width: 64,
		height: 64,
		bpp: 32,
	});
	for (let i = 0; i < 3; i++)
		yield* does("page.flip", { dev: 0, connector: 0, framebuffer: "f" });
	yield* does("mode.off", { dev: 0, connector: 0 });
	yield* does("fb.destroy", { dev: 0, framebuffer: "f" });
	yield* does("gem.close", { dev: 0, object: "A" });
	return statuses;
}

test.each([
	["0", 4],
	["0", 1023],
	["0", 2047],
	["1", 4],
	["1", 1024],
	["1", 2047],
])(
	"be-alloc %s, %i pages: a whole session, and nothing left on either side",
	(beAlloc, pages) => {
		const stage = played(
			function* (stage) {
				yield* connected(stage);
				expect(yield* session(stage, pages * 4096)).toEqual([
					0, 0, 0, 0, 0, 0, 0, 0, 0,
				]);
				expect(yield* stage.does("unbind", { dev: 0 })).toEqual({ status: 0 });
				expect(stage.held()).toEqual({});
			},
			{ devices: [device({ beAlloc })] },
		);
		expect(stage.findings("fe")).toEqual([]);
		expect(stage.findings("be")).toEqual([]);
	},
);

test("50 orders of turns in each mode", () => {
	for (const beAlloc of ["0", "1"])
		for (let seed = 1; seed <= 50; seed++) {
			const stage = played(
				function* (stage) {
					yield* connected(stage);
					expect(yield* session(stage), `seed ${seed}`).toEqual([
						0, 0, 0, 0, 0, 0, 0, 0, 0,
					]);
					expect(
						yield* stage.does("unbind", { dev: 0 }),
						`seed ${seed}`,
					).toEqual({ status: 0 });
				},
				{
					devices: [device({ beAlloc })],
					choices: new SeededChoices(seed, `pair ${beAlloc}`),
				},
			);
			expect(stage.held(), `seed ${seed}`).toEqual({});
			expect(stage.findings("fe"), `seed ${seed}`).toEqual([]);
		}
});

test("the toolstack removes the device under a client that holds a buffer on screen", () => {
	for (const beAlloc of ["0", "1"]) {
		const stage = played(
			function* (stage) {
				yield* connected(stage);
				for (const [name, args] of [
					[
						"gem.create",
						{ object: "A", width: 64, height: 64, bpp: 32, size: 16384 },
					],
					[
						"fb.create",
						{
							framebuffer: "f",
							object: "A",
							width: 64,
							height: 64,
							format: FORMAT,
						},
					],
					[
						"mode.set",
						{
							connector: 0,
							framebuffer: "f",
							x: 0,
							y: 0,
							width: 64,
							height: 64,
							bpp: 32,
						},
					],
				] as const)
					expect(
						(yield* stage.does(name, { dev: 0, ...args } as never)).status,
						name,
					).toBe(0);
				yield* askRemoval(BE, FE, 0);
				yield* stage.rest(10_000);
				expect(yield* stage.frontState()).toBe("7");
				expect(stage.held()).toMatchObject({ "gem-object": 1, framebuffer: 1 });
				expect(stage.held().page ?? 0).toBe(0);
				expect(stage.held().mapping ?? 0).toBe(0);
				expect(
					yield* stage.does("fb.destroy", { dev: 0, framebuffer: "f" }),
				).toEqual({ status: 0 });
				expect(yield* stage.does("gem.close", { dev: 0, object: "A" })).toEqual(
					{ status: 0 },
				);
				yield* stage.idle();
				expect(yield* stage.frontState()).toBe("1");
				expect(yield* stage.does("unbind", { dev: 0 })).toEqual({ status: 0 });
			},
			{ devices: [device({ beAlloc })] },
		);
		expect(stage.held()).toEqual({});
		expect(stage.findings("fe")).toEqual([]);
		expect(stage.findings("be")).toEqual([]);
	}
});

const FAULTS: readonly (readonly [CallName, number])[] = [
	["page.alloc", -12],
	["grant.reserve", -28],
	["grant.claim", -28],
	["grant.access", -14],
	["grant.map", -1],
	["balloon.take", -12],
	["evtchn.alloc-unbound", -28],
	["object.make", -12],
	["xs.write", -28],
	["xs.read", -5],
	["xs.transaction-start", -28],
	["xs.transaction-end", -11],
	["xs.watch", -12],
	["wait", -110],
];

test.each(["0", "1"])(
	"be-alloc %s: whichever call of a session fails, nothing is left at the end",
	(beAlloc) => {
		const plain = played(
			function* (stage) {
				yield* connected(stage);
				yield* session(stage);
				yield* stage.does("unbind", { dev: 0 });
			},
			{ devices: [device({ beAlloc })] },
		);
		for (const [at, status] of FAULTS) {
			let count = 0;
			for (const entry of plain.journal.entries())
				if (entry.kind === at && entry.domid === FE) count += 1;
			for (let nth = 1; nth <= count; nth++) {
				const stage = played(
					function* (stage) {
						stage.fault(at, nth, status);
						yield* connected(stage);
						yield* session(stage);
						yield* stage.does("unbind", { dev: 0 });
					},
					{ devices: [device({ beAlloc })] },
				);
				expect(stage.faults.idle(), `${at} ${nth} of ${count}`).toEqual([]);
				expect(stage.held(), `${at} ${nth} of ${count}`).toEqual({});
				expect(stage.findings("fe"), `${at} ${nth} of ${count}`).toEqual([]);
			}
		}
	},
);
