/** What the display does with buffers, and when the backend may say so: flips, detach, a consumer that holds or presents nothing. */
import { expect, test } from "vitest";
import { SeededChoices } from "../../src/base/choices.ts";
import { encodeRequest } from "../../src/displif/packet.ts";
import { ask, type Turns } from "../../src/xen/call.ts";
import type { DisplayManners } from "../../src/xen/display.ts";
import {
	device,
	display,
	FE,
	FE2,
	Guest,
	Harness,
	type HarnessOptions,
	type Shared,
} from "./harness.ts";

const EBUSY = -16;
const BYTES = 64 * 64 * 4;

/** Two framebuffers, 11 and 12, the first on screen; afterwards all is closed and nothing is left. */
function shown(
	script: (guest: Guest, harness: Harness, buffers: Shared[]) => Turns,
	options: HarnessOptions = {},
): Harness {
	const harness = new Harness(options).play(function* (harness) {
		const guest = new Guest(harness);
		yield* guest.connect();
		const buffers: Shared[] = [];
		for (const n of [1n, 2n]) {
			const shared = yield* guest.share(BYTES);
			buffers.push(shared);
			expect(yield* guest.create(shared, n)).toBe(0);
			expect(yield* guest.attach(n, 10n + n)).toBe(0);
		}
		expect(yield* guest.setMode(11n)).toBe(0);
		yield* harness.sleep(50);
		yield* script(guest, harness, buffers);
		expect(yield* harness.remove()).toBe(true);
		yield* harness.rest();
		yield* harness.stop();
	});
	expect(harness.held()).toEqual({});
	expect(harness.findings()).toEqual([]);
	return harness;
}

const manners = (harness: Harness, next: Partial<DisplayManners>): void =>
	harness.world.displays[0]?.setManners(next, harness.world.now);

const flip = (guest: Guest, fb: bigint): Turns<number> =>
	guest.status("PG_FLIP", { fb_cookie: fb });

test("a flip's event comes when the display presents it, not at its frame callback", () => {
	shown(function* (guest, harness) {
		expect(yield* flip(guest, 12n)).toBe(0);
		yield* harness.sleep(16);
		expect(yield* guest.events()).toEqual([]);
		yield* harness.sleep(1);
		yield* harness.idle();
		expect(yield* guest.events()).toEqual([{ id: 0, cookie: 12n }]);
	});
});

test("flips in a row get their events in order, each once", () => {
	shown(function* (guest, harness) {
		for (let i = 0; i < 10; i++)
			expect(yield* flip(guest, i % 2 === 0 ? 12n : 11n)).toBe(0);
		yield* harness.sleep(1000);
		expect(yield* guest.events()).toEqual(
			Array.from({ length: 10 }, (_, id) => ({
				id,
				cookie: id % 2 === 0 ? 12n : 11n,
			})),
		);
		yield* harness.sleep(5000);
		expect(yield* guest.events()).toEqual([]);
	});
});

test("a display that presents nothing does not keep an event back for more than a second", () => {
	shown(function* (guest, harness) {
		manners(harness, { withhold: true });
		expect(yield* flip(guest, 12n)).toBe(0);
		yield* harness.sleep(700);
		expect(yield* flip(guest, 11n)).toBe(0);
		expect(yield* guest.events()).toEqual([]);
		yield* harness.sleep(301);
		expect(yield* guest.events()).toEqual([{ id: 0, cookie: 12n }]);
		yield* harness.sleep(700);
		expect(yield* guest.events()).toEqual([{ id: 1, cookie: 11n }]);
		manners(harness, { withhold: false });
		yield* harness.sleep(5000);
		expect(yield* guest.events()).toEqual([]);
	});
});

test("detaching what waits to be presented sends its event first", () => {
	shown(function* (guest, harness) {
		manners(harness, { withhold: true });
		expect(yield* flip(guest, 12n)).toBe(0);
		expect(yield* guest.status("FB_DETACH", { fb_cookie: 12n })).toBe(0);
		expect(yield* guest.events()).toEqual([{ id: 0, cookie: 12n }]);
		yield* harness.sleep(5000);
		expect(yield* guest.events()).toEqual([]);
	});
});

test("a covered surface gives back what it showed before when its queue is emptied", () => {
	shown(function* (guest, harness, [one]) {
		manners(harness, { withhold: true });
		expect(yield* flip(guest, 12n)).toBe(0);
		yield* harness.sleep(1001);
		expect(yield* guest.events()).toHaveLength(1);
		const before = harness.world.now;
		expect(yield* guest.status("FB_DETACH", { fb_cookie: 11n })).toBe(0);
		expect(harness.world.now - before).toBeLessThan(2000);
		expect(yield* guest.status("DBUF_DESTROY", { dbuf_cookie: 1n })).toBe(0);
		expect(yield* guest.unshare(one as Shared)).toEqual(Array(5).fill(0));
		manners(harness, { withhold: false });
		yield* harness.sleep(100);
		expect(harness.world.displays[0]?.current).not.toBe(0);
	});
});

