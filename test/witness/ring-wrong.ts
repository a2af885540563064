/** Rings with one mistake each, of the kinds that drivers have made. */
import { ask, type Turns } from "../../src/xen/call.ts";
import {
	BackRing,
	distance,
	FrontRing,
	RING_SLOTS,
	type Unconsumed,
} from "../../src/xen/ring.ts";
import type { Kinds } from "./ring-duel.ts";

/** A push that decides by another comparison of the new index, the old one and the threshold. */
const pushing = (
	notify: (next: number, old: number, event: number) => boolean,
) =>
	class extends FrontRing {
		override *push(): Turns<boolean> {
			const old = this.published;
			yield* super.push();
			const at = { gfn: this.gfn, word: this.prodEventWord, count: 1 };
			const { words } = yield* ask("page.load", at);
			return notify(this.prod, old, words[0] as number);
		}
	};

/** A final check that does something else when there was nothing to take. */
const checking = (
	threshold: (cons: number) => number | undefined,
	lookAgain: boolean,
) =>
	class extends BackRing {
		override *finalCheck(): Turns<Unconsumed> {
			const before = yield* this.unconsumed();
			if (before !== 0) return before;
			const event = threshold(this.cons);
			if (event !== undefined)
				yield* ask("page.store", {
					gfn: this.gfn,
					word: this.consEventWord,
					words: [event],
				});
			yield* ask("memory.mb", {});
			return lookAgain ? yield* this.unconsumed() : 0;
		}
	};

export const WRONG: Readonly<Record<string, Partial<Kinds>>> = {
	"a push that notifies at the threshold's edge": {
		Front: pushing(
			(next, old, event) => distance(next, event) <= distance(next, old),
		),
	},
	"a push that always notifies": { Front: pushing(() => true) },
	"a push that only looks whether the threshold was passed": {
		Front: pushing((next, _, event) => next >= event),
	},
	"a push that compares without wrapping": {
		Front: pushing((next, old, event) => next - event < next - old),
	},
	"a final check that leaves the threshold": {
		Back: checking(() => undefined, true),
	},
	"a final check whose threshold is one early": {
		Back: checking((cons) => cons, true),
	},
	"a final check that looks once": {
		Back: checking((cons) => (cons + 1) >>> 0, false),
	},
	"a back that counts the slots of unanswered requests as free": {
		Back: class extends BackRing {
			protected override bound(): number {
				return RING_SLOTS;
			}
		},
	},
	"a back that attaches at the requests": {
		Back: class extends BackRing {
			override *attach(): Turns {
				yield* super.attach();
				const at = { gfn: this.gfn, word: this.consWord, count: 1 };
				const { words } = yield* ask("page.load", at);
				this.cons = words[0] as number;
			}
		},
	},
	"a front that thinks a slot free when its request is published": {
		Front: class extends FrontRing {
			override get free(): number {
				return RING_SLOTS - distance(this.prod, this.published);
			}
		},
	},
	"a front whose consumer index does not wrap": {
		Front: class extends FrontRing {
			override *take(): Turns<Uint32Array> {
				const before = this.cons;
				const packet = yield* super.take();
				this.cons = before + 1;
				return packet;
			}
		},
	},
};
