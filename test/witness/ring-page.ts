/** Our rings over one page and no world: each call at the door is answered from the words. */
import type { AnyReply, Turns } from "../../src/xen/call.ts";
import { BackRing, FrontRing, sharedRingInit } from "../../src/xen/ring.ts";

export const PAGE_WORDS = 1024;

class Front extends FrontRing {
	/** FRONT_RING_ATTACH. */
	begin(index: number): void {
		this.prod = index;
		this.published = index;
		this.cons = index;
	}
}

export class RingPage {
	/** A page that somebody used before. */
	readonly words = new Uint32Array(PAGE_WORDS).fill(0xeeee_eeee);
	readonly front = new Front(0);
	readonly back = new BackRing(0);

	constructor(index = 0) {
		this.run(sharedRingInit(0));
		if (index !== 0) this.words.set([index, index + 1, index, index + 1]);
		this.front.begin(index);
		this.run(this.back.attach());
	}

	/** Run an action to its end. */
	run<T>(turns: Turns<T>): T {
		let next = turns.next();
		while (!next.done) {
			const { value: call } = next;
			switch (call.op) {
				case "page.load":
					next = turns.next({
						status: 0,
						words: this.words.slice(call.word, call.word + call.count),
					} as AnyReply);
					break;
				case "page.store":
					this.words.set(Array.from(call.words), call.word);
					next = turns.next({ status: 0 } as AnyReply);
					break;
				case "memory.mb":
				case "memory.rmb":
				case "memory.wmb":
					next = turns.next({ status: 0 } as AnyReply);
					break;
				default:
					throw new Error(`a ring asks for ${call.op}`);
			}
		}
		return next.value;
	}
}
