import { type Loaded, type LoadOptions, loadFile } from "./load.ts";
import { type Problem, sorted } from "./problem.ts";
import type { Case, Scenario, Step } from "./scenario.ts";
import type { Selected } from "./select.ts";

/** What there is to say of a set of scenario files without running them. */
export interface Linted {
	scenarios: Scenario[];
	/** Errors and warnings, by file and line. */
	problems: Problem[];
}

/** Loads every file, compares them with one another, and looks for what is odd though not wrong. */
export function lint(
	files: readonly Selected[],
	options: LoadOptions = {},
): Linted {
	const loaded: Loaded[] = files.map(({ root, path }) =>
		loadFile(root, path, options),
	);
	const scenarios = loaded.flatMap((one) => (one.ok ? [one.scenario] : []));
	const problems = loaded.flatMap((one) =>
		one.ok ? one.scenario.warnings : one.problems,
	);
	return {
		scenarios,
		problems: sorted([
			...problems,
			...duplicateIds(scenarios),
			...scenarios.flatMap(oddities),
		]),
	};
}

/** Ids that two scenarios share: reports could not tell them apart. */
export function duplicateIds(scenarios: readonly Scenario[]): Problem[] {
	const first = new Map<string, Scenario>();
	const problems: Problem[] = [];
	for (const one of scenarios) {
		const before = first.get(one.id);
		if (before === undefined) first.set(one.id, one);
		else
			problems.push(
				about(
					one,
					"error",
					`the id \`${one.id}\` is taken`,
					"ids are unique over all files",
					[{ place: before.place, says: "first used at" }],
				),
			);
	}
	return problems;
}

function about(
	scenario: Scenario,
	severity: Problem["severity"],
	message: string,
	advice: string,
	also: Problem["also"] = [],
	place = scenario.place,
	width = scenario.id.length,
): Problem {
	const line = scenario.sources.get(place.file)?.line(place.line) ?? "";
	return { severity, place, line, width, message, advice, also };
}

/** Marks of a scenario that will not do what its author hopes. */
function oddities(scenario: Scenario): Problem[] {
	const problems: Problem[] = [];
	const warn = (message: string, advice: string, step?: Step) =>
		problems.push(
			about(
				scenario,
				"warning",
				message,
				advice,
				[],
				step?.place,
				step === undefined ? undefined : step.verb.length,
			),
		);
	if (scenario.spec.length === 0)
		warn(
			"the scenario names no requirement",
			"add `spec`, so that `coverage` can count it",
		);
	if (scenario.tags.length === 0)
		warn("the scenario has no tag", "add `tags`, so that `--tag` can find it");
	const needs = new Set(scenario.requires.map(({ ability }) => ability));
	for (const one of scenario.cases) {
		if (one.world["be-alloc"] === "1" && !needs.has("be-alloc"))
			warn(
				"its backend may allocate buffers, which not every implementation can",
				"add `requires: be-alloc`",
			);
		for (const step of stepsOf(one)) {
			const { verb, place } = step;
			if (place.file !== scenario.file) continue;
			if (verb === "edid.read" && !needs.has("edid"))
				warn(
					"not every implementation can transfer an EDID",
					"add `requires: edid`",
					step,
				);
			if (verb === "prime.import" && !needs.has("prime"))
				warn(
					"not every implementation can import pages",
					"add `requires: prime`",
					step,
				);
		}
		if (Object.values(one.cast).every((role) => role !== "subject"))
			warn(
				"nobody is a subject: the scenario judges no implementation",
				"cast at least one participant as subject",
			);
	}
	return sorted(problems);
}

/** All steps of a case, in the order they would run without an interrupt. */
export function stepsOf(one: Case): Step[] {
	return [
		...one.setup,
		...one.steps,
		...(one.interrupt?.with ?? []),
		...one.after,
		...one.finally,
	];
}
