/**
 * Four classic faults of concurrency, each in a wrong implementation that is explored in a generic scenario: what is found is shrunk to at most six
 * steps, and the printed file fails by itself, with the same rule and the same party to blame, when `run` plays it.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Case } from "../../src/scenario/scenario.ts";
import { command } from "../cli/command.ts";
import { loadCases } from "../wrong/suite.ts";
import { cases, explored, SETUP } from "./stories.ts";

const folder = mkdtempSync(join(tmpdir(), "xdisp-check-four-"));
afterAll(() => rmSync(folder, { recursive: true }));

const FOUR = [
	{
		fault: "a lost wake-up: no last look after the threshold was set",
		role: "backend",
		file: "fixtures/peers/backend-arms-without-looking.ts",
		signature: "wake-up be",
	},
	{
		fault: "a double fetch",
		role: "backend",
		file: "fixtures/peers/backend-reads-requests-twice.ts",
		signature: "fetched-once be",
	},
	{
		fault:
			"an index that is published before its slot, where stores are seen late",
		role: "frontend",
		file: "fixtures/peers/frontend-publishes-requests-early.ts",
		signature: "published-in-order fe",
		memory: "weak",
	},
	{
		fault: "two locks that are taken crosswise",
		role: "frontend",
		file: "test/explore/takes-locks-crosswise.ts",
		signature: "expectation fe hangs",
		runs: 700,
	},
] as const;

const generic = loadCases([
	"scenarios/explore/front-allocated.yaml",
])[0] as Case;

describe("found in a generic scenario and shrunk to at most six steps:", () => {
	for (const { fault, role, file, signature, ...more } of FOUR)
		it(fault, async () => {
			const under = { [role]: await import(join(process.cwd(), file)) };
			const setup = { ...SETUP, under };
			const memory = "memory" in more ? more.memory : ("sc" as const);
			const story = { ...generic, world: { ...generic.world, memory } };
			const { findings } = await explored([story], setup, {
				orders: "dpor",
				runs: "runs" in more ? more.runs : 10,
			});
			const found = findings.find((one) => one.signature === signature);
			if (found === undefined) throw new Error(`${signature} is not found`);
			expect(found.shrunk).toBe(true);
			const [shrunk] = cases(found.text);
			expect(shrunk?.steps.length).toBeLessThanOrEqual(6);
			expect(shrunk?.choices?.length ?? 0).toBeLessThanOrEqual(1);

			const path = join(folder, `${role}-${signature.split(" ")[0]}.yaml`);
			writeFileSync(path, found.text);
			const alone = ["run", path, "--reporter", "json"];
			const { code, out } = command([...alone, `--${role}`, file]);
			expect(code).toBe(1);
			const [first] = JSON.parse(out).files[0].cases[0].findings;
			const [rule, blamed] = signature.split(" ");
			expect([first.rule, first.blamed]).toEqual([rule, blamed]);
			// It is the implementation, not the story: the reference passes it.
			expect(command(alone).code).toBe(0);
		});
});
