/** Random steps of both ends of a ring, each one that its end may take, and now and then an index that it may not write. */
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { distance, RING_SLOTS, SLOT_WORDS } from "../../src/xen/ring.ts";

export type Side = "front" | "back";
export const otherSide = (side: Side): Side =>
	side === "front" ? "back" : "front";

/** One macro of one end, or one store into the page. The order of the names is that of ring.c. */
export const OPS = [
	"install",
	"flush",
	"init",
	"attach",
	"poke",
	"put",
	"push",
	"unconsumed",
	"take",
	"final-check",
] as const;

export interface Step {
	side: Side;
	op: (typeof OPS)[number];
	/** attach: where the front begins; poke: the word; final-check: 1 when the other end pushes just after the threshold was moved. */
	arg: number;
	packet: ArrayLike<number>;
}

/** Words of the page. */
export const PROD = { front: 0, back: 2 } as const;
/** Where an end says from when on it wants to be told: the threshold of the other end's producer. */
export const OWN_EVENT = { front: 3, back: 1 } as const;

/** Private indexes of an end. */
export interface Indexes {
	prod: number;
	cons: number;
}

/** A ring as it stands: the page, and what each end keeps for itself. */
export type Standing = Record<Side, Indexes> & { words: Uint32Array };

const step = (
	side: Side,
	op: Step["op"],
	arg = 0,
	packet: ArrayLike<number> = [],
): Step => ({ side, op, arg, packet });

/** A new ring whose indexes begin at `index`. */
export function* begin(index: number): Generator<Step> {
	yield step("front", "init");
	if (index !== 0)
		for (const word of [0, 1, 2, 3])
			yield step("front", "poke", word, [(index + (word & 1)) >>> 0]);
	yield step("front", "attach", index);
	yield step("back", "attach");
}

/** `count` random steps. `look` tells where the ring stands before the next step. */
export function* randomSteps(
	seed: number,
	count: number,
	look: () => Standing,
	gaps: boolean,
): Generator<Step> {
	const random = xoroshiro128plus(seed);
	const below = (n: number) => uniformInt(random, 0, n - 1);
	const word = () => uniformInt(random, 0, 0xffff_ffff);
	const near = (index: number) => (index + below(7) - 3) >>> 0;
	const packet = () => Uint32Array.from({ length: SLOT_WORDS }, word);
	let side: Side = "front";
	/** Of 10 turns, those that the front has. It changes, so that the ring runs full and empty. */
	let leaning = 5;

	/** A value for the other end's producer that nobody would write, or hardly. */
	function strange(standing: Standing, of: Side): number {
		const { prod, cons } = standing[otherSide(of)];
		const bases = [prod, cons, standing.words[PROD[of]] as number];
		const base = bases[below(bases.length)] as number;
		switch (below(4)) {
			case 0:
				return near(base);
			case 1:
				return near(base + RING_SLOTS);
			case 2:
				return (base + below(2 * RING_SLOTS) - RING_SLOTS) >>> 0;
			default:
				return word();
		}
	}

	function* one(standing: Standing): Generator<Step> {
		const mine = standing[side];
		const theirs = standing[otherSide(side)];
		const unread = distance(
			standing.words[PROD[otherSide(side)]] as number,
			mine.cons,
		);
		const room =
			side === "front"
				? RING_SLOTS - distance(mine.prod, mine.cons)
				: distance(mine.cons, mine.prod);
		const wish = below(1000);
		if (wish < 400 && room > 0) yield step(side, "put", 0, packet());
		else if (wish < 520) yield step(side, "push");
		else if (wish < 800 && unread > 0) yield step(side, "take");
		else if (wish < 860) yield step(side, "unconsumed");
		else if (wish < 930)
			yield step(side, "final-check", Number(gaps && below(2) === 0));
		else if (wish < 960) {
			const published = standing.words[PROD[otherSide(side)]] as number;
			const wanted = [
				near(theirs.prod),
				near(published),
				(mine.cons + 1 + below(8)) >>> 0,
				word(),
			][below(4)] as number;
			yield step(side, "poke", OWN_EVENT[side], [wanted]);
		} else if (wish < 990) {
			const at = PROD[side];
			const before = standing.words[at] as number;
			yield step(side, "poke", at, [strange(standing, side)]);
			yield step(otherSide(side), "unconsumed");
			yield step(side, "poke", at, [before]);
		} else if (wish < 993) yield step("back", "attach");
		else if (wish < 994) yield* begin(0);
		else if (wish < 995) yield* begin((0 - below(64)) >>> 0);
		else yield step(side, "push");
	}

	for (let done = 0; done < count; ) {
		if (below(100) === 0) leaning = 1 + below(9);
		side = below(10) < leaning ? "front" : "back";
		for (let run = 1 + below(8); run > 0 && done < count; run--)
			for (const next of one(look())) {
				yield next;
				done++;
			}
	}
}
