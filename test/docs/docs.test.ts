/** Generated documents are fresh; UPDATE_DOCS=1 writes them. */
import {
	mkdirSync,
	mkdtempSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { command } from "../cli/command.ts";
import { loadWrong, wrongFiles } from "../wrong/catalogue.ts";
import { galleryDocument } from "./gallery.ts";
import { peersDocument } from "./peers.ts";

const ROOT = resolve(import.meta.dirname, "..", "..");

describe("docs", () => {
	it("PEERS.md is what the tables say", () => {
		const file = join(ROOT, "docs", "PEERS.md");
		if (process.env.UPDATE_DOCS !== undefined)
			writeFileSync(file, peersDocument());
		expect(readFileSync(file, "utf8")).toBe(peersDocument());
	});

	it("GALLERY.md is what the command prints", async () => {
		const file = join(ROOT, "docs", "GALLERY.md");
		const text = galleryDocument(
			await Promise.all(wrongFiles().map(loadWrong)),
		);
		if (process.env.UPDATE_DOCS !== undefined) writeFileSync(file, text);
		expect(readFileSync(file, "utf8")).toBe(text);
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
			"buffers.fe-alloc\\[pages=(1|1022|1023)\\]",
			"--backend",
			"examples/backend.mjs",
		]);
		expect(out).toMatch(/\n3 passed, 0 failed\n$/);
		expect(code).toBe(0);
	});

	it("the example backend fails where it cannot: a buffer of two directory pages", () => {
		const { code, out } = command([
			"run",
			"scenarios/buffers",
			"--grep",
			"buffers.fe-alloc\\[pages=1024\\]",
			"--backend",
			"examples/backend.mjs",
		]);
		expect(out).toContain("0 passed, 1 failed");
		expect(code).toBe(1);
	});
});

describe("README.md", () => {
	const text = readFileSync(join(ROOT, "README.md"), "utf8");

	it("shows a failing report as it is printed", () => {
		const [, shell = ""] = /```\n\$ npx xdisp-check (.*)\n/.exec(text) ?? [];
		const shown = text
			.slice(text.indexOf(shell) + shell.length)
			.split("```")[0] as string;
		const { code, out } = command(shell.split(" "));
		expect(code).toBe(1);
		for (const line of shown
			.split("\n")
			.filter((l) => l.trim() !== "" && !l.includes("…")))
			expect(out).toContain(line);
	});

	it("shows a scenario that loads and passes", () => {
		const yaml = /```yaml\n([\s\S]*?)```/.exec(text)?.[1] ?? "";
		const folder = mkdtempSync(join(tmpdir(), "xdisp-check-readme-"));
		try {
			mkdirSync(join(folder, "scenarios"));
			writeFileSync(join(folder, "scenarios", "readme.yaml"), yaml);
			const { code, out } = command(["run", "scenarios"], { cwd: folder });
			expect(out).toContain("1 passed, 0 failed");
			expect(code).toBe(0);
		} finally {
			rmSync(folder, { recursive: true });
		}
	});
});
