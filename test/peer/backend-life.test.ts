/** The bus states: connecting, closing, restarting and dying, on either side. */
import { expect, test } from "vitest";
import { SeededChoices } from "../../src/base/choices.ts";
import { addDevice } from "../../src/peer/toolstack.ts";
import { ask, type Turns } from "../../src/xen/call.ts";
import {
	AT_REST,
	device,
	display,
	FE,
	FE2,
	Guest,
	Harness,
	type HarnessOptions,
} from "./harness.ts";

const BYTES = 64 * 64 * 4;

/** Play, then remove the devices and stop the driver: nothing is left, and no rule is broken. */
function life(
	script: (guest: Guest, harness: Harness) => Turns,
	options: HarnessOptions = {},
): Harness {
	const { devices = [device()] } = options;
	const harness = new Harness(options).play(function* (harness) {
		yield* script(new Guest(harness), harness);
		for (const { fe, dev } of devices)
			expect(yield* harness.remove(fe, dev)).toBe(true);
		yield* harness.rest();
		expect(harness.held()).toEqual(AT_REST);
		yield* harness.stop();
		yield* harness.rest();
	});
	expect(harness.held()).toEqual({});
	expect(harness.findings()).toEqual([]);
	return harness;
}

/** One buffer on screen and a flip under way. */
function* busy(guest: Guest): Turns {
	const shared = yield* guest.share(BYTES);
	expect(yield* guest.create(shared, 1n)).toBe(0);
	expect(yield* guest.attach(1n, 2n)).toBe(0);
	expect(yield* guest.setMode(2n)).toBe(0);
	expect(yield* guest.status("PG_FLIP", { fb_cookie: 2n })).toBe(0);
}

test("a device is offered with the versions, and connected when the frontend has published", () => {
	life(function* (guest, harness) {
		expect(yield* harness.node(`${guest.back}/versions`)).toBe("1,2");
		expect(yield* guest.backState()).toBe("2");
		yield* guest.connect();
		expect(yield* guest.backState()).toBe("4");
	});
});

test("a frontend without a version speaks version 1", () => {
	life(function* (guest) {
		yield* guest.prepare();
		yield* guest.rm("version");
		yield* guest.publish(undefined);
		yield* guest.harness.idle();
		expect(yield* guest.backState()).toBe("4");
	});
});

test.each<[string, (guest: Guest) => Turns]>([
	["a missing evt-ring-ref", (guest) => guest.rm("0/evt-ring-ref")],
	["a missing req-ring-ref", (guest) => guest.rm("0/req-ring-ref")],
	["a reserved reference", (guest) => guest.write("0/req-ring-ref", "1")],
	["a reference with a blank", (guest) => guest.write("0/req-ring-ref", " 9")],
	[
		"a reference that is not granted",
		(guest) => guest.write("0/req-ring-ref", "4000"),
	],
	["port 0", (guest) => guest.write("0/req-event-channel", "0")],
	["a foreign port", (guest) => guest.write("0/evt-event-channel", "999")],
	["a version that is not offered", (guest) => guest.write("version", "3")],
	["a version that is no number", (guest) => guest.write("version", "2 ")],
])(
	"after a handshake with %s it is Closed, and serves the next one",
	(_what, spoil) => {
		life(function* (guest, harness) {
			yield* guest.prepare();
			yield* guest.publish("2", 1);
			yield* spoil(guest);
			yield* guest.state(3);
			yield* harness.idle();
			expect(yield* guest.backState()).toBe("6");
			expect(harness.held().mapped).toBeUndefined();
			expect(harness.held().ports).toBeUndefined();
			yield* guest.disconnect();
			yield* guest.state(1);
			yield* harness.idle();
			expect(yield* guest.backState()).toBe("2");
			yield* guest.connect();
			yield* busy(guest);
		});
	},
);

