/**
 * A device's configuration, read anew at each connection: what the backend offers, what the toolstack wrote. Values are parsed strictly.
 */
import {
	parseBeAlloc,
	parseResolution,
	parseVersions,
} from "../../displif/nodes.ts";
import { ask, type Turns } from "../../xen/call.ts";
import { ENOENT, failed } from "./status.ts";

export interface ConnectorConfig {
	width: number;
	height: number;
}

export interface Config {
	version: number;
	beAlloc: boolean;
	connectors: ConnectorConfig[];
}

/** A configuration that cannot be worked with. */
export interface Unusable {
	status: number;
	message: string;
}

export const isUnusable = (config: Config | Unusable): config is Unusable =>
	"message" in config;

/** Protocol versions that this driver speaks. */
export const VERSIONS: readonly number[] = [1, 2];

/** displif.h, "Addressing": the connector index fits 8 bits. */
const CONNECTORS_MAX = 256;

/** The highest version in the backend's list that we speak; a missing list means version 1. */
export function chooseVersion(
	list: string | undefined,
	spoken: readonly number[] = VERSIONS,
): number | undefined {
	if (list === undefined) return 1;
	const common = (parseVersions(list) ?? []).filter((version) =>
		spoken.includes(version),
	);
	return common.length === 0 ? undefined : Math.max(...common);
}

export function* readConfig(
	front: string,
	back: string,
): Turns<Config | Unusable> {
	const versions = yield* optional(`${back}/versions`);
	if (typeof versions === "number")
		return { status: versions, message: "reading versions" };
	const version = chooseVersion(versions.value);
	if (version === undefined)
		return {
			status: failed("EINVAL"),
			message: `no common protocol version in "${versions.value}"`,
		};
	const beAlloc = yield* optional(`${front}/be-alloc`);
	if (typeof beAlloc === "number")
		return { status: beAlloc, message: "reading be-alloc" };
	const connectors: ConnectorConfig[] = [];
	while (connectors.length < CONNECTORS_MAX) {
		const index = connectors.length;
		const resolution = yield* optional(`${front}/${index}/resolution`);
		if (typeof resolution === "number")
			return {
				status: resolution,
				message: `reading resolution of connector ${index}`,
			};
		if (resolution.value === undefined) break;
		const size = parseResolution(resolution.value);
		if (size === undefined || size.width === 0 || size.height === 0)
			return {
				status: failed("EINVAL"),
				message: `resolution "${resolution.value}" of connector ${index}`,
			};
		connectors.push(size);
	}
	if (connectors.length === 0)
		return { status: failed("ENODEV"), message: "no connector configured" };
	return { version, beAlloc: parseBeAlloc(beAlloc.value), connectors };
}

/** A node that may be missing; -errno when it cannot be read for another reason. */
function* optional(
	path: string,
): Turns<{ value: string | undefined } | number> {
	const { status, value } = yield* ask("xs.read", { tx: 0, path });
	if (status >= 0) return { value };
	return status === ENOENT ? { value: undefined } : status;
}
