import type { ChalkInstance } from "chalk";
import type { Explain } from "../failure-text.ts";
import type { Report } from "../report.ts";

export interface FormatOptions {
	/** Paraphrase of a requirement id. */
	explain: Explain;
	/** Colours; without them plain text. Machine formats never use them. */
	chalk?: ChalkInstance;
	/** Marks beyond ASCII may be used. */
	unicode?: boolean;
	/** A line for every case. */
	verbose?: boolean;
}

/** A report as text. Pure: the same report, the same bytes. */
export type Format = (report: Report, options: FormatOptions) => string;