test("a frontend that closes finds everything let go at Closed, and a new offer", () => {
	life(function* (guest, harness) {
		for (let round = 0; round < 3; round++) {
			yield* guest.connect();
			yield* busy(guest);
			yield* guest.state(5);
			yield* harness.idle();
			expect(yield* guest.backState()).toBe("2");
			expect(harness.held().mapped).toBeUndefined();
			expect(yield* guest.disconnect()).toEqual([0, 0]);
			yield* guest.state(6);
			yield* guest.state(1);
			yield* harness.idle();
		}
	});
});

test("a frontend that restarts without closing gets Closed, then a new offer", () => {
	life(function* (guest, harness) {
		yield* guest.connect();
		yield* busy(guest);
		yield* guest.state(1);
		yield* harness.idle();
		expect(yield* guest.backState()).toBe("2");
		expect(yield* guest.disconnect()).toEqual([0, 0]);
		yield* guest.connect();
		yield* busy(guest);
	});
});

test("a frontend in Reconfiguring is offered a new link when it is Initialising again", () => {
	life(function* (guest, harness) {
		yield* guest.connect();
		yield* guest.state(7);
		yield* harness.idle();
		expect(yield* guest.backState()).toBe("6");
		yield* guest.disconnect();
		yield* guest.state(1);
		yield* harness.idle();
		expect(yield* guest.backState()).toBe("2");
		yield* guest.connect();
	});
});

test("a state that is no number closes this device only", () => {
	const devices = [
		device(),
		device({
			dev: 1,
			connectors: [{ uniqueId: "screen-1", width: 800, height: 600 }],
		}),
	];
	life(
		function* (guest, harness) {
			const other = new Guest(harness, FE, 1);
			yield* guest.connect();
			yield* other.connect();
			yield* guest.state("four");
			yield* harness.idle();
			expect(yield* guest.backState()).toBe("6");
			expect(yield* other.backState()).toBe("4");
			yield* busy(other);
			yield* guest.disconnect();
			yield* guest.state(1);
			yield* harness.idle();
			yield* guest.connect();
		},
		{
			devices,
			world: { displays: [display(), display({ name: "screen-1" })] },
		},
	);
});

test("the toolstack removes a connected device and makes it anew, unseen in between", () => {
	life(function* (guest, harness) {
		yield* guest.connect();
		yield* busy(guest);
		yield* addDevice(device());
		yield* harness.idle();
		expect(yield* guest.backState()).toBe("2");
		expect(yield* guest.disconnect()).toEqual([0, 0]);
		yield* guest.connect();
		expect(yield* harness.remove()).toBe(true);
		yield* harness.idle();
		yield* addDevice(device());
		yield* harness.idle();
		yield* guest.disconnect();
		yield* guest.connect();
	});
});

test("after removal it stays Closed although the frontend is alive", () => {
	life(function* (guest, harness) {
		yield* guest.connect();
		const { back } = guest;
		const { tx } = yield* ask("xs.transaction-start", {});
		yield* ask("xs.write", { tx, path: `${back}/online`, value: "0" });
		yield* ask("xs.write", { tx, path: `${back}/state`, value: "5" });
		yield* ask("xs.transaction-end", { tx, commit: true });
		yield* harness.idle();
		expect(yield* guest.backState()).toBe("6");
		yield* guest.state(5);
		yield* guest.state(6);
		yield* guest.state(1);
		yield* harness.idle();
		expect(yield* guest.backState()).toBe("6");
	});
});

test("a guest is destroyed while it shows: nothing of it stays mapped, and no zombie", () => {
	const harness = new Harness().play(function* (harness) {
		const guest = new Guest(harness);
		yield* guest.connect();
		yield* busy(guest);
		yield* ask("domain.destroy", { domid: FE });
		yield* harness.idle();
		expect(yield* guest.backState()).toBe("6");
		expect(harness.world.domain(FE)).toBeUndefined();
		expect(yield* harness.remove()).toBe(true);
		yield* harness.rest();
	});
	expect(harness.held()).toEqual(AT_REST);
});

