import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { memoryPages, validateXML } from "xmllint-wasm";
import { exitCode } from "../../src/report/exit-code.ts";
import { FORMATS } from "../../src/report/formats/index.ts";
import {
	type JUnitVerdict,
	junitSuites,
} from "../../src/report/junit-suites.ts";
import { plain } from "../../src/report/plain.ts";
import type { Report } from "../../src/report/report.ts";
import { document, element } from "../../src/report/xml.ts";
import { NASTY, nastyReport } from "./nasty.ts";
import {
	expatMissing,
	readExpat,
	readXml2js,
	readXmlJs,
	type Tree,
} from "./readers.ts";
import {
	aCase,
	aReport,
	REPORT_NAMES,
	REPORTS,
	requirement,
} from "./values.ts";

const GOLDENS = resolve(import.meta.dirname, "../../fixtures/reports");
const SCHEMA = readFileSync(join(import.meta.dirname, "ant-junit.xsd"), "utf8");

const noExpat = expatMissing();
if (noExpat !== undefined)
	console.warn(`expat is not asked about our JUnit: ${noExpat}`);

interface Document {
	name: string;
	report: Report;
	junit: string;
	ant: string;
}

const golden = (report: string, file: string) =>
	readFileSync(join(GOLDENS, report, file), "utf8");

const DOCUMENTS: readonly Document[] = [
	...REPORT_NAMES.map((name) => ({
		name,
		report: REPORTS[name],
		junit: golden(name, "junit.xml"),
		ant: golden(name, "junit-ant.xml"),
	})),
	...Object.entries(NASTY).map(([name, text]) => {
		const report = nastyReport(text);
		return {
			name: `nasty: ${name}`,
			report,
			junit: FORMATS.junit(report),
			ant: FORMATS["junit-ant"](report),
		};
	}),
];

const inside = (one: Tree, name: string) =>
	one.children.filter((child) => child.name === name);

const KINDS = ["failure", "error", "skipped"] as const;

/** Everything a reader takes from a case, and what it ought to be. */
function readCase(one: Tree) {
	const verdict = one.children.find(({ name }) =>
		KINDS.some((kind) => kind === name),
	);
	return {
		name: one.attributes.name,
		classname: one.attributes.classname,
		time: one.attributes.time,
		file: one.attributes.file,
		line: one.attributes.line,
		properties: inside(one, "properties").flatMap((properties) =>
			properties.children.map(({ attributes: { name, value } }) => [
				name,
				value,
			]),
		),
		verdict: verdict && {
			kind: verdict.name,
			message: verdict.attributes.message,
			type: verdict.attributes.type,
			text: verdict.text,
		},
		out: inside(one, "system-out").map(({ text }) => text),
	};
}

function expectedCases(report: Report) {
	return junitSuites(report, { requirement }).map(({ cases }) =>
		cases.map((one) => ({
			name: one.name,
			classname: one.classname,
			time: one.seconds.toFixed(3),
			file: one.file,
			line: one.line === undefined ? undefined : String(one.line),
			properties: one.properties.map(([name, value]) => [name, plain(value)]),
			verdict: one.verdict && {
				kind: one.verdict.kind,
				message: plain(one.verdict.message),
				type: one.verdict.kind === "skipped" ? undefined : one.verdict.type,
				text: plain(one.verdict.text),
			},
			out:
				one.out === ""
					? []
					: [plain(one.out).replaceAll("[[ATTACHMENT|", "[ [ATTACHMENT|")],
		})),
	);
}

function expectWhole(root: Tree, report: Report): void {
	expect(root.name).toBe("testsuites");
	const suites = inside(root, "testsuite");
	expect(
		suites.map((suite) => inside(suite, "testcase").map(readCase)),
	).toEqual(expectedCases(report));
	expect(suites.map(({ attributes }) => attributes.id)).toEqual(
		suites.map((_, id) => String(id)),
	);
	const all = suites.flatMap((suite) => inside(suite, "testcase"));
	expectFigures(root, all);
	for (const suite of suites) {
		expectFigures(suite, inside(suite, "testcase"));
		expect(inside(suite, "properties")).toHaveLength(1);
		expect(suite.attributes.timestamp).toBe(report.startedAt);
	}
}

