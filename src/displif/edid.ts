/** EDID 1.4 of VESA as GET_EDID carries it: blocks of 128 octets, the base block first. Enough for a frontend to learn its mode from. */
import {
	XENDISPL_EDID_BLOCK_SIZE,
	XENDISPL_EDID_MAX_SIZE,
} from "./constants.ts";

const HEADER = [0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00] as const;
const VERSION = [1, 4] as const;

/** Octets of the base block where its parts begin. */
const AT = {
	manufacturer: 8,
	year: 17,
	version: 18,
	input: 20,
	gamma: 23,
	features: 24,
	chromaticity: 25,
	standardTimings: 38,
	detailed: 54,
	name: 72,
	limits: 90,
	unused: 108,
	extensions: 126,
} as const;

/** sRGB, which the feature octet says as well. */
const CHROMATICITY = [
	0xee, 0x91, 0xa3, 0x54, 0x4c, 0x99, 0x26, 0x0f, 0x50, 0x54,
] as const;

/** A timing has twelve bits for a size, and sixteen for the clock in units of 10 kHz. */
const SIZE_MAX = 4095;
const CLOCK_MAX = 0xffff;
const BLANKING = { width: 160, height: 30 } as const;
const SYNC = { offset: 48, width: 32, lines: 0x36 } as const;

/**
 * A valid EDID of `octets` (a multiple of 128, up to 32768) whose preferred mode is width × height, at 60 Hz or as fast as a timing can say.
 * A timing cannot say more than 4095 either way: a larger mode is said as 4095.
 */
export function buildEdid(
	width: number,
	height: number,
	octets: number,
): Uint8Array {
	if (
		octets % XENDISPL_EDID_BLOCK_SIZE !== 0 ||
		octets < 0 ||
		octets > XENDISPL_EDID_MAX_SIZE
	)
		throw new RangeError(
			`an EDID has a multiple of 128 up to 32768 octets: ${octets}`,
		);
	const edid = new Uint8Array(octets);
	if (octets === 0) return edid;
	edid.set(HEADER, 0);
	edid.set(letters("XEN"), AT.manufacturer);
	edid[AT.year] = 2018 - 1990;
	edid.set(VERSION, AT.version);
	// Digital, 8 bits a colour; gamma 2.2; sRGB, and the preferred timing is the native one.
	edid[AT.input] = 0xa0;
	edid[AT.gamma] = 120;
	edid[AT.features] = 0x06;
	edid.set(CHROMATICITY, AT.chromaticity);
	edid.fill(0x01, AT.standardTimings, AT.detailed);
	edid.set(timing(width, height), AT.detailed);
	edid.set(textDescriptor(0xfc, "xdisp-check"), AT.name);
	edid.set(textDescriptor(0xfe, "vdispl"), AT.limits);
	edid[AT.unused + 3] = 0x10;
	edid[AT.extensions] = octets / XENDISPL_EDID_BLOCK_SIZE - 1;
	for (let at = 0; at < octets; at += XENDISPL_EDID_BLOCK_SIZE) {
		// Extension blocks are the manufacturer's: they mean nothing to a reader beyond their checksum.
		if (at > 0) edid[at] = 0xff;
		edid[at + XENDISPL_EDID_BLOCK_SIZE - 1] = checksum(edid, at);
	}
	return edid;
}

/** Three letters of five bits each, big endian. */
function letters(name: string): [number, number] {
	const bits = [...name].reduce(
		(sum, letter) => (sum << 5) | (letter.charCodeAt(0) - 64),
		0,
	);
	return [bits >> 8, bits & 0xff];
}

/** A detailed timing descriptor with reduced blanking. */
function timing(width: number, height: number): number[] {
	const h = Math.min(width, SIZE_MAX);
	const v = Math.min(height, SIZE_MAX);
	const pixels = (h + BLANKING.width) * (v + BLANKING.height);
	const clock = Math.min(Math.round((pixels * 60) / 10_000), CLOCK_MAX);
	return [
		clock & 0xff,
		clock >> 8,
		h & 0xff,
		BLANKING.width,
		(h >> 8) << 4,
		v & 0xff,
		BLANKING.height,
		(v >> 8) << 4,
		SYNC.offset,
		SYNC.width,
		SYNC.lines,
		...[0, 0, 0, 0, 0, 0],
		// Digital separate sync, horizontal positive.
		0x1a,
	];
}

/** A display descriptor of up to 13 characters, ended by a line feed and filled with blanks. */
const textDescriptor = (tag: number, text: string): number[] => [
	...[0, 0, 0, tag, 0],
	...[...`${text}\n`.padEnd(13, " ")].map((letter) => letter.charCodeAt(0)),
];

/** The octet that makes a block's sum 0 modulo 256. */
function checksum(edid: Uint8Array, at: number): number {
	let sum = 0;
	for (let i = 0; i < XENDISPL_EDID_BLOCK_SIZE - 1; i++)
		sum += edid[at + i] as number;
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
		if (checksum(edid, at) !== edid[at + XENDISPL_EDID_BLOCK_SIZE - 1])
			return no(`the checksum of block ${block} is wrong`);
	}
	if (edid[AT.version] !== VERSION[0])
		return no(`version ${edid[AT.version]} is not 1`);
	const said = (edid[AT.extensions] as number) + 1;
	if (said !== blocks) return no(`it says ${said} blocks and has ${blocks}`);
	const octet = (at: number) => edid[AT.detailed + at] as number;
	// A descriptor without a pixel clock is no timing.
	const timed = octet(0) !== 0 || octet(1) !== 0;
	const width = octet(2) | ((octet(4) >> 4) << 8);
	const height = octet(5) | ((octet(7) >> 4) << 8);
	return !timed || width === 0 || height === 0
		? no("there is no preferred mode")
		: { ok: true, width, height, blocks };
}