test("a killed backend is replaced: it closes the old link visibly and serves a new one", () => {
	const harness = new Harness().play(function* (harness) {
		const guest = new Guest(harness);
		yield* guest.connect();
		yield* busy(guest);
		const from = harness.journal.length;
		yield* harness.crashAndRestart();
		yield* harness.idle();
		const written = [...harness.journal.entries(from)].flatMap((entry) =>
			entry.kind === "xs.write" && entry.call.path.endsWith("/state")
				? [entry.call.value]
				: [],
		);
		expect(written).toEqual(["5", "6"]);
		yield* guest.disconnect();
		yield* guest.state(1);
		yield* harness.idle();
		expect(yield* guest.backState()).toBe("2");
		yield* guest.connect();
		yield* busy(guest);
		expect(yield* harness.remove()).toBe(true);
		yield* harness.stop();
	});
	expect(harness.held()).toEqual({});
	expect(harness.findings()).toEqual([]);
});

test("stop closes every device and gives back all it has", () => {
	const harness = new Harness({
		guests: [FE, FE2],
		devices: [device(), device({ fe: FE2 })],
	}).play(function* (harness) {
		for (const fe of [FE, FE2]) {
			const guest = new Guest(harness, fe);
			yield* guest.connect();
			yield* busy(guest);
		}
		yield* harness.stop();
		for (const fe of [FE, FE2])
			expect(yield* new Guest(harness, fe).backState()).toBe("6");
	});
	expect(harness.held()).toEqual({});
	expect(harness.findings()).toEqual([]);
	expect(harness.runner.tasks.every(({ state }) => state === "returned")).toBe(
		true,
	);
});

test("a lost display closes its devices; another guest's goes on", () => {
	const harness = new Harness({
		guests: [FE, FE2],
		devices: [
			device(),
			device({
				fe: FE2,
				connectors: [{ uniqueId: "screen-1", width: 800, height: 600 }],
			}),
		],
		world: { displays: [display(), display({ name: "screen-1" })] },
	}).play(function* (harness) {
		const [guest, other] = [new Guest(harness), new Guest(harness, FE2)];
		yield* guest.connect();
		yield* other.connect();
		yield* busy(guest);
		yield* busy(other);
		harness.world.displays[0]?.setManners({ lost: true }, harness.world.now);
		yield* harness.sleep(100);
		expect(yield* guest.backState()).toBe("6");
		expect(yield* guest.disconnect()).toEqual([0, 0]);
		expect(yield* other.backState()).toBe("4");
		expect(yield* other.events()).toEqual([{ id: 0, cookie: 2n }]);
		yield* guest.state(1);
		yield* harness.idle();
		yield* guest.prepare();
		yield* guest.publish();
		yield* harness.idle();
		expect(yield* guest.backState()).toBe("6");
		yield* harness.stop();
	});
	expect(harness.held()).toEqual({});
	expect(harness.findings()).toEqual([]);
});

test("twenty devices are connected at once, more than there may be transactions", () => {
	const devices = Array.from({ length: 20 }, (_, dev) => device({ dev }));
	for (let seed = 0; seed < 5; seed++)
		life(
			function* (_guest, harness) {
				const guests = devices.map(({ dev }) => new Guest(harness, FE, dev));
				for (const guest of guests) yield* guest.prepare();
				for (const guest of guests) yield* guest.publish();
				yield* harness.rest(5000);
				for (const guest of guests) expect(yield* guest.backState()).toBe("4");
			},
			{ devices, choices: new SeededChoices(seed, "many") },
		);
});

test("fifty orders of turns: connect, show, restart, close", () => {
	for (let seed = 0; seed < 50; seed++) {
		life(
			function* (guest, harness) {
				yield* guest.connect();
				yield* busy(guest);
				yield* guest.state(seed % 3 === 0 ? 1 : 5);
				yield* harness.idle();
				yield* guest.disconnect();
				yield* guest.state(1);
				yield* harness.idle();
				yield* guest.connect();
				yield* busy(guest);
				yield* harness.sleep(1 + seed * 3);
			},
			{ choices: new SeededChoices(seed, "life") },
		);
	}
});
