import { expect, test } from "vitest";
import { SeededChoices } from "../../src/base/choices.ts";
import { walkDirectory } from "../../src/displif/directory.ts";
import { buildEdid } from "../../src/displif/edid.ts";
import { fourcc } from "../../src/displif/format.ts";
import { encodeEvent, encodeResponse } from "../../src/displif/packet.ts";
import { ask, type Turns } from "../../src/xen/call.ts";
import {
	device,
	FE,
	Script,
	Stage,
	type StageOptions,
} from "./frontend-stage.ts";

const EIO = -5;
const ENODATA = -61;
const EOVERFLOW = -75;
const EILSEQ = -84;
const EOPNOTSUPP = -95;
const ETIMEDOUT = -110;
const A = {
	dev: 0,
	object: "A",
	width: 64,
	height: 64,
	bpp: 32,
	size: 4 * 4096,
};
const FB = {
	dev: 0,
	framebuffer: "f",
	object: "A",
	width: 64,
	height: 64,
	format: fourcc("XR24"),
};
const FLIP = { dev: 0, connector: 0, framebuffer: "f" };

/** A connected pair with a buffer A and a framebuffer f on it, taken down in order. */
function shown(
	script: (stage: Stage, be: Script, cookie: bigint) => Turns,
	options: StageOptions = {},
): Stage {
	const stage = new Stage(options);
	stage.play(function* () {
		const be = new Script(stage);
		yield* stage.does("bind", { dev: 0 });
		yield* be.connect();
		const create = stage.start("gem.create", A);
		yield* be.serve();
		yield* stage.join(create);
		const attach = stage.start("fb.create", FB);
		yield* be.serve();
		const { cookie } = yield* stage.join(attach);
		yield* script(stage, be, cookie as bigint);
		const unbind = stage.start("unbind", { dev: 0 });
		yield* stage.idle();
		yield* be.letGo();
		yield* stage.join(unbind);
		yield* stage.rest();
	});
	expect(stage.held()).toEqual({});
	expect(stage.findings()).toEqual([]);
	return stage;
}

test("a flip completes with its event, whichever of response and event is first", () => {
	for (const eventFirst of [false, true])
		shown(function* (stage, be, cookie) {
			const flip = stage.start("page.flip", FLIP);
			const request = yield* be.take();
			if (eventFirst) yield* be.flipEvent(0, cookie);
			yield* stage.idle();
			yield* be.answer(request);
			yield* stage.idle();
			if (!eventFirst) {
				expect(flip.state).toBe("runnable");
				yield* be.flipEvent(0, cookie);
			}
			expect(yield* stage.join(flip)).toEqual({ status: 0 });
		});
});

test("a flip without its event ends in time, and a gap in the event numbers does not stop the next", () => {
	shown(function* (stage, be, cookie) {
		const lost = stage.start("page.flip", FLIP);
		yield* be.serve();
		expect(yield* stage.join(lost)).toEqual({ status: ETIMEDOUT });
		expect(stage.held().flip).toBeUndefined();
		const next = stage.start("page.flip", FLIP);
		yield* be.serve();
		yield* be.flipEvent(17, 0x77n);
		yield* stage.idle();
		expect(next.state).toBe("runnable");
		yield* be.flipEvent(1, cookie);
		expect(yield* stage.join(next)).toEqual({ status: 0 });
	});
});

test("200 flips over more than three laps of the event page", () => {
	shown(function* (stage, be, cookie) {
		for (let i = 0; i < 200; i++) {
			const flip = stage.start("page.flip", FLIP);
			yield* be.serve();
			yield* be.flipEvent(i & 0xffff, cookie);
			expect(yield* stage.join(flip)).toEqual({ status: 0 });
		}
	});
});

test("events of a type that is not known are consumed and no more", () => {
	shown(function* (stage, be, cookie) {
		const flip = stage.start("page.flip", FLIP);
		yield* be.serve();
		const [link] = be.links;
		yield* stage.backend(function* () {
			const gfn = link?.events ?? 0;
			yield* ask("page.store", {
				gfn,
				word: 16,
				words: encodeEvent(0, cookie, 9),
			});
			yield* ask("page.store", {
				gfn,
				word: 32,
				words: encodeEvent(1, cookie),
			});
			yield* ask("page.store", { gfn, word: 1, words: [2] });
			yield* ask("evtchn.notify", { port: link?.evtPort ?? 0 });
		});
		expect(yield* stage.join(flip)).toEqual({ status: 0 });
		if (link !== undefined) link.inProd = 2;
	});
});

