/** Generated documents are fresh; `npm run docs` writes them. */
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
import { loadWrong, saysOf, wrongFiles } from "../wrong/catalogue.ts";
import { galleryDocument } from "./gallery.ts";
import { anchor } from "./markdown.ts";
import { peersDocument } from "./peers.ts";
import { requirementsDocument } from "./requirements.ts";
import { rulesDocument } from "./rules.ts";

const ROOT = resolve(import.meta.dirname, "..", "..");

const allWrong = () => Promise.all(wrongFiles().map(loadWrong));

/** UPDATE_DOCS=1 writes it first. */
function expectFresh(file: string, text: string): void {
	const path = join(ROOT, file);
	if (process.env.UPDATE_DOCS !== undefined) writeFileSync(path, text);
	expect(
		readFileSync(path, "utf8") === text,
		`${file} is stale: npm run docs writes it anew`,
	).toBe(true);
}

describe("docs", () => {
	it("PEERS.md is what the tables say", () => {
		expectFresh("docs/PEERS.md", peersDocument());
	});

	it("REQUIREMENTS.md is what the catalogue says", () => {
		expectFresh("docs/REQUIREMENTS.md", requirementsDocument());
	});

	it("RULES.md is what the rules and the wrong implementations say", async () => {
		expectFresh("docs/RULES.md", rulesDocument(await allWrong()));
	});

	it("fixtures/wrong.json lists the wrong implementations", async () => {
		const listed = (await allWrong()).map(({ file, wrong }) => ({
			file,
			takes: wrong.takes,
			...(wrong.bug === undefined ? {} : { bug: wrong.bug }),
			says: saysOf(readFileSync(join(ROOT, file), "utf8")),
			caughtBy: wrong.caughtBy,
			shownBy: wrong.shownBy,
		}));
		expectFresh(
			"fixtures/wrong.json",
			`[\n${listed.map((one) => `\t${JSON.stringify(one)}`).join(",\n")}\n]\n`,
		);
	});

	it("GALLERY.md is what the command prints", async () => {
		expectFresh("docs/GALLERY.md", galleryDocument(await allWrong()));
	});

	it("links lead to headings and ids that are there", () => {
		const texts = new Map(
			["REQUIREMENTS.md", "RULES.md"].map((name) => [
				name,
				readFileSync(join(ROOT, "docs", name), "utf8"),
			]),
		);
		for (const [name, text] of texts)
			for (const [, file, id = ""] of text.matchAll(
				/\]\((\w+\.md)?#([^)]+)\)/g,
			)) {
				const target = texts.get(file ?? name) ?? "";
				const anchors = [
					...target.matchAll(/^#+ (.+)$|<a id="([^"]+)">/gm),
				].map(([, heading, named]) => named ?? anchor(heading as string));
				expect(anchors, `${name} links to ${file ?? name}#${id}`).toContain(id);
			}
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
