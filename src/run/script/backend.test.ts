import { describe, expect, it } from "vitest";
import { SeededChoices } from "../../base/choices.ts";
import { PATIENCE } from "./side.ts";
import { play } from "./testing.ts";

const SCRIPTED = "cast: { fe: reference, be: scripted }\n";
const BOTH = "cast: { fe: scripted, be: scripted }\n";
const CLEAN = { error: undefined, unmet: [], findings: [], crashes: [] };
/** Two scripted sides connect step by step: neither can wait for the other within one step. */
const MEET = `  - wire.state: { by: be, state: InitWait }
    breaks: version-chosen
  - wire.publish: { by: fe }
  - wire.connect: { by: be }
  - wire.state: { by: fe, state: Connected }
    state: { fe.state: Connected, be.state: Connected, be.maps(fe): 2, be.ports: 2 }
`;

describe("a scripted backend that keeps the protocol", () => {
	it("serves a driver from connect to unbind", () => {
		const life = `${SCRIPTED}steps:
  - wire.connect: {}
    state: { fe.state: Connected, be.state: Connected, be.node(versions): "1,2" }
  - wire.serve: {}
  - gem.create: { as: buf, width: 64, height: 64, bpp: 32 }
    replies: ok
  - fb.create: { of: buf, as: fb, width: 64, height: 64 }
    replies: ok
  - mode.set: { of: fb, width: 64, height: 64 }
    replies: ok
  - page.flip: { of: fb }
    replies: ok
    state: { fe.events: 1, fe.ring(0).in_cons: 1 }
  - edid.read: {}
    replies: ok
  - mode.off: {}
    replies: ok
  - fb.destroy: { of: fb }
    replies: ok
  - gem.close: { of: buf }
    replies: ok
`;
		const played = play(life);
		expect(played).toMatchObject(CLEAN);
		expect(played.events).toHaveLength(1);
		expect(played.responses[4]).toMatch(/GET_EDID id=\d+ status=0 edid_sz=128/);
		for (let seed = 1; seed <= 20; seed++)
			expect(play(life, new SeededChoices(seed, "serve"))).toMatchObject(CLEAN);
	});

	it("allocates for the frontend and takes its pages back", () => {
		const played =
			play(`${SCRIPTED}use: { fixture: connected, with: { be-alloc: "1" } }
steps:
  - wire.connect: {}
  - wire.serve: {}
  - gem.create: { as: buf, pages: 1025 }
    sends: { op: DBUF_CREATE, flags: REQ_ALLOC }
    replies: ok
    delta: { be.grants: +1025, be.pages: +1025, be.maps: 0, fe.maps: +1025 }
  - gem.close: { of: buf }
    replies: ok
    delta: { be.grants: -1025, be.pages: -1025, fe.maps: -1025 }
`);
		expect(played).toMatchObject(CLEAN);
	});

	it("refuses to allocate more than it has, and keeps nothing", () => {
		const played =
			play(`${SCRIPTED}use: { fixture: connected, with: { be-alloc: "1", pages: { be: 64, fe: 4096 } } }
steps:
  - wire.connect: {}
  - wire.serve: {}
  - gem.create: { as: buf, pages: 100 }
    fails: error
    replies: -ENOMEM
    delta: { be.grants: 0, be.pages: 0 }
`);
		expect(played).toMatchObject(CLEAN);
	});

	it("meets a scripted frontend step by step, takes its requests and answers them", () => {
		const played = play(`${BOTH}steps:
${MEET}  - wire.send: { by: fe, op: FB_ATTACH, dbuf_cookie: 3, fb_cookie: 9, wait: false, count: 2 }
    breaks: [cookies, sizes-agree]
  - wire.take: { by: be, op: FB_ATTACH, as: first }
  - wire.take: { by: be, op: FB_ATTACH, as: second }
  - wire.reply: { by: be, to: second, status: -ENOENT }
  - wire.reply: { by: be }
    breaks: [cookies, sizes-agree]
    state: { fe.replies: 2, fe.waiting: 0 }
  - wire.event: { by: be, of: first, times: 2 }
    breaks: flips-paired
    state: { fe.events: 2, fe.ring(0).in_prod: 2 }
  - wire.serve: { by: be, count: 100 }
  - wire.send: { by: fe, op: SET_CONFIG, count: 100 }
    replies: ok
    state: { fe.requests: 102, fe.replies: 102 }
`);
		expect(played).toMatchObject(CLEAN);
		expect(played.responses.slice(0, 2)).toEqual([
			"FB_ATTACH id=2 status=-2 (-ENOENT)",
			"FB_ATTACH id=1 status=0",
		]);
		expect(played.events).toEqual([
			"PG_FLIP id=0 fb_cookie=0x9",
			"PG_FLIP id=1 fb_cookie=0x9",
		]);
	});

	it("serves each guest's connectors on their own rings", () => {
		const played = play(`world: { guests: 2, connectors: [800x600, 640x480] }
cast: { fe: reference, fe2: reference, be: scripted }
steps:
  - wire.connect: {}
    state: { fe.state: Connected, fe2.state: Connected, be.maps: 8 }
  - wire.serve: {}
  - mode.off: { by: fe2, connector: 1 }
  - edid.read: { by: fe, connector: 1 }
    replies: ok
`);
		expect(played).toMatchObject(CLEAN);
	});

	it("connects again with the frontend's new pages", () => {
		const played = play(`${SCRIPTED}steps:
  - wire.connect: {}
    delta: { be.maps: 2, be.ports: 2 }
  - wire.connect: {}
    state: { fe.state: Connected, be.state: Connected, be.maps: 2, be.ports: 2 }
  - wire.serve: {}
  - mode.off: {}
`);
		expect(played).toMatchObject(CLEAN);
	});

	it("stops serving after its count and when the scenario takes a request itself", () => {
		const played = play(`${BOTH}steps:
${MEET}  - wire.serve: { by: be, count: 2 }
  - wire.send: { by: fe, op: SET_CONFIG, count: 3, wait: false }
    state: { fe.replies: 2, fe.waiting: 1 }
  - wire.serve: { by: be }
    state: { fe.replies: 3, fe.waiting: 0 }
  - wire.send: { by: fe, op: SET_CONFIG, wait: false }
    state: { fe.replies: 4 }
  - wire.serve: { by: be, count: 1 }
  - wire.serve: { by: be, except: { SET_CONFIG: { silent: true }, FB_DETACH: { status: -EBUSY } } }
  - wire.send: { by: fe, op: FB_DETACH }
    breaks: cookies
    replies: -EBUSY
  - wire.send: { by: fe, op: SET_CONFIG, wait: false }
    state: { fe.waiting: 1 }
  - wire.reply: { by: be }
    state: { fe.waiting: 0 }
  - wire.send: { by: fe, op: 200 }
    breaks: request-form
    replies: -EOPNOTSUPP
`);
		expect(played).toMatchObject(CLEAN);
		const took = play(`${BOTH}steps:
${MEET}  - wire.serve: { by: be }
  - wire.send: { by: fe, op: SET_CONFIG }
  - wire.take: { by: be }
`);
		expect(took.error).toBe(
			`11: no request came on connector 0 within ${PATIENCE} ms`,
		);
	});
});

