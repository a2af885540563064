/** EDID 1.4 base blocks of 128 octets, with empty extension blocks behind: enough for a frontend to learn its mode from. */
import {
	XENDISPL_EDID_BLOCK_SIZE,
	XENDISPL_EDID_MAX_SIZE,
} from "./constants.ts";

const HEADER = [0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00] as const;
/** First detailed timing descriptor. */
const DETAILED = 54;
const EXTENSIONS = 126;

/** A valid EDID of `octets` (a multiple of 128) whose preferred mode is width × height at 60 Hz. */
export function buildEdid(
	width: number,
	height: number,
	octets: number,
): Uint8Array {
	if (
		octets % XENDISPL_EDID_BLOCK_SIZE !== 0 ||
		octets > XENDISPL_EDID_MAX_SIZE
	)
		throw new RangeError(
			`an EDID has a multiple of 128 up to 32768 octets: ${octets}`,
		);
	const edid = new Uint8Array(octets);
	if (octets === 0) return edid;
	edid.set(HEADER, 0);
	// Manufacturer XEN: three letters of five bits, big endian.
	edid.set([0x60, 0xae], 8);
	edid[18] = 1;
	edid[19] = 4;
	edid[20] = 0x80;
	const h = Math.min(width, 4095);
	const v = Math.min(height, 4095);
	const clock = Math.min(
		Math.round(((h + 160) * (v + 30) * 60) / 10_000),
		0xffff,
	);
	edid.set(
		[
			clock & 0xff,
			clock >> 8,
			h & 0xff,
			160,
			(h >> 8) << 4,
			v & 0xff,
			30,
			(v >> 8) << 4,
			48,
			32,
			0x36,
			0,
			0,
			0,
			0,
			0,
			0,
			0x18,
		],
		DETAILED,
	);
	for (const [index, at] of [72, 90, 108].entries())
		edid[at + 3] = index === 0 ? 0x10 : 0x11;
	edid[EXTENSIONS] = octets / XENDISPL_EDID_BLOCK_SIZE - 1;
	for (let at = 0; at < octets; at += XENDISPL_EDID_BLOCK_SIZE) {
		// Extension blocks carry a tag that means nothing to a reader beyond its checksum.
		if (at > 0) edid[at] = 0xff;
		edid[at + 127] = checksum(edid, at);
	}
	return edid;
}

/** The octet that makes a block's sum 0 modulo 256. */
function checksum(edid: Uint8Array, at: number): number {
	let sum = 0;
	for (let i = 0; i < 127; i++) sum += edid[at + i] as number;
	return -sum & 0xff;
}

export type Edid =
	| { ok: true; width: number; height: number; blocks: number }
	| { ok: false; reason: string };

/** Read the preferred mode. What a backend wrote is data: every flaw is a reason. */
export function parseEdid(edid: Uint8Array): Edid {
	const no = (reason: string): Edid => ({ ok: false, reason });
	if (edid.length === 0 || edid.length % XENDISPL_EDID_BLOCK_SIZE !== 0)
		return no(`${edid.length} octets are no whole blocks of 128`);
	if (HEADER.some((octet, i) => edid[i] !== octet))
		return no("the first eight octets are no EDID header");
	const blocks = edid.length / XENDISPL_EDID_BLOCK_SIZE;
	for (let block = 0; block < blocks; block++) {
		const at = block * XENDISPL_EDID_BLOCK_SIZE;
		if (checksum(edid, at) !== edid[at + 127])
			return no(`the checksum of block ${block} is wrong`);
	}
	const octet = (at: number) => edid[DETAILED + at] as number;
	const width = octet(2) | ((octet(4) >> 4) << 8);
	const height = octet(5) | ((octet(7) >> 4) << 8);
	return width === 0 || height === 0
		? no("there is no preferred mode")
		: { ok: true, width, height, blocks };
}
