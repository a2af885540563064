import { describe, expect, test } from "vitest";
import { SeededChoices } from "../../src/base/choices.ts";
import {
	type Explored,
	Explorer,
	type Program,
	type Standing,
} from "../../src/explore/orders.ts";
import {
	Drawn,
	Priorities,
	pctProbability,
} from "../../src/explore/sampled.ts";
import { type DoorEnd, DoorProgram, type DoorStory } from "./door.ts";
import { twoLocks, twoRequests } from "./ring-stories.ts";
import { drawToy, ToyProgram } from "./toy.ts";

async function explored<R>(
	program: Program<R>,
	how: "dpor" | "all",
	preemptions: number,
	most = 20_000,
): Promise<Explored & { ends: R[] }> {
	const explorer = new Explorer(program, { how, preemptions, most });
	const ends: R[] = [];
	for await (const end of explorer.runs()) ends.push(end);
	return { ...explorer.explored, ends };
}

const sorted = (texts: Iterable<string>) => [...new Set(texts)].sort();
const states = (ends: readonly DoorEnd[]) => sorted(ends.map((e) => e.state));
const wrong = (ends: readonly DoorEnd[]) =>
	sorted(ends.flatMap((e) => e.wrong));

/** The same under every order and under those that reduction leaves. */
async function both(story: DoorStory, preemptions: number) {
	const all = await explored(new DoorProgram(story), "all", preemptions);
	const dpor = await explored(new DoorProgram(story), "dpor", preemptions);
	expect(all.finished).toBe(true);
	expect(dpor.finished).toBe(true);
	expect(wrong(dpor.ends)).toEqual(wrong(all.ends));
	expect(states(dpor.ends)).toEqual(states(all.ends));
	return { all, dpor };
}

describe("partial-order reduction leaves out nothing that matters", () => {
	test.each([false, true])(
		"of programs that are drawn, under every bound; choices beside turns: %s",
		async (toss) => {
			let compared = 0;
			for (let seed = 1; seed <= 120; seed++) {
				const die = new SeededChoices(seed, "toy");
				const toy = drawToy((count) => die.pick("", count), toss);
				for (const bound of [0, 1, 2, Number.POSITIVE_INFINITY]) {
					const all = await explored(new ToyProgram(toy), "all", bound, 2000);
					if (!all.finished) continue;
					const dpor = await explored(new ToyProgram(toy), "dpor", bound, 9000);
					expect(dpor.finished).toBe(true);
					expect(sorted(dpor.ends), `seed ${seed}, bound ${bound}`).toEqual(
						sorted(all.ends),
					);
					compared += 1;
				}
			}
			expect(compared).toBeGreaterThan(400);
		},
		60_000,
	);

	test("in slices, each by another explorer that is told where the last one stood: the same runs", async () => {
		for (let seed = 1; seed <= 30; seed++) {
			const die = new SeededChoices(seed, "toy");
			const toy = drawToy((count) => die.pick("", count), seed % 2 === 0);
			const whole = await explored(new ToyProgram(toy), "dpor", 2, 300);
			const ends: string[] = [];
			let from: Standing | undefined;
			for (let most = 3; from?.explored.finished !== true; most += 3) {
				const program = new ToyProgram(toy);
				const options = { how: "dpor", preemptions: 2, most } as const;
				const explorer = new Explorer(program, options, from);
				for await (const end of explorer.runs()) ends.push(end);
				from = JSON.parse(JSON.stringify(explorer.standing)) as Standing;
				if (most >= 300) break;
			}
			expect(ends, `seed ${seed}`).toEqual(whole.ends);
			const { ends: _, ...counts } = whole;
			expect(from?.explored).toEqual(counts);
		}
	}, 60_000);

	test("two requests over two rings: at least twenty times fewer runs", async () => {
		for (const bound of [0, 1]) {
			const { all, dpor } = await both(twoRequests("sc"), bound);
			expect(all.runs / dpor.runs).toBeGreaterThanOrEqual(20);
		}
	}, 120_000);

	test("two requests, and a consumer that sleeps without a last look: the same lost wake-ups, twenty times fewer runs", async () => {
		const story = twoRequests("sc", { sleepsUnseen: true });
		const { all, dpor } = await both(story, 1);
		expect(wrong(dpor.ends)).toEqual([
			"the request of 1 is never answered",
			"the request of 3 is never answered",
		]);
		expect(all.runs / dpor.runs).toBeGreaterThanOrEqual(20);
	}, 120_000);

	test.each([0, 1, 2, 3])(
		"one request, at most %i preemptions",
		async (bound) => {
			const { dpor } = await both(twoRequests("sc", {}, [[1, 2]]), bound);
			expect(wrong(dpor.ends)).toEqual([]);
		},
		30_000,
	);

	test("a double fetch is found", async () => {
		const story = twoRequests("sc", { fetchesTwice: true }, [[1, 2]]);
		const { dpor } = await both(story, 2);
		expect(wrong(dpor.ends)).toContain("100 is used beyond the limit");
	}, 30_000);

	test("an index before its slot is found where memory is weak, and only there", async () => {
		const ways = { publishesEarly: true };
		const found = async (memory: "sc" | "tso" | "weak") => {
			const story = twoRequests(memory, ways, [[1, 2]]);
			return wrong((await both(story, 1)).dpor.ends);
		};
		expect(await found("sc")).toEqual([]);
		expect(await found("tso")).toEqual([]);
		expect(await found("weak")).toEqual([
			"1 has got the answer to another request",
		]);
	}, 30_000);

	test.each(["sc", "tso", "weak"] as const)(
		"a right ring is right where memory is %s",
		async (memory) => {
			const { dpor } = await both(twoRequests(memory, {}, [[1, 2]]), 2);
			expect(wrong(dpor.ends)).toEqual([]);
		},
		60_000,
	);

	test("two locks in two orders hang, in one order never", async () => {
		const hang = await both(twoLocks(true), 1);
		expect(wrong(hang.dpor.ends)).toEqual([
			"takes 1 and 2 hangs",
			"takes 2 and 1 hangs",
		]);
		const fine = await both(twoLocks(false), Number.POSITIVE_INFINITY);
		expect(wrong(fine.dpor.ends)).toEqual([]);
		expect(fine.all.runs / fine.dpor.runs).toBeGreaterThanOrEqual(20);
	}, 60_000);
});

describe("orders that are drawn", () => {
	test("the priority sampler meets a lost wake-up as often as it says", async () => {
		const story = twoRequests("sc", { sleepsUnseen: true }, [[1, 2]]);
		const runs = 400;
		let met = 0;
		let turns = 0;
		for (let seed = 1; seed <= runs; seed++) {
			const die = new SeededChoices(seed, "pct");
			// Depth 2: the producer looks at the threshold before it is armed, the consumer at the index before it is stored.
			const watcher = new Priorities(die, 2, 20);
			const { turn } = watcher;
			let count = 0;
			watcher.turn = (able) => {
				count += 1;
				return turn.call(watcher, able);
			};
			const { wrong: lost } = await new DoorProgram(story).play(watcher);
			turns = Math.max(turns, count);
			if (lost.length > 0) met += 1;
		}
		expect(turns).toBeLessThanOrEqual(20);
		expect(met / runs).toBeGreaterThanOrEqual(pctProbability(2, 20, 2));
	}, 30_000);

	test("a drawn order is the same for the same seed", async () => {
		const play = async (seed: number) =>
			(
				await new DoorProgram(twoRequests("weak")).play(
					new Drawn(new SeededChoices(seed, "drawn")),
				)
			).state;
		expect(await play(3)).toBe(await play(3));
	});
});
