/** XenStore nodes of a display device: who writes each, when, and the strict form of its value. F and B are the device's two directories, C = F/<index>. */
import {
	XENDISPL_LIST_SEPARATOR,
	XENDISPL_RESOLUTION_SEPARATOR,
} from "./constants.ts";

export interface NodeShape {
	directory: "F" | "B" | "C";
	name: string;
	writer: "toolstack" | "frontend" | "backend" | "both";
	when: string;
	says: string;
}

const node = (
	directory: NodeShape["directory"],
	name: string,
	writer: NodeShape["writer"],
	when: string,
	says: string,
): NodeShape => ({
	directory,
	name,
	writer,
	when,
	says,
});

export const NODES: readonly NodeShape[] = [
	node("B", "frontend", "toolstack", "device creation", "path of F"),
	node(
		"B",
		"frontend-id",
		"toolstack",
		"device creation",
		"domain id of the frontend",
	),
	node(
		"B",
		"online",
		"toolstack",
		"creation 1, removal 0",
		"0: do not offer the device again after it closes",
	),
	node(
		"B",
		"state",
		"both",
		"toolstack Initialising, then the backend",
		"the backend's bus state",
	),
	node(
		"B",
		"versions",
		"backend",
		"before InitWait",
		"supported versions joined by commas",
	),
	node("F", "backend", "toolstack", "device creation", "path of B"),
	node(
		"F",
		"backend-id",
		"toolstack",
		"device creation",
		"domain id of the backend",
	),
	node(
		"F",
		"state",
		"both",
		"toolstack Initialising, then the frontend",
		"the frontend's bus state",
	),
	node(
		"F",
		"version",
		"frontend",
		"before Initialised",
		"one version out of B/versions",
	),
	node(
		"F",
		"be-alloc",
		"toolstack",
		"device creation",
		"1 lets the backend allocate; anything else means the frontend must",
	),
	node(
		"C",
		"unique-id",
		"toolstack",
		"device creation",
		"text by which the backend knows the connector",
	),
	node("C", "resolution", "toolstack", "device creation", "<width>x<height>"),
	node(
		"C",
		"req-ring-ref",
		"frontend",
		"before Initialised",
		"grant of the request ring's page",
	),
	node(
		"C",
		"req-event-channel",
		"frontend",
		"before Initialised",
		"port of the request ring",
	),
	node(
		"C",
		"evt-ring-ref",
		"frontend",
		"before Initialised",
		"grant of the event page",
	),
	node(
		"C",
		"evt-event-channel",
		"frontend",
		"before Initialised",
		"port of the event page",
	),
];

/** A decimal number that fits so many bits; undefined for anything else, also a sign, a blank or a leading zero. */
export function parseDecimal(
	text: string | undefined,
	bits: 8 | 16 | 32,
): number | undefined {
	if (text === undefined || !/^(0|[1-9][0-9]{0,9})$/.test(text))
		return undefined;
	const value = Number(text);
	return value < 2 ** bits ? value : undefined;
}

/** `800x600`: both decimal, up to 32 bits, separator a lower-case x. */
export function parseResolution(
	text: string | undefined,
): { width: number; height: number } | undefined {
	const parts = text?.split(XENDISPL_RESOLUTION_SEPARATOR) ?? [];
	const width = parseDecimal(parts[0], 32);
	const height = parseDecimal(parts[1], 32);
	return parts.length === 2 && width !== undefined && height !== undefined
		? { width, height }
		: undefined;
}

/** `1,2`: versions in the order given; undefined when the list or a part of it is malformed. */
export function parseVersions(text: string | undefined): number[] | undefined {
	const versions = (text ?? "")
		.split(XENDISPL_LIST_SEPARATOR)
		.map((part) => parseDecimal(part, 32));
	return versions.some((version) => version === undefined || version === 0)
		? undefined
		: (versions as number[]);
}

/** Bus state; a missing node is Unknown (0), a malformed one undefined. */
export function parseState(text: string | undefined): number | undefined {
	if (text === undefined || text === "") return 0;
	const state = parseDecimal(text, 8);
	return state !== undefined && state <= 8 ? state : undefined;
}

/** Only the text 1 lets the backend allocate. */
export const parseBeAlloc = (text: string | undefined): boolean => text === "1";
