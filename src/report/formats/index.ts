import type { Format } from "./format.ts";
import { json } from "./json.ts";
import { junit, junitAnt } from "./junit.ts";
import { pretty } from "./pretty.ts";

/** Every reporter, by the name that `--reporter` takes. */
export const FORMATS = {
	pretty,
	junit,
	"junit-ant": junitAnt,
	json,
} as const satisfies Record<string, Format>;
export type FormatName = keyof typeof FORMATS;
export const FORMAT_NAMES = Object.keys(FORMATS) as readonly FormatName[];
