/** The tool's own log: what it played, how that ended and how long it took on the clock. One JSON object a line, to a file or to standard error, never into a result. */
import type { Logger } from "pino";
import type { CaseReport, Outcome } from "../report/report.ts";
import { Usage } from "./usage.ts";

/** A log at a path, `-` for standard error. pino is loaded only when somebody wants one. */
export async function openLog(path: string): Promise<Logger> {
	const { destination, pino } = await import("pino");
	try {
		return pino(
			{ base: null, level: "debug" },
			destination({ dest: path === "-" ? 2 : path, sync: true, mkdir: true }),
		);
	} catch (error) {
		throw new Usage(`--log ${path}: ${(error as Error).message}`);
	}
}

const LEVELS: Partial<Record<Outcome, "warn" | "error">> = {
	failed: "warn",
	"unexpected-pass": "warn",
	error: "error",
};

export function logCase(log: Logger, report: CaseReport): void {
	const { id, outcome, reason, calls, ticks, durationMs } = report;
	log[LEVELS[outcome] ?? "info"](
		{
			case: id,
			outcome,
			...(reason === undefined ? {} : { reason }),
			calls,
			ticks,
			durationMs,
		},
		"case",
	);
}
