/**
 * The program that uses the display of one device: what a scenario's operations do to /dev/dri/cardN.
 *
 * It keeps the device open as long as it holds an object or a framebuffer, or an operation is under way. When the driver has gone from under
 * an open file, every system call on it says -ENODEV: the program forgets what it held there, closes the file, and opens the device anew when
 * it wants something again.
 */

import { errnoNumber } from "../../base/errno.ts";
import { FORMATS } from "../../displif/format.ts";
import type {
	OperationResult,
	Operations,
	PeerContext,
} from "../../peer/peer.ts";
import { ask, type Turns } from "../../xen/call.ts";
import type { Returned } from "./tasks.ts";
import { systemCall } from "./tasks.ts";
import type { Kernel, SystemCall } from "./wasm.ts";

/** How long a client waits for the event of a flip, in milliseconds. The driver's own limit is 3.1 s. */
const EVENT_MS = 10_000;

const refused = (name: Parameters<typeof errnoNumber>[0]): OperationResult => ({
	status: -errnoNumber(name),
});
const ENODEV = -errnoNumber("ENODEV");
const ETIMEDOUT = -errnoNumber("ETIMEDOUT");

/** An open file. */
interface File {
	readonly client: number;
	/** Objects and framebuffers that were made with it. */
	names: number;
	/** Operations that are at it. */
	users: number;
	/** Its device was unplugged. */
	gone: boolean;
	closed: boolean;
	/** An operation reads its events; the others are told by it. */
	reading: boolean;
	/** Flips whose event has come, and those that wait for it to be read by another. */
	readonly arrived: Set<number>;
	readonly waiting: Set<number>;
}

interface Gem {
	readonly file: File;
	readonly handle: number;
	/** Octets of a line, 0 when only the importer knows. */
	readonly pitch: number;
}

interface Framebuffer {
	readonly file: File;
	readonly fb: number;
}

export class Client {
	private readonly kernel: Kernel;
	private readonly peer: PeerContext;
	private readonly dev: number;
	private readonly gems = new Map<string, Gem>();
	private readonly framebuffers = new Map<string, Framebuffer>();
	private file: File | undefined;
	private flips = 0;

	constructor(kernel: Kernel, peer: PeerContext, dev: number) {
		this.kernel = kernel;
		this.peer = peer;
		this.dev = dev;
	}

	*createGem(args: Operations["gem.create"]): Turns<OperationResult> {
		const { object, width, height, bpp } = args;
		if (this.gems.has(object)) return refused("EEXIST");
		return yield* this.with(function* (client, file) {
			const made = yield* client.call(
				file,
				"user_dumb_create",
				width,
				height,
				bpp,
			);
			if (made.status < 0) return made;
			const [handle = 0, pitch = 0] = made.result;
			client.keep(client.gems, object, { file, handle, pitch });
			return { status: 0, cookie: cookieOf(made) };
		});
	}

	*importGem(args: Operations["prime.import"]): Turns<OperationResult> {
		const { object, size, offset } = args;
		if (this.gems.has(object)) return refused("EEXIST");
		const exported = yield* systemCall(
			this.kernel,
			this.peer,
			"user_prime_export",
			size - offset,
			offset,
		);
		if (exported.status < 0) return { status: exported.status };
		const [dmabuf = 0] = exported.result;
		const imported = yield* this.with(function* (client, file) {
			const made = yield* client.call(file, "user_prime_import", dmabuf);
			if (made.status < 0) return made;
			const [handle = 0] = made.result;
			client.keep(client.gems, object, { file, handle, pitch: 0 });
			return { status: 0, cookie: cookieOf(made) };
		});
		// What was imported lives on without the descriptor.
		yield* systemCall(this.kernel, this.peer, "user_prime_close", dmabuf);
		return imported;
	}

	*closeGem({ object }: Operations["gem.close"]): Turns<OperationResult> {
		const gem = this.gems.get(object);
		if (gem === undefined) return refused("ENOENT");
		return yield* this.forget(this.gems, object, gem.file, () =>
			this.call(gem.file, "user_dumb_destroy", gem.handle),
		);
	}

	*createFramebuffer(args: Operations["fb.create"]): Turns<OperationResult> {
		const { framebuffer, object, width, height, format } = args;
		const gem = this.gems.get(object);
		if (gem === undefined) return refused("ENOENT");
		if (this.framebuffers.has(framebuffer)) return refused("EEXIST");
		const bpp = FORMATS.find(({ code }) => code === format)?.bpp ?? 32;
		const pitch = gem.pitch > 0 ? gem.pitch : Math.ceil((width * bpp) / 8);
		return yield* this.at(gem.file, function* (client, file) {
			const made = yield* client.call(
				file,
				"user_addfb",
				gem.handle,
				width,
				height,
				format,
				pitch,
			);
			if (made.status < 0) return made;
			const [fb = 0] = made.result;
			client.keep(client.framebuffers, framebuffer, { file, fb });
			return { status: 0, cookie: cookieOf(made) };
		});
	}

	*destroyFramebuffer({
		framebuffer,
	}: Operations["fb.destroy"]): Turns<OperationResult> {
		const made = this.framebuffers.get(framebuffer);
		if (made === undefined) return refused("ENOENT");
		return yield* this.forget(this.framebuffers, framebuffer, made.file, () =>
			this.call(made.file, "user_rmfb", made.fb),
		);
	}

	*setMode(args: Operations["mode.set"]): Turns<OperationResult> {
		const { connector, framebuffer, x, y, width, height } = args;
		const made = this.framebuffers.get(framebuffer);
		if (made === undefined) return refused("ENOENT");
		return yield* this.at(made.file, (client, file) =>
			client.call(
				file,
				"user_mode_set",
				connector,
				made.fb,
				x,
				y,
				width,
				height,
			),
		);
	}