test("a response that belongs to nothing is consumed, one of another operation is not believed", () => {
	shown(function* (stage, be) {
		const mode = stage.start("mode.off", { dev: 0, connector: 0 });
		const request = yield* be.take();
		yield* be.respond(encodeResponse(request.id + 100, request.code, 0));
		yield* stage.idle();
		expect(mode.state).toBe("runnable");
		expect(yield* stage.join(mode)).toEqual({ status: ETIMEDOUT });
		const again = stage.start("mode.off", { dev: 0, connector: 0 });
		const second = yield* be.take();
		yield* be.respond(encodeResponse(second.id, 0x15, 0));
		expect(yield* stage.join(again)).toEqual({ status: ETIMEDOUT });
	});
});

test("a mode stays within the connector's resolution, and is switched off with zeros", () => {
	shown(function* (stage, be, cookie) {
		const mode = {
			dev: 0,
			connector: 0,
			framebuffer: "f",
			x: 10,
			y: 20,
			width: 64,
			height: 64,
			bpp: 32,
		};
		const set = stage.start("mode.set", mode);
		expect(yield* be.serve()).toMatchObject({
			operation: "SET_CONFIG",
			strays: [],
			body: { fb_cookie: cookie, x: 10, width: 64 },
		});
		expect((yield* stage.join(set)).status).toBe(0);
		expect((yield* stage.does("mode.set", { ...mode, x: 737 })).status).toBe(
			-22,
		);
		const off = stage.start("mode.off", { dev: 0, connector: 0 });
		expect(yield* be.serve()).toMatchObject({
			operation: "SET_CONFIG",
			body: { fb_cookie: 0n, width: 0, bpp: 0 },
		});
		expect((yield* stage.join(off)).status).toBe(0);
	});
});

test("when the ring is full a request waits for a slot, and no slot is overwritten", () => {
	shown(function* (stage, be) {
		const tasks = Array.from({ length: 40 }, () =>
			stage.start("mode.off", { dev: 0, connector: 0 }),
		);
		yield* stage.idle();
		expect(tasks.filter((t) => t.state === "runnable")).toHaveLength(40);
		for (let i = 0; i < 40; i++) yield* be.serve();
		for (const task of tasks) expect((yield* stage.join(task)).status).toBe(0);
	});
	shown(function* (stage) {
		const tasks = Array.from({ length: 40 }, () =>
			stage.start("mode.off", { dev: 0, connector: 0 }),
		);
		for (const task of tasks)
			expect((yield* stage.join(task)).status).toBe(ETIMEDOUT);
	});
});

test.each(["rsp_prod", "in_prod"])(
	"an index %s out of bounds closes the device",
	(which) => {
		const stage = new Stage();
		stage.play(function* () {
			const be = new Script(stage);
			yield* stage.does("bind", { dev: 0 });
			yield* be.connect();
			const create = stage.start("gem.create", A);
			yield* be.take();
			const [link] = be.links;
			if (link === undefined) return;
			yield* stage.backend(function* () {
				if (which === "rsp_prod") {
					yield* ask("page.store", { gfn: link.ring.gfn, word: 2, words: [2] });
					yield* ask("evtchn.notify", { port: link.reqPort });
				} else {
					yield* ask("page.store", { gfn: link.events, word: 1, words: [64] });
					yield* ask("evtchn.notify", { port: link.evtPort });
				}
			});
			expect(yield* stage.join(create)).toEqual({ status: EIO });
			yield* stage.idle();
			expect(yield* stage.frontState()).toBe("5");
			yield* be.letGo();
			yield* stage.idle();
			expect(yield* stage.frontState()).toBe("6");
			expect(stage.held()).toEqual({ watch: 1, watches: 1 });
			expect(
				yield* stage.node(`/local/domain/${FE}/error/device/vdispl/0/error`),
			).toContain("out of bounds");
			yield* stage.does("unbind", { dev: 0 });
		});
		expect(stage.held()).toEqual({});
		expect(stage.findings()).toEqual([]);
	},
);

test("10000 notifications without work are harmless", () => {
	shown(function* (stage, be, cookie) {
		const [link] = be.links;
		yield* stage.backend(function* () {
			for (let i = 0; i < 10_000; i++)
				yield* ask("evtchn.notify", {
					port: (i & 1 ? link?.reqPort : link?.evtPort) ?? 0,
				});
		});
		const flip = stage.start("page.flip", FLIP);
		yield* be.serve();
		yield* be.flipEvent(0, cookie);
		expect(yield* stage.join(flip)).toEqual({ status: 0 });
	});
});

/** Answer a GET_EDID with these octets, claiming so many. */
function* giveEdid(
	stage: Stage,
	be: Script,
	edid: Uint8Array,
	claimed = edid.length,
): Turns {
	const request = yield* be.take();
	if (request.operation !== "GET_EDID")
		throw new Error(`${request.operation} came instead`);
	expect(request).toMatchObject({ strays: [], body: { buffer_sz: 32768 } });
	const directory = yield* be.load(yield* be.map(request.body.gref_directory));
	const walked = walkDirectory(1, 8, () => directory);
	if (!walked.ok) throw new Error(walked.field);
	const words = new Uint32Array(edid.buffer);
	for (const [i, ref] of walked.grefs.entries()) {
		const gfn = yield* be.map(ref);
		const part = words.subarray(i * 1024, (i + 1) * 1024);
		yield* stage.backend(() =>
			ask("page.store", { gfn, word: 0, words: part }),
		);
	}
	yield* be.unmap();
	yield* be.answer(request, 0, 0, claimed);
}

