/** The shipped suite, loaded once and played against an implementation in this process. */
import { loadSelected } from "../../src/check.ts";
import type { Finding } from "../../src/judge/finding.ts";
import backend from "../../src/peer/backend.ts";
import frontend from "../../src/peer/frontend.ts";
import type { CaseReport } from "../../src/report/report.ts";
import { type CaseOptions, runCase } from "../../src/run/case.ts";
import type { Case } from "../../src/scenario/scenario.ts";
import { casesAt, selectFiles } from "../../src/scenario/select.ts";
import type { WorldModule } from "../../src/xen/world.ts";
import type { WrongModule } from "./catalogue.ts";

/** What was loaded, by file or folder: many wrong implementations are shown by the same scenarios. */
const loadedCases = new Map<string, readonly Case[]>();

/** Every case of these scenario files or folders, in the order of the files. */
export const loadCases = (paths: readonly string[]): Case[] =>
	paths.flatMap((path) => {
		const cases = loadedCases.get(path) ?? casesBelow(path);
		loadedCases.set(path, cases);
		return cases;
	});

function casesBelow(path: string): Case[] {
	const { files, errors } = selectFiles([path], process.cwd());
	const { loaded, problems } = loadSelected(files, {});
	for (const problem of [...errors, ...problems])
		throw new Error(problem.message);
	return loaded.flatMap(
		({ scenario, lines }) => casesAt(scenario, lines).cases,
	);
}

export const REFERENCE = {
	frontend: { default: frontend },
	backend: { default: backend },
};

/** What is put in the place of our own. */
export type Placed = Pick<CaseOptions, "under" | "world">;

/** Nothing: the reference is judged. */
export const NOTHING: Placed = { under: {} };

/** One case as `run` plays it, with a module in place of the subjects of its role, or of the world. */
export async function playCase(
	story: Case,
	placed: Placed,
	seed = 0,
): Promise<CaseReport> {
	const { report } = await runCase(story, {
		reference: REFERENCE,
		...placed,
		names: {},
		without: [],
		seed,
		level: "must",
	});
	return report;
}

/** The place that a wrong implementation takes. */
export const placed = ({ wrong, module }: WrongModule): Placed =>
	wrong.takes === "world"
		? { under: {}, world: module as WorldModule }
		: { under: { [wrong.takes]: module } };

/** What counts against the implementation itself; a broken may is a note. */
export const ofSubject = (report: CaseReport): Finding[] =>
	report.findings.filter(
		({ standing, level }) => standing === "subject" && level !== "may",
	);

/** What counts against a wrong implementation: of a world it is what the rules about the world say. */
export const against = (
	{ wrong }: WrongModule,
	report: CaseReport,
): Finding[] =>
	wrong.takes === "world"
		? report.findings.filter(({ owes }) => owes === "world")
		: ofSubject(report);
