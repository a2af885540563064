import type { Domain } from "../domain.ts";
import { PAGE_WORDS } from "../frame.ts";
import { type Handlers, OK, refused, status } from "./handler.ts";

const inPage = (word: number, count: number) =>
	word >= 0 && count >= 0 && word + count <= PAGE_WORDS;

/** The frame behind a gfn for a store; 0 when there is none or it is mapped read-only. */
const storable = (domain: Domain, gfn: number) =>
	domain.physmap.writable(gfn) ? domain.physmap.frame(gfn) : 0;

/** The guest's page allocator, and its loads and stores. */
export const pageCalls: Handlers<"page."> = {
	"page.alloc": (_world, domain, { zeroed }) => {
		const gfn = domain.physmap.alloc(zeroed);
		return gfn === 0
			? { status: refused("ENOMEM"), gfn, frame: 0 }
			: { status: OK, gfn, frame: domain.physmap.frame(gfn) };
	},

	"page.free": (_world, domain, { gfn }) => {
		const frame = domain.physmap.ownFrame(gfn);
		return domain.physmap.free(gfn)
			? { status: OK, frame }
			: { status: refused("EINVAL"), frame: 0 };
	},

	"page.load": (world, domain, { gfn, word, count }, task) => {
		const frame = domain.physmap.frame(gfn);
		if (frame === 0 || !inPage(word, count))
			return {
				status: refused("EFAULT"),
				frame: 0,
				words: new Uint32Array(Math.min(count, PAGE_WORDS)),
			};
		const words = world.frames.memory.read(frame, word, count);
		return {
			status: OK,
			frame,
			words: world.order?.load(task, frame, word, words) ?? words,
		};
	},

	"page.store": (world, domain, { gfn, word, words }, task) => {
		const frame = storable(domain, gfn);
		if (frame === 0 || !inPage(word, words.length))
			return { status: refused("EFAULT"), frame: 0 };
		if (world.order?.store(task, frame, word, words) !== true)
			world.frames.memory.write(frame, word, words);
		return { status: OK, frame };
	},

	"page.compare-exchange": (world, domain, { gfn, word, expected, next }) => {
		const frame = storable(domain, gfn);
		if (frame === 0 || !inPage(word, 1))
			return { status: refused("EFAULT"), frame: 0, found: 0 };
		const found = world.frames.memory.load(frame, word);
		if (found === expected) world.frames.memory.store(frame, word, next);
		return { status: OK, frame, found };
	},
};

/** Barriers, which the rules see and `World.order` minds, and the two hypercalls that change what stands behind a gfn. */
export const memoryCalls: Handlers<"memory."> = {
	"memory.rmb": () => status(OK),
	"memory.wmb": () => status(OK),
	"memory.mb": () => status(OK),

	"memory.decrease-reservation": (_world, domain, { gfn }) => {
		const frame = domain.physmap.ownFrame(gfn);
		const done = domain.physmap.decrease(gfn);
		return { status: done, frame: done === 1 ? frame : 0 };
	},

	"memory.populate-physmap": (_world, domain, { gfn }) => {
		const done = domain.physmap.populate(gfn);
		return { status: done, frame: done === 1 ? domain.physmap.frame(gfn) : 0 };
	},
};

/** The balloon driver, as Linux gives it to other drivers. */
export const balloonCalls: Handlers<"balloon."> = {
	"balloon.take": (_world, domain) => {
		const gfn = domain.physmap.balloonTake();
		return { status: gfn === 0 ? refused("ENOMEM") : OK, gfn };
	},

	"balloon.give": (_world, domain, { gfn }) => {
		const given = domain.physmap.balloonGive(gfn);
		if (given === "ok") return status(OK);
		return status(refused(given === "foreign" ? "EBUSY" : "EINVAL"));
	},
};
