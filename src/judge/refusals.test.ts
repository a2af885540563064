import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { fourcc } from "../displif/format.ts";
import type { OpName } from "../displif/ops/index.ts";
import { type Body, encodeRequest, encodeResponse } from "../displif/packet.ts";
import { type Connection, ExchangeView } from "../journal/exchange.ts";
import { Journal } from "../journal/journal.ts";
import { call } from "../xen/call.ts";
import { World } from "../xen/world.ts";
import { type BookedRequest, Books } from "./books.ts";
import { reasonsAgainst } from "./refusals.ts";

const FE = 2;
const XR24 = fourcc("XR24");
let exchange: ExchangeView;
let books: Books;
let connection: Connection;
let seq: number;

/** A device whose frontend speaks version 2, on a connector of 800 by 600. */
beforeEach(() => {
	seq = 1000;
	exchange = new ExchangeView();
	const world = new World();
	const journal = new Journal();
	const say = (path: string, value: string) => {
		const said = call("xs.write", {
			tx: 0,
			path: `/local/domain/${FE}/device/vdispl/0/${path}`,
			value,
		});
		const at = journal.append(said, world.apply(0, 1, said), 0, 1, 0, 0, 0);
		exchange.follow(journal.entry(at));
	};
	say("version", "2");
	say("0/resolution", "800x600");
	books = new Books(exchange);
	connection = {
		fe: FE,
		be: 1,
		dev: 0,
		connector: 0,
		ring: 0,
		events: 0,
		requests: [],
		unanswered: [],
		reqProd: 0,
		rspProd: 0,
		inProd: 0,
		inCons: 0,
		sense: { req_prod: 0, rsp_prod: 0, in_prod: 0, in_cons: 0 },
		eventCount: 0,
		open: true,
		seq,
	};
	books.follow({ kind: "wire.open", connection, seq });
});

function ask<N extends OpName>(
	operation: N,
	body: Partial<Omit<Body<N>, "id" | "operation">>,
	status?: number,
): BookedRequest {
	const words = encodeRequest(operation, {
		id: 0,
		dbuf_cookie: 0n,
		fb_cookie: 0n,
		...body,
	} as unknown as Body<N>);
	const request = { number: 1, words, seq: ++seq, tick: 0, task: 1, step: 0 };
	books.follow({ kind: "wire.request", connection, request, seq });
	const booked = books.request(request) as BookedRequest;
	if (status !== undefined)
		books.follow({
			kind: "wire.response",
			connection,
			words: encodeResponse(0, booked.packet.code, status),
			request,
			seq: ++seq,
		});
	return booked;
}

/** The most telling requirement of each must, but for the directory, of which there is none here. */
const musts = (request: BookedRequest) =>
	reasonsAgainst(request, "sent", exchange.memory)
		.filter(({ backend }) => backend.level === "must")
		.map(({ backend }) => backend.requirements[0])
		.filter((id) => !id?.endsWith("directory"));

const SIZE = ["displif.dbuf-create.size"];
const buffer = {
	dbuf_cookie: 7n,
	width: 64,
	height: 64,
	bpp: 32,
	buffer_sz: 16384,
};

describe("a buffer's sizes", () => {
	const cases: [string, Partial<Body<"DBUF_CREATE">>, readonly string[]][] = [
		["fit to the octet", {}, []],
		["a line too many", { height: 65 }, SIZE],
		["a column too many", { width: 65 }, SIZE],
		["an octet too few", { buffer_sz: 16383 }, SIZE],
		[
			"an offset within the last page",
			{ buffer_sz: 16385, data_ofs: 4096 },
			[],
		],
		["an offset beyond the last page", { data_ofs: 1 }, SIZE],
		["a product that is 0 in 32 bits", { width: 65536, height: 65536 }, SIZE],
		["an imported buffer", { width: 0, height: 0, bpp: 0 }, []],
		["half a geometry", { width: 0 }, []],
		["allocation that is not offered", { flags: 1 }, ["displif.be-alloc"]],
	];
	for (const [what, body, found] of cases)
		it(what, () =>
			expect(musts(ask("DBUF_CREATE", { ...buffer, ...body }))).toEqual(found),
		);

	it("agree exactly when the picture lies within buffer_sz and, with its offset, within the pages", () => {
		const small = fc.integer({ min: 1, max: 200 });
		fc.assert(
			fc.property(
				small,
				small,
				fc.constantFrom(16, 24, 32),
				fc.integer({ min: 1, max: 100_000 }),
				fc.integer({ min: 0, max: 10_000 }),
				(width, height, bpp, buffer_sz, data_ofs) => {
					const picture = ((width * bpp) / 8) * height;
					const pages = Math.ceil(buffer_sz / 4096) * 4096;
					const body = { width, height, bpp, buffer_sz, data_ofs };
					expect(
						musts(ask("DBUF_CREATE", { ...body, dbuf_cookie: 7n })),
					).toEqual(
						picture <= buffer_sz && data_ofs + picture <= pages ? [] : SIZE,
					);
				},
			),
			{ numRuns: 200 },
		);
	});
});

