/** Constructed reports: one for each thing that a run can come to. Everything has a default, so what a test sets is what it is about. */
import type { Finding } from "../../src/judge/finding.ts";
import type {
	CaseReport,
	FileReport,
	InvalidFile,
	Outcome,
	Report,
} from "../../src/report/report.ts";

export function finding(with_: Partial<Finding> = {}): Finding {
	return {
		rule: "one-reply",
		requirements: ["displif.dbuf-create.cookie-unique"],
		level: "must",
		owes: "backend",
		blamed: "be",
		standing: "subject",
		message: "a cookie in use was accepted again",
		expected: "a negative status",
		got: "status 0",
		entry: 41,
		place: { file: "buffers/cookie-in-use.yaml", line: 9, column: 5 },
		...with_,
	};
}

export function aCase(with_: Partial<CaseReport> = {}): CaseReport {
	const scenario = with_.scenario ?? "dbuf.cookie-in-use";
	return {
		id: scenario,
		scenario,
		title: "A display buffer cookie in use is refused",
		row: {},
		place: { file: "buffers/cookie-in-use.yaml", line: 1, column: 1 },
		outcome: "passed",
		findings: [],
		story: [],
		faults: [],
		notObservable: [],
		notJudged: [],
		notes: [],
		requirements: ["displif.dbuf-create.cookie-unique"],
		tags: ["buffers"],
		command: `xdisp-check run --seed 7 --id '${with_.id ?? scenario}'`,
		calls: 312,
		ticks: 40,
		durationMs: 12,
		...with_,
	};
}

/** The cases gathered by the file they stand in, as the runner sorts them. */
export function aReport(
	cases: readonly CaseReport[],
	with_: Partial<Report> = {},
): Report {
	const byFile = new Map<string, CaseReport[]>();
	for (const one of cases)
		byFile.set(one.place.file, [...(byFile.get(one.place.file) ?? []), one]);
	const files: FileReport[] = [...byFile]
		.sort(([a], [b]) => (a < b ? -1 : 1))
		.map(([file, cases]) => ({
			file,
			cases: cases.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
		}));
	return {
		tool: { name: "xdisp-check", version: "0.1.0" },
		seed: 7,
		level: "must",
		manners: "c423",
		implementations: { frontend: "reference", backend: "./my-backend.mjs" },
		revision: "4f1c2ab",
		startedAt: "2024-05-06T07:08:09",
		durationMs: 1234,
		files,
		invalid: [],
		interrupted: false,
		internal: [],
		...with_,
	};
}

const story: CaseReport["story"] = [
	{
		entry: 17,
		tick: 0,
		who: "fe",
		text: "request  1 DBUF_CREATE dbuf_cookie=0x1 width=64 height=64 bpp=32",
	},
	{ entry: 29, tick: 0, who: "be", text: "response 1 DBUF_CREATE status=0" },
	{
		entry: 38,
		tick: 2,
		who: "fe",
		text: "request  2 DBUF_CREATE dbuf_cookie=0x1 width=64 height=64 bpp=32",
	},
	{ entry: 41, tick: 2, who: "be", text: "response 2 DBUF_CREATE status=0" },
];

export const failed = aCase({
	outcome: "failed",
	reason: "a cookie in use was accepted again",
	findings: [
		finding(),
		finding({
			rule: "leak-mappings",
			requirements: ["pv.leak.mappings"],
			message: "2 mappings are left",
			expected: "0 mappings",
			got: "2 mappings",
			entry: 77,
			leak: {
				kind: "mapping",
				count: 2,
				owner: "be",
				origin: 'grant.map ref 9 of fe by be in task "dbuf.create"',
				entry: 33,
			},
		}),
	],
	frame: {
		place: { file: "buffers/cookie-in-use.yaml", line: 9, column: 5 },
		text: "  - dbuf.create: { of: buf, cookie: $dbuf.cookie }",
	},
	story,
	faults: ["map-fails at be.grant.map, the 2nd time"],
});