test.each([128, 256, 4096, 4224, 32768])(
	"an EDID of %i octets is read, and its mode is the connector's",
	(octets) => {
		shown(function* (stage, be) {
			const edid = buildEdid(1024, 768, octets);
			const read = stage.start("edid.read", { dev: 0, connector: 0 });
			yield* giveEdid(stage, be, edid);
			expect(yield* stage.join(read)).toEqual({ status: 0, edid });
			const set = stage.start("mode.set", {
				dev: 0,
				connector: 0,
				framebuffer: "f",
				x: 900,
				y: 0,
				width: 64,
				height: 64,
				bpp: 32,
			});
			yield* be.serve();
			expect((yield* stage.join(set)).status).toBe(0);
		});
	},
);

test.each([
	["more than was lent", 65536, EOVERFLOW],
	["nothing", 0, ENODATA],
	["half a block", 64, EILSEQ],
])("an edid_sz of %s is refused", (_what, claimed, status) => {
	shown(function* (stage, be) {
		const read = stage.start("edid.read", { dev: 0, connector: 0 });
		yield* giveEdid(stage, be, buildEdid(800, 600, 128), claimed);
		expect(yield* stage.join(read)).toEqual({ status });
	});
});

test("an EDID whose answer is late keeps its buffer until then", () => {
	shown(function* (stage, be) {
		const before = stage.held();
		const read = stage.start("edid.read", { dev: 0, connector: 0 });
		const request = yield* be.take();
		expect(yield* stage.join(read)).toEqual({ status: ETIMEDOUT });
		expect(stage.held().page).toBe((before.page ?? 0) + 9);
		yield* be.answer(request, 0, 0, 128);
		yield* stage.idle();
		expect(stage.held()).toEqual(before);
	});
});

test("version 1 has no EDID", () => {
	const stage = new Stage();
	stage.play(function* () {
		const be = new Script(stage);
		yield* stage.does("bind", { dev: 0 });
		yield* be.connect("1");
		expect(yield* stage.does("edid.read", { dev: 0, connector: 0 })).toEqual({
			status: EOPNOTSUPP,
		});
	});
});

test("each connector has its own ring and event page; buffers and framebuffers go over the first", () => {
	const stage = new Stage({
		devices: [
			device({
				connectors: [
					{ uniqueId: "a", width: 800, height: 600 },
					{ uniqueId: "b", width: 640, height: 480 },
				],
			}),
		],
	});
	stage.play(function* () {
		const be = new Script(stage);
		yield* stage.does("bind", { dev: 0 });
		yield* be.connect();
		expect(be.links).toHaveLength(2);
		const create = stage.start("gem.create", A);
		yield* be.serve(0, 0);
		yield* stage.join(create);
		const attach = stage.start("fb.create", FB);
		yield* be.serve(0, 0);
		const { cookie } = yield* stage.join(attach);
		const flips = [0, 1].map((connector) =>
			stage.start("page.flip", { ...FLIP, connector }),
		);
		yield* be.serve(0, 1);
		yield* be.flipEvent(0, cookie as bigint, 1);
		expect(yield* stage.join(flips[1] as never)).toEqual({ status: 0 });
		yield* be.serve(0, 0);
		yield* be.flipEvent(0, cookie as bigint, 0);
		expect(yield* stage.join(flips[0] as never)).toEqual({ status: 0 });
		yield* be.detach();
		yield* be.state(6);
		yield* stage.idle();
		yield* stage.does("unbind", { dev: 0 });
	});
	expect(stage.held()).toEqual({});
	expect(stage.findings()).toEqual([]);
});

test("50 orders of turns: flips and buffers at once, response and event as they come", () => {
	for (let seed = 1; seed <= 50; seed++)
		shown(
			function* (stage, be, cookie) {
				const flips = [0, 1, 2].map(() => stage.start("page.flip", FLIP));
				const create = stage.start("gem.create", { ...A, object: "B" });
				const late: Parameters<Script["answer"]>[0][] = [];
				for (let i = 0; i < 4; i++) {
					const request = yield* be.take();
					if (request.operation === "PG_FLIP") yield* be.flipEvent(i, cookie);
					late.push(request);
				}
				for (const request of late.reverse()) yield* be.answer(request);
				for (const task of [...flips, create])
					expect((yield* stage.join(task)).status, `seed ${seed}`).toBe(0);
			},
			{ choices: new SeededChoices(seed, "rings") },
		);
});
