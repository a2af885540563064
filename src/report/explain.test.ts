import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { RULES } from "../judge/rules/index.ts";
import { BUGS } from "../spec/bugs.ts";
import { REQUIREMENTS } from "../spec/index.ts";
import { explain, explainable, type Known } from "./explain.ts";

const known: Known = {
	wrong: JSON.parse(readFileSync("fixtures/wrong.json", "utf8")),
	scenarios: [
		{
			id: "flips.one",
			file: "scenarios/flips/one.yaml",
			spec: ["displif.pg-flip.event"],
		},
	],
};
const lines = (id: string, label: string): readonly string[] =>
	explain(id, known)?.sections.find((one) => one.label === label)?.lines ?? [];

it("has something to say of every requirement, rule and bug", () => {
	expect(explainable().length).toBe(
		REQUIREMENTS.size + RULES.length + BUGS.length,
	);
	for (const id of explainable()) {
		const told = explain(id, known);
		expect(told?.id, id).toBe(id);
		for (const { label, lines } of told?.sections ?? []) {
			expect(label.length, `${id}: ${label}`).toBeLessThan(13);
			expect(lines.length, `${id}: ${label}`).toBeGreaterThan(0);
		}
	}
});

it("knows nothing of other ids", () => {
	expect(explain("B00", known)).toBeUndefined();
	expect(explain("flips.one", known)).toBeUndefined();
});

describe("a requirement", () => {
	it("says where it stands, who judges it and which scenarios name it", () => {
		const id = "displif.pg-flip.event";
		expect(explain(id, known)).toMatchObject({
			kind: "requirement",
			title: REQUIREMENTS.get(id)?.says,
		});
		expect(lines(id, "owed by")).toEqual(["the backend, must"]);
		expect(lines(id, "stands in")[0]).toBe(
			"io/displif.h, Page flip complete event",
		);
		expect(lines(id, "stands in")[1]).toMatch(
			/^sentence [0-9a-f]{12} of io\/displif\.h$/,
		);
		expect(lines(id, "judged by").join()).toContain("flips-paired");
		expect(lines(id, "scenarios")).toEqual([
			"flips.one  scenarios/flips/one.yaml",
		]);
		expect(lines(id, "bugs").join()).toContain("B33");
	});

	it("has its readings, and what it rests on when no sentence states it", () => {
		expect(lines("displif.pg-flip.order", "readings").length).toBe(2);
		expect(lines("displif.pg-flip.order", "stands in")[1]).toBe(
			"rests on: the header is silent",
		);
		expect(lines("pv.leak.pages", "stands in")[0]).toMatch(/^no header; /);
	});

	it("says why nobody judges it", () => {
		expect(lines("grant.entry-order", "not judged").length).toBe(1);
		expect(lines("displif.pg-flip.event", "not judged")).toEqual([]);
	});
});

describe("a rule", () => {
	it("says what it speaks of, assumes and observes, and what breaks it", () => {
		expect(explain("destroy-releases", known)?.kind).toBe("rule");
		expect(lines("destroy-releases", "speaks of")[0]).toMatch(
			/^displif\.dbuf-destroy\.release {2}/,
		);
		expect(lines("destroy-releases", "assumes")).toContain("one-reply");
		expect(lines("destroy-releases", "broken by")[0]).toBe(
			"fixtures/peers/backend-destroys-early.ts, B42",
		);
	});
});

describe("a bug", () => {
	it("is found in small letters too, and says where it is planted and which rules catch it", () => {
		expect(explain("b42", known)).toMatchObject({ kind: "bug", id: "B42" });
		expect(lines("B42", "caught by")[0]).toMatch(/^destroy-releases {2}/);
		expect(lines("B42", "of")).toEqual(["the backend, seen with: easy"]);
	});
});
