import type { AnyReply, Reply } from "../../xen/call.ts";
import { FIRST_SLOT } from "../../xen/ring.ts";
import type { FaultKind } from "./kind.ts";

/** Turned in an index it makes one that lies nowhere near. */
const FAR = 0x4000_0000;

/**
 * The peer may write what it shares at any moment. It does so here between two loads of the same words by one task: a right reader has
 * copied what it judged, and takes whatever an index says for what it is.
 */
export const wordsRewritten: FaultKind = {
	name: "words-rewritten",
	says: "shared words change between two loads of them",
	at: ["page.load", "page.store", "grant.map"],
	fits(call, { world, domid, task, seen }) {
		if (call.op === "grant.map") {
			// What is mapped anew is seen for the first time, though it lies in a frame that was looked at before.
			const granter = world.domain(call.granter);
			if (granter === undefined) return false;
			const { gfn } = granter.grants.entry(call.ref);
			forget(seen, `${granter.physmap.frame(gfn)} `);
			return false;
		}
		if (call.op !== "page.load" && call.op !== "page.store") return false;
		const frame = world.domain(domid)?.physmap.frame(call.gfn) ?? 0;
		if (frame === 0 || !world.frames.shared(frame)) return false;
		const key = `${frame} ${call.word} ${task}`;
		if (call.op === "page.store") {
			// What it loads there next is no second look at the same.
			forget(seen, `${frame} ${call.word} `);
			return false;
		}
		const { memory } = world.frames;
		const now = hash(memory.read(frame, call.word, call.count));
		const again = seen.get(key) === now;
		seen.set(key, now);
		return again;
	},
	ways: ["all bits turned", "one more"],
	strike: (way, call) => ({
		alter(reply: AnyReply) {
			const { words, ...rest } = reply as Reply<"page.load">;
			// One more is an index that the peer might have published, but has not: that would be a story of its own. So may all bits turned be.
			const index = call.op === "page.load" && call.word < FIRST_SLOT;
			return {
				...rest,
				words: Uint32Array.from(words, (word) =>
					index
						? (word ^ FAR) >>> 0
						: way === 0
							? ~word >>> 0
							: (word + 1) >>> 0,
				),
			};
		},
	}),
};

function forget(seen: Map<string, number>, prefix: string): void {
	for (const key of seen.keys()) if (key.startsWith(prefix)) seen.delete(key);
}

/** FNV-1a. */
function hash(words: ArrayLike<number>): number {
	let made = 0x811c9dc5;
	for (let i = 0; i < words.length; i++)
		made = Math.imul(made ^ (words[i] as number), 0x01000193);
	return made;
}
