/** Load a user's module: `.js` and `.mjs` as they are, `.ts` transpiled by a library that is loaded only then. */
import { mkdtempSync, rmSync } from "node:fs";
import { builtinModules } from "node:module";
import { tmpdir } from "node:os";
import { dirname, extname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { BuildFailure, Plugin } from "esbuild";
import type { PeerModule } from "../../peer/peer.ts";
import { told } from "../told.ts";

export type LoadedModule<M = PeerModule> =
	| { ok: true; module: M }
	| { ok: false; message: string; detail?: string };

/** The module at an absolute path. Whatever goes wrong in it is told, not thrown. `begins` is called when its own code is about to run. */
export async function loadModule<M = PeerModule>(
	path: string,
	begins: () => void,
): Promise<LoadedModule<M>> {
	try {
		const module = (await (extname(path) === ".ts"
			? importTypeScript(path, begins)
			: importPlain(path, begins))) as Partial<PeerModule>;
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
		return { ok: true, module: module as M };
	} catch (thrown) {
		const error = await misread(path, thrown);
		const { message, stack } = told(error);
		return {
			ok: false,
			message,
			...(stack === "" ? {} : { detail: stack }),
		};
	}
}

function importPlain(path: string, begins: () => void): Promise<unknown> {
	begins();
	return import(pathToFileURL(path).href);
}

/** Node does not say where an imported file does not parse; the bundler does, in the first of its errors. */
async function misread(path: string, thrown: unknown): Promise<unknown> {
	const first = firstFailure(thrown);
	if (first !== undefined) return first;
	if (!(thrown instanceof SyntaxError) || extname(path) === ".ts")
		return thrown;
	const { build } = await import("esbuild");
	return build({
		...source(path),
		bundle: true,
		packages: "external",
		platform: "node",
		format: "esm",
		write: false,
		logLevel: "silent",
	}).then(
		() => thrown,
		(failure) => firstFailure(failure) ?? thrown,
	);
}

/** `module.ts:3:7: Unexpected ")"`, with the line as its stack. */
function firstFailure(failure: unknown): Error | undefined {
	const [first] = (failure as Partial<BuildFailure> | null)?.errors ?? [];
	if (first?.location == null) return undefined;
	const { file, line, column, lineText } = first.location;
	const error = new Error(`${file}:${line}:${column + 1}: ${first.text}`);
	error.stack = `${lineText}\n${" ".repeat(column)}^`;
	return error;
}

const source = (path: string) => ({
	absWorkingDir: dirname(path),
	entryPoints: [path],
});

async function importTypeScript(
	path: string,
	begins: () => void,
): Promise<unknown> {
	const { build } = await import("esbuild");
	const folder = mkdtempSync(join(tmpdir(), "xdisp-check-"));
	try {
		const outfile = join(folder, "module.mjs");
		await build({
			...source(path),
			outfile,
			bundle: true,
			plugins: [packagesInPlace(dirname(path))],
			platform: "node",
			format: "esm",
			target: "node20",
			sourcemap: "inline",
			logLevel: "silent",
		});
		// So that a stack names the user's lines.
		process.setSourceMapsEnabled(true);
		begins();
		return await import(pathToFileURL(outfile).href);
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

/** The bundle lies elsewhere than its source: packages are found from the source, and imported from where they are. */
function packagesInPlace(folder: string): Plugin {
	const asked = Symbol("resolved by us");
	return {
		name: "packages-in-place",
		setup(build) {
			build.onResolve({ filter: /^[^./]/ }, async (args) => {
				if (
					args.kind === "entry-point" ||
					args.pluginData === asked ||
					args.path.startsWith("node:") ||
					builtinModules.includes(args.path)
				)
					return undefined;
				const { kind, resolveDir } = args;
				const found = await build.resolve(args.path, {
					kind,
					resolveDir: resolveDir === "" ? folder : resolveDir,
					pluginData: asked,
				});
				if (found.errors.length > 0) return { errors: found.errors };
				return { path: pathToFileURL(found.path).href, external: true };
			});
		},
	};
}
