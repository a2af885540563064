/**
 * Why a request must be refused: for each request and what the books hold, the reasons there are. What the header leaves open is a should at
 * most, so that either answer passes; what would let a backend touch memory that is not there is a must.
 */
import {
	XENDISPL_DBUF_FLG_REQ_ALLOC,
	XENDISPL_EDID_MAX_SIZE,
} from "../displif/constants.ts";
import { bufferPages } from "../displif/directory.ts";
import { formatOf } from "../displif/format.ts";
import { OPS } from "../displif/ops/index.ts";
import type { Body } from "../displif/packet.ts";
import { pictureOctets, pitch } from "../displif/size.ts";
import type { MemoryView } from "../journal/memory-view.ts";
import type {
	BookedBuffer,
	BookedRequest,
	ConnectorBook,
	Known,
} from "./books.ts";
import { isReset } from "./books.ts";
import type { Level } from "./finding.ts";
import { type SharedPages, walkShared } from "./shared-pages.ts";

/** What a reason is about, and with it the rule that judges it. */
export type Topic = "cookie" | "size" | "form" | "config";

export interface Reason {
	topic: Topic;
	/** `the cookie 0x7 is in use`. */
	says: string;
	expected: string;
	/** Of the backend that does not refuse: level and requirement ids, the most telling first. */
	backend: { level: Level; requirements: readonly string[] };
	/** Of the frontend that sends it; without it nothing binds the sender. */
	frontend?: { level: Level; requirements: readonly string[] };
}

/** Whether the question is what the sender did, or how it was answered. */
type When = "sent" | "answered";

const PAGE = 4096;
export const hex = (value: bigint | number): string =>
	`0x${value.toString(16)}`;

const must = (...requirements: string[]) => ({
	level: "must" as const,
	requirements,
});
const should = (...requirements: string[]) => ({
	level: "should" as const,
	requirements,
});

/** Every reason against a request. */
export function reasonsAgainst(
	request: BookedRequest,
	when: When,
	memory: MemoryView,
): Reason[] {
	return [
		...form(request),
		...cookies(request, when),
		...sizes(request, when, memory),
	];
}

/** Whether it is a request at all, and came by the right ring. The header binds the sender; a backend that serves it all the same is odd. */
function form({ packet, connector }: BookedRequest): Reason[] {
	if (packet.operation === undefined)
		return [
			{
				topic: "form",
				says: `has the operation code ${hex(packet.code)}, which no version defines`,
				expected: "a code of XENDISPL_OP_*",
				backend: should("displif.operation.unknown"),
				frontend: must("displif.operation.reserved"),
			},
		];
	if (OPS[packet.operation].ring !== "connector 0" || connector === 0)
		return [];
	return [
		{
			topic: "form",
			says: `came by the ring of connector ${connector}`,
			expected: "requests about buffers and framebuffers on connector 0",
			backend: should("displif.request.connector-0"),
			frontend: must("displif.request.connector-0"),
		},
	];
}

function cookies(request: BookedRequest, when: When): Reason[] {
	const { packet } = request;
	const dbuf = when === "sent" ? request.dbufWhenSent : request.dbuf;
	const fb = when === "sent" ? request.fbWhenSent : request.fb;
	switch (packet.operation) {
		case "DBUF_CREATE":
			return made(
				"buffer",
				packet.body.dbuf_cookie,
				dbuf,
				"displif.dbuf-create.cookie-unique",
			);
		case "DBUF_DESTROY":
			return named("buffer", packet.body.dbuf_cookie, dbuf, LIVE);
		case "FB_ATTACH":
			return [
				...made(
					"framebuffer",
					packet.body.fb_cookie,
					fb,
					"displif.fb-attach.cookie-unique",
				),
				...named(
					"buffer",
					packet.body.dbuf_cookie,
					dbuf,
					"displif.fb-attach.dbuf",
				),
			];
		case "FB_DETACH":
			return named("framebuffer", packet.body.fb_cookie, fb, LIVE);
		case "PG_FLIP":
			return named(
				"framebuffer",
				packet.body.fb_cookie,
				fb,
				"displif.pg-flip.framebuffer",
			);
		case "SET_CONFIG":
			return isReset(packet.body)
				? []
				: named("framebuffer", packet.body.fb_cookie, fb, LIVE);
		default:
			return [];
	}
}

