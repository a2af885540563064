// Bundles the command, its worker and the library into dist/. Run by `npm run build` and on `npm ci`.
import { build } from "esbuild";

const shared = {
	bundle: true,
	platform: "node",
	format: "esm",
	target: "node20",
	// Loaded only when a module in TypeScript is under test, or a log is wanted; the first is a program of its own and cannot be bundled.
	external: ["esbuild", "pino"],
	// commander is CommonJS inside and asks for node's modules by `require`.
	banner: {
		js: 'import { createRequire as createRequireOf } from "node:module"; const require = createRequireOf(import.meta.url);',
	},
	logLevel: "warning",
	legalComments: "none",
};

// Names stay as they are written: keeping those of minified code costs a call for every closure that is made.
const shortened = { minifySyntax: true, minifyWhitespace: true };

await Promise.all([
	build({
		...shared,
		entryPoints: ["src/cli.ts"],
		outfile: "dist/xdisp-check.mjs",
		minify: true,
	}),
	build({
		...shared,
		entryPoints: ["src/peer/library.ts"],
		outfile: "dist/peer.mjs",
	}),
	build({
		...shared,
		entryPoints: ["src/attach/linux/frontend.ts"],
		outfile: "dist/linux.mjs",
	}),
	build({
		...shared,
		entryPoints: ["src/run/module/worker.ts"],
		outfile: "dist/worker.mjs",
		...shortened,
	}),
	build({
		...shared,
		entryPoints: ["src/explore/crew/worker.ts"],
		outfile: "dist/explorer.mjs",
		...shortened,
	}),
]);
