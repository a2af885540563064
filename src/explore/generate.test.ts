import { describe, expect, it } from "vitest";
import { PlainChoices, SeededChoices } from "../base/choices.ts";
import { Source } from "../base/position.ts";
import { loadText } from "../scenario/load.ts";
import { generate } from "./generate.ts";
import { mutated } from "./genome.ts";

const seeds = Array.from({ length: 300 }, (_, index) => index + 1);

describe("made-up stories", () => {
	it("are scenario files that can be read, whatever the genome", () => {
		for (const seed of seeds) {
			const { text, genome } = generate([], seed, "generated.story");
			const die = new SeededChoices(seed, "mutation");
			const other = mutated(genome, [...genome].reverse(), die);
			for (const one of [text, generate(other, seed, "generated.story").text]) {
				const loaded = loadText(new Source("generated.yaml", one));
				const problems = loaded.ok ? loaded.scenario.warnings : loaded.problems;
				expect(problems, one).toEqual([]);
			}
		}
	});

	it("are made again by their genome alone", () => {
		for (const seed of seeds.slice(0, 50)) {
			const first = generate([], seed, "generated.story");
			expect(generate(first.genome, 0, "generated.story")).toEqual(first);
		}
	});

	it("use every verb that they can", () => {
		const all = seeds
			.map((seed) => generate([], seed, "generated.story").text)
			.join("\n");
		const verbs = new Set(all.match(/(?<=^ {2}- )[a-z.]+(?=:)/gm));
		for (const verb of VERBS) expect(verbs).toContain(verb);
	});

	it("differ from seed to seed", () => {
		const texts = seeds.map(
			(seed) => generate([], seed, "generated.story").text,
		);
		expect(new Set(texts).size).toBe(texts.length);
	});
});

describe("mutation", () => {
	it("changes a genome, and does not touch its parents", () => {
		const parent = Array.from({ length: 40 }, (_, index) => index);
		const other = parent.map((gene) => gene + 100);
		const die = new SeededChoices(7, "mutation");
		const made = seeds.map(() => mutated(parent, other, die));
		expect(
			made.filter((one) => one.join() !== parent.join()).length,
		).toBeGreaterThan(250);
		expect(parent).toEqual(Array.from({ length: 40 }, (_, index) => index));
		expect(mutated([], [], new PlainChoices())).toEqual([]);
	});
});

const VERBS = [
	...["gem.create", "gem.close", "prime.import", "fb.create", "fb.destroy"],
	...["mode.set", "mode.off", "page.flip", "edid.read", "bind", "unbind"],
	...["join", "wait", "driver.kill", "driver.start", "domain.crash"],
	...["domain.hang", "domain.resume", "domain.destroy", "display.hold"],
	...["display.withhold", "display.lose", "balloon.set", "memory.limit"],
	...["grants.limit", "wire.connect", "wire.buffer", "wire.send", "wire.index"],
	...["wire.notify", "wire.store", "wire.state", "wire.serve", "wire.event"],
	...["grant.end", "page.free", "evtchn.close", "xs.write"],
];
