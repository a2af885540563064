/**
 * The three 64-octet envelopes of displif.h: request, response, event. A peer controls these octets, so decoding never throws: what the
 * protocol does not define comes back as strays.
 */
import { errnoName } from "../base/errno.ts";
import {
	type Fields,
	octet,
	s32,
	struct,
	u8,
	u16,
	u64,
	uncovered,
} from "../base/struct.ts";
import {
	XENDISPL_DBUF_FLG_REQ_ALLOC,
	XENDISPL_EVT_PG_FLIP,
} from "./constants.ts";
import { OP_BY_CODE, OP_NAMES, OPS, type OpName } from "./ops/index.ts";
import { PACKET_OCTETS, REQUEST_HEAD } from "./ops/op.ts";

export const PACKET_WORDS = PACKET_OCTETS / 4;

/** An octet, or unused bits of a field, that carry a value where the protocol defines none. */
export interface Stray {
	field: string;
	/** From the start of the packet. */
	offset: number;
	value: number;
}

/** struct xendispl_resp: the drawing in the header shows octet 2 reserved; the structure has the operation there. */
const RESPONSE_HEAD = { id: u16(0), operation: u8(2), status: s32(4) } as const;
/** struct xendispl_evt. */
const EVENT_HEAD = { id: u16(0), type: u8(2) } as const;
/** struct xendispl_pg_flip_evt. */
const PG_FLIP_EVENT = { fb_cookie: u64(8) } as const;

export const requestHead = struct("xendispl_req", PACKET_OCTETS, REQUEST_HEAD);
export const responseHead = struct(
	"xendispl_resp",
	PACKET_OCTETS,
	RESPONSE_HEAD,
);
export const edidResponse = struct("xendispl_resp.GET_EDID", PACKET_OCTETS, {
	...RESPONSE_HEAD,
	...OPS.GET_EDID.response,
});
export const pgFlipEvent = struct("xendispl_evt.PG_FLIP", PACKET_OCTETS, {
	...EVENT_HEAD,
	...PG_FLIP_EVENT,
});

/** Body of an operation, with the id and code of the packet. */
export type Body<N extends OpName> = ReturnType<
	(typeof OPS)[N]["request"]["decode"]
>;

/** A request as it lies in a slot. `operation` is undefined for a code that displif.h does not define; then there is no body. */
export type Request =
	| {
			[N in OpName]: {
				operation: N;
				code: number;
				id: number;
				body: Body<N>;
				strays: Stray[];
			};
	  }[OpName]
	| { operation: undefined; code: number; id: number; strays: Stray[] };

export type RequestOf<N extends OpName> = Extract<Request, { operation: N }>;

/** A new packet of 16 words. Reserved octets are 0. */
export function encodeRequest<N extends OpName>(
	name: N,
	body: Omit<Body<N>, "operation">,
): Uint32Array {
	const words = new Uint32Array(PACKET_WORDS);
	const { request, code } = OPS[name];
	(request.encode as (value: unknown, words: Uint32Array) => void)(body, words);
	// The operation goes in by hand: a copy of the body that has one costs twenty times the encoding.
	words[0] = ((words[0] as number) & ~(0xff << 16)) | (code << 16);
	return words;
}

export function decodeRequest(words: ArrayLike<number>): Request {
	const { id, operation: code } = requestHead.decode(words);
	const operation = OP_BY_CODE.get(code);
	if (operation === undefined)
		return { operation, code, id, strays: strays(words, REQUEST_STRAYS) };
	const body = OPS[operation].request.decode(words);
	const found = strays(words, REQUEST_STRAYS_BY_OP[operation]);
	if (operation === "DBUF_CREATE") {
		const unused =
			(body as Body<"DBUF_CREATE">).flags & ~XENDISPL_DBUF_FLG_REQ_ALLOC;
		if (unused !== 0)
			found.push({
				field: "unused bits of flags",
				offset: 32,
				value: unused >>> 0,
			});
	}
	return { operation, code, id, body, strays: found } as Request;
}

export interface Response {
	id: number;
	/** Code echoed from the request. */
	code: number;
	operation: OpName | undefined;
	/** 0 or a negative XEN_E* number. */
	status: number;
	/** Of GET_EDID, else 0. */
	edid_sz: number;
	strays: Stray[];
}

export function encodeResponse(
	id: number,
	code: number,
	status: number,
	edid_sz = 0,
): Uint32Array {
	const words = new Uint32Array(PACKET_WORDS);
	edidResponse.encode({ id, operation: code, status, edid_sz }, words);
	return words;
}

export function decodeResponse(words: ArrayLike<number>): Response {
	const { id, operation: code, status, edid_sz } = edidResponse.decode(words);
	const operation = OP_BY_CODE.get(code);
	const edid = operation === "GET_EDID";
	return {
		id,
		code,
		operation,
		status,
		edid_sz: edid ? edid_sz : 0,
		strays: strays(words, edid ? EDID_RESPONSE_STRAYS : RESPONSE_STRAYS),
	};
}

