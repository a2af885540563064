import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { scenarioSchema } from "./schema.ts";
import { SHAPES, VERBS } from "./steps/index.ts";
import type { Json } from "./values.ts";

const schema = scenarioSchema();

const KNOWN = new Set(
	"$schema $defs $ref title description default type enum const pattern minLength maxLength minimum maximum multipleOf required properties additionalProperties patternProperties propertyNames minProperties maxProperties items minItems maxItems anyOf oneOf".split(
		" ",
	),
);

const kindOf = (value: unknown) =>
	value === null
		? "null"
		: Array.isArray(value)
			? "array"
			: Number.isInteger(value)
				? "integer"
				: typeof value;

/** The part of JSON Schema that our document uses, as the standard has it; an unknown keyword is an error of the document. */
function fits(rule: unknown, value: unknown): boolean {
	if (typeof rule === "boolean") return rule;
	const s = rule as Json;
	for (const key of Object.keys(s))
		if (!KNOWN.has(key)) throw new Error(`keyword ${key}`);
	const all: boolean[] = [];
	if (typeof s.$ref === "string") {
		const name = s.$ref.replace("#/$defs/", "");
		const target = (schema.$defs as Record<string, Json>)[name];
		if (target === undefined) throw new Error(`reference ${s.$ref}`);
		all.push(fits(target, value));
	}
	const kind = kindOf(value);
	if (s.type !== undefined) {
		const types = [s.type].flat() as string[];
		all.push(
			types.includes(kind) || (kind === "integer" && types.includes("number")),
		);
	}
	if (s.enum !== undefined) all.push((s.enum as unknown[]).includes(value));
	if (s.const !== undefined) all.push(s.const === value);
	if (typeof value === "string") {
		if (s.pattern !== undefined)
			all.push(new RegExp(String(s.pattern), "u").test(value));
		if (s.maxLength !== undefined)
			all.push(value.length <= Number(s.maxLength));
		if (s.minLength !== undefined)
			all.push(value.length >= Number(s.minLength));
	}
	if (typeof value === "number") {
		if (s.minimum !== undefined) all.push(value >= Number(s.minimum));
		if (s.maximum !== undefined) all.push(value <= Number(s.maximum));
		if (s.multipleOf !== undefined)
			all.push(value % Number(s.multipleOf) === 0);
	}
	if (Array.isArray(value)) {
		if (s.items !== undefined)
			all.push(value.every((item) => fits(s.items, item)));
		if (s.minItems !== undefined) all.push(value.length >= Number(s.minItems));
		if (s.maxItems !== undefined) all.push(value.length <= Number(s.maxItems));
	} else if (kind === "object") {
		const map = value as Record<string, unknown>;
		const properties = (s.properties ?? {}) as Record<string, Json>;
		const patterns = Object.entries(
			(s.patternProperties ?? {}) as Record<string, Json>,
		);
		for (const [key, child] of Object.entries(map)) {
			const rules = [
				...(Object.hasOwn(properties, key) ? [properties[key]] : []),
				...patterns
					.filter(([pattern]) => new RegExp(pattern, "u").test(key))
					.map(([, one]) => one),
			];
			if (rules.length === 0 && s.additionalProperties !== undefined)
				rules.push(s.additionalProperties as Json);
			all.push(rules.every((one) => fits(one, child)));
		}
		if (s.required !== undefined)
			all.push((s.required as string[]).every((key) => key in map));
		const size = Object.keys(map).length;
		if (s.minProperties !== undefined)
			all.push(size >= Number(s.minProperties));
		if (s.maxProperties !== undefined)
			all.push(size <= Number(s.maxProperties));
	}
	if (s.anyOf !== undefined)
		all.push((s.anyOf as unknown[]).some((one) => fits(one, value)));
	if (s.oneOf !== undefined)
		all.push(
			(s.oneOf as unknown[]).filter((one) => fits(one, value)).length === 1,
		);
	return all.every(Boolean);
}

const ROOT = resolve(import.meta.dirname, "../..");

describe("the JSON Schema", () => {
	it("is plain JSON of the 2020-12 draft, with a definition for each verb", () => {
		expect(JSON.parse(JSON.stringify(schema))).toEqual(schema);
		expect(schema.$schema).toBe("https://json-schema.org/draft/2020-12/schema");
		for (const verb of VERBS)
			expect(
				(schema.$defs as Record<string, Json>)[verb]?.description,
			).toContain(SHAPES[verb].says);
	});

	it("describes every key it names", () => {
		const silent: string[] = [];
		const visit = (at: string, one: Json): void => {
			for (const [key, child] of Object.entries(
				(one.properties ?? {}) as Record<string, Json>,
			)) {
				if (child.description === undefined && child.$ref === undefined)
					silent.push(`${at}/${key}`);
				visit(`${at}/${key}`, child);
			}
		};
		visit("", schema);
		visit("step", (schema.$defs as Record<string, Json>).step as Json);
		for (const verb of VERBS)
			visit(verb, (schema.$defs as Record<string, Json>)[verb] as Json);
		// Keys whose name and place say it all.
		expect(
			silent.filter(
				(path) =>
					!/^\/cast\/|\/except\/|matrix\/|interrupt\/|eventually\/state|(must|should|info)$|world\/\w+$/.test(
						path,
					),
			),
		).toEqual([]);
	});

	const files = readdirSync(join(ROOT, "scenarios"), {
		recursive: true,
		encoding: "utf8",
	}).filter((file) => file.endsWith(".yaml") && !file.startsWith("fixtures"));
	it.each(files)("admits %s", (file) => {
		const value = parse(readFileSync(join(ROOT, "scenarios", file), "utf8"));
		expect(fits(schema, value)).toBe(true);
	});

	it.each(VERBS)("admits the example of %s", (verb) => {
		const step = parse(SHAPES[verb].example);
		expect(fits((schema.$defs as Record<string, Json>).step, step)).toBe(true);
	});

	it.each([
		"arg-unknown",
		"arg-missing",
		"arg-range",
		"arg-negative",
		"delta-ledger",
		"delta-who",
		"eventually-without-bound",
		"explore-range",
		"id-upper",
		"no-id",
		"replies-level",
		"replies-word",
		"sends-field",
		"state-path",
		"step-two-verbs",
		"step-unknown-modifier",
		"step-unknown-verb",
		"unknown-tag",
		"unknown-top-key",
		"world-range",
		"world-unknown-inner",
	])("refuses %s", (name) => {
		const text = readFileSync(
			join(ROOT, `fixtures/scenarios-bad/${name}.yaml`),
			"utf8",
		);
		expect(fits(schema, parse(text))).toBe(false);
	});
});
