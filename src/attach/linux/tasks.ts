/** Contexts of the kernel as tasks of the domain: each door call of a context is one that its task makes. */
import { CannotJudge, type PeerContext } from "../../peer/peer.ts";
import { type AnyReply, ask, type Turns } from "../../xen/call.ts";
import {
	type Context,
	type Kernel,
	KernelDeath,
	type Step,
	type SystemCall,
} from "./wasm.ts";

/** How a system call came back: 0 or -errno, and what stood in its context's result. */
export interface Returned {
	status: number;
	result: readonly number[];
}

/** A system call, made by the task that asks for it. */
export function* systemCall(
	kernel: Kernel,
	peer: PeerContext,
	name: SystemCall,
	...args: number[]
): Turns<Returned> {
	return yield* run(kernel, peer, kernel.begin(name, ...args));
}

/** Run a context to its end. The contexts that it starts are tasks of their own. */
function* run(
	kernel: Kernel,
	peer: PeerContext,
	context: Context,
): Turns<Returned> {
	let reply: AnyReply | undefined;
	let calls = 0;
	for (;;) {
		if (kernel.dead) yield* alive(kernel);
		let step: Step;
		try {
			step = kernel.step(context, reply);
		} catch (error) {
			return yield* panic(peer, deathOf(error));
		}
		if (step.done) return step;
		const { start } = step;
		if (start === undefined) {
			calls = step.call.op === "wait" ? 0 : calls + 1;
			if (calls > SOFT_LOCKUP)
				yield* panic(
					peer,
					kernel.die("soft-lockup", lockup(step, kernel.lastPlace(context))),
				);
			reply = yield step.call;
			continue;
		}
		const task = yield* peer.start(start.name, () =>
			run(kernel, peer, start.context),
		);
		reply = { status: 0, task } as AnyReply;
	}
}

/** Deaths that are no doing of the driver: XK_DEATH_EXHAUSTED and XK_DEATH_MODEL of host.h. */
const OURS: ReadonlySet<string> = new Set(["out-of-arena", "model"]);

/** A kernel that has panicked runs nothing any more: who would go on in it waits until its domain is told so. */
export function* alive(kernel: Kernel): Turns {
	if (kernel.dead) yield* ask("wait", { ...NOTHING });
}

/** Nothing ends this wait. */
const NOTHING = {
	ports: [],
	token: "",
	completion: 0,
	display: false,
	timeout: 0,
	why: "work",
};

/** What a step threw, as far as it is the driver's doing. Throws everything else. */
function deathOf(error: unknown): KernelDeath {
	if (!(error instanceof KernelDeath)) throw error;
	if (OURS.has(error.kind))
		throw new CannotJudge(`the fake kernel: ${error.message}`);
	// The places in our own code are of no use to who reads the report: the functions of the driver are.
	error.stack = [`${error.name}: ${error.message}`, ...error.functions].join(
		"\n    at ",
	);
	return error;
}

/** What a memory error leaves behind is nothing that could be judged, so it ends the guest: as with panic_on_oops. */
function* panic(peer: PeerContext, death: KernelDeath): Turns<never> {
	yield* peer.start("panic", () => ask("domain.crash", { domid: peer.domid }));
	throw death;
}

/** Door calls that a context may make without a sleep: the longest honest run lends a buffer of 4 GiB, a page at a time. */
const SOFT_LOCKUP = 200_000;
const lockup = ({ call }: Step & { done: false }, place: string): string =>
	`${SOFT_LOCKUP} calls without a sleep, the last a ${call.op}${place === "" ? "" : ` of ${place}`}`;
