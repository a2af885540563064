/**
 * A kernel: one instance of the WebAssembly module that the driver and the fake kernel are, and its contexts as coroutines. The layout of what passes
 * between them is that of src/attach/kernel/host.h.
 */
import {
	type AnyReply,
	CALLS,
	type Call,
	type CallName,
	type FieldType,
} from "../../xen/call.ts";

/** System calls and what else the host asks of the kernel: the exports `user_*` of host.h. */
export type SystemCall =
	| "user_init"
	| "user_exit"
	| "user_bind"
	| "user_unbind"
	| "user_open"
	| "user_close"
	| "user_dumb_create"
	| "user_dumb_destroy"
	| "user_prime_export"
	| "user_prime_import"
	| "user_prime_close"
	| "user_addfb"
	| "user_rmfb"
	| "user_mode_set"
	| "user_mode_off"
	| "user_page_flip"
	| "user_read_event"
	| "user_modes";

/** A context of the kernel that runs, or waits for the answer to a door call. */
export interface Context {
	/** Address of its `struct xk_context`. */
	readonly at: number;
	/** What it runs: an export and its arguments. */
	readonly entry: string;
	readonly args: readonly number[];
	state: "fresh" | "waits" | "ended";
	/** Address of the `struct xk_call` that it waits in. */
	call: number;
}

/** How far a context went. */
export type Step =
	| {
			done: false;
			call: Call;
			/** With `task.start`: what the new task is to run. */
			start?: { name: string; context: Context };
	  }
	| { done: true; status: number; result: readonly number[] };

/** The kernel cannot go on. */
export class KernelDeath extends Error {
	/** A XK_DEATH word of host.h: "BUG", "use-after-free", … */
	readonly kind: string;
	/** Functions on the stack, the innermost first. */
	readonly functions: readonly string[];
	constructor(kind: string, text: string, functions: readonly string[]) {
		super(
			`${text}${functions.length > 0 ? ` in ${functions.slice(0, 4).join(", called by ")}` : ""}`,
		);
		this.name = kind;
		this.kind = kind;
		this.functions = functions;
	}
}

/** A kernel as it was: the memory, the globals and the contexts. */
export interface Snapshot {
	readonly memory: Uint8Array;
	readonly stack: number;
	readonly contexts: readonly Readonly<Context>[];
}

/** 32-bit words of `struct xk_call`. */
const CALL = {
	op: 0,
	in: 1,
	text: 9,
	words: 11,
	count: 12,
	status: 13,
	out: 14,
	reply: 20,
	replySize: 21,
	start: 22,
};
/** 32-bit words of `struct xk_context`. */
const CONTEXT = { results: 8, rewind: 8, place: 11, function: 12 };

/** Where in a source an octet of the module came from: "xen_drm_front.c:67". */
export type PlaceOf = (offset: number) => string | undefined;

/** Functions of the runtime that only carry a death to the host. */
const UNDERTAKERS =
	/^(xk_|__asan_|asyncify|mem(set|cpy|move|cmp)$|str|(take|access|special|wild)$)/;
const STACK_FRAMES = 40;

type Exports = Record<string, (...args: number[]) => number> & {
	memory: WebAssembly.Memory;
	__stack_pointer: WebAssembly.Global;
};

export class Kernel {
	private readonly exports: Exports;
	/** Linear memory. Public for the generated code alone. */
	words = new Uint32Array();
	private octets = new Uint8Array();
	private readonly contexts = new Set<Context>();
	/** The context that runs. */
	private running: Context | undefined;
	private rewinding = false;
	private unwinding = false;
	/** What every step calls. */
	private readonly enters: Record<
		(typeof EVERY_STEP)[number],
		(at?: number) => void
	>;
	private readonly place: PlaceOf;
	/** It has met its death and runs nothing any more. */
	dead = false;

	static compile(bytes: Uint8Array): WebAssembly.Module {
		return new WebAssembly.Module(bytes);
	}

	constructor(module: WebAssembly.Module, place: PlaceOf = () => undefined) {
		this.place = place;
		const instance = new WebAssembly.Instance(module, {
			xk: {
				call: (at: number) => this.suspend(at),
				die: (kind: number, text: number) => {
					this.look();
					throw new KernelDeath(
						this.text(kind),
						this.text(text),
						stackOf(this.place),
					);
				},
			},
		});
		this.exports = instance.exports as unknown as Exports;
		this.enters = Object.fromEntries(
			EVERY_STEP.map((name) => [name, this.exports[name]]),
		) as unknown as typeof this.enters;
		this.invoke("xk_boot");
		this.look();
	}

	/** The module's memory grows, and what looked at the smaller one sees nothing any more. */
	private look(): void {
		const { buffer } = this.exports.memory;
		if (this.words.buffer === buffer) return;
		this.words = new Uint32Array(buffer);
		this.octets = new Uint8Array(buffer);
	}

