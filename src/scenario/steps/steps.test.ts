import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Source } from "../../base/position.ts";
import { loadText } from "../load.ts";
import { render } from "../problem.ts";
import { KINDS, type Kind } from "../words.ts";
import { SHAPES, STEPS, VERBS } from "./index.ts";

/** Steps that make an object of a kind called `name`, for examples that need one. */
const MAKERS: Readonly<
	Record<Kind, (name: string, scripted: boolean) => string>
> = {
	buffer: (name, scripted) =>
		scripted
			? `  - wire.buffer: { by: fe, as: ${name}, pages: 4 }\n`
			: `  - gem.create: { as: ${name}, pages: 4 }\n`,
	fb: (name) =>
		`  - gem.create: { as: ${name}0, pages: 4 }\n  - fb.create: { of: ${name}0, as: ${name} }\n`,
	request: (name) => `  - wire.take: { as: ${name} }\n`,
	mapping: (name) => `  - wire.map: { by: be, ref: 9, as: ${name} }\n`,
	answer: (name) => `  - call: { by: be, at: grant.claim, as: ${name} }\n`,
	task: (name) => `  - mode.off: {}\n    async: ${name}\n`,
};

describe("verbs", () => {
	it("have a file each", () => {
		const files = readdirSync(import.meta.dirname).filter(
			(file) =>
				!/^(index|step|args|steps\.test)\.ts$|^(index|step|args|steps\.test)\./.test(
					file,
				),
		);
		expect(files.sort()).toEqual(
			VERBS.map((verb) => `${verb.replace(".", "-")}.ts`).sort(),
		);
	});

	it.each(VERBS)("%s: its example loads", (verb) => {
		const shape = SHAPES[verb];
		expect(STEPS[verb].verb).toBe(verb);
		const scripted = shape.by === "script";
		const side = shape.side === "frontend" ? "fe" : "be";
		const cast = scripted
			? shape.side === undefined
				? "{ fe: scripted, be: scripted }"
				: `{ ${side}: scripted }`
			: "{}";
		const needs = Object.entries(shape.names ?? {}).flatMap(([arg, use]) => {
			const name = new RegExp(`\\b${arg}: (\\w+)`).exec(shape.example)?.[1];
			const [kind] = use?.needs ?? [];
			return name === undefined || kind === undefined
				? []
				: [MAKERS[kind](name, scripted)];
		});
		const late = /\$(\w+)\.ref/.exec(shape.example)?.[1];
		if (late !== undefined) needs.push(MAKERS.buffer(late, true));
		let example = shape.example;
		if (scripted && shape.side === undefined)
			example = example.replace("{", "{ by: be, ").replace(", }", " }");
		const state = shape.by === "check" ? "    state: { be.maps: 0 }\n" : "";
		const text = `id: a.b\ntitle: Example\ncast: ${cast}\nsteps:\n${needs.join("")}  - ${example}\n${state}`;
		const loaded = loadText(new Source("example.yaml", text));
		expect(loaded.ok ? "" : loaded.problems.map(render).join("\n")).toBe("");
	});

	it("know the kinds that names can have", () => {
		const made = VERBS.flatMap((verb) =>
			Object.values(SHAPES[verb].names ?? {}).map((use) => use?.makes),
		);
		for (const kind of Object.keys(KINDS))
			if (kind !== "task") expect(made).toContain(kind);
	});
});