	*off({ connector }: Operations["mode.off"]): Turns<OperationResult> {
		return yield* this.with((client, file) =>
			client.call(file, "user_mode_off", connector),
		);
	}

	*flip(args: Operations["page.flip"]): Turns<OperationResult> {
		const made = this.framebuffers.get(args.framebuffer);
		if (made === undefined) return refused("ENOENT");
		const flip = ++this.flips;
		return yield* this.at(made.file, function* (client, file) {
			const asked = yield* client.call(
				file,
				"user_page_flip",
				args.connector,
				made.fb,
				flip,
			);
			if (asked.status < 0) return asked;
			return { status: yield* client.event(file, flip) };
		});
	}

	/** The driver is off the device: the program is told, and lets go of everything. */
	*closeAll(): Turns {
		const files = new Set<File>();
		for (const { file } of [
			...this.gems.values(),
			...this.framebuffers.values(),
		])
			files.add(file);
		if (this.file !== undefined) files.add(this.file);
		this.gems.clear();
		this.framebuffers.clear();
		this.file = undefined;
		for (const file of files) {
			file.names = 0;
			yield* this.leave(file);
		}
	}

	/** Nothing is held and nothing under way. */
	get idle(): boolean {
		return this.gems.size === 0 && this.framebuffers.size === 0;
	}

	/** The event of a flip has come: 0, else -ETIMEDOUT. Of several operations that wait for one, one reads. */
	private *event(file: File, flip: number): Turns<number> {
		while (!file.arrived.delete(flip)) {
			if (file.reading) {
				file.waiting.add(flip);
				const { status } = yield* ask("wait", {
					ports: [],
					token: "",
					completion: this.completion(flip),
					display: false,
					timeout: EVENT_MS,
					why: "answer",
				});
				file.waiting.delete(flip);
				if (status < 0) return ETIMEDOUT;
				continue;
			}
			file.reading = true;
			const read = yield* this.call(file, "user_read_event", EVENT_MS);
			file.reading = false;
			const [came = 0] = read.result;
			if (read.status >= 0) file.arrived.add(came);
			// Whose event it is, or else any of the others, who reads on.
			const next = file.waiting.has(came) ? came : [...file.waiting][0];
			if (next !== undefined)
				yield* ask("completion.complete", {
					completion: this.completion(next),
				});
			if (read.status < 0) return read.status;
		}
		return 0;
	}

	/** The kernel's completions are addresses, which end long before these. */
	private completion(flip: number): number {
		return (0xe0000000 + this.dev * 0x1000000 + (flip & 0xffffff)) >>> 0;
	}

	// ---- Files

	private call(
		file: File,
		name: SystemCall,
		...args: number[]
	): Turns<Returned> {
		return systemCall(this.kernel, this.peer, name, file.client, ...args);
	}

	/** Do something with the device open. A file whose device was unplugged is replaced once. */
	private *with(
		body: (client: Client, file: File) => Turns<OperationResult>,
	): Turns<OperationResult> {
		for (let again = true; ; again = false) {
			const file = this.file ?? (yield* this.open());
			if (typeof file === "number") return { status: file };
			const result = yield* this.at(file, body);
			if (result.status !== ENODEV || !again) return told(result);
		}
	}

	private *open(): Turns<File | number> {
		const opened = yield* systemCall(
			this.kernel,
			this.peer,
			"user_open",
			this.dev,
		);
		if (opened.status < 0) return opened.status;
		// Another operation may have opened it meanwhile.
		const file: File = {
			client: opened.result[0] ?? 0,
			names: 0,
			users: 0,
			gone: false,
			closed: false,
			reading: false,
			arrived: new Set(),
			waiting: new Set(),
		};
		this.file ??= file;
		return file;
	}

	/** Do something with an open file, which is closed afterwards when nothing is left of it. */
	private *at(
		file: File,
		body: (client: Client, file: File) => Turns<OperationResult>,
	): Turns<OperationResult> {
		file.users += 1;
		const result = yield* body(this, file);
		file.users -= 1;
		if (result.status === ENODEV) this.unplugged(file);
		yield* this.leave(file);
		return told(result);
	}

	private unplugged(file: File): void {
		file.gone = true;
		if (this.file === file) this.file = undefined;
	}

	private *leave(file: File): Turns {
		if (file.users > 0 || file.names > 0 || file.closed) return;
		file.closed = true;
		if (this.file === file) this.file = undefined;
		yield* systemCall(this.kernel, this.peer, "user_close", file.client);
	}

	private keep<T extends { file: File }>(
		names: Map<string, T>,
		name: string,
		made: T,
	): void {
		names.set(name, made);
		made.file.names += 1;
	}

	/** Give a name up. On an unplugged device nothing is left to be done but to close the file with the last of them. */
	private *forget<T>(
		names: Map<string, T>,
		name: string,
		file: File,
		close: () => Turns<Returned>,
	): Turns<OperationResult> {
		return yield* this.at(file, function* (client) {
			const { status } = file.gone ? { status: ENODEV } : yield* close();
			if (status === ENODEV) client.unplugged(file);
			else if (status < 0) return { status };
			if (names.delete(name)) file.names -= 1;
			return { status: 0 };
		});
	}
}

/** Only what the contract asks for. */
const told = ({ status, cookie }: OperationResult): OperationResult =>
	cookie === undefined ? { status } : { status, cookie };

const cookieOf = ({ result }: Returned): bigint =>
	(BigInt(result[5] ?? 0) << 32n) | BigInt(result[4] ?? 0);
