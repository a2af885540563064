import { expect, test } from "vitest";
import { SeededChoices } from "../../src/base/choices.ts";
import {
	backendPath,
	deleteDevice,
	frontendPath,
} from "../../src/peer/toolstack.ts";
import { ask, type Turns } from "../../src/xen/call.ts";
import {
	BE,
	device,
	FE,
	Script,
	Stage,
	type StageOptions,
} from "./frontend-stage.ts";

const F = frontendPath(FE, 0);
const B = backendPath(BE, FE, 0);
const EAGAIN = -11;
const ENODEV = -19;
const EIO = -5;
const ETIMEDOUT = -110;
const TRANSPORT = [
	"version",
	...[
		"req-ring-ref",
		"req-event-channel",
		"evt-ring-ref",
		"evt-event-channel",
	].map((n) => `0/${n}`),
];
const A = {
	dev: 0,
	object: "A",
	width: 64,
	height: 64,
	bpp: 32,
	size: 4 * 4096,
};

/** Play, and expect nothing held and no rule broken at the end. */
function balanced(
	script: (stage: Stage, be: Script) => Turns,
	options: StageOptions = {},
): void {
	const stage = new Stage(options);
	stage.play(function* () {
		yield* script(stage, new Script(stage));
		yield* stage.rest();
	});
	expect(stage.held()).toEqual({});
	expect(stage.findings()).toEqual([]);
}

function* transport(stage: Stage): Turns<string[]> {
	const found: string[] = [];
	for (const name of TRANSPORT) {
		const value = yield* stage.node(`${F}/${name}`);
		if (value !== undefined) found.push(`${name}=${value}`);
	}
	return found;
}

/** The frontend's states in the order in which it wrote them. */
function written(stage: Stage): string[] {
	const states: string[] = [];
	for (const entry of stage.journal.entries())
		if (
			entry.kind === "xs.write" &&
			entry.domid === FE &&
			entry.call.path === `${F}/state`
		)
			states.push(entry.call.value);
	return states;
}

function* unbind(stage: Stage, be: Script): Turns {
	const task = stage.start("unbind", { dev: 0 });
	yield* stage.idle();
	yield* be.letGo();
	expect(yield* stage.join(task)).toEqual({ status: 0 });
}

test("a device that does not exist cannot be bound", () => {
	balanced(function* (stage) {
		expect(yield* stage.does("bind", { dev: 7 })).toEqual({ status: ENODEV });
		expect(yield* stage.does("unbind", { dev: 7 })).toEqual({ status: ENODEV });
	});
});

test("nothing is written before the backend is ready, whatever it does first", () => {
	balanced(function* (stage, be) {
		yield* stage.does("bind", { dev: 0 });
		for (const state of [5, 6, 1]) {
			yield* be.state(state);
			yield* stage.idle();
		}
		expect(written(stage)).toEqual([]);
		yield* be.connect();
		expect(written(stage)).toEqual(["3", "4"]);
		yield* unbind(stage, be);
	});
});

test("a backend that is ready before the frontend is found so at bind", () => {
	balanced(function* (stage, be) {
		yield* be.invite();
		yield* stage.does("bind", { dev: 0 });
		yield* stage.idle();
		expect(yield* stage.frontState()).toBe("3");
		yield* unbind(stage, be);
	});
});

test.each([
	["1,2", "2"],
	["2", "2"],
	["1", "1"],
	["1,7", "1"],
	[null, "1"],
])("of the versions %s it chooses %s", (offered, chosen) => {
	balanced(function* (stage, be) {
		yield* stage.does("bind", { dev: 0 });
		yield* be.invite(offered);
		yield* stage.idle();
		expect(yield* stage.node(`${F}/version`)).toBe(chosen);
		yield* unbind(stage, be);
	});
});

