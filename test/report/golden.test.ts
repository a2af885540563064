import {
	mkdirSync,
	readdirSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import type { Format } from "../../src/report/formats/format.ts";
import { FORMAT_NAMES, FORMATS } from "../../src/report/formats/index.ts";
import { OUTCOMES } from "../../src/report/report.ts";
import { REPORT_NAMES, REPORTS, requirement } from "./values.ts";

const FOLDER = resolve(import.meta.dirname, "../../fixtures/reports");

/** What is written of each report, by file name. */
const GOLDENS: Readonly<Record<string, Format>> = {
	"pretty.txt": (report) => FORMATS.pretty(report, { requirement }),
	"pretty-verbose.txt": (report) =>
		FORMATS.pretty(report, { requirement, verbose: true, unicode: true }),
	"report.json": (report) => FORMATS.json(report, { requirement }),
	"junit.xml": (report) => FORMATS.junit(report, { requirement }),
	"junit-ant.xml": (report) => FORMATS["junit-ant"](report, { requirement }),
};

/** `UPDATE_GOLDENS=1 npx vitest run test/report` writes the golden files anew; read the difference before it is committed. */
const update = process.env.UPDATE_GOLDENS !== undefined;
if (update) rmSync(FOLDER, { recursive: true, force: true });

describe("golden reports", () => {
	it("show every outcome", () => {
		const shown = new Set(
			REPORT_NAMES.flatMap((name) =>
				REPORTS[name].files.flatMap(({ cases }) =>
					cases.map(({ outcome }) => outcome),
				),
			),
		);
		expect([...shown].sort()).toEqual([...OUTCOMES].sort());
	});

	it("show every format", () => {
		const shown = Object.keys(GOLDENS).map((file) => file.split(".")[0]);
		for (const name of FORMAT_NAMES)
			expect(shown).toContain(name === "json" ? "report" : name);
	});

	describe.each(REPORT_NAMES)("%s", (name) => {
		it.each(Object.entries(GOLDENS))("%s", (file, format) => {
			const path = join(FOLDER, name, file);
			const text = format(REPORTS[name]);
			if (update) {
				mkdirSync(join(FOLDER, name), { recursive: true });
				writeFileSync(path, text);
			}
			expect(text).toBe(readFileSync(path, "utf8"));
		});
	});

	it("are all asked for", () => {
		const files = readdirSync(FOLDER).flatMap((name) =>
			readdirSync(join(FOLDER, name)).map((file) => `${name}/${file}`),
		);
		const wanted = REPORT_NAMES.flatMap((name) =>
			Object.keys(GOLDENS).map((file) => `${name}/${file}`),
		);
		expect(files.sort()).toEqual(wanted.sort());
	});
});
