/** Where the package lies. */
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the package, as the bundle below dist/ sees it: the shipped suite and the worker lie in it. */
export const HOME = resolve(dirname(fileURLToPath(import.meta.url)), "..");

export const SHIPPED = join(HOME, "scenarios");
