/** The import order of docs/ARCHITECTURE.md, kept by reading the sources. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = resolve(import.meta.dirname, "..");
const SRC = join(ROOT, "src");

/** Chapters by floor: a file may import from its own chapter and from floors below. */
const FLOORS: readonly (readonly string[])[] = [
	["base", "version.ts"],
	["xen", "displif", "spec"],
	["journal", "peer"],
	["scenario", "judge"],
	["report"],
	["run"],
	["explore", "attach"],
	["check.ts"],
	["cli"],
	["cli.ts"],
];

const floorOf = (chapter: string): number =>
	FLOORS.findIndex((floor) => floor.includes(chapter));
const chapterOf = (file: string): string =>
	relative(SRC, file).split(/[\\/]/)[0] as string;

function sources(folder: string): string[] {
	return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
		const path = join(folder, entry.name);
		if (entry.isDirectory()) return sources(path);
		return entry.name.endsWith(".ts") && !entry.name.endsWith(".test.ts")
			? [path]
			: [];
	});
}

const FILES = sources(SRC);
const imports = (file: string): string[] =>
	[
		...readFileSync(file, "utf8").matchAll(
			/(?:from|import)\s*\(?\s*"(\.{1,2}\/[^"]+)"/g,
		),
	].map((m) => resolve(dirname(file), m[1] as string));

describe("the import order", () => {
	it("knows every chapter", () => {
		expect(
			FILES.map(chapterOf).filter((chapter) => floorOf(chapter) < 0),
		).toEqual([]);
	});

	it("only goes down", () => {
		const upward: string[] = [];
		for (const file of FILES)
			for (const target of imports(file)) {
				if (!target.startsWith(SRC)) continue;
				const [from, to] = [chapterOf(file), chapterOf(target)];
				if (from !== to && floorOf(to) >= floorOf(from))
					upward.push(
						`${relative(ROOT, file)} imports ${relative(ROOT, target)}`,
					);
			}
		expect(upward).toEqual([]);
	});

	it("sees an import that goes up", () => {
		// The check itself: a file of base that imported a rule would be told.
		expect(floorOf("judge")).toBeGreaterThan(floorOf("base"));
		expect(imports(join(SRC, "check.ts")).map(chapterOf)).toContain("judge");
	});

	it("lets no rule about the world look into it", () => {
		// A second set of books that shared code with the first would make the same mistakes.
		const books = FILES.filter((file) =>
			file.includes(join("judge", "hypervisor")),
		);
		const judges = FILES.filter((file) =>
			imports(file).some((target) => books.includes(target)),
		);
		const words = (target: string) =>
			target === join(SRC, "xen", "call.ts") ||
			target.startsWith(join(SRC, "xen", "abi"));
		const guilty = [...books, ...judges].flatMap((file) =>
			imports(file)
				.filter((target) => chapterOf(target) === "xen" && !words(target))
				.map((target) => `${relative(ROOT, file)}: ${relative(ROOT, target)}`),
		);
		expect(books.length).toBeGreaterThan(0);
		expect(judges.map(chapterOf)).toContain("judge");
		expect(guilty).toEqual([]);
	});

	it("is written down in docs/ARCHITECTURE.md as it is kept here", () => {
		const text = readFileSync(join(ROOT, "docs", "ARCHITECTURE.md"), "utf8");
		const written = /```order\n([\s\S]*?)```/.exec(text)?.[1] ?? "";
		const lines = written
			.trim()
			.split("\n")
			.map((line) => line.split(/\s+/).slice(1));
		expect(lines).toEqual(FLOORS.map((floor) => [...floor]));
	});
});

describe("shelves", () => {
	const unlisted = (shelf: string, skip: readonly string[] = []): string[] => {
		const folder = join(SRC, shelf);
		const index = readFileSync(join(folder, "index.ts"), "utf8");
		return readdirSync(folder)
			.filter(
				(name) =>
					name.endsWith(".ts") &&
					!name.endsWith(".test.ts") &&
					name !== "index.ts" &&
					!skip.includes(name),
			)
			.filter((name) => !index.includes(`"./${name}"`));
	};

	it("list every operation", () =>
		expect(unlisted("displif/ops", ["op.ts"])).toEqual([]));
	it("list every step", () =>
		expect(unlisted("scenario/steps", ["step.ts", "args.ts"])).toEqual([]));
	it("list every rule", () =>
		expect(unlisted("judge/rules", ["granted-frames.ts"])).toEqual([]));
	it("list every format", () =>
		expect(unlisted("report/formats", ["format.ts"])).toEqual([]));
	it("list every command", () =>
		expect(unlisted("cli/commands", ["campaign.ts"])).toEqual([]));
});

describe("house rules", () => {
	it("keep chance and clocks out of a run", () => {
		const inside = FILES.filter(
			(file) =>
				!["cli", "cli.ts", "check.ts"].includes(chapterOf(file)) &&
				!file.includes(join("run", "module")) &&
				!file.includes(join("explore", "crew")),
		);
		const guilty = inside.filter((file) =>
			/Math\.random|Date\.now|new Date\(|performance\.now|process\.hrtime|setTimeout|setInterval/.test(
				readFileSync(file, "utf8"),
			),
		);
		expect(guilty.map((file) => relative(ROOT, file))).toEqual([]);
	});
});
