import { describe, expect, it } from "vitest";
import { SeededChoices } from "../../base/choices.ts";
import type { NamedOf } from "../stage.ts";
import { PATIENCE } from "./side.ts";
import { play } from "./testing.ts";

const SCRIPTED = "cast: { fe: scripted, be: reference }\n";
const CLEAN = { error: undefined, unmet: [], findings: [], crashes: [] };

describe("a scripted frontend that keeps the protocol", () => {
	const LIFE = `${SCRIPTED}steps:
  - wire.connect: {}
    state: { fe.state: Connected, be.state: Connected, fe.node(version): "2" }
  - wire.buffer: { as: buf, pages: 4 }
    delta: { fe.pages: +5, fe.grants: +5 }
  - wire.send: { op: DBUF_CREATE, of: buf }
    replies: ok
  - wire.send: { op: FB_ATTACH, of: buf, fb_cookie: 9, pixel_format: XR24 }
    replies: ok
  - wire.send: { op: FB_DETACH, fb_cookie: 9 }
    replies: ok
  - wire.send: { op: DBUF_DESTROY, of: buf }
    replies: ok
    state: { dbuf(buf).maps: 0 }
  - grant.end: { of: buf }
    delta: { fe.grants: -5, fe.reserved: 0 }
  - page.free: { of: buf }
    delta: { fe.pages: -5 }
`;

	it("connects, creates and destroys a buffer, and no rule objects", () => {
		const played = play(LIFE);
		expect(played).toMatchObject({ ...CLEAN, requests: 4 });
		expect(played.responses).toEqual([
			"DBUF_CREATE id=1 status=0",
			"FB_ATTACH id=2 status=0",
			"FB_DETACH id=3 status=0",
			"DBUF_DESTROY id=4 status=0",
		]);
	});

	it("does so under other orders of turns", () => {
		for (let seed = 1; seed <= 20; seed++)
			expect(play(LIFE, new SeededChoices(seed, "life"))).toMatchObject({
				...CLEAN,
				requests: 4,
			});
	});

	it("connects every connector, and again after that", () => {
		const played = play(`${SCRIPTED}world: { connectors: [800x600, 640x480] }
steps:
  - wire.connect: {}
    state: { fe.grants: 4, fe.ports: 4, be.maps(fe): 4 }
  - wire.send: { connector: 1, op: SET_CONFIG }
    replies: ok
  - wire.connect: {}
    state: { fe.grants: 4, fe.ports: 4, be.maps(fe): 4, be.state: Connected, fe.pages: 4 }
`);
		expect(played).toMatchObject({ ...CLEAN, requests: 1 });
	});

	it("laps the ring, waiting for each answer or only for slots", () => {
		for (const wait of [true, false]) {
			const played = play(`${SCRIPTED}steps:
  - wire.connect: {}
  - wire.send: { op: SET_CONFIG, count: 100, wait: ${wait} }
    replies: ok
    state: { fe.requests: 100, fe.replies: 100 }
`);
			expect(played).toMatchObject({ ...CLEAN, requests: 100 });
		}
	});

	it("learns the references of a buffer that the backend allocated", () => {
		const played =
			play(`${SCRIPTED}use: { fixture: connected, with: { be-alloc: "1" } }
steps:
  - wire.connect: {}
  - wire.buffer: { as: buf, pages: 3, grants: none }
    delta: { fe.grants: +1 }
  - wire.send: { op: DBUF_CREATE, of: buf, flags: REQ_ALLOC }
    replies: ok
    delta: { be.grants: +3 }
  - wire.map: { ref: $buf.ref, as: page }
    delta: { fe.maps: +1 }
  - wire.store: { page: buffer, of: buf, index: 2, word: 1023, value: 7 }
    delta: { fe.maps: 0 }
  - wire.unmap: { of: page }
    delta: { fe.maps: -1 }
  - grant.end: { of: buf }
    delta: { fe.grants: -1 }
  - wire.send: { op: DBUF_DESTROY, of: buf }
    replies: ok
    delta: { be.grants: -3 }
`);
		expect(played).toMatchObject(CLEAN);
	});

	it("has the EDID written into its pages", () => {
		const played = play(`${SCRIPTED}steps:
  - wire.connect: {}
  - wire.buffer: { as: buf, pages: 8 }
  - wire.send: { op: GET_EDID, of: buf }
    replies: ok
`);
		expect(played).toMatchObject(CLEAN);
		expect(played.responses[0]).toMatch(/GET_EDID id=1 status=0 edid_sz=\d+/);
	});

	it("confirms events while it waits, until the scenario stores in_cons", () => {
		const flips = (more: string) => `${SCRIPTED}steps:
  - wire.connect: {}
  - wire.buffer: { as: buf, pages: 469 }
  - wire.send: { op: DBUF_CREATE, of: buf, width: 800, height: 600 }
    replies: ok
  - wire.send: { op: FB_ATTACH, of: buf, fb_cookie: 9, width: 800, height: 600, pixel_format: XR24 }
    replies: ok
  - wire.send: { op: SET_CONFIG, fb_cookie: 9, width: 800, height: 600, bpp: 32 }
    replies: ok
${more}  - wire.send: { op: PG_FLIP, fb_cookie: 9 }
    replies: ok
  - wait: { ticks: 100 }
  - wire.send: { op: PG_FLIP, fb_cookie: 9 }
    replies: ok
  - wait: { ticks: 100 }
    state: { fe.events: 2, fe.ring(0).in_prod: 2, fe.ring(0).in_cons: CONS }
`;
		expect(play(flips("").replace("CONS", "1"))).toMatchObject(CLEAN);
		expect(
			play(
				flips("  - wire.index: { which: in_cons, to: 0 }\n").replace(
					"CONS",
					"0",
				),
			),
		).toMatchObject(CLEAN);
	});
});