	/** A context for a system call. Nothing runs yet. */
	begin(name: SystemCall, ...args: number[]): Context {
		const at = this.invoke("xk_context");
		this.look();
		return this.context(at, name, args);
	}

	/** Let a context run to its next door call, which is answered with the next step, or to its end. */
	step(context: Context, reply?: AnyReply): Step {
		if (context.state === "ended") throw new Error("the context has ended");
		this.running = context;
		this.enters.xk_switch(context.at);
		if (context.state === "waits") {
			if (reply === undefined) throw new Error("the context waits for a reply");
			this.answer(context.call, reply);
			this.rewinding = true;
			this.enters.asyncify_start_rewind(rewindOf(context));
		}
		const status = this.enter(context);
		this.look();
		this.running = undefined;
		if (this.unwinding) {
			this.unwinding = false;
			this.enters.asyncify_stop_unwind();
			return this.asked(context);
		}
		context.state = "ended";
		this.contexts.delete(context);
		const from = context.at >>> 2;
		const result = [...this.words.subarray(from, from + CONTEXT.results)];
		this.invoke("xk_context_end", context.at);
		return { done: true, status: status | 0, result };
	}

	/** The last line of the driver that a context passed, as far as known: "xen_drm_front.c:230 xen_drm_front_dbuf_create", or "". */
	lastPlace({ at }: Context): string {
		return [CONTEXT.place, CONTEXT.function]
			.map((field) => this.text(this.word(at, field)))
			.filter((text) => text !== "")
			.join(" ");
	}

	/** It is found to go on no more: what its next step would have thrown. */
	die(kind: string, text: string): KernelDeath {
		this.dead = true;
		return new KernelDeath(kind, text, []);
	}

	/** FNV-1a over the linear memory, word by word. */
	hash(): number {
		let hash = 0x811c9dc5;
		for (const word of this.words)
			hash = Math.imul(hash ^ word, 0x01000193) >>> 0;
		return hash;
	}

	/** Contexts that wait for the answer to a door call. */
	get waiting(): Context[] {
		return [...this.contexts];
	}

	snapshot(): Snapshot {
		return {
			memory: this.octets.slice(),
			stack: this.exports.__stack_pointer.value as number,
			contexts: [...this.contexts].map((context) => ({ ...context })),
		};
	}

	/** The kernel is as it was; the contexts of the snapshot, in its order. Contexts that were handed out before are void. */
	restore(snapshot: Snapshot): Context[] {
		const { memory } = snapshot;
		if (memory.length > this.octets.length)
			this.exports.memory.grow((memory.length - this.octets.length) >>> 16);
		this.look();
		this.octets.set(memory);
		// What it has grown by since is as it was: nothing.
		this.octets.fill(0, memory.length);
		this.exports.__stack_pointer.value = snapshot.stack;
		this.contexts.clear();
		for (const context of snapshot.contexts) this.contexts.add({ ...context });
		return [...this.contexts];
	}

	// ---- Coroutines

	private context(at: number, entry: string, args: readonly number[]): Context {
		const context: Context = { at, entry, args, state: "fresh", call: 0 };
		this.contexts.add(context);
		return context;
	}

	private enter({ entry, args }: Context): number {
		const run = this.exports[entry];
		if (run === undefined) throw new Error(`the module has no ${entry}`);
		try {
			return run(...args);
		} catch (error) {
			this.dead = true;
			throw error instanceof WebAssembly.RuntimeError ||
				error instanceof RangeError
				? new KernelDeath("trap", error.message, stackOf(this.place, error))
				: error;
		}
	}

	/** The one import that suspends: called to unwind, and again at the end of a rewind. */
	private suspend(at: number): void {
		const context = this.running;
		if (context === undefined)
			throw new Error("a door call outside of any context");
		if (this.rewinding) {
			this.rewinding = false;
			this.enters.asyncify_stop_rewind();
			return;
		}
		this.look();
		context.call = at;
		context.state = "waits";
		this.unwinding = true;
		this.enters.asyncify_start_unwind(rewindOf(context));
	}

	private invoke(name: string, ...args: number[]): number {
		const call = this.exports[name];
		if (call === undefined) throw new Error(`the module has no ${name}`);
		return call(...args);
	}

	// ---- Door calls

	private asked(context: Context): Step {
		const at = context.call;
		const { op, read } = this.shape(at);
		const call = read(this, at >>> 2);
		if (op !== "task.start") return { done: false, call };
		const { name } = call as Extract<Call, { op: "task.start" }>;
		return {
			done: false,
			call,
			start: { name, context: this.startedBy(at) },
		};
	}

