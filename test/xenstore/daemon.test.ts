/** The distribution's own daemon as a second witness: random histories, every reply and event compared with ours in manners c417. */

import { afterAll, beforeAll, expect, test } from "vitest";
import type { Manners } from "../../src/xen/xenstore/store.ts";
import { Duel, type Mismatch, tally } from "./daemon/duel.ts";
import { type Deed, Generator, THEMES, type Theme } from "./daemon/history.ts";
import { missing, Tools } from "./daemon/real.ts";

/** Histories of each theme, and deeds in each. A longer search: XENSTORE_HISTORIES=200. */
const HISTORIES = Number(process.env.XENSTORE_HISTORIES ?? 5);
const FIRST_SEED = Number(process.env.XENSTORE_SEED ?? 1);
const DEEDS = 1050;
/** Another daemon than the distribution's: XENSTORED=path, and which manners it has. */
const MANNERS = (process.env.XENSTORED_MANNERS ?? "c417") as Manners;
const SHRINKS = 60;

const lacking = missing();
let tools: Tools | undefined;

beforeAll(() => {
	if (lacking.length === 0) tools = new Tools();
});
afterAll(() => tools?.remove());

/** Leave out what the mismatch does not need, within a number of attempts. */
async function shrink(
	tools: Tools,
	deeds: readonly Deed[],
	found: Mismatch,
): Promise<Mismatch> {
	let best = found;
	let left: readonly Deed[] = deeds.slice(0, found.at + 1);
	let tries = 0;
	for (let size = Math.ceil(left.length / 2); size >= 1; ) {
		let smaller = false;
		for (let from = 0; from < left.length && tries < SHRINKS; ) {
			const rest = [...left.slice(0, from), ...left.slice(from + size)];
			tries++;
			const again = await Duel.play(tools, rest, MANNERS);
			if (again === undefined) from += size;
			else {
				left = rest.slice(0, again.at + 1);
				best = again;
				smaller = true;
			}
		}
		if (tries >= SHRINKS || (size === 1 && !smaller)) break;
		size = Math.max(1, Math.floor(size / 2));
	}
	return best;
}

test("random histories go as in xenstored 4.17", {
	timeout: 1_200_000,
}, async ({ skip }) => {
	if (tools === undefined) {
		skip(`needs ${lacking.join(", ")}`);
		return;
	}
	const counts = tally();
	const start = performance.now();
	for (let n = 0; n < HISTORIES * THEMES.length; n++) {
		const seed = FIRST_SEED + n;
		const theme = THEMES[n % THEMES.length] as Theme;
		const deeds = new Generator(seed, theme, MANNERS === "c423").history(DEEDS);
		const found = await Duel.play(tools, deeds, MANNERS, counts);
		if (found === undefined) continue;
		const { says, log } = await shrink(tools, deeds, found);
		expect.fail(
			`seed ${seed}, ${theme}: ${says}\n${log.slice(-200).join("\n")}`,
		);
	}
	const seconds = ((performance.now() - start) / 1000).toFixed(1);
	console.log(
		`xenstored (${MANNERS}) against ours: ${Object.entries(counts)
			.map(([what, count]) => `${what} ${count}`)
			.join(", ")}, ${seconds} s`,
	);
	expect(counts.requests).toBeGreaterThanOrEqual(20_000);
	expect(counts.fromGuests).toBeGreaterThanOrEqual(counts.requests / 4);
});
