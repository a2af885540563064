/**
 * `npm run linux`: plays the suite with the drivers of Debian's linux-source packages and writes what is known of them: docs/LINUX.md and
 * fixtures/baselines/linux-6.1.yaml. Exit code 1 when something was found that known.ts does not explain, or is no longer found.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildDriver } from "../../src/attach/linux/build.ts";
import type { Report } from "../../src/report/report.ts";
import { baselineText } from "./baseline.ts";
import { linuxDocument, type Version } from "./document.ts";
import { explain } from "./explain.ts";
import { EXPLORED, STORIES } from "./explored.ts";
import { DEFECTS } from "./known.ts";

/** Releases that Debian 12 has, the one of the baseline first. */
const RELEASES = ["6.1", "6.12"];

async function version(release: string, folder: string): Promise<Version> {
	const built = await buildDriver(`debian-${release}`);
	if (!built.ok) throw new Error(built.message);
	const report = played("scenarios/", release, folder);
	const stories = played(STORIES, release, folder);
	return {
		release,
		sources: built.sources,
		report,
		found: explain(report),
		explored: explain(stories, [...DEFECTS, ...EXPLORED]),
	};
}

function played(path: string, release: string, folder: string): Report {
	const file = join(folder, `${release}.json`);
	spawnSync(
		process.execPath,
		[
			"bin/xdisp-check.js",
			"run",
			path,
			"--frontend",
			`linux:debian-${release}`,
			"--reporter",
			`json:${file}`,
			"--quiet",
		],
		{ stdio: "inherit" },
	);
	return JSON.parse(readFileSync(file, "utf8")) as Report;
}

const folder = mkdtempSync(join(tmpdir(), "xdisp-check-linux-"));
try {
	const versions: Version[] = [];
	for (const release of RELEASES) versions.push(await version(release, folder));
	for (const { release, found, explored } of versions) {
		for (const { one, finding } of [...found.strange, ...explored.strange])
			console.log(
				`${release}: not explained: ${one.id}: ${finding.rule}: ${finding.message}`,
			);
		for (const entry of found.idle)
			console.log(`${release}: no longer found: ${entry}`);
		if (found.strange.length + explored.strange.length + found.idle.length > 0)
			process.exitCode = 1;
	}
	writeFileSync("fixtures/baselines/linux-6.1.yaml", baselineText(DEFECTS));
	writeFileSync(
		"fixtures/baselines/linux-6.1-explored.yaml",
		baselineText([...DEFECTS, ...EXPLORED]),
	);
	writeFileSync("docs/LINUX.md", linuxDocument(versions));
} finally {
	rmSync(folder, { recursive: true });
}