const leaking = aCase({
	id: "gem.fe-alloc[pages=1024,fill=zero]",
	scenario: "gem.fe-alloc",
	title: "Every page of a closed object is freed",
	row: { pages: "1024", fill: "zero" },
	place: { file: "buffers/gem.yaml", line: 1, column: 1 },
	outcome: "failed",
	reason: "3 pages are left",
	findings: [
		finding({
			rule: "leak-pages",
			requirements: ["pv.leak.pages"],
			owes: "frontend",
			blamed: "fe",
			message: "3 pages are left",
			expected: "0 pages",
			got: "3 pages",
			entry: 90,
			place: { file: "buffers/gem.yaml", line: 14, column: 5 },
			leak: {
				kind: "page",
				count: 3,
				owner: "fe",
				origin: 'page.alloc gfn 0x21 by fe in task "gem.create"',
				entry: 12,
				place: { file: "buffers/gem.yaml", line: 11, column: 5 },
			},
		}),
	],
	frame: {
		place: { file: "buffers/gem.yaml", line: 14, column: 5 },
		text: "  - gem.close: { of: buf }",
	},
	story: [],
});

const unmetExpectation = aCase({
	outcome: "failed",
	reason: "the reply is not what the step expects",
	findings: [
		finding({
			rule: "expectation",
			requirements: [],
			message: "the reply to DBUF_CREATE",
			expected: "error",
			got: "ok",
		}),
	],
});

const should = finding({
	rule: "reserved-zero",
	requirements: ["displif.response.reserved"],
	level: "should",
	message: "reserved bytes of a response are not zero",
	expected: "0",
	got: "0xff at byte 12",
	entry: 29,
});
const may = finding({
	rule: "expectation",
	requirements: ["displif.dbuf-create.error-code"],
	level: "may",
	message: "the error code of DBUF_CREATE",
	expected: "-EEXIST",
	got: "-EINVAL",
});
const warned = aCase({ findings: [should, may] });

const ofError = (error: NonNullable<CaseReport["error"]>) =>
	aCase({ outcome: "error", reason: error.message, error, calls: 0 });

const invalid: InvalidFile = {
	place: { file: "buffers/typo.yaml", line: 4, column: 19 },
	message: "unknown key `pagse`",
	text: [
		"buffers/typo.yaml:4:19: unknown key `pagse`",
		"  4 |   - gem.create: { pagse: 4 }",
		"    |                   ^^^^^",
		"  did you mean `pages`?",
	].join("\n"),
};

const rows = (outcomes: readonly Outcome[]) =>
	outcomes.map((outcome, i) =>
		aCase({
			id: `dbuf.size[pages=${i + 1}]`,
			scenario: "dbuf.size",
			title: "A buffer of any size is mapped and given back",
			row: { pages: String(i + 1) },
			place: { file: "buffers/size.yaml", line: 1, column: 1 },
			outcome,
		}),
	);

