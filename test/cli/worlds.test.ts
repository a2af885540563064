/** A wrong world is our own error, whatever else the run found, and no verdict on the implementation. */
import { expect, it } from "vitest";
import { command } from "./command.ts";

const WORLD = "fixtures/worlds/forgets-readers.ts";

it("is exit code 5, with the rule that it broke and the world named", () => {
	const { code, out } = command([
		"run",
		"scenarios/world/doubly-mapped.yaml",
		"--world",
		WORLD,
	]);
	expect(out).toContain("the tester's own world broke in-use-marks: ");
	expect(out).toContain(`--world ${WORLD}`);
	expect(code).toBe(5);
});

it("goes together with an implementation under test, which it does not blame", () => {
	const { code, out } = command([
		"run",
		"scenarios/buffers/fe-alloc.yaml",
		"--grep",
		"pages=1\\]",
		"--world",
		"fixtures/worlds/keeps-the-mark-of-readers.ts",
		"--backend",
		"fixtures/peers/backend-dirty-responses.ts",
	]);
	expect(out).not.toContain("FAIL");
	expect(code).toBe(5);
});

it("without a world of that name is a mistake on the command line", () => {
	const { code, err } = command(["run", "--world", "nowhere.ts"]);
	expect(err).toContain("--world nowhere.ts: no such file");
	expect(code).toBe(2);
});