describe("a scripted frontend that breaks the protocol", () => {
	it("leaves transport nodes out and writes others as they stand", () => {
		const played = play(`${SCRIPTED}steps:
  - wire.publish: { omit: [evt-ring-ref, version], set: { req-ring-ref: "4294967296", 0/strange: x }, state: Initialising }
    state:
      fe.state: Initialising
      fe.node(0/req-ring-ref): "4294967296"
      fe.node(0/strange): x
      fe.node(0/evt-ring-ref): absent
      fe.node(version): absent
`);
		expect(played).toMatchObject(CLEAN);
	});

	it("writes the directory's words as told", () => {
		const words: Record<string, number[][]> = {};
		const played = play(`${SCRIPTED}steps:
  - wire.connect: {}
  - wire.buffer: { as: loop, pages: 1025, directory: { loop: true } }
  - wire.buffer: { as: short, pages: 4, directory: { short: 3 } }
  - wire.buffer: { as: some, pages: 4, grants: [0, 2], directory: { next: 99 } }
  - wire.buffer: { as: entries, pages: 4, directory: { entries: [0, $short.ref] } }
`);
		expect(played).toMatchObject(CLEAN);
		const { names, journal } = played.play;
		const stores = [...journal.entries()].filter(
			(e) => e.kind === "page.store" && e.call.words.length === 1024,
		);
		const of = (name: string) => names.get(name) as NamedOf<"buffer">;
		for (const name of ["loop", "short", "some", "entries"])
			words[name] = stores.flatMap((e) =>
				e.kind === "page.store" && of(name).directoryGfns.includes(e.call.gfn)
					? [Array.from(e.call.words as Uint32Array)]
					: [],
			);
		const [dir0, dir1] = of("loop").directoryRefs;
		expect(words.loop?.[0]?.[0]).toBe(dir1);
		expect(words.loop?.[1]?.slice(0, 4)).toEqual([
			dir0,
			of("loop").refs[1023],
			of("loop").refs[1024],
			0,
		]);
		expect(words.short?.[0]?.slice(0, 6)).toEqual([
			0,
			of("short").refs[0],
			0,
			0,
			0,
			0,
		]);
		expect(words.some?.[0]?.slice(0, 6)).toEqual([
			99,
			of("some").refs[0],
			0,
			of("some").refs[2],
			0,
			0,
		]);
		expect(words.entries?.[0]?.slice(0, 4)).toEqual([
			0,
			0,
			of("short").refs[0],
			0,
		]);
	});

	it("fills reserved octets, puts raw words over fields and repeats an id", () => {
		const played = play(`${SCRIPTED}steps:
  - wire.connect: {}
  - wire.send: { op: FB_DETACH, fb_cookie: 18446744073709551615, reserved: 255, id: 65535, as: full }
    breaks: [reserved-zero, cookies]
    replies: error
  - wire.send: { op: 3, reserved: 1, as: low }
    breaks: [reserved-zero, displif.reserved-zero, request-form]
    replies: error
  - wire.send: { op: FB_DETACH, fb_cookie: $full.fb_cookie, raw: [0x00130007, 0, 5], as: raw }
    breaks: cookies
    replies: error
`);
		expect(played).toMatchObject(CLEAN);
		const words = (name: string) =>
			Array.from((played.play.names.get(name) as NamedOf<"request">).words);
		expect(words("full")).toEqual([
			0xff13ffff,
			...Array.from({ length: 15 }, () => 0xffffffff),
		]);
		expect(words("low").slice(0, 3)).toEqual([0x01030001, 0x01010101, 0]);
		expect(words("raw").slice(0, 4)).toEqual([0x00130007, 0, 5, 0xffffffff]);
	});

	it("keeps packets and indexes apart", () => {
		const played = play(`${SCRIPTED}steps:
  - wire.connect: {}
  - wire.send: { op: SET_CONFIG, count: 3, publish: false, wait: false }
    state: { fe.ring(0).req_prod: 0 }
  - wire.index: { which: req_prod, add: 3 }
    breaks: wake-up
  - wire.notify: { times: 5 }
    state: { fe.requests: 3, fe.replies: 3 }
  - wire.send: { op: SET_CONFIG }
    replies: ok
    state: { fe.ring(0).req_prod: 4 }
`);
		expect(played).toMatchObject({ ...CLEAN, requests: 4 });
	});

	it("begins its ring before the wrap of the index", () => {
		const played = play(`${SCRIPTED}steps:
  - wire.publish: { state: Initialising }
  - wire.index: { which: req_prod, to: 0xfffffff0 }
  - wire.index: { which: rsp_prod, to: 0xfffffff0 }
  - wire.state: { state: Initialised }
    eventually: { within: 100, state: { be.state: Connected } }
  - wire.state: { state: Connected }
  - wire.send: { op: SET_CONFIG, count: 40 }
    replies: ok
    state: { fe.requests: 40, fe.ring(0).req_prod: 24, fe.ring(0).rsp_prod: 24 }
`);
		expect(played).toMatchObject(CLEAN);
	});

	it("overflows the ring only when told so", () => {
		const played = play(`${SCRIPTED}steps:
  - wire.connect: {}
  - wire.index: { which: req_prod, add: 33 }
    breaks: ring.req-prod-in-bounds
  - wire.notify: {}
`);
		expect(played).toMatchObject(CLEAN);
	});

	it("frees granted pages, ends a mapped grant and closes ports", () => {
		const played = play(`${SCRIPTED}steps:
  - wire.connect: {}
  - wire.buffer: { as: buf, pages: 2 }
  - page.free: { of: buf }
    breaks: page-lifetime
    delta: { fe.pages: -3, fe.grants: 0 }
  - evtchn.close: { ring: evt }
    delta: { fe.ports: -1 }
  - wire.notify: { ring: evt }
    breaks: port-use
`);
		expect(played).toMatchObject(CLEAN);
	});

	it("neither maps nor copies what was granted to somebody else", () => {
		const played = play(`world: { guests: 2 }
cast: { fe: scripted, fe2: scripted, be: reference }
steps:
  - wire.connect: { by: fe }
  - wire.connect: { by: fe2 }
  - wire.buffer: { by: fe, as: buf, pages: 1 }
  - wire.map: { by: fe2, from: fe, ref: $buf.ref, as: stolen }
    breaks: foreign-memory
    delta: { fe2.maps: 0 }
  - wire.copy: { by: fe2, from: fe, ref: $buf.ref }
    breaks: foreign-memory
    delta: none
`);
		expect(played).toMatchObject(CLEAN);
		expect(played.play.names.has("stolen")).toBe(false);
	});
});

