import { describe, expect, it } from "vitest";
import { ddmin } from "./ddmin.ts";

const numbers = Array.from({ length: 64 }, (_, i) => i);

describe("delta debugging", () => {
	it("keeps what is needed and nothing else, in order", async () => {
		const needed = [3, 17, 18, 60];
		const kept = await ddmin(numbers, async (some) =>
			needed.every((one) => some.includes(one)),
		);
		expect(kept).toEqual(needed);
	});

	it("finds that nothing is needed with one question", async () => {
		let asked = 0;
		const kept = await ddmin(numbers, async () => {
			asked += 1;
			return true;
		});
		expect([kept, asked]).toEqual([[], 1]);
	});

	it("leaves a list alone of which everything is needed, and asks a bounded number of questions", async () => {
		let asked = 0;
		const kept = await ddmin(numbers, async (some) => {
			asked += 1;
			return some.length === 64;
		});
		expect(kept).toEqual(numbers);
		expect(asked).toBeLessThan(200);
	});

	it("finds a smallest sublist when items need one another", async () => {
		const kept = await ddmin(
			numbers,
			async (some) =>
				some.includes(40) &&
				some.every((one) => one % 8 !== 0 || some.includes(one + 1)),
		);
		expect(kept).toEqual([40, 41]);
	});
});
