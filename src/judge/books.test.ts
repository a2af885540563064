import { beforeEach, describe, expect, it } from "vitest";
import type { OpName } from "../displif/ops/index.ts";
import { type Body, encodeRequest, encodeResponse } from "../displif/packet.ts";
import { type Connection, ExchangeView } from "../journal/exchange.ts";
import { type BookedRequest, Books } from "./books.ts";

let books: Books;
let connection: Connection;
let seq: number;

const open = (): Connection => ({
	fe: 2,
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
	seq: ++seq,
});

beforeEach(() => {
	seq = 0;
	books = new Books(new ExchangeView());
	connection = open();
	books.follow({ kind: "wire.open", connection, seq });
});

function ask<N extends OpName>(
	operation: N,
	body: Partial<Omit<Body<N>, "id" | "operation">>,
): BookedRequest {
	const words = encodeRequest(operation, {
		id: 0,
		dbuf_cookie: 0n,
		fb_cookie: 0n,
		...body,
	} as unknown as Body<N>);
	const request = { number: 1, words, seq: ++seq, tick: 0, task: 1, step: 0 };
	books.follow({ kind: "wire.request", connection, request, seq });
	return books.request(request) as BookedRequest;
}

function answer(request: BookedRequest, status = 0): BookedRequest {
	const words = encodeResponse(0, request.packet.code, status);
	books.follow({
		kind: "wire.response",
		connection,
		words,
		request: request.exchange,
		seq: ++seq,
	});
	return request;
}

const held = () => {
	const device = books.device(2, 0);
	return {
		buffers: [...(device?.buffers.keys() ?? [])],
		framebuffers: [...(device?.framebuffers.keys() ?? [])],
		pending: device?.pending.size,
	};
};
const create = (cookie = 7n) => ask("DBUF_CREATE", { dbuf_cookie: cookie });
const destroy = (cookie = 7n) => ask("DBUF_DESTROY", { dbuf_cookie: cookie });
const attach = (fb = 8n) =>
	ask("FB_ATTACH", { dbuf_cookie: 7n, fb_cookie: fb });

it("holds what was answered with 0, until it is undone with 0", () => {
	const made = create();
	expect(held()).toEqual({ buffers: [], framebuffers: [], pending: 1 });
	answer(made);
	answer(create(9n), -12);
	answer(attach());
	expect(held()).toEqual({ buffers: [7n], framebuffers: [8n], pending: 0 });
	answer(ask("FB_DETACH", { fb_cookie: 8n }), -16);
	expect(held().framebuffers).toEqual([8n]);
	answer(ask("FB_DETACH", { fb_cookie: 8n }));
	answer(destroy());
	expect(held()).toEqual({ buffers: [], framebuffers: [], pending: 0 });
});

it("takes a positive status for a refusal", () => {
	answer(create(), 22);
	expect(held().buffers).toEqual([]);
});

it("begins anew with every link", () => {
	answer(create());
	const late = create(9n);
	connection = open();
	books.follow({ kind: "wire.open", connection, seq });
	expect(held()).toEqual({ buffers: [], framebuffers: [], pending: 0 });
	answer(late);
	expect(held().buffers).toEqual([]);
	expect(books.devices).toHaveLength(2);
});

it("keeps the mode and the flips of each connector", () => {
	answer(create());
	answer(attach());
	const config = { fb_cookie: 8n, width: 64, height: 64, bpp: 32 };
	answer(ask("SET_CONFIG", config));
	answer(ask("PG_FLIP", { fb_cookie: 8n }));
	answer(ask("PG_FLIP", { fb_cookie: 8n }), -22);
	const connector = books.device(2, 0)?.connectors.get(0);
	expect(connector?.config).toMatchObject(config);
	expect(connector?.flips.map(({ cookie }) => cookie)).toEqual([8n]);
	answer(ask("SET_CONFIG", {}));
	expect(connector?.config).toBeUndefined();
});

describe("what a request found under its cookie", () => {
	it("is unknown before the create and after the destroy, live between", () => {
		expect(answer(destroy(), -2).dbuf).toBe("unknown");
		answer(create());
		expect(answer(attach()).dbuf).toBe("live");
		answer(destroy());
		expect(answer(attach(), -2).dbuf).toBe("unknown");
	});

	it("is unsure while something that changes it is not answered", () => {
		const made = create();
		const attached = attach();
		expect(attached.dbuf).toBe("unsure");
		answer(made);
		expect(answer(attached).dbuf).toBe("unsure");
		destroy();
		expect(attach(9n).dbuf).toBe("unsure");
	});

	it("is live for the second of two creates that were sent at once and both accepted", () => {
		const [one, two] = [create(), create()];
		answer(one);
		expect(answer(two).dbuf).toBe("live");
	});

	it("is unsure for a framebuffer whose buffer was destroyed under it", () => {
		answer(create());
		answer(attach());
		answer(destroy());
		expect(ask("PG_FLIP", { fb_cookie: 8n }).fb).toBe("unsure");
		expect(ask("PG_FLIP", { fb_cookie: 9n }).fb).toBe("unknown");
	});
});
