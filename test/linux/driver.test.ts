/** The driver of a real kernel under the tester. Needs clang, lld, binaryen and a linux-source package; without them its tests are skipped and say why. */
import {
	cpSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { buildDriver } from "../../src/attach/linux/build.ts";
import { linuxFrontend } from "../../src/attach/linux/frontend.ts";
import type { Kernel } from "../../src/attach/linux/wasm.ts";
import { loadSelected } from "../../src/check.ts";
import backend from "../../src/peer/backend.ts";
import frontend from "../../src/peer/frontend.ts";
import type { Report } from "../../src/report/report.ts";
import { type CaseRun, runCase } from "../../src/run/case.ts";
import { selectFiles } from "../../src/scenario/select.ts";
import { command, ROOT } from "../cli/command.ts";
import { baselineText } from "./baseline.ts";
import { explain } from "./explain.ts";
import { EXPLORED, STORIES } from "./explored.ts";
import { DEFECTS } from "./known.ts";

/** Reports break their lines: here each run of blanks is one. */
function plainly(...args: Parameters<typeof command>) {
	const { code, out } = command(...args);
	return { code, out: out.replace(/\s+/g, " ") };
}

const built = await buildDriver("debian");
const why = built.ok ? "" : ` (skipped: ${built.message.split("\n")[0]})`;
const folder = mkdtempSync(join(tmpdir(), "xdisp-check-driver-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("what is known of the driver", () => {
	it("is what the baselines list", () => {
		const text = (name: string) =>
			readFileSync(join(ROOT, "fixtures/baselines", name), "utf8");
		expect(text("linux-6.1.yaml")).toBe(baselineText(DEFECTS));
		expect(text("linux-6.1-explored.yaml")).toBe(
			baselineText([...DEFECTS, ...EXPLORED]),
		);
	});

	it("is told in docs/LINUX.md, each with its story", () => {
		const text = readFileSync(join(ROOT, "docs/LINUX.md"), "utf8");
		for (const { id, title, says, story } of DEFECTS) {
			expect(text).toContain(`### ${id}\n\n**${title}.** ${says}\n`);
			expect(text).toContain(`\`${story}\``);
		}
		for (const { id, title, says, story } of EXPLORED) {
			expect(text).toContain(`### ${id}\n\n**${title}.** ${says}\n`);
			const file = readFileSync(join(ROOT, STORIES, story), "utf8");
			expect(text).toContain(`\`\`\`yaml\n${file.trimEnd()}\n\`\`\``);
		}
	});
});

const places = await buildDriver("debian-6.1");

describe("a story that exploring has left", () => {
	it.skipIf(!places.ok)("shows its defect by itself", () => {
		const { out } = command([
			...["run", STORIES, "--frontend", "linux:debian-6.1"],
			...["--reporter", "json"],
		]);
		const report = JSON.parse(out) as Report;
		const { shown, strange } = explain(report, [...DEFECTS, ...EXPLORED]);
		expect(strange).toEqual([]);
		for (const defect of EXPLORED)
			expect(shown.get(defect)?.map(({ id }) => id)).toContain(
				`linux.${basename(defect.story, ".yaml")}`,
			);
	});
});

/** A case of the suite with the driver, and the hash of its kernel's memory at the end. */
async function play(
	id: string,
	seed: number,
): Promise<CaseRun & { memory: number }> {
	const { files } = selectFiles([join(ROOT, "scenarios")], ROOT);
	const file = files.find(({ path }) =>
		path.endsWith(`${id.replace(".", "/")}.yaml`),
	);
	const { loaded } = loadSelected(file === undefined ? [] : [file], {});
	const story = loaded[0]?.scenario.cases[0];
	if (story === undefined || !built.ok) throw new Error(`no case ${id}`);
	const kernels: Kernel[] = [];
	const run = await runCase(story, {
		reference: {
			frontend: { default: frontend },
			backend: { default: backend },
		},
		under: {
			frontend: linuxFrontend(built.wasm, (kernel) => kernels.push(kernel)),
		},
		names: { frontend: "linux:debian" },
		without: [],
		seed,
		level: "must",
	});
	return { ...run, memory: kernels[0]?.hash() ?? 0 };
}

describe.skipIf(!built.ok)(`the driver of a linux-source package${why}`, () => {
	it("does the same with the same seed, to the last octet of its memory, 100 times of 100", async () => {
		const seen = new Set<string>();
		for (let run = 0; run < 100; run++) {
			const { journal, memory } = await play("flips.two-connectors", 7);
			seen.add(`${journal?.hash()} ${memory}`);
		}
		expect([...seen]).toHaveLength(1);
	}, 300_000);

	it("goes at least 150 ways with 200 seeds", async () => {
		const seen = new Set<unknown>();
		for (let seed = 1; seed <= 200; seed++)
			seen.add((await play("flips.two-connectors", seed)).journal?.hash());
		expect(seen.size).toBeGreaterThanOrEqual(150);
	}, 300_000);

	it("crashes in a case, which is a finding with its story, and the next case runs", () => {
		const { code, out } = plainly([
			"run",
			"scenarios/grants/table-full.yaml",
			"scenarios/connect/handshake.yaml",
			"--frontend",
			"linux:debian",
		]);
		expect(out).toMatch(
			/task "gem\.create" crashed: use-after-free.*in xen_front_pgdir_shbuf_free \(xen-front-pgdir-shbuf\.c:\d+\)/,
		);
		expect(out).toContain("frontend state Initialised -> Connected");
		expect(out).toContain("scenarios/connect/handshake.yaml");
		expect(code).toBe(1);
	});
});

/** The driver's own files of the package, in a folder of their own, with something mended. */
function mended(file: string, before: string, after: string): string {
	if (!built.ok) throw new Error(built.message);
	const tree = join(folder, "tree");
	cpSync(built.sources, tree, { recursive: true });
	const path = join(tree, file);
	const text = readFileSync(path, "utf8");
	expect(text.split(before)).toHaveLength(2);
	writeFileSync(
		path,
		text.replace(before, () => after),
	);
	return tree;
}

describe.skipIf(!built.ok)(`a gate for patches${why}`, () => {
	const file = "drivers/gpu/drm/xen/xen_drm_front_gem.c";
	const gate = (frontendName: string) =>
		plainly(
			["run", "scenarios", "--frontend", frontendName, "--baseline", "b.yaml"],
			{ cwd: folder },
		);

	it("is green for the driver as it is, and tells of the entry that a patch makes untrue", () => {
		const scenarios = join(folder, "scenarios", "balloon");
		mkdirSync(scenarios, { recursive: true });
		cpSync(
			join(ROOT, "scenarios/balloon/take-fails.yaml"),
			join(scenarios, "take-fails.yaml"),
		);
		// Only what this one scenario finds: the channels closed twice, and the object that is lost.
		const entries = baselineText(DEFECTS)
			.split(/^(?= {2}- )/m)
			.filter(
				(entry, index) =>
					index === 0 ||
					/reason: 'L01/.test(entry) ||
					(/reason: 'L02/.test(entry) && !/case: 'grants/.test(entry)),
			);
		writeFileSync(join(folder, "b.yaml"), entries.join(""));
		expect(gate("linux:debian").code).toBe(0);
		const tree = mended(
			file,
			'\tDRM_ERROR("Failed to allocate buffer with size %zu\\n", size);\n',
			'\tDRM_ERROR("Failed to allocate buffer with size %zu\\n", size);\n\tdrm_gem_object_release(&xen_obj->base);\n\tkfree(xen_obj);\n',
		);
		expect(existsSync(join(tree, file))).toBe(true);
		const { code, out } = gate(`linux:${tree}`);
		expect(out).toMatch(/unexpected pass/);
		expect(out).toContain("leak-objects finds nothing like it any more");
		expect(code).toBe(1);
	}, 300_000);
});
