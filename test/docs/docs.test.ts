/** Generated documents are fresh; UPDATE_DOCS=1 writes them. */
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { command } from "../cli/command.ts";
import { peersDocument } from "./peers.ts";

const ROOT = resolve(import.meta.dirname, "..", "..");

describe("docs", () => {
	it("PEERS.md is what the tables say", () => {
		const file = join(ROOT, "docs", "PEERS.md");
		if (process.env.UPDATE_DOCS !== undefined)
			writeFileSync(file, peersDocument());
		expect(readFileSync(file, "utf8")).toBe(peersDocument());
	});

	it("the example backend is under a hundred lines", () => {
		const text = readFileSync(join(ROOT, "examples", "backend.mjs"), "utf8");
		expect(text.trimEnd().split("\n").length).toBeLessThan(100);
	});

	it("the example backend makes and destroys buffers of one directory page", () => {
		const { code, out } = command([
			"run",
			"scenarios/buffers",
			"--grep",
			"fe-alloc.create-destroy\\[pages=(1|1023)\\]",
			"--backend",
			"examples/backend.mjs",
		]);
		expect(out).toMatch(/\n2 passed, 0 failed\n$/);
		expect(code).toBe(0);
	});

	it("the example backend fails where it cannot: a buffer of two directory pages", () => {
		const { code, out } = command([
			"run",
			"scenarios/buffers",
			"--grep",
			"fe-alloc.create-destroy\\[pages=1024\\]",
			"--backend",
			"examples/backend.mjs",
		]);
		expect(out).toContain("0 passed, 1 failed");
		expect(code).toBe(1);
	});
});
