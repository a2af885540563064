/** The reduced form that Ant's schema allows: nothing beside a case's verdict, so remarks and reasons stand in the suite's output. */
import {
	type JUnitCase,
	type JUnitSuite,
	junitSuites,
	runProperties,
} from "../junit-suites.ts";
import type { Report } from "../report.ts";
import { document, type Element, element } from "../xml.ts";
import type { Format } from "./format.ts";
import { figures, properties, seconds, total, unattached } from "./junit.ts";

export const junitAnt: Format = (report, options = {}) =>
	document(
		element(
			"testsuites",
			{},
			junitSuites(report, options).map((suite, id) =>
				suiteElement(suite, id, report, options.hostname),
			),
		),
	);

function suiteElement(
	{ name, cases }: JUnitSuite,
	id: number,
	report: Report,
	hostname = "localhost",
): Element {
	return element(
		"testsuite",
		{
			name,
			package: report.tool.name,
			id,
			timestamp: report.startedAt,
			hostname,
			...figures(cases),
			time: seconds(total(cases)),
		},
		[
			properties(runProperties(report)),
			...cases.map(caseElement),
			element("system-out", {}, unattached(cases.map(out).join(""))),
			element("system-err"),
		],
	);
}

function caseElement({ name, classname, seconds: time, verdict }: JUnitCase) {
	const inside =
		verdict === undefined
			? []
			: verdict.kind === "skipped"
				? [element("skipped")]
				: [
						element(
							verdict.kind,
							{ message: verdict.message, type: verdict.type },
							verdict.text,
						),
					];
	return element("testcase", { name, classname, time: seconds(time) }, inside);
}

function out({ classname, name, verdict, out }: JUnitCase): string {
	const reason = verdict?.kind === "skipped" ? verdict.text : "";
	const text = [reason, out].filter((part) => part !== "").join("\n");
	return text === "" ? "" : `${classname}: ${name}\n${text}\n`;
}
