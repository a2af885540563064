/** The shipped suite leaves nothing out that has no reason, and no reason outlives what it excuses. */
import { resolve } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { check } from "../../src/check.ts";
import { citesOf } from "../../src/judge/rule.ts";
import { RULES } from "../../src/judge/rules/index.ts";
import { type Coverage, coverageOf } from "../../src/report/coverage.ts";
import type { Report } from "../../src/report/report.ts";
import { UNREACHED } from "../../src/spec/unreached.ts";

const ROOT = resolve(import.meta.dirname, "..", "..");

async function played(path: string): Promise<Report> {
	const { report, usage } = await check({
		paths: [path],
		cwd: ROOT,
		filter: {},
		seed: 0,
		level: "must",
		without: [],
		world: {},
		under: {},
		bail: 0,
		journal: false,
		coverage: true,
		workerScript: "",
		patience: 1,
		now: () => 0,
	});
	expect(usage).toEqual([]);
	return report;
}

const covered = async (path: string): Promise<Coverage> =>
	coverageOf(await played(path));

describe("the shipped suite", () => {
	let report: Report;
	let coverage: Coverage;
	beforeAll(async () => {
		report = await played("scenarios");
		coverage = coverageOf(report);
	}, 600_000);

	it("exercises every must-requirement, each operation in both forms, and every move of both sides, or says why not", () => {
		expect(coverage.missing).toEqual([]);
	});

	it("has no finding that cites a requirement of which its rule says nothing", () => {
		const cites = new Map(RULES.map((rule) => [rule.id, citesOf(rule)]));
		const strays = report.files
			.flatMap(({ cases }) => cases)
			.flatMap(({ findings }) => findings)
			.flatMap(({ rule, requirements }) =>
				requirements
					.filter((id) => cites.get(rule)?.includes(id) === false)
					.map((id) => `${rule}: ${id}`),
			);
		expect([...new Set(strays)]).toEqual([]);
	});

	it("breaks nothing on the reference pair", () => {
		expect(
			coverage.requirements.filter(({ state }) => state === "broken"),
		).toEqual([]);
	});

	it("reaches nothing that is said to be out of reach", () => {
		const { requirements, operations, moves } = coverage;
		expect(
			requirements
				.filter(
					({ id, state }) => id in UNREACHED.requirements && state === "met",
				)
				.map(({ id }) => id),
		).toEqual([]);
		expect(
			operations.filter(
				({ reason, good, refused }) =>
					reason !== undefined && good > 0 && refused > 0,
			),
		).toEqual([]);
		expect(
			moves.filter(
				({ reason, driver, script, toolstack }) =>
					reason !== undefined && driver + script + toolstack > 0,
			),
		).toEqual([]);
		const ids = new Set(requirements.map(({ id }) => id));
		for (const id of Object.keys(UNREACHED.requirements))
			expect(ids.has(id), id).toBe(true);
	});
});

describe("a single scenario", () => {
	it("is seen for what it does: a flip, by both drivers, with no refusal", async () => {
		const { cases, operations, moves, requirements } = await covered(
			"scenarios/flips/one.yaml",
		);
		expect(cases).toBe(1);
		expect(operations.find(({ name }) => name === "PG_FLIP")).toMatchObject({
			good: 1,
			refused: 0,
		});
		expect(operations.find(({ name }) => name === "GET_EDID")).toMatchObject({
			good: 0,
			refused: 0,
		});
		expect(
			moves
				.filter(({ side, driver }) => side === "backend" && driver > 0)
				.map(({ from, to }) => `${from} to ${to}`),
		).toEqual([
			"Initialising to InitWait",
			"InitWait to Connected",
			"Connected to Closing",
			"Closing to Closed",
			"Closed to InitWait",
		]);
		const state = (id: string) =>
			requirements.find((one) => one.id === id)?.state;
		expect(state("displif.pg-flip.event")).toBe("met");
		expect(state("displif.response.one-per-request")).toBe("met");
		expect(state("displif.get-edid.edid-size")).toBe("not exercised");
		expect(state("displif.recovery.reconfiguring")).toBe("not exercised");
	});

	it("is judged for its subject alone: a scripted side exercises nothing that it owes", async () => {
		const { requirements } = await covered("scenarios/accepted/fb-attach.yaml");
		const sides = new Set(requirements.flatMap((one) => one.sides));
		expect(sides.has("backend")).toBe(true);
		expect(sides.has("frontend")).toBe(false);
	});
});