const LIVE = "pv.cookie-live";

function made(
	what: string,
	cookie: bigint,
	known: Known | undefined,
	unique: string,
): Reason[] {
	if (cookie === 0n)
		return [
			{
				topic: "cookie",
				says: `makes a ${what} with cookie 0`,
				expected: `a cookie that is not 0 for every ${what}`,
				backend: must("displif.cookie-zero-refused"),
				frontend: must("displif.cookie-nonzero"),
			},
		];
	if (known !== "live") return [];
	return [
		{
			topic: "cookie",
			says: `makes a ${what} with cookie ${hex(cookie)}, which a live ${what} has`,
			expected: `a cookie that no live ${what} has`,
			backend: must(unique),
			frontend: must(unique, "displif.cookie-guest-wide"),
		},
	];
}

function named(
	what: string,
	cookie: bigint,
	known: Known | undefined,
	requirement: string,
): Reason[] {
	if (known !== "unknown") return [];
	return [
		{
			topic: "cookie",
			says: `names the ${what} ${hex(cookie)}, which is not live`,
			expected: `the cookie of a ${what} whose making was answered with 0, and whose undoing was not`,
			backend: must("displif.cookie-unknown"),
			frontend:
				cookie === 0n
					? must("displif.cookie-nonzero", requirement)
					: must(requirement),
		},
	];
}

function sizes(
	request: BookedRequest,
	when: When,
	memory: MemoryView,
): Reason[] {
	const { packet, device, buffer } = request;
	switch (packet.operation) {
		case "DBUF_CREATE":
			return buffer === undefined
				? []
				: [
						...bufferSizes(buffer, device.version),
						...allocation(buffer.body, device.mayAllocate),
						...directory(
							buffer.pages,
							packet.body,
							packet.body.buffer_sz,
							request,
							when,
							memory,
						),
					];
		case "FB_ATTACH":
			return attachSizes(packet.body, buffer, device.version);
		case "SET_CONFIG":
			return isReset(packet.body)
				? []
				: bounds(packet.body, device.connectors.get(request.connector));
		case "GET_EDID":
			return [
				...(packet.body.buffer_sz < XENDISPL_EDID_MAX_SIZE
					? [
							size(
								`gives ${packet.body.buffer_sz} octets for an EDID`,
								`at least ${XENDISPL_EDID_MAX_SIZE} octets`,
								"displif.get-edid.buffer-size",
							),
						]
					: []),
				...(request.edid === undefined
					? []
					: directory(
							request.edid,
							packet.body,
							Math.min(packet.body.buffer_sz, XENDISPL_EDID_MAX_SIZE),
							request,
							when,
							memory,
						)),
			];
		default:
			return [];
	}
}

const size = (
	says: string,
	expected: string,
	...requirements: string[]
): Reason => ({
	topic: "size",
	says,
	expected,
	backend: must(...requirements),
	frontend: must(...requirements),
});

/** Where the header names no answer. */
const odd = (
	says: string,
	expected: string,
	...requirements: string[]
): Reason => ({
	topic: "size",
	says,
	expected,
	backend: should(...requirements),
});

/** data_ofs came with version 2: before it is reserved. */
const dataOffset = ({ body }: BookedBuffer, version: number): number =>
	version > 1 ? body.data_ofs : 0;

const capacity = ({ body }: BookedBuffer): number =>
	bufferPages(body.buffer_sz) * PAGE;

