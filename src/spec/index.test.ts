import { expect, it } from "vitest";
import { OP_NAMES, OPS } from "../displif/ops/index.ts";
import { citesOf } from "../judge/rule.ts";
import { RULES } from "../judge/rules/index.ts";
import { catalogue, REQUIREMENTS } from "./index.ts";

const PREFIXES = [
	"displif",
	"ring",
	"grant",
	"evtchn",
	"xenbus",
	"xenstore",
	"pv",
];

it("has ids that are lower-case, dotted and of a known source", () => {
	for (const id of REQUIREMENTS.keys()) {
		expect(id).toMatch(/^[a-z]+(\.[a-z0-9-]+)+$/);
		expect(PREFIXES).toContain(id.split(".")[0]);
	}
});

it("refuses an id that is there twice", () => {
	const [one] = [...REQUIREMENTS.values()];
	if (one === undefined) throw new Error("the catalogue is empty");
	expect(() => catalogue([one, one])).toThrow(`${one.id} is there twice`);
});

it("says each promise once, names its place, and gives two readings or none", () => {
	const said = [...REQUIREMENTS.values()].map(({ says }) => says);
	expect(new Set(said).size).toBe(said.length);
	for (const { place, readings } of REQUIREMENTS.values()) {
		expect(place).not.toBe("");
		if (readings !== undefined) expect(readings.length).toBeGreaterThan(1);
	}
});

it("holds every id that operations and rules cite", () => {
	for (const name of OP_NAMES)
		for (const id of OPS[name].requirements)
			expect(REQUIREMENTS.has(id), `${name} cites ${id}`).toBe(true);
	for (const rule of RULES)
		for (const id of citesOf(rule))
			expect(REQUIREMENTS.has(id), `${rule.id} cites ${id}`).toBe(true);
});

it("keeps every id that a test or scenario may have written down", () => {
	// Ids are lasting: an id leaves this list never.
	for (const id of [
		"displif.reserved-zero",
		"displif.response.id-echoed",
		"displif.response.status",
		"displif.dbuf-create.cookie-unique",
		"displif.dbuf-destroy.release",
		"displif.pg-flip.event",
		"ring.req-prod-in-bounds",
		"ring.rsp-prod-in-bounds",
		"grant.end-in-use",
		"grant.reserved-entries",
		"xenbus.state-order",
		"pv.leak.grants",
		"pv.leak.pages",
		"pv.leak.objects",
		"pv.leak.reserved-refs",
		"pv.leak.mappings",
		"pv.leak.ports",
		"pv.leak.watches",
		"pv.leak.balloon",
		"pv.no-free-while-mapped",
		"pv.no-reuse-while-unanswered",
		"pv.survive.crash",
		"pv.survive.hang",
		"pv.bounded-wait",
		"pv.limits.buffers",
		"pv.isolation",
	])
		expect(REQUIREMENTS.has(id), id).toBe(true);
});
