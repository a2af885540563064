import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
	EXIT_CODES,
	type ExitCode,
	exit,
	exitCode,
	exitCodeTable,
} from "../../src/report/exit-code.ts";
import { junitSuites } from "../../src/report/junit-suites.ts";
import type { CaseReport, Outcome, Report } from "../../src/report/report.ts";
import {
	aCase,
	aReport,
	finding,
	REPORT_NAMES,
	REPORTS,
	type ReportName,
} from "./values.ts";

const CODES: Readonly<Record<ReportName, ExitCode>> = {
	passed: 0,
	failed: 1,
	"failed-leak": 1,
	"failed-expectation": 1,
	"failed-should": 1,
	warned: 0,
	"too-many-warnings": 6,
	"error-load": 5,
	"error-subject": 5,
	"error-internal": 5,
	"error-nondeterministic": 5,
	"error-scenario": 5,
	"error-ours": 5,
	known: 0,
	"unexpected-pass": 1,
	skipped: 0,
	"not-applicable": 0,
	"nothing-applicable": 4,
	interrupted: 130,
	"provoked-and-allowed": 0,
	"invalid-file": 3,
	"only-invalid-files": 3,
	"internal-error": 5,
	nothing: 4,
	everything: 130,
};

const warned = aCase({ findings: [finding({ level: "should" })] });
const of = (...outcomes: Outcome[]): CaseReport[] =>
	outcomes.map((outcome, i) =>
		aCase({ id: `a[n=${i}]`, scenario: "a", outcome }),
	);
const invalid = REPORTS["only-invalid-files"].invalid;

describe("the exit code", () => {
	it.each(REPORT_NAMES)("of %s", (name) => {
		expect(exitCode(REPORTS[name])).toBe(CODES[name]);
	});

	it("2 is never a report's", () => {
		expect(Object.values(CODES)).not.toContain(2);
	});

	it.each<[string, Report, ExitCode]>([
		["nothing but skipped", aReport(of("skipped")), 0],
		["known ones", aReport(of("known", "passed")), 0],
		[
			"skipped beside not applicable",
			aReport(of("skipped", "not-applicable")),
			0,
		],
		["a case that was interrupted", aReport(of("interrupted")), 130],
		["an interrupt before any case", aReport([], { interrupted: true }), 130],
		["an internal error before any case", aReport([], { internal: ["x"] }), 5],
		["as many warnings as allowed", aReport([warned], { maxWarnings: 1 }), 0],
		["one warning too many", aReport([warned], { maxWarnings: 0 }), 6],
		["warnings without a limit", aReport([warned, warned]), 0],
		[
			"a file without cases",
			{ ...aReport([]), files: [{ file: "a.yaml", cases: [] }] },
			4,
		],
	])("%s", (_, report, code) => {
		expect(exitCode(report)).toBe(code);
	});

	it("of several is the first of 130, 5, 3, 1, 6", () => {
		const all: Report = aReport([warned, ...of("failed", "error")], {
			interrupted: true,
			invalid,
			maxWarnings: 0,
		});
		expect(exitCode(all)).toBe(130);
		const whole = { ...all, interrupted: false };
		expect(exitCode(whole)).toBe(5);
		const judged = {
			...aReport([warned, ...of("failed")], { maxWarnings: 0 }),
			invalid,
		};
		expect(exitCode(judged)).toBe(3);
		expect(exitCode({ ...judged, invalid: [] })).toBe(1);
		expect(exitCode(aReport([warned], { maxWarnings: 0 }))).toBe(6);
	});

	it("4 gives way to every other", () => {
		const none = of("not-applicable");
		expect(exitCode(aReport(none))).toBe(4);
		expect(exitCode(aReport(none, { invalid }))).toBe(3);
		expect(exitCode(aReport(none, { internal: ["x"] }))).toBe(5);
		expect(exitCode(aReport(none, { interrupted: true }))).toBe(130);
	});

	it("4 becomes 0 with --pass-with-no-scenarios, and nothing else does", () => {
		for (const name of REPORT_NAMES)
			expect(exitCode(REPORTS[name], { passWithNoScenarios: true })).toBe(
				CODES[name] === 4 ? 0 : CODES[name],
			);
	});

	it("1 and 6 become 0 with --exit-zero, and nothing else does", () => {
		for (const name of REPORT_NAMES)
			expect(exitCode(REPORTS[name], { exitZero: true })).toBe(
				[1, 6].includes(CODES[name]) ? 0 : CODES[name],
			);
	});

	it("that an option made 0 still says what is wrong", () => {
		expect(exit(REPORTS.failed, { exitZero: true }).meaning).toBe(
			`--exit-zero was given; without it 1: ${EXIT_CODES[1]}`,
		);
		expect(exit(REPORTS.passed, { exitZero: true }).meaning).toBe(
			EXIT_CODES[0],
		);
	});

	it("has a meaning for each code, in the table of --help", () => {
		expect(Object.keys(EXIT_CODES).map(Number)).toEqual([
			0, 1, 2, 3, 4, 5, 6, 130,
		]);
		expect(exitCodeTable().split("\n")).toHaveLength(8);
		expect(exitCodeTable()).toMatch(/^ {2}130 {2}interrupted/m);
	});
});

it("a run is red in JUnit exactly when its exit code is not 0", () => {
	const outcome = fc.constantFrom<Outcome>(
		"passed",
		"failed",
		"error",
		"known",
		"unexpected-pass",
		"skipped",
		"not-applicable",
		"interrupted",
	);
	fc.assert(
		fc.property(
			fc.array(outcome, { maxLength: 4 }),
			fc.nat(2),
			fc.option(fc.nat(2), { nil: undefined }),
			fc.boolean(),
			fc.boolean(),
			fc.boolean(),
			fc.boolean(),
			(outcomes, warnings, maxWarnings, stopped, broken, wrong, pass) => {
				const cases = of(...outcomes).map((one) => ({
					...one,
					findings: Array.from({ length: warnings }, () =>
						finding({ level: "should" }),
					),
				}));
				const report = aReport(cases, {
					interrupted: stopped,
					internal: broken ? ["broken"] : [],
					invalid: wrong ? invalid : [],
					...(maxWarnings === undefined ? {} : { maxWarnings }),
				});
				const options = { passWithNoScenarios: pass };
				const red = junitSuites(report, options).some((suite) =>
					suite.cases.some(
						({ verdict }) => (verdict?.kind ?? "skipped") !== "skipped",
					),
				);
				expect(red).toBe(exitCode(report, options) !== 0);
			},
		),
		{ seed: 5, numRuns: 500 },
	);
});