/** By name: the folder of its golden files. */
export const REPORTS = {
	passed: aReport([
		aCase({
			notJudged: [],
			notObservable: [
				{
					rule: "page-lifetime",
					reason: "memory loads of an outside program are not seen",
				},
			],
		}),
		...rows(["passed", "passed", "passed"]),
	]),
	failed: aReport([failed, ...rows(["passed", "passed"])]),
	"failed-leak": aReport([leaking]),
	"failed-expectation": aReport([unmetExpectation]),
	"failed-should": aReport(
		[
			{
				...warned,
				outcome: "failed",
				reason: "reserved bytes of a response are not zero",
			},
		],
		{ level: "should" },
	),
	warned: aReport([warned]),
	"too-many-warnings": aReport([warned], { maxWarnings: 0 }),
	"error-load": aReport([
		ofError({
			class: "load",
			message: "Cannot find module '/home/me/displ/my-backend.mjs'",
		}),
	]),
	"error-subject": aReport([
		ofError({
			class: "subject",
			message: 'task "be.ring" waits for something that is no door call',
		}),
	]),
	"error-internal": aReport([
		ofError({
			class: "internal",
			message: "frame 12 has a negative count",
			detail:
				"Error: frame 12 has a negative count\n    at Frames.drop (/home/me/xdisp-check/src/xen/frames.ts:81:9)\n    at run (file:///home/me/xdisp-check/src/run/play.ts:12:3)",
		}),
	]),
	"error-nondeterministic": aReport([
		ofError({
			class: "nondeterministic",
			message: "entry 31 is grant.map in one run and grant.query in the other",
		}),
	]),
	"error-scenario": aReport([
		aCase({
			outcome: "error",
			reason: "the scenario breaks the protocol unannounced",
			findings: [
				finding({
					owes: "frontend",
					blamed: "fe",
					standing: "unannounced",
					message: "a request has an id that is in use",
					expected: "an id of its own",
					got: "id 1",
				}),
			],
			frame: {
				place: { file: "buffers/cookie-in-use.yaml", line: 9, column: 5 },
				text: "  - wire.send: { op: DBUF_CREATE, id: 1 }",
			},
			story,
		}),
	]),
	"error-ours": aReport([
		aCase({
			outcome: "error",
			reason: "the reference frontend broke a rule",
			findings: [finding({ owes: "frontend", blamed: "fe", standing: "ours" })],
			story,
		}),
	]),
	known: aReport([
		aCase({
			outcome: "known",
			reason: "the backend takes a cookie twice",
			link: "https://example.org/issues/12",
			findings: [finding()],
		}),
	]),
	"unexpected-pass": aReport([
		aCase({
			outcome: "unexpected-pass",
			reason:
				"the baseline says that it fails: the backend takes a cookie twice",
			link: "https://example.org/issues/12",
		}),
	]),
	skipped: aReport([
		aCase({ outcome: "skipped", reason: "the backend lacks edid" }),
		...rows(["passed"]),
	]),
	"not-applicable": aReport([
		aCase({
			outcome: "not-applicable",
			reason: "no backend is under test in it",
		}),
		...rows(["passed"]),
	]),
	"nothing-applicable": aReport([
		aCase({
			outcome: "not-applicable",
			reason: "no backend is under test in it",
		}),
	]),
	interrupted: aReport(
		[
			failed,
			...rows(["passed", "interrupted", "interrupted"]).map((one) =>
				one.outcome === "interrupted"
					? { ...one, reason: "stopped before it was run", calls: 0 }
					: one,
			),
		],
		{ interrupted: true },
	),
	"provoked-and-allowed": aReport([
		aCase({
			findings: [
				finding({
					owes: "frontend",
					blamed: "fe",
					standing: "provoked",
					reason: "announced by the scenario",
				}),
				finding({
					rule: "leak-watches",
					requirements: ["pv.leak.watches"],
					standing: "allowed",
					message: "1 watch is left",
					expected: "0 watches",
					got: "1 watch",
					reason: "the daemon keeps it for the next guest",
				}),
			],
			notJudged: [{ rule: "one-reply", because: "displif.request.id-unique" }],
			notes: ["sweep is executed by a later release: ran once"],
		}),
	]),
	"invalid-file": aReport(rows(["passed"]), { invalid: [invalid] }),
	"only-invalid-files": aReport([], { invalid: [invalid] }),
	"internal-error": aReport(rows(["passed"]), {
		internal: [
			"TypeError: cannot read the baseline\n    at read (/home/me/xdisp-check/src/cli.ts:3:1)",
		],
	}),
	nothing: aReport([]),
	everything: aReport(
		[
			failed,
			leaking,
			{ ...warned, id: "dbuf.warned", scenario: "dbuf.warned" },
			...rows([
				"passed",
				"error",
				"known",
				"unexpected-pass",
				"skipped",
				"not-applicable",
				"interrupted",
			]).map((one) =>
				one.outcome === "passed"
					? one
					: { ...one, reason: `why it is ${one.outcome}` },
			),
		],
		{
			invalid: [invalid],
			interrupted: true,
			internal: ["Error: out of memory"],
		},
	),
} as const satisfies Record<string, Report>;

export type ReportName = keyof typeof REPORTS;

export const REPORT_NAMES = Object.keys(REPORTS) as ReportName[];

const PARAPHRASES: Readonly<Record<string, string>> = {
	"displif.dbuf-create.cookie-unique":
		"The frontend names each display buffer by a cookie; one in use must not be taken again.",
	"pv.leak.pages": "A driver frees every page it took.",
};

export const requirement = (id: string): string | undefined => PARAPHRASES[id];