test.each([
	["versions", "3,4"],
	["versions", ""],
	["versions", "1,,2"],
	["resolution", "800*600"],
	["resolution", "0x600"],
	["resolution", undefined],
])(
	"a configuration with %s %o ends in Closed with a message",
	(what, value) => {
		balanced(function* (stage, be) {
			const path = `${F}/0/resolution`;
			if (what === "resolution")
				yield* value === undefined
					? ask("xs.rm", { tx: 0, path })
					: ask("xs.write", { tx: 0, path, value });
			yield* stage.does("bind", { dev: 0 });
			yield* be.invite(what === "versions" ? (value ?? null) : "1,2");
			yield* stage.idle();
			expect(written(stage)).toEqual(["5", "6"]);
			expect(
				yield* stage.node(`/local/domain/${FE}/error/device/vdispl/0/error`),
			).toMatch(/^\d+ /);
			yield* stage.does("unbind", { dev: 0 });
			yield* be.state(1);
			// Bound anew, with the fault repaired, it works.
			yield* ask("xs.write", { tx: 0, path, value: "800x600" });
			yield* stage.does("bind", { dev: 0 });
			yield* be.connect("1,2");
			expect(yield* stage.frontState()).toBe("4");
			yield* unbind(stage, be);
		});
	},
);

test.each([
	"Initialising",
	"InitWait",
	"Initialised",
	"Connected",
	"Reconfiguring",
	"Closed",
])("unbind in %s gives everything back", (state) => {
	balanced(function* (stage, be) {
		yield* stage.does("bind", { dev: 0 });
		if (state === "InitWait") stage.fault("xs.transaction-end", 1, EAGAIN, 50);
		if (state !== "Initialising")
			yield* be.invite(state === "Closed" ? "9" : "1,2");
		yield* stage.idle();
		if (state === "Connected" || state === "Reconfiguring") {
			yield* be.attach();
			yield* be.state(4);
			yield* stage.idle();
		}
		if (state === "Reconfiguring") {
			const create = stage.start("gem.create", A);
			yield* be.serve();
			yield* stage.join(create);
			yield* be.detach();
			yield* be.state(6);
			yield* stage.idle();
			expect(yield* stage.frontState()).toBe("7");
		}
		yield* unbind(stage, be);
		expect(yield* stage.frontState()).toBe("6");
		expect(yield* transport(stage)).toEqual([]);
	});
});

test.each([
	["Closed", 6],
	["Initialising", 1],
	["Unknown", 0],
])(
	"a backend that turns %s during the handshake gets a fresh one",
	(_name, state) => {
		balanced(function* (stage, be) {
			yield* stage.does("bind", { dev: 0 });
			yield* be.invite();
			yield* stage.idle();
			if (state === 0) yield* ask("xs.rm", { tx: 0, path: `${B}/state` });
			else yield* be.state(state);
			yield* stage.idle();
			expect(yield* stage.frontState()).toBe("1");
			expect(yield* transport(stage)).toEqual([]);
			expect(stage.held()).toEqual({ watch: 1, watches: 1 });
			yield* be.connect();
			expect(written(stage)).toEqual(["3", "1", "3", "4"]);
			yield* unbind(stage, be);
		});
	},
);

test("a backend that writes InitWait again during the handshake gets a fresh one in bounded time", () => {
	balanced(function* (stage, be) {
		yield* stage.does("bind", { dev: 0 });
		yield* be.invite();
		yield* stage.idle();
		yield* be.state(2);
		yield* stage.sleep(2000);
		expect(written(stage)).toEqual(["3", "1", "3"]);
		yield* be.connect();
		expect(yield* stage.frontState()).toBe("4");
		yield* unbind(stage, be);
	});
});

test("a watch that fires without cause changes nothing", () => {
	balanced(function* (stage, be) {
		yield* stage.does("bind", { dev: 0 });
		yield* be.invite();
		yield* stage.idle();
		for (let i = 0; i < 100; i++) yield* be.state(2);
		yield* be.attach();
		yield* be.state(4);
		yield* be.state(4);
		yield* stage.sleep(3000);
		for (let i = 0; i < 100; i++) yield* be.state(4);
		yield* stage.idle();
		expect(written(stage)).toEqual(["3", "4"]);
		yield* unbind(stage, be);
	});
});