function bufferSizes(buffer: BookedBuffer, version: number): Reason[] {
	const { width, height, bpp, buffer_sz } = buffer.body;
	const offset = dataOffset(buffer, version);
	const octets = capacity(buffer);
	if (width === 0 && height === 0 && bpp === 0) {
		// The geometry of an imported buffer comes with its framebuffers.
		if (buffer_sz > 0 && offset < octets) return [];
		return [
			odd(
				`asks for a buffer of ${buffer_sz} octets whose picture begins at octet ${offset}`,
				"a picture that begins inside its buffer",
				"displif.dbuf-create.size",
			),
		];
	}
	if (width === 0 || height === 0 || bpp === 0)
		return [
			odd(
				`asks for a buffer of ${width} by ${height} pixels at ${bpp} bits`,
				"a geometry without a 0, or, of an imported buffer, of zeros alone",
				"displif.dbuf-create.size",
			),
		];
	const picture = pictureOctets(width, height, bpp);
	const told = `${width} by ${height} pixels at ${bpp} bits, which take ${picture} octets,`;
	if (picture > BigInt(buffer_sz))
		return [
			size(
				`puts ${told} into a buffer of ${buffer_sz}`,
				`a buffer_sz of at least ${picture}`,
				"displif.dbuf-create.size",
				"pv.size-overflow",
			),
		];
	if (BigInt(offset) + picture > BigInt(octets))
		return [
			size(
				`puts ${told} ${offset} octets into a buffer of ${bufferPages(buffer_sz)} pages`,
				`data_ofs and picture within ${octets} octets`,
				"displif.dbuf-create.size",
				"displif.dbuf-create.data-ofs",
				"pv.size-overflow",
			),
		];
	return [];
}

function allocation(
	{ flags, data_ofs }: Body<"DBUF_CREATE">,
	mayAllocate: boolean,
): Reason[] {
	const reasons: Reason[] = [];
	const asked = (flags & XENDISPL_DBUF_FLG_REQ_ALLOC) !== 0;
	if (asked && !mayAllocate)
		reasons.push({
			...size(
				"asks the backend to allocate although be-alloc is not 1",
				"no XENDISPL_DBUF_FLG_REQ_ALLOC",
				"displif.be-alloc",
			),
			topic: "config",
		});
	if (asked && data_ofs !== 0)
		reasons.push(
			odd(
				`asks the backend to allocate a buffer whose picture begins at octet ${data_ofs}`,
				"data_ofs for pages that exist before the request",
				"displif.dbuf-create.data-ofs",
			),
		);
	if ((flags & ~XENDISPL_DBUF_FLG_REQ_ALLOC) !== 0)
		reasons.push(
			odd(
				`sets flags ${hex(flags)}`,
				"no flag but XENDISPL_DBUF_FLG_REQ_ALLOC",
				"displif.dbuf-create.flags",
			),
		);
	return reasons;
}

/** What is wrong with the pages that are handed over, when it was so at the request and, for the backend, still is. */
function directory(
	pages: SharedPages,
	{ gref_directory }: { gref_directory: number },
	octets: number,
	request: BookedRequest,
	when: When,
	memory: MemoryView,
): Reason[] {
	const { fe } = request.device;
	const allocates = request.buffer?.backendAllocates === true;
	const requirement =
		request.packet.operation === "GET_EDID"
			? "displif.get-edid.directory"
			: allocates
				? "displif.dbuf-create.request-directory"
				: "displif.dbuf-create.directory";
	const reasons: Reason[] = [];
	// What the backend has written there is judged as its own.
	const { be } = request.device;
	const wrong = allocates ? pages.short : flaw(pages, be, memory, when);
	const still =
		wrong === undefined ||
		when === "sent" ||
		flaw(walkShared(memory, fe, gref_directory, octets), be, memory, "sent") !==
			undefined;
	if (wrong !== undefined && still)
		reasons.push({
			topic: "size",
			says: `names ${bufferPages(octets)} pages by a directory in which ${wrong}`,
			expected: "a directory that lists every page, each by an open reference",
			backend: must(
				requirement,
				"displif.directory.bounded",
				"displif.directory.count",
			),
			frontend: must(
				requirement,
				"displif.directory.count",
				"displif.gref-zero",
			),
		});
	if (
		when === "sent" &&
		pages.directory.length > 0 &&
		pages.whole &&
		pages.lastNext !== 0
	)
		reasons.push({
			topic: "size",
			says: `names a directory that goes on after its last page: gref_dir_next_page is ${pages.lastNext}`,
			expected: "0",
			backend: { level: "may", requirements: ["displif.directory.bounded"] },
			frontend: must("displif.directory.last"),
		});
	return reasons;
}