function expectFigures({ attributes }: Tree, cases: readonly Tree[]): void {
	const of = (kind: JUnitVerdict["kind"]) =>
		String(cases.filter((one) => inside(one, kind).length === 1).length);
	expect(attributes).toMatchObject({
		tests: String(cases.length),
		failures: of("failure"),
		errors: of("error"),
		skipped: of("skipped"),
	});
}

describe.each(DOCUMENTS)("$name", ({ report, junit, ant }) => {
	it("is read whole by xml2js", async () => {
		expectWhole(await readXml2js(junit), report);
	});

	it("is read whole by xml-js", async () => {
		expectWhole(await readXmlJs(junit), report);
	});

	it("is read alike in the reduced form", async () => {
		const full = inside(await readXml2js(junit), "testsuite");
		const reduced = inside(await readXml2js(ant), "testsuite");
		expect(reduced.map(({ attributes }) => attributes.name)).toEqual(
			full.map(({ attributes }) => attributes.name),
		);
		for (const [i, suite] of reduced.entries()) {
			expectFigures(suite, inside(suite, "testcase"));
			expect(
				inside(suite, "testcase").map((one) => one.children.map((c) => c.name)),
			).toEqual(
				inside(full[i] as Tree, "testcase").map((one) =>
					one.children
						.map((c) => c.name)
						.filter((name) => KINDS.some((kind) => kind === name)),
				),
			);
		}
	});

	it("has names in ASCII, once each", () => {
		const names = junitSuites(report).flatMap(({ cases }) =>
			cases.map(({ classname, name }) => `${classname}\n${name}`),
		);
		expect(new Set(names).size).toBe(names.length);
		for (const name of names) {
			expect(name).toMatch(/^[ -~]+\n[ -~]+$/);
			expect(name.length).toBeLessThan(1500);
		}
	});

	it("repeats each message in the text", () => {
		for (const { cases } of junitSuites(report))
			for (const { verdict } of cases) {
				if (verdict === undefined) continue;
				expect(verdict.message).not.toContain("\n");
				expect(verdict.message.length).toBeLessThan(1100);
				// A message that was cut is whole in the text.
				const head = verdict.message.split(" [... ")[0] as string;
				expect(verdict.text.startsWith(head)).toBe(true);
			}
	});

	it("has no CDATA and no character that XML forbids", () => {
		for (const xml of [junit, ant]) {
			expect(xml).not.toContain("<![CDATA[");
			expect(plain(xml) === xml).toBe(true);
		}
	});

	it("is green only for a run that is", () => {
		const red = junitSuites(report).some(({ cases }) =>
			cases.some(
				({ verdict }) =>
					verdict?.kind === "failure" || verdict?.kind === "error",
			),
		);
		expect(red).toBe(exitCode(report) !== 0);
	});
});

describe("expat", () => {
	let trees: Tree[] = [];
	beforeAll(() => {
		if (noExpat === undefined)
			trees = readExpat(DOCUMENTS.flatMap(({ junit, ant }) => [junit, ant]));
	});

	it
		.skipIf(noExpat !== undefined)
		.each(DOCUMENTS.map(({ name, report }, i) => ({ name, report, i })))(
		"reads it whole: $name",
		({ report, i }) => {
			expectWhole(trees[2 * i] as Tree, report);
			expect(inside(trees[2 * i + 1] as Tree, "testsuite")).toHaveLength(
				junitSuites(report).length,
			);
		},
	);
});