test.each([
	["InitWait", 2],
	["Closed", 6],
	["Initialising", 1],
])(
	"a connected backend that comes back in %s is connected with fresh grants and ports",
	(_name, state) => {
		balanced(function* (stage, be) {
			yield* stage.does("bind", { dev: 0 });
			yield* be.connect();
			yield* be.detach();
			yield* be.state(state);
			yield* stage.idle();
			yield* be.connect();
			expect(written(stage)).toEqual(["3", "4", "1", "3", "4"]);
			const create = stage.start("gem.create", A);
			yield* be.serve();
			expect((yield* stage.join(create)).status).toBe(0);
			const close = stage.start("gem.close", { dev: 0, object: "A" });
			yield* be.serve();
			yield* stage.join(close);
			yield* unbind(stage, be);
		});
	},
);

test("while clients hold objects the device stays in Reconfiguring, and is connected again when they have let go", () => {
	balanced(function* (stage, be) {
		yield* stage.does("bind", { dev: 0 });
		yield* be.connect();
		const create = stage.start("gem.create", A);
		yield* be.serve();
		yield* stage.join(create);
		const attach = stage.start("fb.create", {
			dev: 0,
			framebuffer: "f",
			object: "A",
			width: 64,
			height: 64,
			format: 0x34325258,
		});
		yield* be.serve();
		yield* stage.join(attach);
		yield* be.letGo();
		yield* stage.idle();
		expect(yield* stage.frontState()).toBe("7");
		expect(stage.held()).toMatchObject({ "gem-object": 1, framebuffer: 1 });
		expect(stage.held().page).toBeUndefined();
		expect(
			(yield* stage.does("gem.create", { ...A, object: "B" })).status,
		).toBe(ENODEV);
		expect(
			(yield* stage.does("page.flip", {
				dev: 0,
				connector: 0,
				framebuffer: "f",
			})).status,
		).toBe(ENODEV);
		yield* stage.does("fb.destroy", { dev: 0, framebuffer: "f" });
		expect(yield* stage.frontState()).toBe("7");
		expect(yield* stage.does("gem.close", { dev: 0, object: "A" })).toEqual({
			status: 0,
		});
		yield* stage.idle();
		expect(yield* stage.frontState()).toBe("3");
		yield* be.attach();
		yield* be.state(4);
		yield* stage.idle();
		expect(written(stage)).toEqual(["3", "4", "7", "1", "3", "4"]);
		yield* unbind(stage, be);
	});
});

test("a closing backend lets the waiters go at once, and nothing that it may still map", () => {
	balanced(function* (stage, be) {
		yield* stage.does("bind", { dev: 0 });
		yield* be.connect();
		const create = stage.start("gem.create", A);
		yield* be.take();
		const before = stage.world.now;
		yield* be.state(5);
		expect(yield* stage.join(create)).toEqual({ status: EIO });
		expect(stage.world.now).toBe(before);
		expect(
			(yield* stage.does("gem.create", { ...A, object: "B" })).status,
		).toBe(ENODEV);
		expect(stage.held()).toMatchObject({ grant: 7, page: 7, port: 2 });
		expect(yield* stage.frontState()).toBe("4");
		yield* be.detach();
		yield* be.state(6);
		yield* stage.idle();
		expect(stage.held()).toEqual({ watch: 1, watches: 1 });
		yield* be.connect();
		yield* unbind(stage, be);
	});
});

