import { expect, it } from "vitest";
import { aCase, aReport, finding } from "../../test/report/values.ts";
import { type Coverage, coverageOf } from "./coverage.ts";
import { coverageJson, coverageText } from "./coverage-text.ts";
import type { CaseReport } from "./report.ts";

type Seen = NonNullable<CaseReport["seen"]>;

const seen = (with_: Partial<Seen> = {}): Seen => ({
	subjects: ["backend"],
	rules: {},
	operations: [],
	answers: {},
	moves: {},
	statuses: {},
	expectations: 0,
	...with_,
});

const covered = (...cases: CaseReport[]): Coverage =>
	coverageOf(aReport(cases));

const requirement = (coverage: Coverage, id: string) => {
	const found = coverage.requirements.find((one) => one.id === id);
	if (found === undefined) throw new Error(`no requirement ${id}`);
	return found;
};

const UNIQUE = "displif.dbuf-create.cookie-unique";

it("counts a requirement as exercised by a rule that saw its owner act and its operation sent", () => {
	const rules = { cookies: ["backend" as const] };
	const judged = (with_: Partial<Seen>) =>
		requirement(
			covered(aCase({ requirements: [], seen: seen(with_) })),
			UNIQUE,
		);
	expect(judged({ rules, operations: ["DBUF_CREATE"] })).toMatchObject({
		state: "met",
		byRule: 1,
		bySpec: 0,
		sides: ["backend"],
		notBy: [],
	});
	expect(judged({ rules, operations: ["PG_FLIP"] }).state).toBe(
		"not exercised",
	);
	expect(
		judged({ rules: { survives: ["backend"] }, operations: ["DBUF_CREATE"] })
			.state,
	).toBe("not exercised");
	expect(
		judged({ rules: { cookies: ["toolstack"] }, operations: ["DBUF_CREATE"] })
			.state,
	).toBe("not exercised");
});

it("counts a requirement as exercised by a scenario that names it, demands something and has a subject that owes it", () => {
	const named = (with_: Partial<Seen>, id = UNIQUE) =>
		requirement(covered(aCase({ requirements: [id], seen: seen(with_) })), id);
	expect(named({ expectations: 2 })).toMatchObject({
		state: "met",
		byRule: 0,
		bySpec: 1,
	});
	expect(named({ expectations: 0 }).state).toBe("not exercised");
	// The frontend was judged, and the backend owes it.
	expect(
		named(
			{ expectations: 2, subjects: ["frontend"] },
			"displif.dbuf-destroy.release",
		).state,
	).toBe("not exercised");
});

it("asks both sides of what both owe, if both were judged", () => {
	const both = seen({ subjects: ["backend", "frontend"], expectations: 1 });
	const one = seen({ expectations: 1 });
	const other = aCase({ requirements: [], seen: both });
	const coverage = covered(
		aCase({ requirements: [UNIQUE], seen: one, id: "a" }),
		other,
	);
	expect(requirement(coverage, UNIQUE).notBy).toEqual(["frontend"]);
	expect(coverage.missing).toContain(
		`${UNIQUE} was not exercised by the frontend`,
	);
	expect(
		requirement(covered(aCase({ requirements: [UNIQUE], seen: both })), UNIQUE)
			.notBy,
	).toEqual([]);
});

it("calls broken what a rule says against a subject, not what was announced or what a scenario expected", () => {
	const of = (with_: Parameters<typeof finding>[0]) =>
		requirement(
			covered(aCase({ findings: [finding(with_)], seen: seen() })),
			UNIQUE,
		);
	expect(of({})).toMatchObject({ state: "broken", broken: 1 });
	expect(of({ standing: "provoked" })).toMatchObject({
		state: "not exercised",
		provoked: 1,
		broken: 0,
	});
	expect(of({ rule: "expectation" }).broken).toBe(0);
});

it("says why a requirement could not be seen: an ability that is lacking, or what nobody can reach", () => {
	const lacks = aCase({
		outcome: "skipped",
		reason: "the subject lacks edid",
		requirements: ["displif.get-edid.edid-size"],
	});
	expect(
		requirement(covered(lacks), "displif.get-edid.edid-size"),
	).toMatchObject({
		state: "not observable",
		reason: "the subject lacks edid",
	});
	expect(requirement(covered(lacks), "displif.resolution")).toMatchObject({
		state: "not observable",
		reason: expect.stringContaining("xdisp-check's own"),
	});
});

it("adds up answers, moves and statuses", () => {
	const coverage = covered(
		aCase({
			id: "a",
			seen: seen({
				answers: {
					"DBUF_CREATE ok subject": 2,
					"DBUF_CREATE -EINVAL subject": 1,
				},
				moves: { "frontend Initialised>Connected driver": 1 },
				statuses: { "grant.map GNTST_bad_gntref": 2 },
			}),
		}),
		aCase({
			id: "b",
			seen: seen({
				answers: { "DBUF_CREATE ok scripted": 1 },
				moves: {
					"frontend Initialised>Connected driver": 1,
					"backend Connected>Initialised script": 3,
				},
				statuses: { "grant.map GNTST_bad_gntref": 1 },
			}),
		}),
	);
	expect(coverage.operations[0]).toEqual({
		name: "DBUF_CREATE",
		good: 3,
		refused: 1,
		statuses: ["-EINVAL"],
	});
	const move = (side: string, from: string, to: string) =>
		coverage.moves.find(
			(one) => one.side === side && one.from === from && one.to === to,
		);
	expect(move("frontend", "Initialised", "Connected")).toMatchObject({
		legal: true,
		driver: 2,
		script: 0,
	});
	expect(move("backend", "Connected", "Initialised")).toMatchObject({
		legal: false,
		driver: 0,
		script: 3,
	});
	expect(coverage.statuses).toEqual([
		{ call: "grant.map", status: "GNTST_bad_gntref", times: 3 },
	]);
	expect(coverage.missing).toContain("PG_FLIP was never refused");
	expect(coverage.missing).not.toContain("DBUF_CREATE was never refused");
	expect(coverage.missing).toContain(
		"the frontend never went from Connected to Closing",
	);
});

it("tells it to people in lines of one width of columns, and to machines whole", () => {
	const report = aReport([
		aCase({ findings: [finding()], seen: seen({ expectations: 1 }) }),
	]);
	const coverage = coverageOf(report);
	const text = coverageText(report, coverage, {
		verbose: false,
		requirement: () => "a cookie in use is refused",
	});
	expect(text).toMatch(
		/^ {2}broken\n {4}displif\.dbuf-create\.cookie-unique {2}must {2}both {2}broken in 1, rules 0, scenarios 1/m,
	);
	expect(text).toMatch(/^ {2}not exercised$/m);
	expect(text).not.toMatch(/^ {2}met$/m);
	expect(text).toMatch(/^missing, without a reason: \d+$/m);
	expect(JSON.parse(coverageJson(report, coverage))).toMatchObject({
		implementations: report.implementations,
		missing: coverage.missing,
		requirements: coverage.requirements,
	});
});