export interface Event {
	id: number;
	/** XENDISPL_EVT_*: PG_FLIP is the only one. */
	type: number;
	/** Of PG_FLIP, else 0. */
	fb_cookie: bigint;
	strays: Stray[];
}

export function encodeEvent(
	id: number,
	fb_cookie: bigint,
	type = XENDISPL_EVT_PG_FLIP,
): Uint32Array {
	const words = new Uint32Array(PACKET_WORDS);
	pgFlipEvent.encode({ id, type, fb_cookie }, words);
	return words;
}

export function decodeEvent(words: ArrayLike<number>): Event {
	const { id, type, fb_cookie } = pgFlipEvent.decode(words);
	const known = type === XENDISPL_EVT_PG_FLIP;
	return {
		id,
		type,
		fb_cookie: known ? fb_cookie : 0n,
		strays: strays(words, known ? EVENT_STRAYS : EVENT_HEAD_STRAYS),
	};
}

/** `DBUF_CREATE id=3 dbuf_cookie=0x1 width=64 …`. */
export function describeRequest(words: ArrayLike<number>): string {
	const packet = decodeRequest(words);
	if (packet.operation === undefined)
		return `operation 0x${packet.code.toString(16)} id=${packet.id}`;
	const fields = Object.entries(packet.body).filter(
		([name]) => name !== "id" && name !== "operation",
	);
	return [
		packet.operation,
		`id=${packet.id}`,
		...fields.map(([name, value]) => `${name}=${told(name, value)}`),
	].join(" ");
}

export function describeResponse(words: ArrayLike<number>): string {
	const { id, operation, code, status, edid_sz } = decodeResponse(words);
	const name = errnoName(status);
	const shown =
		status < 0 && name !== undefined ? `${status} (-${name})` : String(status);
	const edid = operation === "GET_EDID" ? ` edid_sz=${edid_sz}` : "";
	return `${operation ?? `operation 0x${code.toString(16)}`} id=${id} status=${shown}${edid}`;
}

export function describeEvent(words: ArrayLike<number>): string {
	const { id, type, fb_cookie } = decodeEvent(words);
	return type === XENDISPL_EVT_PG_FLIP
		? `PG_FLIP id=${id} fb_cookie=0x${fb_cookie.toString(16)}`
		: `event of type ${type} id=${id}`;
}

function told(name: string, value: number | bigint): string {
	if (typeof value === "bigint") return `0x${value.toString(16)}`;
	if (name === "pixel_format") return fourccText(value);
	return String(value);
}

/** A FOURCC code as its four letters, or in hexadecimal when they are no letters. */
export function fourccText(code: number): string {
	const text = String.fromCharCode(
		code & 0xff,
		(code >>> 8) & 0xff,
		(code >>> 16) & 0xff,
		code >>> 24,
	);
	return /^[ -~]{4}$/.test(text) ? text : `0x${code.toString(16)}`;
}

/** For each word of a packet, the bits that the protocol does not define. */
type Undefined = Uint32Array;

function undefinedBits(fields: Fields, octets = PACKET_OCTETS): Undefined {
	const bits = new Uint32Array(PACKET_WORDS);
	const view = new Uint8Array(bits.buffer);
	for (const offset of uncovered(fields, 0, octets)) view[offset] = 0xff;
	return bits;
}

/** Of a packet whose code or type nobody knows, only the head can be held to anything. */
const HEAD_OCTETS = 8;
const REQUEST_STRAYS = undefinedBits(REQUEST_HEAD, HEAD_OCTETS);
const REQUEST_STRAYS_BY_OP = Object.fromEntries(
	OP_NAMES.map((name) => [name, undefinedBits(OPS[name].request.fields)]),
) as Record<OpName, Undefined>;
const RESPONSE_STRAYS = undefinedBits(RESPONSE_HEAD);
const EDID_RESPONSE_STRAYS = undefinedBits(edidResponse.fields);
const EVENT_HEAD_STRAYS = undefinedBits(EVENT_HEAD, HEAD_OCTETS);
const EVENT_STRAYS = undefinedBits(pgFlipEvent.fields);

/** Whole words first: a lawful packet has nothing to look at octet by octet. */
function strays(words: ArrayLike<number>, undefinedBits: Undefined): Stray[] {
	const found: Stray[] = [];
	for (let word = 0; word < PACKET_WORDS; word++) {
		const bits = undefinedBits[word] as number;
		if (((words[word] as number) & bits) === 0) continue;
		for (let offset = word * 4; offset < word * 4 + 4; offset++) {
			const value = octet(words, offset) & octet(undefinedBits, offset);
			if (value !== 0) found.push({ field: "reserved", offset, value });
		}
	}
	return found;
}