function flaw(
	{ short, refs, grants, granter }: SharedPages,
	to: number,
	memory: MemoryView,
	when: When,
): string | undefined {
	if (short !== undefined) return short;
	const at = grants.findIndex(
		(grant, i) =>
			grant === undefined &&
			(when === "sent" ||
				memory.grant(granter, refs[i] as number) === undefined),
	);
	if (at >= 0)
		return `page ${at} is the reference ${refs[at]}, which is not open`;
	const other = grants.findIndex((grant) => grant && grant.to !== to);
	return other < 0
		? undefined
		: `page ${other} is the reference ${refs[other]}, which is open for domain ${grants[other]?.to}`;
}

function attachSizes(
	{ width, height, pixel_format, dbuf_cookie }: Body<"FB_ATTACH">,
	buffer: BookedBuffer | undefined,
	version: number,
): Reason[] {
	const format = formatOf(pixel_format);
	if (format === undefined)
		return [
			odd(
				`names the pixel format ${hex(pixel_format)}`,
				"a FOURCC code",
				"displif.fb-attach.format",
			),
		];
	if (width === 0 || height === 0)
		return [
			odd(
				`asks for a framebuffer of ${width} by ${height} pixels`,
				"a framebuffer that has pixels",
				"displif.fb-attach.fits",
			),
		];
	if (buffer === undefined) return [];
	const { body } = buffer;
	const line = pitch(width, format.bpp);
	const lines = pitch(body.width, body.bpp);
	const stride = lines === 0n ? line : lines;
	const end = BigInt(dataOffset(buffer, version)) + stride * BigInt(height);
	const octets = capacity(buffer);
	if (line <= stride && end <= BigInt(octets)) return [];
	const whole =
		lines === 0n ? "" : ` of ${body.width} by ${body.height} pixels`;
	return [
		size(
			`attaches a framebuffer of ${width} by ${height} pixels in ${format.name} to buffer ${hex(dbuf_cookie)}${whole}, whose pages have ${octets} octets`,
			line > stride
				? `lines of at most ${stride} octets`
				: `an end at octet ${octets} at most`,
			"displif.fb-attach.fits",
			"pv.size-overflow",
		),
	];
}

function bounds(
	{ x, y, width, height }: Body<"SET_CONFIG">,
	connector: ConnectorBook | undefined,
): Reason[] {
	if (width === 0 || height === 0)
		return [
			odd(
				`sets a mode of ${width} by ${height} pixels`,
				"a mode that has pixels, or all fields 0",
				"displif.set-config.reset",
			),
		];
	// Which of the two counts while only one side knows the EDID is not said.
	const limits = [connector?.resolution, connector?.edid].filter(
		(limit) => limit !== undefined,
	);
	if (
		limits.length === 0 ||
		limits.some((to) => x + width <= to.width && y + height <= to.height)
	)
		return [];
	const told = limits.map((to) => `${to.width}x${to.height}`).join(" or ");
	return [
		size(
			`sets a mode of ${width} by ${height} pixels at ${x}, ${y} on a connector of ${told}`,
			`x + width and y + height within ${told}`,
			"displif.set-config.bounds",
			"pv.size-overflow",
		),
	];
}
