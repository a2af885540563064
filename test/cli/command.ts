/** The real command, as a user would start it. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

export const ROOT = resolve(import.meta.dirname, "..", "..");

export interface Ran {
	code: number | null;
	out: string;
	err: string;
}

export function command(
	args: readonly string[],
	options: {
		cwd?: string;
		env?: Record<string, string>;
		timeout?: number;
	} = {},
): Ran {
	if (!existsSync(join(ROOT, "dist", "xdisp-check.mjs")))
		throw new Error("dist/ is missing: npm run build");
	const { status, stdout, stderr } = spawnSync(
		process.execPath,
		[join(ROOT, "bin", "xdisp-check.js"), ...args],
		{
			cwd: options.cwd ?? ROOT,
			encoding: "utf8",
			timeout: options.timeout ?? 60_000,
			maxBuffer: 64 * 1024 * 1024,
			env: {
				...process.env,
				NO_COLOR: "1",
				FORCE_COLOR: undefined,
				...options.env,
			},
		},
	);
	return { code: status, out: stdout, err: stderr };
}
