/**
 * The contract of an implementation under test: what a module exports, what it is given, what it offers.
 *
 * An implementation is a set of tasks in a domain. It touches the world only by the calls of src/xen/call.ts. A module's default export is
 * a factory, called afresh for each run.
 */
import type { AnyReply, Ask, CallName, Reply, Turns } from "../xen/call.ts";
import { ask } from "../xen/call.ts";

/** The verb of an async task. A generator task uses `ask` of call.ts the same way with `yield*`. */
export type AsyncAsk = <N extends CallName>(
	op: N,
	args: Ask<N>,
) => Promise<Reply<N>>;

/** A task's body: it makes a generator of calls, or is an async function over the verb it is given. */
export type Body = (ask: AsyncAsk) => Turns<unknown> | Promise<unknown>;

/** Limits per frontend that a backend is configured with. */
export interface BackendLimits {
	/** Display buffers alive at once. */
	buffers: number;
	/** Framebuffers alive at once. */
	framebuffers: number;
	/** Octets of all buffers together. */
	bytes: number;
	/** Pages mapped or granted for one frontend. */
	pages: number;
}

export const BACKEND_LIMITS: BackendLimits = {
	buffers: 64,
	framebuffers: 128,
	bytes: 512 * 1024 * 1024,
	pages: 65536,
};

/** What an implementation is told when it is made. */
export interface PeerContext {
	role: "frontend" | "backend";
	domid: number;
	/**
	 * Hand a body to the runner and start it as a task of this domain: `yield* context.start("irq", body)` in a generator task,
	 * `await context.startAsync(ask, "irq", body)` in an async one. The result is the task's number.
	 */
	start(name: string, body: Body): Turns<number>;
	startAsync(ask: AsyncAsk, name: string, body: Body): Promise<number>;
	/** A backend's configuration. */
	limits: BackendLimits;
	/** Versions of the protocol a backend offers, e.g. "1,2". */
	versions: string;
}

/** How a driver operation ended: `status` is 0 or -errno, and whatever else it found out. */
export interface OperationResult {
	status: number;
	/** `gem.create`, `prime.import`, `fb.create`: the cookie that was sent. */
	cookie?: bigint;
	/** `edid.read`: octets and their number. */
	edid?: Uint8Array;
}

/** Arguments of a frontend's operations. `object` and `framebuffer` are names that the caller chose. */
export interface Operations {
	/** The bus binds the driver to a device. Returns when its probe has returned; Connected comes later. */
	bind: { dev: number };
	/** The bus takes the driver off. Returns when all is given back. */
	unbind: { dev: number };
	/** A dumb buffer: its pages, DBUF_CREATE. */
	"gem.create": {
		dev: number;
		object: string;
		width: number;
		height: number;
		bpp: number;
		/** Octets, at least width × height × bpp / 8. */
		size: number;
	};
	/** The last handle of a GEM object is closed: DBUF_DESTROY, and its pages. */
	"gem.close": { dev: number; object: string };
	/** Import pages of another driver, the picture starting at `offset`: geometry unknown, so sent as 0. */
	"prime.import": {
		dev: number;
		object: string;
		size: number;
		offset: number;
	};
	"fb.create": {
		dev: number;
		framebuffer: string;
		object: string;
		width: number;
		height: number;
		/** FOURCC. */
		format: number;
	};
	"fb.destroy": { dev: number; framebuffer: string };
	"mode.set": {
		dev: number;
		connector: number;
		framebuffer: string;
		x: number;
		y: number;
		width: number;
		height: number;
		bpp: number;
	};
	"mode.off": { dev: number; connector: number };
	/** Returns when the client has got its event, or the wait for it timed out (-ETIMEDOUT). */
	"page.flip": { dev: number; connector: number; framebuffer: string };
	"edid.read": { dev: number; connector: number };
}
export type OperationName = keyof Operations;

/** A frontend offers driver operations; each call is one task and two may be under way at once. */
export type FrontendOperations = {
	[N in OperationName]: (
		args: Operations[N],
		ask: AsyncAsk,
	) => Turns<OperationResult> | Promise<OperationResult>;
};

export interface Frontend {
	operations: FrontendOperations;
}

export interface Backend {
	/** The backend's first task, started when its domain runs (`driver.start`). It returns when it is told to stop. */
	main: Body;
	/** Orderly end (`driver.stop`): close every device, give back everything, then return. */
	stop: Body;
}

/** What a module exports. */
export interface PeerModule {
	default: (context: PeerContext) => Frontend | Backend;
	/** Optional abilities that it does not have: be-alloc, edid, v2, prime, … (see docs/PEERS.md). */
	lacks?: readonly string[];
}

/**
 * What carries an implementation (a fake kernel, a socket) has come to a limit of its own. The case is an error, never a verdict on what is carried.
 * Known by its name: a module brings its own copy of this class.
 */
export class CannotJudge extends Error {
	override readonly name = "CannotJudge";
}
export const cannotJudge = (error: unknown): boolean =>
	error instanceof Error && error.name === "CannotJudge";

/** `start` of a context, over the function that keeps a body for the next `task.start`. */
export function starter(
	offer: (name: string, body: Body) => void,
): Pick<PeerContext, "start" | "startAsync"> {
	return {
		*start(name, body) {
			offer(name, body);
			const { task } = yield* ask("task.start", { name });
			return task;
		},
		async startAsync(askAsync, name, body) {
			offer(name, body);
			return (await askAsync("task.start", { name })).task;
		},
	};
}
export type { AnyReply };