	/** The shape of a call that the module makes. Its name is a literal, so that its address tells it. */
	private shape(at: number): Shape {
		const name = this.word(at, CALL.op);
		let shape = this.shapes.get(name);
		if (shape === undefined) {
			const op = this.text(name) as CallName;
			if (CALLS[op] === undefined)
				throw new Error(`the module asked for ${op}`);
			const { ask, reply } = CALLS[op];
			shape = { op, read: reader(op, ask), reply: fieldsOf(reply) };
			this.shapes.set(name, shape);
		}
		return shape;
	}
	private readonly shapes = new Map<number, Shape>();

	private startedBy(at: number): Context {
		const start = this.word(at, CALL.start);
		return this.context(start, "xk_thread", [start]);
	}

	private answer(at: number, reply: AnyReply): void {
		const base = at >>> 2;
		this.words[base + CALL.status] = reply.status;
		let out = base + CALL.out;
		let to = this.word(at, CALL.reply);
		let room = this.word(at, CALL.replySize);
		for (const [name, type] of this.shape(at).reply) {
			const value = (reply as unknown as Record<string, unknown>)[name];
			if (type === "str") {
				if (room === 0) continue;
				const text = String(value).slice(0, room - 1);
				for (let i = 0; i < text.length; i++)
					this.octets[to++] = text.charCodeAt(i);
				this.octets[to++] = 0;
				room -= text.length + 1;
			} else if (type === "words") {
				const list = (value ?? []) as ArrayLike<number>;
				const most = Math.min(list.length, this.word(at, CALL.count));
				const from = this.word(at, CALL.words) >>> 2;
				for (let i = 0; i < most; i++) this.words[from + i] = list[i] as number;
			} else this.words[out++] = Number(value);
		}
	}

	/** For the generated code: a run of words, by the call's address in words. */
	runAt(base: number): Uint32Array {
		const from = (this.words[base + CALL.words] as number) >>> 2;
		const count = this.words[base + CALL.count] as number;
		return count === 0 ? NO_WORDS : this.words.slice(from, from + count);
	}

	private word(at: number, index: number): number {
		return this.words[(at >>> 2) + index] as number;
	}

	/** The NUL-terminated text at an address, one character an octet. Public for the generated code. */
	text(from: number): string {
		if (from === 0) return "";
		let text = "";
		for (let at = from; this.octets[at] !== 0; at++)
			text += String.fromCharCode(this.octets[at] as number);
		return text;
	}
}

const EVERY_STEP = [
	"xk_switch",
	"asyncify_start_unwind",
	"asyncify_stop_unwind",
	"asyncify_start_rewind",
	"asyncify_stop_rewind",
] as const;

const rewindOf = ({ at }: Context): number => at + 4 * CONTEXT.rewind;

interface Shape {
	op: CallName;
	read: Read;
	reply: readonly [string, FieldType][];
}

/** Reads a call out of the memory, at an address in words. */
type Read = (kernel: Kernel, base: number) => Call;

/** Reading code for one call, generated from its fields: a loop over the table costs several times as much. */
function reader(op: CallName, fields: Record<string, FieldType>): Read {
	let [number, text] = [CALL.in, CALL.text];
	const load: Record<FieldType, () => string> = {
		u32: () => `w[base + ${number++}]`,
		i32: () => `w[base + ${number++}] | 0`,
		bool: () => `w[base + ${number++}] !== 0`,
		str: () => `kernel.text(w[base + ${text++}])`,
		words: () => "kernel.runAt(base)",
	};
	const members = Object.entries(fields).map(
		([name, type]) => `${JSON.stringify(name)}: ${load[type]()}`,
	);
	return new Function(
		"kernel",
		"base",
		`const w = kernel.words; return { op: ${JSON.stringify(op)}, ${members.join(", ")} };`,
	) as Read;
}

const NO_WORDS = new Uint32Array();

const fieldsOf = (shape: Record<string, FieldType>) =>
	Object.entries(shape) as [string, FieldType][];

/** An error whose stack is deep enough to name the driver's functions. */
function deepError(): Error {
	const { stackTraceLimit } = Error;
	Error.stackTraceLimit = STACK_FRAMES;
	const error = new Error();
	Error.stackTraceLimit = stackTraceLimit;
	return error;
}

/** The functions of the module on the stack, the innermost first, with their places where these are known. */
function stackOf(place: PlaceOf, error = deepError()): string[] {
	const functions: string[] = [];
	for (const line of (error.stack ?? "").split("\n")) {
		const [, name, offset] =
			/at (\S+?)(?:\.command_export)? \(wasm:.*:0x([0-9a-f]+)\)/.exec(line) ??
			[];
		if (name === undefined || UNDERTAKERS.test(name)) continue;
		const at = place(Number.parseInt(offset as string, 16));
		functions.push(at === undefined ? name : `${name} (${at})`);
	}
	return functions;
}
