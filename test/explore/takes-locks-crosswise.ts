/** A frontend that takes two locks of its own in one order when a buffer is made, and in the other when a picture is shown. */
import { frontend } from "../../src/peer/frontend.ts";
import type {
	Frontend,
	OperationResult,
	PeerContext,
} from "../../src/peer/peer.ts";
import { ask, type Turns } from "../../src/xen/call.ts";

const BUFFERS = 0x7001;
const SCREEN = 0x7002;

export default (context: PeerContext): Frontend => {
	const { operations } = frontend(context);
	const create = operations["gem.create"];
	const flip = operations["page.flip"];
	return {
		operations: {
			...operations,
			*"gem.create"(args, wait) {
				yield* both(BUFFERS, SCREEN);
				return yield* create(args, wait) as Turns<OperationResult>;
			},
			*"page.flip"(args, wait) {
				yield* both(SCREEN, BUFFERS);
				return yield* flip(args, wait) as Turns<OperationResult>;
			},
		},
	};
};

function* both(outer: number, inner: number): Turns {
	yield* ask("lock.take", { lock: outer });
	yield* ask("lock.take", { lock: inner });
	yield* ask("lock.give", { lock: inner });
	yield* ask("lock.give", { lock: outer });
}