describe("a scripted backend beside a driver's operations", () => {
	it("takes what an operation sends while it waits, and answers it", () => {
		const played = play(`${SCRIPTED}steps:
  - wire.connect: {}
  - gem.create: { as: buf, pages: 2 }
    async: create
  - wire.take: { op: DBUF_CREATE, as: request }
  - wire.map: { ref: $request.gref_directory, as: directory, readonly: true }
    delta: { be.maps: +1 }
  - wire.reply: { to: request }
  - join: { of: create }
  - wire.unmap: { of: directory }
  - wire.serve: {}
    note: For the driver's own leave-taking.
`);
		expect(played).toMatchObject(CLEAN);
	});

	it("writes into the directory and the pages of a request that it has taken", () => {
		const played = play(`${SCRIPTED}steps:
  - wire.connect: {}
  - gem.create: { as: buf, pages: 1024 }
    async: create
  - wire.take: { op: DBUF_CREATE, as: request }
  - wire.store: { page: buffer, of: request, index: 1023, word: 5, value: 7 }
  - wire.store: { page: directory, of: request, index: 1, word: 1, value: 99 }
  - wire.reply: { to: request }
  - join: { of: create }
    state: { dbuf(buf).directory.refs: 1024 }
  - wire.serve: {}
  - gem.close: { of: buf }
`);
		expect(played).toMatchObject(CLEAN);
		const stores = [...played.play.journal.entries()].flatMap((e) =>
			e.kind === "page.store" && e.domid === 1 && e.call.words.length === 1
				? [[e.call.word, e.call.words[0]]]
				: [],
		);
		expect(stores).toContainEqual([5, 7]);
		expect(stores).toContainEqual([1, 99]);
		const names = `${SCRIPTED}steps:
  - wire.connect: {}
  - mode.off: {}
    async: off
  - wire.take: { as: request }
  - wire.store: { page: directory, of: request, word: 1, value: 0 }
`;
		expect(play(names).error).toBe(
			"7: request names no pages: SET_CONFIG id=1 fb_cookie=0x0 x=0 y=0 width=0 height=0 bpp=0",
		);
	});

	it("says which request did not come", () => {
		expect(
			play(
				`${SCRIPTED}steps:\n  - wire.connect: {}\n  - wire.take: { op: PG_FLIP }\n`,
			).error,
		).toBe(`4: no PG_FLIP came on connector 0 within ${PATIENCE} ms`);
	});

	it("connects a guest that was created anew", () => {
		const played = play(`${BOTH}steps:
${MEET}  - domain.destroy: { of: fe }
    state: { fe.life: zombie }
  - wire.state: { by: be, state: Closed }
  - evtchn.close: { by: be }
  - domain.destroy: { of: be }
    state: { fe.life: gone, be.life: gone }
  - domain.create: { of: be }
  - domain.create: { of: fe }
  - toolstack.add: {}
${MEET}`);
		expect(played).toMatchObject(CLEAN);
	});
});

