// Runs a program of ours that is written in TypeScript: `node bin/ts.mjs FILE [arguments]`. Bundled into dist/dev/, so that it may start itself again as a worker.
import { basename, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";

const [file, ...args] = process.argv.slice(2);
const outfile = `dist/dev/${basename(file, ".ts")}.mjs`;
await build({
	entryPoints: [file],
	outfile,
	bundle: true,
	packages: "external",
	platform: "node",
	format: "esm",
	target: "node20",
	sourcemap: "inline",
	logLevel: "warning",
});
process.setSourceMapsEnabled(true);
process.argv = [process.argv[0], resolve(outfile), ...args];
await import(pathToFileURL(outfile).href);