test("what the consumer holds is neither detached nor destroyed until it lets go", () => {
	shown(function* (guest, harness, [one]) {
		manners(harness, { hold: true });
		const before = harness.world.now;
		expect(yield* guest.status("FB_DETACH", { fb_cookie: 11n })).toBe(EBUSY);
		expect(harness.world.now - before).toBe(2000);
		expect(yield* guest.status("DBUF_DESTROY", { dbuf_cookie: 1n })).toBe(
			EBUSY,
		);
		expect((yield* guest.unshare(one as Shared)).slice(0, 4)).toEqual(
			Array(4).fill(EBUSY),
		);
		// It stays attached: it can be shown again.
		expect(yield* guest.setMode(11n)).toBe(0);
		manners(harness, { hold: false });
		expect(yield* guest.status("FB_DETACH", { fb_cookie: 11n })).toBe(0);
		expect(yield* guest.status("DBUF_DESTROY", { dbuf_cookie: 1n })).toBe(0);
	});
});

test("a consumer that lets go while the detach waits ends the wait", () => {
	shown(function* (guest, harness) {
		manners(harness, { hold: true });
		const id = yield* guest.send("FB_DETACH", { fb_cookie: 11n });
		yield* harness.sleep(500);
		expect(yield* guest.responses()).toEqual([]);
		manners(harness, { hold: false });
		yield* harness.sleep(1);
		expect(yield* guest.responses()).toMatchObject([{ id, status: 0 }]);
	});
});

test("a detach that waits does not keep the responses before it", () => {
	shown(function* (guest, harness) {
		manners(harness, { hold: true });
		yield* guest.as(function* () {
			const { ring, requestPort } = guest.wires[0] as (typeof guest.wires)[0];
			yield* ring.put(encodeRequest("PG_FLIP", { id: 71, fb_cookie: 12n }));
			yield* ring.put(encodeRequest("FB_DETACH", { id: 72, fb_cookie: 11n }));
			yield* ring.push();
			yield* ask("evtchn.notify", { port: requestPort });
		});
		yield* harness.sleep(100);
		expect(yield* guest.responses()).toMatchObject([{ id: 71, status: 0 }]);
		expect(yield* guest.events()).toEqual([{ id: 0, cookie: 12n }]);
		yield* harness.sleep(3000);
		expect(yield* guest.responses()).toMatchObject([{ id: 72 }]);
	});
});

test("a full event page keeps events and numbers, and refuses to owe ever more", () => {
	shown(function* (guest, harness) {
		let sent = 0;
		for (let i = 0; i < 200; i++) {
			const status = yield* flip(guest, 11n);
			if (status === EBUSY) break;
			expect(status).toBe(0);
			sent += 1;
			yield* harness.sleep(40);
		}
		expect(sent).toBe(126);
		const first = yield* guest.events();
		expect(first.map(({ id }) => id)).toEqual(
			Array.from({ length: 63 }, (_, id) => id),
		);
		yield* harness.sleep(300);
		const second = yield* guest.events();
		expect(second.map(({ id }) => id)).toEqual(
			Array.from({ length: 63 }, (_, id) => 63 + id),
		);
		expect(yield* flip(guest, 11n)).toBe(0);
		yield* harness.sleep(40);
		expect(yield* guest.events()).toEqual([{ id: 126, cookie: 11n }]);
	});
});

test("two guests on one display: one closes, the other's picture and flips go on", () => {
	const harness = new Harness({
		guests: [FE, FE2],
		devices: [device(), device({ fe: FE2 })],
	}).play(function* (harness) {
		const guests = [new Guest(harness), new Guest(harness, FE2)];
		for (const guest of guests) {
			yield* guest.connect();
			const shared = yield* guest.share(BYTES);
			expect(yield* guest.create(shared, 1n)).toBe(0);
			expect(yield* guest.attach(1n, 2n)).toBe(0);
			expect(yield* guest.setMode(2n)).toBe(0);
		}
		yield* harness.sleep(100);
		manners(harness, { hold: true });
		const [first, second] = guests as [Guest, Guest];
		expect(yield* flip(first, 2n)).toBe(0);
		yield* harness.sleep(100);
		yield* first.state(5);
		yield* harness.idle();
		expect(yield* first.backState()).toBe("2");
		// The display still holds the picture: its pages stay mapped until it lets go.
		expect(harness.held().mapping).toBe(4 + 2 + 4);
		expect(yield* flip(second, 2n)).toBe(0);
		manners(harness, { hold: false });
		yield* harness.sleep(4000);
		expect(harness.held().mapping).toBe(2 + 4);
		expect(yield* second.events()).toEqual([{ id: 0, cookie: 2n }]);
		yield* harness.stop();
	});
	expect(harness.held()).toEqual({});
});

test("fifty orders of turns: flips, detach and off while others are presented", () => {
	for (let seed = 0; seed < 50; seed++)
		shown(
			function* (guest, harness) {
				for (let i = 0; i < 4; i++) {
					expect(yield* flip(guest, i % 2 === 0 ? 12n : 11n)).toBe(0);
					yield* harness.sleep(1 + ((seed * 7 + i) % 20));
				}
				expect(yield* guest.status("FB_DETACH", { fb_cookie: 12n })).toBe(0);
				expect(yield* guest.off()).toBe(0);
				const events = yield* guest.events();
				expect(events.map(({ id }) => id)).toEqual([0, 1, 2, 3]);
			},
			{
				choices: new SeededChoices(seed, "display"),
				world: { displays: [display({ frameTicks: 1 + (seed % 16) })] },
			},
		);
});
