import { describe, expect, it } from "vitest";
import {
	type Body,
	decodeEvent,
	decodeRequest,
	decodeResponse,
	describeEvent,
	describeRequest,
	describeResponse,
	encodeEvent,
	encodeRequest,
	encodeResponse,
	PACKET_WORDS,
} from "./packet.ts";

const create: Omit<Body<"DBUF_CREATE">, "operation"> = {
	id: 3,
	dbuf_cookie: 1n,
	width: 64,
	height: 64,
	bpp: 32,
	buffer_sz: 16384,
	flags: 0,
	gref_directory: 9,
	data_ofs: 0,
};

/** A packet with one octet changed. */
function withOctet(words: Uint32Array, offset: number, value: number) {
	const changed = words.slice();
	new Uint8Array(changed.buffer)[offset] = value;
	return changed;
}

describe("a request", () => {
	it("comes back as it was sent, with nothing stray", () => {
		const packet = decodeRequest(encodeRequest("DBUF_CREATE", create));
		expect(packet).toEqual({
			operation: "DBUF_CREATE",
			code: 0x10,
			id: 3,
			body: { ...create, operation: 0x10 },
			strays: [],
		});
	});

	it("tells each stray octet with its place and value", () => {
		const words = withOctet(encodeRequest("DBUF_CREATE", create), 4, 0xea);
		expect(decodeRequest(withOctet(words, 63, 1)).strays).toEqual([
			{ field: "reserved", offset: 4, value: 0xea },
			{ field: "reserved", offset: 63, value: 1 },
		]);
	});

	it("tells unused bits of flags, and leaves the allocation flag alone", () => {
		const flagged = (flags: number) =>
			decodeRequest(encodeRequest("DBUF_CREATE", { ...create, flags })).strays;
		expect(flagged(1)).toEqual([]);
		expect(flagged(0x8000_0003)).toEqual([
			{ field: "unused bits of flags", offset: 32, value: 0x8000_0002 },
		]);
	});

	it("of a code that nobody knows is data, not an error", () => {
		for (const code of [0, 0x0f, 0x17, 0xff]) {
			const words = withOctet(encodeRequest("DBUF_CREATE", create), 2, code);
			expect(decodeRequest(words)).toEqual({
				operation: undefined,
				code,
				id: 3,
				strays: [],
			});
		}
	});

	it("of a code that nobody knows has strays in its head only", () => {
		const words = new Uint32Array(PACKET_WORDS).fill(0xffff_ffff);
		expect(decodeRequest(words).strays.map(({ offset }) => offset)).toEqual([
			3, 4, 5, 6, 7,
		]);
	});

	it("is one line in a report", () => {
		expect(describeRequest(encodeRequest("DBUF_CREATE", create))).toBe(
			"DBUF_CREATE id=3 dbuf_cookie=0x1 width=64 height=64 bpp=32 buffer_sz=16384 flags=0 gref_directory=9 data_ofs=0",
		);
		expect(
			describeRequest(
				encodeRequest("FB_ATTACH", {
					id: 4,
					dbuf_cookie: 1n,
					fb_cookie: 0xffff_ffff_ffff_ffffn,
					width: 1,
					height: 2,
					pixel_format: 0x34325258,
				}),
			),
		).toBe(
			"FB_ATTACH id=4 dbuf_cookie=0x1 fb_cookie=0xffffffffffffffff width=1 height=2 pixel_format=XR24",
		);
		expect(
			describeRequest(withOctet(encodeRequest("DBUF_CREATE", create), 2, 0x1f)),
		).toBe("operation 0x1f id=3");
	});
});

describe("a response", () => {
	it("comes back as it was sent", () => {
		expect(decodeResponse(encodeResponse(7, 0x11, -22))).toEqual({
			id: 7,
			code: 0x11,
			operation: "DBUF_DESTROY",
			status: -22,
			edid_sz: 0,
			strays: [],
		});
	});

	it("has a body for GET_EDID only", () => {
		const words = encodeResponse(7, 0x16, 0, 128);
		expect(decodeResponse(words)).toMatchObject({ edid_sz: 128, strays: [] });
		expect(decodeResponse(withOctet(words, 2, 0x15))).toMatchObject({
			edid_sz: 0,
			strays: [{ field: "reserved", offset: 8, value: 128 }],
		});
	});

	it("is one line in a report", () => {
		expect(describeResponse(encodeResponse(7, 0x11, -22))).toBe(
			"DBUF_DESTROY id=7 status=-22 (-EINVAL)",
		);
		expect(describeResponse(encodeResponse(7, 0x16, 0, 384))).toBe(
			"GET_EDID id=7 status=0 edid_sz=384",
		);
		expect(describeResponse(encodeResponse(7, 0xff, 22))).toBe(
			"operation 0xff id=7 status=22",
		);
	});
});

describe("an event", () => {
	it("comes back as it was sent", () => {
		expect(decodeEvent(encodeEvent(9, 5n))).toEqual({
			id: 9,
			type: 0,
			fb_cookie: 5n,
			strays: [],
		});
	});

	it("of a type that nobody knows has no cookie, and strays in its head only", () => {
		const words = withOctet(encodeEvent(9, 5n, 1), 3, 2);
		expect(decodeEvent(words)).toEqual({
			id: 9,
			type: 1,
			fb_cookie: 0n,
			strays: [{ field: "reserved", offset: 3, value: 2 }],
		});
	});

	it("is one line in a report", () => {
		expect(describeEvent(encodeEvent(9, 255n))).toBe(
			"PG_FLIP id=9 fb_cookie=0xff",
		);
		expect(describeEvent(encodeEvent(9, 255n, 3))).toBe("event of type 3 id=9");
	});
});
