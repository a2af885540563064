// Bundles the command, its worker and the library into dist/. Run by `npm run build` and on `npm ci`.
import { existsSync, rmSync, symlinkSync } from "node:fs";
import { build } from "esbuild";

const shared = {
	bundle: true,
	platform: "node",
	format: "esm",
	target: "node20",
	// Loaded only when a module in TypeScript is under test; it is a program of its own and cannot be bundled.
	external: ["esbuild"],
	// commander is CommonJS inside and asks for node's modules by `require`.
	banner: {
		js: 'import { createRequire as createRequireOf } from "node:module"; const require = createRequireOf(import.meta.url);',
	},
	logLevel: "warning",
	legalComments: "none",
};

await Promise.all([
	build({
		...shared,
		entryPoints: ["src/cli.ts"],
		outfile: "dist/xdisp-check.mjs",
		minify: true,
	}),
	build({
		...shared,
		entryPoints: ["src/run/module/worker.ts"],
		outfile: "dist/worker.mjs",
		minify: true,
		keepNames: true,
	}),
]);

// npm links a dependency's command into node_modules/.bin, but not the package's own: in a clone, `npx xdisp-check` would look for it elsewhere.
const bin = new URL("../node_modules/.bin/", import.meta.url);
if (existsSync(bin)) {
	const link = new URL("xdisp-check", bin);
	rmSync(link, { force: true });
	try {
		symlinkSync("../../bin/xdisp-check.js", link);
	} catch (error) {
		// Where links need a privilege, `node bin/xdisp-check.js` is the way.
		if (error.code !== "EPERM") throw error;
	}
}