describe("a framebuffer", () => {
	const attach = (body: Partial<Body<"FB_ATTACH">>) =>
		musts(
			ask("FB_ATTACH", {
				dbuf_cookie: 7n,
				fb_cookie: 8n,
				width: 64,
				height: 64,
				pixel_format: XR24,
				...body,
			}),
		);
	const FITS = ["displif.fb-attach.fits"];

	it("lies within its buffer, line by line", () => {
		ask("DBUF_CREATE", buffer, 0);
		expect(attach({})).toEqual([]);
		expect(attach({ width: 32, height: 64 })).toEqual([]);
		expect(attach({ height: 65 })).toEqual(FITS);
		expect(attach({ width: 128, height: 32 })).toEqual(FITS);
		expect(attach({ width: 0x40000001, height: 1 })).toEqual(FITS);
		expect(attach({ pixel_format: fourcc("RG16"), width: 128 })).toEqual([]);
	});

	it("has its own lines on an imported buffer", () => {
		ask("DBUF_CREATE", { dbuf_cookie: 7n, buffer_sz: 16384 }, 0);
		expect(attach({ width: 128, height: 32 })).toEqual([]);
		expect(attach({ width: 128, height: 33 })).toEqual(FITS);
	});

	it("names a buffer, and has a cookie that nobody has", () => {
		expect(attach({})).toEqual(["displif.cookie-unknown"]);
		ask("DBUF_CREATE", buffer, 0);
		expect(attach({ fb_cookie: 0n })).toEqual(["displif.cookie-zero-refused"]);
		const made = { dbuf_cookie: 7n, fb_cookie: 9n, width: 64, height: 64 };
		ask("FB_ATTACH", { ...made, pixel_format: XR24 }, 0);
		expect(attach({ fb_cookie: 9n })).toEqual([
			"displif.fb-attach.cookie-unique",
		]);
	});
});

describe("a mode", () => {
	const mode = (x: number, y: number, width: number, height: number) =>
		musts(ask("SET_CONFIG", { fb_cookie: 8n, x, y, width, height, bpp: 32 }));

	beforeEach(() => {
		ask("DBUF_CREATE", buffer, 0);
		ask("FB_ATTACH", { dbuf_cookie: 7n, fb_cookie: 8n }, 0);
	});

	it("lies within the connector's resolution", () => {
		expect(mode(0, 0, 800, 600)).toEqual([]);
		expect(mode(736, 536, 64, 64)).toEqual([]);
		for (const [x, y, width, height] of [
			[1, 0, 800, 600],
			[0, 1, 800, 600],
			[0xffffffff, 0, 1, 1],
			[0xfffffce1, 0, 800, 600],
		] as const)
			expect(mode(x, y, width, height)).toEqual(["displif.set-config.bounds"]);
	});

	it("of all zeros switches off and names nothing", () =>
		expect(musts(ask("SET_CONFIG", {}))).toEqual([]));
});

it("is judged for the backend by what was so all the time that it waited", () => {
	const early = ask("PG_FLIP", { fb_cookie: 8n });
	ask("DBUF_CREATE", buffer, 0);
	ask("FB_ATTACH", { dbuf_cookie: 7n, fb_cookie: 8n }, 0);
	const answered = (request: BookedRequest) =>
		reasonsAgainst(request, "answered", exchange.memory);
	books.follow({
		kind: "wire.response",
		connection,
		words: encodeResponse(0, early.packet.code, 0),
		request: early.exchange,
		seq: ++seq,
	});
	expect(musts(early)).toEqual(["displif.cookie-unknown"]);
	expect(answered(early)).toEqual([]);
	expect(answered(ask("PG_FLIP", { fb_cookie: 9n }, 0))).toHaveLength(1);
});

it("asks for 32768 octets of room for an EDID", () => {
	expect(musts(ask("GET_EDID", { buffer_sz: 32767 }))).toEqual([
		"displif.get-edid.buffer-size",
	]);
	expect(musts(ask("GET_EDID", { buffer_sz: 32768 }))).toEqual([]);
});
