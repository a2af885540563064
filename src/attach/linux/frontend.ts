/**
 * A build of the Linux driver behind the contract of every frontend: the operations of scenarios become what the bus and a client do to the kernel.
 *
 * The driver and the fake kernel that carries it are one WebAssembly module, which is compiled once; each run has an instance of its own.
 */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { errnoNumber } from "../../base/errno.ts";
import type {
	Frontend,
	OperationResult,
	PeerContext,
	PeerModule,
} from "../../peer/peer.ts";
import type { Turns } from "../../xen/call.ts";
import { Client } from "./client.ts";
import { Lines } from "./lines.ts";
import { alive, type Returned, systemCall } from "./tasks.ts";
import { Kernel, type PlaceOf, type SystemCall } from "./wasm.ts";

/**
 * What no version of the driver offers: it asks for no EDID and writes no choice of a version, and takes a mode only of the connector's own size; DRM has
 * one flip of a CRTC under way; a kernel opens a grant by a store and does not live on without its drivers.
 */
const LACKS = [
	"edid",
	"v2",
	"modes",
	"queued-flips",
	"grant-errors",
	"reload",
] as const;

/** The module that a build makes: `path` is its WebAssembly file. `made` is told of each guest's kernel, for who wants to look into it. */
export function linuxFrontend(
	path: string | URL,
	made?: (kernel: Kernel) => void,
): PeerModule {
	const module = Kernel.compile(readFileSync(path));
	const place = placesOf(typeof path === "string" ? path : fileURLToPath(path));
	return {
		default: (context) => {
			const kernel = new Kernel(module, place);
			made?.(kernel);
			return new Guest(kernel, context).frontend;
		},
		lacks: LACKS,
	};
}

/** The source map lies beside its module, and is read when somebody asks for the first place. */
function placesOf(path: string): PlaceOf {
	const map = `${path}.map`;
	let lines: Lines | undefined;
	return (offset) => {
		lines ??= new Lines(existsSync(map) ? readFileSync(map, "utf8") : NO_LINES);
		const place = lines.at(offset);
		return place === "" ? undefined : place;
	};
}
const NO_LINES = '{"version":3,"sources":[],"names":[],"mappings":""}';

/** One guest: its kernel, and a client for each device. */
class Guest {
	private readonly kernel: Kernel;
	private readonly context: PeerContext;
	private readonly clients = new Map<number, Client>();
	/** Devices that the driver was bound to and not taken off. */
	private readonly bound = new Set<number>();
	private loaded = false;

	constructor(kernel: Kernel, context: PeerContext) {
		this.kernel = kernel;
		this.context = context;
	}

	readonly frontend: Frontend = {
		operations: {
			bind: ({ dev }) => this.bind(dev),
			unbind: ({ dev }) => this.unbind(dev),
			"gem.create": (args) => this.client(args.dev).createGem(args),
			"gem.close": (args) => this.client(args.dev).closeGem(args),
			"prime.import": (args) => this.client(args.dev).importGem(args),
			"fb.create": (args) => this.client(args.dev).createFramebuffer(args),
			"fb.destroy": (args) => this.client(args.dev).destroyFramebuffer(args),
			"mode.set": (args) => this.client(args.dev).setMode(args),
			"mode.off": (args) => this.client(args.dev).off(args),
			"page.flip": (args) => this.client(args.dev).flip(args),
			"edid.read": async () => ({ status: -errnoNumber("EOPNOTSUPP") }),
		},
	};

	private client(dev: number): Client {
		let client = this.clients.get(dev);
		if (client === undefined) {
			client = new Client(this.kernel, this.context, dev);
			this.clients.set(dev, client);
		}
		return client;
	}

	/** The first device loads the driver, the last one's end unloads it: what it does not give back by then is lost. */
	private *bind(dev: number): Turns<OperationResult> {
		yield* alive(this.kernel);
		if (this.bound.has(dev)) return { status: -errnoNumber("EEXIST") };
		this.bound.add(dev);
		if (!this.loaded) {
			this.loaded = true;
			const { status } = yield* this.call("user_init");
			if (status < 0) return { status };
		}
		const { status } = yield* this.call("user_bind", dev);
		if (status < 0) yield* this.unbound(dev);
		return { status };
	}

	/** A client that holds nothing has closed its file before; one that holds something is told afterwards that the device has gone. */
	private *unbind(dev: number): Turns<OperationResult> {
		yield* alive(this.kernel);
		if (!this.bound.has(dev)) return { status: -errnoNumber("ENODEV") };
		const { status } = yield* this.call("user_unbind", dev);
		yield* this.client(dev).closeAll();
		yield* this.unbound(dev);
		return { status };
	}

	private *unbound(dev: number): Turns {
		this.bound.delete(dev);
		if (this.bound.size > 0) return;
		this.loaded = false;
		yield* this.call("user_exit");
	}

	private call(name: SystemCall, ...args: number[]): Turns<Returned> {
		return systemCall(this.kernel, this.context, name, ...args);
	}
}
