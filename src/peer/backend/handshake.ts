/** What a frontend has published, read anew at each connection, in one snapshot and strictly. */
import { isDeepStrictEqual } from "node:util";
import {
	parseBeAlloc,
	parseDecimal,
	parseResolution,
	parseState,
	parseVersions,
} from "../../displif/nodes.ts";
import { XenbusStateInitialised } from "../../xen/abi/xenbus.ts";
import { ask, type Turns } from "../../xen/call.ts";
import { usable } from "./directories.ts";
import type { Driver } from "./driver.ts";

export interface ConnectorConfig {
	index: number;
	uniqueId: string;
	width: number;
	height: number;
	requestRing: number;
	requestPort: number;
	eventRing: number;
	eventPort: number;
}

export interface FrontendConfig {
	version: number;
	backendAllocates: boolean;
	connectors: ConnectorConfig[];
}

/** displif.h, "Addressing": the connector index fits 8 bits. */
const CONNECTORS_MAX = 256;

export class Handshake {
	protected readonly driver: Driver;

	constructor(driver: Driver) {
		this.driver = driver;
	}

	/** The configuration below F, or what is wrong with it; undefined when the store gives no transaction to read it in now. */
	*read(front: string): Turns<FrontendConfig | string | undefined> {
		const { status, tx } = yield* ask("xs.transaction-start", {});
		if (status < 0) return undefined;
		const config = yield* this.readAll(front, tx);
		yield* ask("xs.transaction-end", { tx, commit: false });
		return config;
	}

	/** Whether a configuration still stands below F, in a transaction: a frontend may have given up, and come back with another, while we were busy. */
	*stands(front: string, config: FrontendConfig, tx: number): Turns<boolean> {
		const { xenbus } = this.driver;
		const state = parseState(yield* xenbus.read(`${front}/state`, tx));
		if (state !== XenbusStateInitialised) return false;
		return isDeepStrictEqual(yield* this.readAll(front, tx), config);
	}

	private *readAll(front: string, tx: number): Turns<FrontendConfig | string> {
		const { xenbus } = this.driver;
		const version = this.chooseVersion(
			yield* xenbus.read(`${front}/version`, tx),
		);
		if (typeof version === "string") return version;
		const backendAllocates = parseBeAlloc(
			yield* xenbus.read(`${front}/be-alloc`, tx),
		);
		const connectors: ConnectorConfig[] = [];
		for (let index = 0; index < CONNECTORS_MAX; index++) {
			const path = `${front}/${index}`;
			if ((yield* xenbus.read(path, tx)) === undefined) break;
			const connector = yield* this.readConnector(path, index, tx);
			if (typeof connector === "string") return connector;
			connectors.push(connector);
		}
		if (connectors.length === 0) return "no connector";
		return { version, backendAllocates, connectors };
	}

	/** A frontend that names none speaks version 1, as the Linux frontend does. */
	protected chooseVersion(text: string | undefined): number | string {
		const version = text === undefined ? 1 : parseDecimal(text, 32);
		const offered = parseVersions(this.driver.context.versions) ?? [];
		return version !== undefined && offered.includes(version)
			? version
			: `version "${text ?? 1}" is not offered`;
	}

	protected *readConnector(
		path: string,
		index: number,
		tx: number,
	): Turns<ConnectorConfig | string> {
		const { xenbus } = this.driver;
		const uniqueId = yield* xenbus.read(`${path}/unique-id`, tx);
		if (uniqueId === undefined || uniqueId === "")
			return `connector ${index} has no unique-id`;
		const size = parseResolution(yield* xenbus.read(`${path}/resolution`, tx));
		if (size === undefined || size.width === 0 || size.height === 0)
			return `connector ${index} has no valid resolution`;
		const numbers: number[] = [];
		for (const name of TRANSPORT) {
			const text = yield* xenbus.read(`${path}/${name}`, tx);
			const value = parseDecimal(text, 32);
			const valid =
				value !== undefined &&
				(name.endsWith("-ref") ? usable(value) : value > 0);
			if (!valid)
				return `connector ${index}: ${name} is ${text === undefined ? "missing" : `"${text}"`}`;
			numbers.push(value);
		}
		const [requestRing, requestPort, eventRing, eventPort] = numbers as [
			number,
			number,
			number,
			number,
		];
		return {
			index,
			uniqueId,
			...size,
			requestRing,
			requestPort,
			eventRing,
			eventPort,
		};
	}
}

const TRANSPORT = [
	"req-ring-ref",
	"req-event-channel",
	"evt-ring-ref",
	"evt-event-channel",
] as const;
