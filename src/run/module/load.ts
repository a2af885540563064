/** Load a user's module: `.js` and `.mjs` as they are, `.ts` transpiled by a library that is loaded only then. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { PeerModule } from "../../peer/peer.ts";

export type LoadedModule =
	| { ok: true; module: PeerModule }
	| { ok: false; message: string; detail?: string };

/** The module at an absolute path. Whatever goes wrong in it is told, not thrown. */
export async function loadModule(path: string): Promise<LoadedModule> {
	try {
		const made: unknown = await (extname(path) === ".ts"
			? importTypeScript(path)
			: import(pathToFileURL(path).href));
		const module = made as Partial<PeerModule>;
		if (typeof module.default !== "function")
			return {
				ok: false,
				message:
					"its default export is not a function: a module exports a factory, see docs/PEERS.md",
			};
		if (
			module.lacks !== undefined &&
			!(
				Array.isArray(module.lacks) &&
				module.lacks.every((l) => typeof l === "string")
			)
		)
			return {
				ok: false,
				message: "`lacks` is not a list of names of abilities",
			};
		return { ok: true, module: module as PeerModule };
	} catch (error) {
		return {
			ok: false,
			message:
				error instanceof Error
					? `${error.name}: ${error.message}`
					: String(error),
			...(error instanceof Error && error.stack !== undefined
				? { detail: error.stack }
				: {}),
		};
	}
}

async function importTypeScript(path: string): Promise<unknown> {
	const { build } = await import("esbuild");
	const folder = mkdtempSync(join(tmpdir(), "xdisp-check-"));
	try {
		const outfile = join(folder, "module.mjs");
		await build({
			entryPoints: [path],
			outfile,
			bundle: true,
			packages: "external",
			platform: "node",
			format: "esm",
			target: "node20",
			sourcemap: "inline",
			logLevel: "silent",
		});
		return await import(pathToFileURL(outfile).href);
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}