it("cases whose names ASCII cannot tell apart are numbered", () => {
	const report = aReport(
		["\u65e5", "\u672c"].map((row) =>
			aCase({ id: `a[text=${row}]`, scenario: "a", title: "A text" }),
		),
	);
	const names = junitSuites(report).flatMap(({ cases }) =>
		cases.map(({ name }) => name),
	);
	expect(names).toEqual(["A text [text=?]", "A text [text=?] (2)"]);
});

describe("any text", () => {
	const texts = fc.sample(fc.string({ unit: "binary", maxLength: 60 }), {
		numRuns: 300,
		seed: 12,
	});
	const documents = texts.map((text) =>
		document(element("one", { two: text }, `.${text}.`)),
	);
	const expectSame = (trees: readonly Tree[]) =>
		expect(trees.map(({ attributes, text }) => [attributes.two, text])).toEqual(
			texts.map((text) => [plain(text), `.${plain(text)}.`]),
		);

	it("comes back from xml2js", async () => {
		expectSame(await Promise.all(documents.map(readXml2js)));
	});

	it("comes back from xml-js", async () => {
		expectSame(await Promise.all(documents.map(readXmlJs)));
	});

	it.skipIf(noExpat !== undefined)("comes back from expat", () => {
		expectSame(readExpat(documents));
	});
});

describe("ten megabytes", () => {
	it("come down to the beginning, the end and what is left out", async () => {
		const report = nastyReport(NASTY["ten megabytes"] as string);
		const xml = FORMATS.junit(report);
		expect(xml.length).toBeLessThan(4_000_000);
		const suites = inside(await readXml2js(xml), "testsuite");
		const failure = suites
			.flatMap((suite) => inside(suite, "testcase"))
			.map(readCase)
			.find(({ classname }) => classname === "nasty.failed")?.verdict;
		expect(failure?.message).toMatch(/^begin .* characters left out/);
		expect(failure?.text).toMatch(
			/got +begin [\s\S]* \[\.\.\. \d{7} characters left out \.\.\.\] [\s\S]* end\n/,
		);
	});
});

describe("Ant's schema", () => {
	const validate = (documents: readonly { name: string; xml: string }[]) =>
		validateXML({
			xml: documents.map(({ xml }, i) => ({
				fileName: `${i}.xml`,
				contents: xml,
			})),
			schema: { fileName: "ant-junit.xsd", contents: SCHEMA },
			maxMemoryPages: 512 * memoryPages.MiB,
		});

	it("takes the reduced form of every report", async () => {
		const { errors, valid } = await validate(
			DOCUMENTS.map(({ name, ant }) => ({ name, xml: ant })),
		);
		expect(errors).toEqual([]);
		expect(valid).toBe(true);
	});

	it("refuses the full form", async () => {
		const { errors } = await validate([
			{ name: "full", xml: golden("failed", "junit.xml") },
		]);
		const text = errors.map(({ message }) => message).join("\n");
		expect(text).toMatch(/attribute 'file'/);
		expect(text).toMatch(/Element 'testsuites', attribute 'name'/);
	});

	it.each([
		["a time zone", 'T07:08:09"', 'T07:08:09Z"'],
		["a missing package", ' package="xdisp-check"', ""],
		["a missing time", ' time="0.012"', ""],
		["a comma in a time", 'time="0.012"', 'time="0,012"'],
		["text of a skipped case", "<skipped/>", "<skipped>why</skipped>"],
		["output of a case", "<skipped/>", "<skipped/><system-out/>"],
		["a missing type", / type="xdisp[^"]*"/, ""],
		["a missing output", "<system-err/>", ""],
		["a second use of a name", "[pages=5]", "[pages=6]"],
	])("refuses %s", async (_, from, to) => {
		const xml = golden("everything", "junit-ant.xml");
		expect(xml.replace(from, to)).not.toBe(xml);
		const { valid } = await validate([
			{ name: "spoilt", xml: xml.replace(from, to) },
		]);
		expect(valid).toBe(false);
	});
});
