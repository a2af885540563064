import { type Counts, count } from "./counts.ts";
import type { Report } from "./report.ts";

/** What each exit code says. */
export const EXIT_CODES = {
	0: "conforming: nothing that was judged is broken beyond what the baseline lists",
	1: "not conforming: a rule or an expectation is broken, or a case passes that the baseline lists as failing",
	2: "usage: the command line or the configuration file is wrong",
	3: "a scenario file is invalid",
	4: "nothing was selected, or nothing selected applies to the implementation",
	5: "could not judge: an implementation did not load or start, a scenario broke the protocol unannounced, or xdisp-check failed",
	6: "more warnings than --max-warnings allows",
	130: "interrupted: the reports hold what was known by then",
} as const;
export type ExitCode = keyof typeof EXIT_CODES;

export interface ExitOptions {
	/** `--pass-with-no-scenarios`: 4 becomes 0. */
	passWithNoScenarios?: boolean;
	/** `--exit-zero`: the verdicts 1 and 6 become 0; what kept the run from judging does not. */
	exitZero?: boolean;
}

export interface Exit {
	code: ExitCode;
	/** The code's meaning; when an option made it 0, the option and what the code would have been. */
	meaning: string;
}

/** The first that applies decides. A usage error (2) never comes as far as a report. */
const CAUSES: readonly {
	code: ExitCode;
	applies: (report: Report, counts: Counts) => boolean;
}[] = [
	{
		code: 130,
		applies: (report, { outcomes }) =>
			report.interrupted || outcomes.interrupted > 0,
	},
	{
		code: 5,
		applies: (report, { outcomes }) =>
			report.internal.length > 0 || outcomes.error > 0,
	},
	{ code: 3, applies: (_, { invalid }) => invalid > 0 },
	{
		code: 1,
		applies: (_, { outcomes }) =>
			outcomes.failed > 0 || outcomes["unexpected-pass"] > 0,
	},
	{
		code: 6,
		applies: ({ maxWarnings }, { warnings }) =>
			maxWarnings !== undefined && warnings > maxWarnings,
	},
	{
		code: 4,
		applies: (_, { cases, outcomes }) => cases === outcomes["not-applicable"],
	},
];

export function exit(report: Report, options: ExitOptions = {}): Exit {
	const counts = count(report);
	const code = CAUSES.find(({ applies }) => applies(report, counts))?.code ?? 0;
	const pardon =
		code === 4 && options.passWithNoScenarios
			? "--pass-with-no-scenarios"
			: (code === 1 || code === 6) && options.exitZero
				? "--exit-zero"
				: undefined;
	if (pardon === undefined) return { code, meaning: EXIT_CODES[code] };
	return {
		code: 0,
		meaning: `${pardon} was given; without it ${code}: ${EXIT_CODES[code]}`,
	};
}

export function exitCode(report: Report, options: ExitOptions = {}): ExitCode {
	return exit(report, options).code;
}

/** The table as `--help` prints it: one line a code, no line end at the end. */
export function exitCodeTable(): string {
	return Object.entries(EXIT_CODES)
		.map(([code, meaning]) => `${code.padStart(5)}  ${meaning}`)
		.join("\n");
}