test("a closing backend finds its own pages unmapped", () => {
	balanced(
		function* (stage, be) {
			yield* stage.does("bind", { dev: 0 });
			yield* be.connect();
			const create = stage.start("gem.create", A);
			const request = yield* be.take();
			if (request.operation !== "DBUF_CREATE") return;
			yield* be.allocate(request.body.gref_directory, 4);
			yield* be.answer(request);
			yield* stage.join(create);
			yield* be.state(5);
			yield* stage.idle();
			expect(stage.held().mapping).toBeUndefined();
			yield* be.detach();
			yield* be.state(6);
			yield* stage.idle();
			expect(yield* stage.frontState()).toBe("7");
			expect(stage.held()["balloon page"]).toBeUndefined();
			yield* stage.does("unbind", { dev: 0 });
		},
		{ devices: [device({ beAlloc: "1" })] },
	);
});

test("the backend's domain dies in every phase", () => {
	for (const phase of ["Initialised", "Connected", "create", "held"])
		balanced(function* (stage, be) {
			yield* stage.does("bind", { dev: 0 });
			yield* be.invite();
			yield* stage.idle();
			if (phase !== "Initialised") {
				yield* be.attach();
				yield* be.state(4);
				yield* stage.idle();
			}
			const create =
				phase === "create" || phase === "held"
					? stage.start("gem.create", A)
					: undefined;
			if (create !== undefined) {
				const request = yield* be.take();
				if (phase === "held") yield* be.answer(request);
			}
			yield* stage.idle();
			yield* ask("domain.destroy", { domid: BE });
			yield* stage.idle();
			if (create !== undefined)
				expect((yield* stage.join(create)).status).toBe(
					phase === "held" ? 0 : EIO,
				);
			expect(yield* stage.frontState()).toBe(phase === "held" ? "7" : "1");
			if (phase === "held")
				yield* stage.does("gem.close", { dev: 0, object: "A" });
			yield* stage.idle();
			expect(yield* stage.frontState()).toBe("1");
			yield* stage.does("unbind", { dev: 0 });
		});
});

test("a backend that never lets go is waited for 10 s, and what it maps stays out of use until it unmaps", () => {
	const stage = new Stage();
	stage.play(function* () {
		const be = new Script(stage);
		yield* stage.does("bind", { dev: 0 });
		yield* be.connect();
		const create = stage.start("gem.create", A);
		yield* be.take();
		const before = stage.world.now;
		const task = stage.start("unbind", { dev: 0 });
		yield* stage.join(create);
		expect(yield* stage.join(task)).toEqual({ status: ETIMEDOUT });
		expect(stage.world.now - before).toBeLessThanOrEqual(11_000);
		expect(yield* stage.frontState()).toBe("6");
		yield* stage.sleep(10_000);
		expect(stage.held()).toMatchObject({ page: 2, grant: 2 });
		yield* be.detach();
		yield* stage.rest();
	});
	expect(stage.held()).toEqual({});
	expect(stage.findings()).toEqual([]);
});

test("the toolstack's forced removal leaves nothing and resurrects nothing", () => {
	balanced(function* (stage, be) {
		yield* stage.does("bind", { dev: 0 });
		yield* be.connect();
		yield* be.detach();
		yield* deleteDevice(BE, FE, 0);
		yield* stage.idle();
		yield* stage.does("unbind", { dev: 0 });
		expect(yield* stage.node(F)).toBeUndefined();
	});
});

test("transactions that meet conflicts are made anew; without end they close the device", () => {
	for (const conflicts of [1, 7, 100])
		balanced(function* (stage, be) {
			yield* stage.does("bind", { dev: 0 });
			yield* stage.idle();
			stage.fault("xs.transaction-end", 1, EAGAIN, conflicts);
			yield* be.invite();
			yield* stage.idle();
			expect(yield* stage.frontState()).toBe(conflicts < 100 ? "3" : "6");
			yield* unbind(stage, be);
		});
});

