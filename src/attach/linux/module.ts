/** `linux:TREE` on the command line: the driver of a kernel tree as a module file that the worker loads like any other. */
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { pathToFileURL } from "node:url";
import { buildDriver } from "./build.ts";

export const LINUX = "linux:";

export type LinuxModule =
	| { ok: true; path: string; version: string }
	/** `usage`: what was named does not exist; otherwise the driver could not be built. */
	| { ok: false; message: string; usage: boolean };

/** Build what `linux:` names, unless the user's cache has it. `library` is the bundle of frontend.ts. */
export async function linuxModule(
	name: string,
	library: string,
): Promise<LinuxModule> {
	const built = await buildDriver(name.slice(LINUX.length));
	if (!built.ok) return built;
	const path = built.wasm.replace(/\.wasm$/, ".mjs");
	const text = [
		`import { linuxFrontend } from ${JSON.stringify(pathToFileURL(library).href)};`,
		`const made = linuxFrontend(new URL(${JSON.stringify(`./${basename(built.wasm)}`)}, import.meta.url));`,
		"export default made.default;",
		"export const lacks = made.lacks;",
		"",
	].join("\n");
	if (!existsSync(path) || readFileSync(path, "utf8") !== text) {
		// Several runs may share the cache.
		const fresh = `${path}.${process.pid}`;
		writeFileSync(fresh, text);
		renameSync(fresh, path);
	}
	return { ok: true, path, version: built.version };
}
