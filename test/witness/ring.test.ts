/** Our rings against the macros of io/ring.h, compiled: after each step the same page, and the same said. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compile, type Program } from "./program.ts";
import { duel, OURS, RingMacros } from "./ring-duel.ts";
import { WRONG } from "./ring-wrong.ts";

const STEPS = 4000;
const STARTS = [
	0, 0, 0, 0, 0, 1, 0x7fff_fff0, 0xffff_fe00, 0xffff_ffe0, 0xffff_ffff,
];
const RUNS = STARTS.map((start, i) => ({ seed: 0x72696e67 + i, start }));

/** What must have happened for the comparison to mean something, and how often at least in all runs together. */
const HAPPENED: Record<string, number> = {
	full: 100,
	"front: overflow": 20,
	"back: overflow": 20,
	"front: stricter": 20,
	"back: stricter": 10,
	"front: notify": 100,
	"front: no notify": 100,
	"back: notify": 100,
	"back: no notify": 100,
	"front: more to do": 50,
	"front: nothing to do": 50,
	"back: more to do": 50,
	"back: nothing to do": 50,
	"front: wrap": 3,
	"back: wrap": 3,
	"front: attach": 10,
	"back: attach": 50,
};
/** Only where an end can move while the other makes its final check. */
const IN_GAPS: Record<string, number> = {
	"front: second look finds": 10,
	"back: second look finds": 10,
	"front: told during the check": 10,
	"back: told during the check": 10,
};

const found = compile("ring.c");
const missing = "missing" in found ? found.missing : undefined;

describe.skipIf(missing !== undefined)(
	`the macros of ring.h${missing === undefined ? "" : ` (skipped: ${missing})`}`,
	() => {
		let macros: RingMacros;
		beforeAll(() => {
			macros = new RingMacros(found as Program);
		});
		afterAll(() => macros.end());

		async function allRuns(crossed: boolean, happened: typeof HAPPENED) {
			const seen = new Map<string, number>();
			for (const run of RUNS) {
				const end = await duel(macros, { ...run, steps: STEPS, crossed });
				expect(end.difference, JSON.stringify(run)).toBeUndefined();
				expect(end.compared).toBeGreaterThanOrEqual(STEPS);
				for (const [what, times] of end.seen)
					seen.set(what, (seen.get(what) ?? 0) + times);
			}
			for (const [what, least] of Object.entries(happened))
				expect(seen.get(what) ?? 0, what).toBeGreaterThanOrEqual(least);
		}

		it("say and leave what our rings do, also where the indexes wrap", () =>
			allRuns(false, { ...HAPPENED, ...IN_GAPS }));

		it("get along with our rings on one page, at either end", () =>
			allRuns(true, HAPPENED));

		it.each(Object.entries(WRONG))("differ from %s", async (_, kinds) => {
			const run = { seed: 1, start: 0xffff_ffe0, steps: STEPS };
			const end = await duel(macros, {
				...run,
				crossed: false,
				kinds: { ...OURS, ...kinds },
			});
			expect(end.difference).toMatch(/^macros alone: /);
			expect(end.compared).toBeLessThan(STEPS);
		});

		it("differ from a wrong ring at one end of a shared page", async () => {
			const end = await duel(macros, {
				...{ seed: 1, start: 0, steps: STEPS, crossed: true },
				kinds: { ...OURS, ...WRONG["a final check that leaves the threshold"] },
			});
			expect(end.difference).toMatch(/back final-check: word 1 of the page/);
			expect(end.compared).toBeLessThan(STEPS);
		});
	},
);
