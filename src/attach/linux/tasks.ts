/** Contexts of the kernel as tasks of the domain: each door call of a context is one that its task makes. */
import type { PeerContext } from "../../peer/peer.ts";
import type { AnyReply, Turns } from "../../xen/call.ts";
import {
	type Context,
	type Kernel,
	KernelDeath,
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
	for (;;) {
		const step = advance(kernel, context, reply);
		if (step.done) return step;
		const { start } = step;
		if (start === undefined) {
			reply = yield step.call;
			continue;
		}
		const task = yield* peer.start(start.name, () =>
			run(kernel, peer, start.context),
		);
		reply = { status: 0, task } as AnyReply;
	}
}

function advance(
	kernel: Kernel,
	context: Context,
	reply: AnyReply | undefined,
) {
	try {
		return kernel.step(context, reply);
	} catch (error) {
		// The places in our own code are of no use to who reads the report: the functions of the driver are.
		if (error instanceof KernelDeath)
			error.stack = [
				`${error.name}: ${error.message}`,
				...error.functions,
			].join("\n    at ");
		throw error;
	}
}
