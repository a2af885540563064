import type { ExitOptions } from "../exit-code.ts";
import type { RequirementLookup } from "../failure-text.ts";
import type { Report } from "../report.ts";

/** The colours that the pretty format uses. Any `Chalk` instance is one. */
export interface Ink {
	red(text: string): string;
	green(text: string): string;
	yellow(text: string): string;
	bold(text: string): string;
	dim(text: string): string;
}

/** Everything a format may want to know besides the report. Each format reads what concerns it. */
export interface FormatOptions extends ExitOptions {
	/** Our paraphrase of a requirement. */
	requirement?: RequirementLookup;
	/** JUnit: the machine's name. `localhost` when absent, so that reports of two machines are alike. */
	hostname?: string;
	/** Pretty: no colour when absent. */
	ink?: Ink;
	/** Pretty: marks that not every terminal can show. */
	unicode?: boolean;
	/** Pretty: a line for each case, and every remark. */
	verbose?: boolean;
}

/** The whole text of a report, with its last line end. A pure function. */
export type Format = (report: Report, options?: FormatOptions) => string;
