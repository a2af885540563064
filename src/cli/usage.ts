/** What is wrong with a command line. */

import type { ExitCode } from "../report/exit-code.ts";
import type { UsageError } from "../scenario/select.ts";

/** Something on the command line is wrong: exit code 2. */
export class Usage extends Error {}

/** The implementation could not be made ready for the run: exit code 5. */
export class NotBuilt extends Error {}

export const usageText = ({ message, advice }: UsageError): string =>
	advice === undefined ? message : `${message}\n  ${advice}`;

/** Told of the exit code, once. */
export type Finish = (code: ExitCode) => void;
