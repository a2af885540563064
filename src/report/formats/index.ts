import type { Format } from "./format.ts";
import { json } from "./json.ts";
import { junit } from "./junit.ts";
import { junitAnt } from "./junit-ant.ts";
import { pretty } from "./pretty.ts";

/** The formats, by the name that `--reporter` takes. */
export const FORMATS = {
	pretty,
	json,
	junit,
	"junit-ant": junitAnt,
} as const satisfies Record<string, Format>;

export type FormatName = keyof typeof FORMATS;

export const FORMAT_NAMES = Object.keys(FORMATS) as readonly FormatName[];

export function isFormatName(name: string): name is FormatName {
	return Object.hasOwn(FORMATS, name);
}
