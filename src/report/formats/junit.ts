/** JUnit as Jenkins, GitLab, Azure and the usual GitHub actions read it: they follow no one schema, and this suits all of them. */
import {
	type JUnitCase,
	type JUnitSuite,
	type JUnitVerdict,
	junitSuites,
	runProperties,
} from "../junit-suites.ts";
import type { Report } from "../report.ts";
import { document, type Element, element } from "../xml.ts";
import type { Format } from "./format.ts";

export const junit: Format = (report, options = {}) => {
	const suites = junitSuites(report, options);
	return document(
		element(
			"testsuites",
			{
				name: report.tool.name,
				...figures(suites.flatMap(({ cases }) => cases)),
				time: seconds(report.durationMs / 1000),
			},
			suites.map((suite, id) =>
				suiteElement(suite, id, report, options.hostname),
			),
		),
	);
};

function suiteElement(
	{ name, file, cases }: JUnitSuite,
	id: number,
	report: Report,
	hostname = "localhost",
): Element {
	return element(
		"testsuite",
		{
			name,
			id,
			hostname,
			timestamp: report.startedAt,
			...figures(cases),
			time: seconds(total(cases)),
			file,
		},
		[properties(runProperties(report)), ...cases.map(caseElement)],
	);
}

function caseElement(one: JUnitCase): Element {
	const { classname, name, file, line, verdict, out } = one;
	return element(
		"testcase",
		{ name, classname, time: seconds(one.seconds), file, line },
		[
			...(one.properties.length === 0 ? [] : [properties(one.properties)]),
			...(verdict === undefined ? [] : [verdictElement(verdict)]),
			...(out === "" ? [] : [element("system-out", {}, unattached(out))]),
		],
	);
}

function verdictElement({ kind, message, type, text }: JUnitVerdict): Element {
	return element(
		kind,
		kind === "skipped" ? { message } : { message, type },
		text,
	);
}

/** Counts by verdict, in the order of the attributes. */
export function figures(cases: readonly JUnitCase[]) {
	const of = (kind: JUnitVerdict["kind"]) =>
		cases.filter(({ verdict }) => verdict?.kind === kind).length;
	return {
		tests: cases.length,
		failures: of("failure"),
		errors: of("error"),
		skipped: of("skipped"),
	};
}

export function properties(pairs: JUnitCase["properties"]): Element {
	return element(
		"properties",
		{},
		pairs.map(([name, value]) => element("property", { name, value })),
	);
}

export const seconds = (time: number): string => time.toFixed(3);

export const total = (cases: readonly JUnitCase[]): number =>
	cases.reduce((sum, one) => sum + one.seconds, 0);

/** Readers upload the file that `[[ATTACHMENT|path]]` names; what an implementation says must not choose one. */
export const unattached = (text: string): string =>
	text.replaceAll("[[ATTACHMENT|", "[ [ATTACHMENT|");