test("each step of the handshake may fail: the device is Closed with nothing left, and can be bound again", () => {
	const devices = [
		device({
			connectors: [
				{ uniqueId: "a", width: 800, height: 600 },
				{ uniqueId: "b", width: 640, height: 480 },
			],
		}),
	];
	for (const [at, positions] of [
		["page.alloc", 4],
		["grant.reserve", 4],
		["grant.claim", 4],
		["grant.access", 4],
		["evtchn.alloc-unbound", 4],
		["xs.write", 9],
		["xs.transaction-start", 1],
		["xs.read", 6],
		["object.make", 2],
	] as const)
		for (let nth = 1; nth <= positions; nth++)
			balanced(
				function* (stage, be) {
					yield* stage.does("bind", { dev: 0 });
					yield* stage.idle();
					stage.fault(at, nth, -28);
					yield* be.invite();
					yield* stage.idle();
					if ((yield* stage.frontState()) === "3") {
						yield* be.attach();
						yield* be.state(4);
						yield* stage.idle();
						yield* be.detach();
						yield* be.state(6);
						yield* stage.idle();
					}
					const state = yield* stage.frontState();
					expect(["1", "6"], `${at} ${nth}`).toContain(state);
					expect(stage.held(), `${at} ${nth}`).toEqual({
						watch: 1,
						watches: 1,
					});
					yield* stage.does("unbind", { dev: 0 });
					yield* stage.does("bind", { dev: 0 });
					yield* be.connect();
					expect(yield* stage.frontState(), `${at} ${nth}`).toBe("4");
					yield* unbind(stage, be);
				},
				{ devices },
			);
});

test("each call of bind may fail", () => {
	for (const [at, positions] of [
		["xs.read", 3],
		["xs.watch", 1],
		["xs.transaction-start", 3],
	] as const)
		for (let nth = 1; nth <= positions; nth++)
			balanced(function* (stage) {
				stage.fault(at, nth, -28);
				const { status } = yield* stage.does("bind", { dev: 0 });
				if (status === 0) yield* stage.does("unbind", { dev: 0 });
				else expect(stage.held()).toEqual({});
			});
});

test("two devices, and one whose number begins like another's, are told apart", () => {
	const devices = [1, 10].map((dev) => device({ dev }));
	const stage = new Stage({ devices });
	stage.play(function* () {
		const [one, ten] = [new Script(stage, 1), new Script(stage, 10)];
		for (const { dev } of devices) yield* stage.does("bind", { dev });
		yield* ten.connect();
		expect(yield* stage.frontState(10)).toBe("4");
		expect(yield* stage.frontState(1)).toBe("1");
		yield* one.connect();
		yield* ten.detach();
		yield* ten.state(6);
		yield* stage.idle();
		expect(yield* stage.frontState(10)).toBe("1");
		expect(yield* stage.frontState(1)).toBe("4");
		yield* one.detach();
		yield* one.state(6);
		for (const { dev } of devices)
			expect(yield* stage.does("unbind", { dev })).toEqual({ status: 0 });
	});
	expect(stage.held()).toEqual({});
	expect(stage.findings()).toEqual([]);
});

test("50 orders of turns: connect, create, close, lose the backend, connect again, unbind", () => {
	for (let seed = 1; seed <= 50; seed++)
		balanced(
			function* (stage, be) {
				yield* stage.does("bind", { dev: 0 });
				for (let round = 0; round < 2; round++) {
					yield* be.connect();
					expect(yield* stage.frontState(), `seed ${seed}`).toBe("4");
					const [a, b] = [
						stage.start("gem.create", A),
						stage.start("gem.create", { ...A, object: "B" }),
					];
					yield* be.serve();
					yield* be.serve();
					for (const task of [a, b])
						expect((yield* stage.join(task)).status).toBe(0);
					const closes = ["A", "B"].map((object) =>
						stage.start("gem.close", { dev: 0, object }),
					);
					yield* be.serve();
					if (round === 1) {
						yield* be.letGo();
						for (const task of closes) yield* stage.join(task);
						break;
					}
					yield* be.serve();
					for (const task of closes) yield* stage.join(task);
					yield* be.letGo();
					yield* stage.idle();
				}
				yield* stage.does("unbind", { dev: 0 });
			},
			{ choices: new SeededChoices(seed, "states") },
		);
});