describe("a scripted backend that breaks the protocol", () => {
	it("answers twice, with another id and operation, with reserved octets, and without a request", () => {
		const played = play(`${BOTH}steps:
${MEET}  - wire.send: { by: fe, op: SET_CONFIG, wait: false }
  - wire.take: { by: be, as: request }
  - wire.reply: { by: be, to: request, op: PG_FLIP, reserved: 7 }
    breaks: [one-reply, reserved-zero]
  - wire.reply: { by: be, to: request, id: 77, times: 2 }
    breaks: [ring-bounds]
  - wire.reply: { by: be, id: 5, op: GET_EDID, edid_sz: 4, status: -5 }
`);
		expect(played).toMatchObject(CLEAN);
		expect(played.responses[0]).toBe("PG_FLIP id=1 status=0");
	});

	it("moves its indexes and goes on from there", () => {
		const played = play(`${BOTH}steps:
${MEET}  - wire.index: { by: be, which: in_prod, to: 3 }
    breaks: [flips-paired, event-numbers, wake-up]
  - wire.event: { by: be, fb_cookie: 1, id: 9, type: 7, reserved: 1 }
    breaks: reserved-zero
    state: { fe.ring(0).in_prod: 4 }
  - wire.index: { by: be, which: req_event, to: 0 }
  - wire.index: { by: be, which: rsp_prod, add: -1 }
    breaks: ring-bounds
    state: { fe.ring(0).rsp_prod: 0xffffffff }
  - wire.store: { by: be, page: ring, word: 1000, value: 0xdeadbeef }
  - wire.store: { by: be, page: event, word: 15, value: 1 }
`);
		expect(played).toMatchObject(CLEAN);
	});

	it("maps, copies, writes and keeps a frontend's pages", () => {
		const played = play(`${SCRIPTED}steps:
  - wire.connect: {}
  - wire.serve: {}
  - gem.create: { as: buf, pages: 2 }
  - wire.map: { ref: $buf.ref, as: page }
    delta: { be.maps: +1 }
  - wire.copy: { ref: $(buf.ref(1)), offset: 4095, len: 1 }
    delta: none
  - wire.copy: { ref: $buf.ref, way: in, len: 16 }
    delta: none
  - wire.store: { page: buffer, of: buf, index: 1, word: 0, value: 1 }
    delta: none
  - wire.unmap: { of: page }
    delta: { be.maps: -1 }
  - wire.unmap: { handle: 77 }
    breaks: give-back-once
    delta: none
`);
		expect(played).toMatchObject(CLEAN);
		const statuses = [...played.play.journal.entries()].flatMap((e) =>
			e.kind === "grant.copy" ? [e.reply.status] : [],
		);
		expect(statuses).toEqual([0, 0]);
	});

	it("ends its grants under a frontend that has them mapped, and cannot", () => {
		const played =
			play(`${SCRIPTED}use: { fixture: connected, with: { be-alloc: "1" } }
steps:
  - wire.connect: {}
  - wire.serve: {}
  - gem.create: { as: buf, pages: 3 }
  - grant.end: { of: buf }
    delta: { be.grants: 0 }
  - wire.store: { page: directory, of: buf, word: 1, value: 0 }
  - gem.close: { of: buf }
    delta: { be.grants: -3 }
`);
		expect(played.error).toBeUndefined();
		expect(played.unmet).toEqual([]);
	});
});

describe("what a scripted backend cannot do", () => {
	const error = (text: string) => play(text).error;

	it("is said at the step", () => {
		expect(error(`${SCRIPTED}steps:\n  - wire.take: {}\n`)).toBe(
			"3: be has connected no connector 0: wire.connect comes first",
		);
		expect(error(`${SCRIPTED}steps:\n  - wire.serve: {}\n`)).toBe(
			"3: be has connected nothing to serve: wire.connect comes first",
		);
		expect(
			error(`${SCRIPTED}steps:\n  - wire.connect: {}\n  - wire.reply: {}\n`),
		).toBe(
			"4: no request is waiting for an answer on connector 0: take one, or give both `id` and `op`",
		);
		expect(error(`${BOTH}steps:\n  - wire.connect: { by: be }\n`)).toMatch(
			/^3: no frontend can be connected/,
		);
		expect(
			error(
				`${BOTH}steps:\n  - wire.state: { by: be, state: InitWait }\n  - wire.publish: { by: fe, omit: evt-ring-ref }\n  - wire.connect: { by: be }\n`,
			),
		).toBe("5: fe went to Initialised without 0/evt-ring-ref");
	});

	it("takes another request than the scenario expects", () => {
		expect(
			error(`${BOTH}steps:
${MEET}  - wire.send: { by: fe, op: FB_DETACH, fb_cookie: 4, wait: false }
  - wire.take: { by: be, op: DBUF_CREATE }
`),
		).toBe(
			"10: the next request on connector 0 is no DBUF_CREATE but FB_DETACH id=1 fb_cookie=0x4",
		);
	});
});
