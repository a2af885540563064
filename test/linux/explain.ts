/** What a run of the suite with the Linux driver has found, by the defects of known.ts. */
import { formOf, lists } from "../../src/report/baseline/apply.ts";
import { weigh } from "../../src/report/counts.ts";
import type { CaseReport, Report } from "../../src/report/report.ts";
import { DEFECTS, type Defect } from "./known.ts";

type Finding = CaseReport["findings"][number];

export interface Explained {
	/** By defect: the cases that show it. */
	shown: ReadonlyMap<Defect, readonly CaseReport[]>;
	/** Failures that no defect explains. */
	strange: readonly { one: CaseReport; finding: Finding }[];
	/** Entries that nothing was found for. */
	idle: readonly string[];
}

/** `defects`: those whose entries are looked for; each has to be found. */
export function explain(
	report: Report,
	defects: readonly Defect[] = DEFECTS,
): Explained {
	const entries = defects.flatMap((defect) =>
		defect.lists.map((entry) => ({
			defect,
			entry,
			fits: formOf(entry.case ?? "*"),
			met: false,
		})),
	);
	const shown = new Map<Defect, CaseReport[]>();
	const strange: { one: CaseReport; finding: Finding }[] = [];
	for (const { cases } of report.files)
		for (const one of cases)
			for (const finding of one.findings) {
				if (weigh(finding, report.level) !== "failure") continue;
				const found = entries.filter(
					({ entry, fits }) => fits(one.id) && lists(entry, finding),
				);
				if (found.length === 0) strange.push({ one, finding });
				for (const entry of found) {
					entry.met = true;
					const cases = shown.get(entry.defect) ?? [];
					if (!cases.includes(one)) cases.push(one);
					shown.set(entry.defect, cases);
				}
			}
	return {
		shown,
		strange,
		idle: entries
			.filter(({ met }) => !met)
			.map(
				({ defect, entry }) =>
					`${defect.id}: ${entry.case ?? "*"} ${entry.rule} ${entry.message ?? ""}`,
			),
	};
}