describe("what a scripted frontend cannot do", () => {
	const error = (text: string) => play(text).error;

	it("is said at the step", () => {
		expect(
			error(`${SCRIPTED}steps:\n  - wire.send: { op: SET_CONFIG }\n`),
		).toBe(
			"3: fe has published no connector 0 of device 0: wire.publish or wire.connect comes first",
		);
		expect(
			error(
				`${SCRIPTED}steps:\n  - wire.connect: {}\n  - wire.send: { op: 5, width: 4 }\n`,
			),
		).toBe("4: operation 0x5 has no field width: write its body with `raw`");
		expect(
			error(
				`${SCRIPTED}steps:\n  - domain.crash: { of: fe }\n  - wire.connect: {}\n`,
			),
		).toBe("4: fe cannot do wire.connect: its domain is crashed");
		expect(
			error(
				`${SCRIPTED}world: { pages: 16 }\nsteps:\n  - wire.buffer: { as: buf, pages: 17 }\n`,
			),
		).toBe("4: fe has no page left");
	});

	it("waits in bounded time for a backend that is not there", () => {
		const played = play(`${SCRIPTED}steps:
  - driver.stop: { of: be }
  - wire.state: { state: Closed }
  - wire.connect: {}
`);
		expect(played.error).toBe(
			`5: be did not go to InitWait within ${PATIENCE} ms: it is Closed`,
		);
		expect(played.crashes).toEqual([]);
	});

	it("misses the response of a hung backend, or leaves that to `replies`", () => {
		const hung = (more: string) => `${SCRIPTED}steps:
  - wire.connect: {}
  - domain.hang: { of: be }
  - wire.send: { op: SET_CONFIG }
${more}`;
		expect(play(hung("")).error).toBe(
			`5: be sent no response to id 1 within ${PATIENCE} ms`,
		);
		const told = play(hung("    replies: ok\n"));
		expect(told.error).toBeUndefined();
		expect(told.unmet).toEqual([
			"no response came to wire.send: expected ok, got no response",
		]);
	});

	it("does not fill the ring of a hung backend twice", () => {
		expect(
			play(`${SCRIPTED}steps:
  - wire.connect: {}
  - domain.hang: { of: be }
  - wire.send: { op: SET_CONFIG, count: 33, wait: false }
`).error,
		).toBe(
			`5: the ring of connector 0 is full: be sent no response to 32 requests within ${PATIENCE} ms`,
		);
	});
});
