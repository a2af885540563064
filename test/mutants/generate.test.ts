import { describe, expect, it } from "vitest";
import { allMutants, chosen, mutantsOf, mutated } from "./generate.ts";

const SOURCE = `export class Pages {
	*takeBack(refs: number[]) {
		for (let i = 0; i < refs.length; i++) {
			const { status } = yield* ask("grant.end", { ref: refs[i], zeroed: true });
			if (status < 0) return failed("EBUSY");
			yield* ask("grant.free", { ref: refs[i] });
			this.open = i + 1;
		}
	}
}
`;

describe("mutants of a small class", () => {
	const mutants = mutantsOf("pages.ts", SOURCE, "frontend");

	it("has one of each kind of slip that is possible in it", () => {
		expect(mutants.map(({ operator }) => operator).sort()).toEqual([
			"drop-check",
			"forget-zeroing",
			"ignore-status",
			"move-bound",
			"move-count",
			"negate-condition",
			"skip-assignment",
			"skip-release",
			"succeed-anyway",
			"swap-calls",
		]);
	});

	it("changes what it says and nothing else", () => {
		const skip = mutants.find(({ operator }) => operator === "skip-release");
		expect(skip?.where).toBe("Pages.takeBack");
		expect(skip?.line).toBe(6);
		expect(skip && mutated(SOURCE, skip)).toBe(
			SOURCE.replace('yield* ask("grant.free", { ref: refs[i] });', ";"),
		);
	});

	it("keeps their names when lines move", () => {
		expect(
			mutantsOf("pages.ts", `\n\n${SOURCE}`, "frontend").map(({ id }) => id),
		).toEqual(mutants.map(({ id }) => id));
	});
});

describe("mutants of the reference peers", () => {
	const all = allMutants();

	it("have a name each", () => {
		expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
	});

	it("are at least 150 in the fixed choice, of both sides", () => {
		const some = chosen(all, 9);
		expect(some.length).toBeGreaterThanOrEqual(150);
		for (const role of ["frontend", "backend"])
			expect(some.filter((m) => m.role === role).length).toBeGreaterThan(50);
	});
});
