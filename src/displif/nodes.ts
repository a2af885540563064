/** XenStore nodes of a display device: who writes each, when, and the strict form of its value. F and B are the device's two directories, C = F/<index>. */
import {
	XENDISPL_DRIVER_NAME,
	XENDISPL_FIELD_BE_ALLOC,
	XENDISPL_FIELD_BE_VERSIONS,
	XENDISPL_FIELD_EVT_CHANNEL,
	XENDISPL_FIELD_EVT_RING_REF,
	XENDISPL_FIELD_FE_VERSION,
	XENDISPL_FIELD_REQ_CHANNEL,
	XENDISPL_FIELD_REQ_RING_REF,
	XENDISPL_FIELD_RESOLUTION,
	XENDISPL_FIELD_UNIQUE_ID,
	XENDISPL_LIST_SEPARATOR,
	XENDISPL_RESOLUTION_SEPARATOR,
} from "./constants.ts";

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

/** How the value of a node is written, and whether a text is written so. */
export interface NodeForm {
	/** For the message about a text that is not. */
	says: string;
	accepts(text: string): boolean;
}

const decimal = (bits: 16 | 32, what: string): NodeForm => ({
	says: `${what}: a decimal number of up to ${bits} bits`,
	accepts: (text) => parseDecimal(text, bits) !== undefined,
});

/** The forms of values, by name. */
export const NODE_FORMS = {
	path: {
		says: "an absolute path",
		accepts: (text) => /^(\/[-A-Za-z0-9_@]+)+$/.test(text),
	},
	domid: decimal(16, "a domain"),
	gref: {
		says: "a grant reference: a decimal number of up to 32 bits, not 0",
		accepts: (text) => (parseDecimal(text, 32) ?? 0) !== 0,
	},
	port: {
		says: "a port: a decimal number of up to 32 bits, not 0",
		accepts: (text) => (parseDecimal(text, 32) ?? 0) !== 0,
	},
	flag: { says: "0 or 1", accepts: (text) => text === "0" || text === "1" },
	state: {
		says: "a bus state: a decimal number from 0 to 8",
		accepts: (text) => text !== "" && parseState(text) !== undefined,
	},
	version: {
		says: "one protocol version: a decimal number, not 0",
		accepts: (text) => (parseDecimal(text, 32) ?? 0) !== 0,
	},
	versions: {
		says: "protocol versions joined by commas",
		accepts: (text) => parseVersions(text) !== undefined,
	},
	resolution: {
		says: "<width>x<height>, both decimal, of up to 32 bits and not 0",
		accepts: (text) => {
			const size = parseResolution(text);
			return size !== undefined && size.width > 0 && size.height > 0;
		},
	},
	text: { says: "a text that is not empty", accepts: (text) => text !== "" },
} as const satisfies Record<string, NodeForm>;
export type NodeFormName = keyof typeof NODE_FORMS;

export interface NodeShape {
	directory: "F" | "B" | "C";
	name: string;
	writer: "toolstack" | "frontend" | "backend" | "both";
	when: string;
	form: NodeFormName;
	says: string;
}

const node = (
	directory: NodeShape["directory"],
	name: string,
	writer: NodeShape["writer"],
	when: string,
	form: NodeFormName,
	says: string,
): NodeShape => ({ directory, name, writer, when, form, says });

const CREATION = "device creation";
const PUBLISHED = "before Initialised";

export const NODES: readonly NodeShape[] = [
	node("B", "frontend", "toolstack", CREATION, "path", "path of F"),
	node(
		"B",
		"frontend-id",
		"toolstack",
		CREATION,
		"domid",
		"domain id of the frontend",
	),
	node(
		"B",
		"online",
		"toolstack",
		"creation 1, removal 0",
		"flag",
		"0: do not offer the device again after it closes",
	),
	node(
		"B",
		"state",
		"both",
		"toolstack Initialising, then the backend",
		"state",
		"the backend's bus state",
	),
	node(
		"B",
		XENDISPL_FIELD_BE_VERSIONS,
		"backend",
		"before InitWait",
		"versions",
		"supported versions joined by commas",
	),
	node("F", "backend", "toolstack", CREATION, "path", "path of B"),
	node(
		"F",
		"backend-id",
		"toolstack",
		CREATION,
		"domid",
		"domain id of the backend",
	),
	node(
		"F",
		"state",
		"both",
		"toolstack Initialising, then the frontend",
		"state",
		"the frontend's bus state",
	),
	node(
		"F",
		XENDISPL_FIELD_FE_VERSION,
		"frontend",
		PUBLISHED,
		"version",
		"one version out of B/versions",
	),
	node(
		"F",
		XENDISPL_FIELD_BE_ALLOC,
		"toolstack",
		CREATION,
		"flag",
		"1 lets the backend allocate; anything else means the frontend must",
	),
	node(
		"C",
		XENDISPL_FIELD_UNIQUE_ID,
		"toolstack",
		CREATION,
		"text",
		"text by which the backend knows the connector",
	),
	node(
		"C",
		XENDISPL_FIELD_RESOLUTION,
		"toolstack",
		CREATION,
		"resolution",
		"<width>x<height>",
	),
	node(
		"C",
		XENDISPL_FIELD_REQ_RING_REF,
		"frontend",
		PUBLISHED,
		"gref",
		"grant of the request ring's page",
	),
	node(
		"C",
		XENDISPL_FIELD_REQ_CHANNEL,
		"frontend",
		PUBLISHED,
		"port",
		"port of the request ring",
	),
	node(
		"C",
		XENDISPL_FIELD_EVT_RING_REF,
		"frontend",
		PUBLISHED,
		"gref",
		"grant of the event page",
	),
	node(
		"C",
		XENDISPL_FIELD_EVT_CHANNEL,
		"frontend",
		PUBLISHED,
		"port",
		"port of the event page",
	),
];

/** Where a device's directories lie. */
export const DIRECTORIES: Readonly<Record<NodeShape["directory"], string>> = {
	F: `/local/domain/<fe>/device/${XENDISPL_DRIVER_NAME}/<dev>`,
	B: `/local/domain/<be>/backend/${XENDISPL_DRIVER_NAME}/<fe>/<dev>`,
	C: `/local/domain/<fe>/device/${XENDISPL_DRIVER_NAME}/<dev>/<idx>`,
};

/** The node's path, numbers in angle brackets. */
export const nodePattern = ({ directory, name }: NodeShape): string =>
	`${DIRECTORIES[directory]}/${name}`;

/** What is wrong with a node's text, or undefined: a peer or a toolstack wrote it. */
export function complaint(node: NodeShape, text: string): string | undefined {
	const { says, accepts } = NODE_FORMS[node.form];
	return accepts(text)
		? undefined
		: `${node.name} is "${text}" and should be ${says}`;
}
