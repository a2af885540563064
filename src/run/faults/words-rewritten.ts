import type { AnyReply, Reply } from "../../xen/call.ts";
import type { FaultKind } from "./kind.ts";

/**
 * The peer may write what it shares at any moment. It does so here between two loads of the same words by one task: a right reader has
 * copied what it judged, and takes whatever an index says for what it is.
 */
export const wordsRewritten: FaultKind = {
	name: "words-rewritten",
	says: "shared words change between two loads of them",
	at: ["page.load"],
	fits(call, { world, domid, task, seen }) {
		if (call.op !== "page.load") return false;
		const frame = world.domain(domid)?.physmap.frame(call.gfn) ?? 0;
		if (frame === 0 || !world.frames.shared(frame)) return false;
		const key = `${task} ${frame} ${call.word}`;
		const times = (seen.get(key) ?? 0) + 1;
		seen.set(key, times);
		return times > 1;
	},
	ways: ["all bits turned", "one more"],
	strike: (way) => ({
		alter(reply: AnyReply) {
			const { words, ...rest } = reply as Reply<"page.load">;
			return {
				...rest,
				words: Uint32Array.from(words, (word) =>
					way === 0 ? ~word >>> 0 : (word + 1) >>> 0,
				),
			};
		},
	}),
};
