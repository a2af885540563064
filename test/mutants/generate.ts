/** Every mutant of the reference peers, with a name that stays when lines move. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import ts from "typescript";
import { type Change, OPERATORS, type OperatorName } from "./operators.ts";

export interface Mutant extends Change {
	/** Ten hex digits of what it changes and where: file, function, operator, text before and after, and the how-manieth of these. */
	id: string;
	/** From the repository's root. */
	file: string;
	/** Function or method it lies in. */
	where: string;
	line: number;
	before: string;
	/** Whose place it takes. */
	role: "frontend" | "backend";
}

const sourcesBelow = (folder: string): string[] =>
	readdirSync(folder, { recursive: true, encoding: "utf8" })
		.filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
		.map((name) => `${folder}/${name}`)
		.sort();

/** The peers' own files; the rings' two ends are theirs as well. */
export const SOURCES: readonly { file: string; role?: Mutant["role"] }[] = [
	...sourcesBelow("src/peer/frontend").map((file) => ({
		file,
		role: "frontend" as const,
	})),
	...sourcesBelow("src/peer/backend").map((file) => ({
		file,
		role: "backend" as const,
	})),
	{ file: "src/xen/ring.ts" },
];

const CLASS_ROLES: Record<string, Mutant["role"]> = {
	FrontRing: "frontend",
	BackRing: "backend",
};

/** Changes of one file. Without a role those of classes that one side alone uses. */
export function mutantsOf(
	file: string,
	text: string,
	role?: Mutant["role"],
): Mutant[] {
	const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true);
	const out: Mutant[] = [];
	const seen = new Map<string, number>();
	const visit = (node: ts.Node, where: string, whose?: Mutant["role"]) => {
		let inside = where;
		let side = whose;
		if (ts.isClassDeclaration(node)) {
			inside = node.name?.text ?? "class";
			side = role ?? CLASS_ROLES[inside];
		} else if (
			(ts.isMethodDeclaration(node) || ts.isFunctionDeclaration(node)) &&
			node.name !== undefined
		)
			inside = `${ts.isMethodDeclaration(node) ? `${where}.` : ""}${node.name.getText(source)}`;
		if (side !== undefined)
			for (const operator of Object.keys(OPERATORS) as OperatorName[])
				for (const change of OPERATORS[operator](node, source)) {
					const before = text.slice(change.start, change.end);
					const what = [file, inside, operator, before, change.text].join("\0");
					const nth = (seen.get(what) ?? 0) + 1;
					seen.set(what, nth);
					out.push({
						...change,
						operator,
						id: createHash("sha256")
							.update(`${what}\0${nth}`)
							.digest("hex")
							.slice(0, 10),
						file,
						where: inside,
						line: source.getLineAndCharacterOfPosition(change.start).line + 1,
						before,
						role: side,
					});
				}
		ts.forEachChild(node, (child) => visit(child, inside, side));
	};
	visit(source, "", role);
	return out;
}

export const mutated = (text: string, { start, end, text: into }: Change) =>
	text.slice(0, start) + into + text.slice(end);

/** All of them, in the order of the files. */
export const allMutants = (): Mutant[] =>
	SOURCES.flatMap(({ file, role }) =>
		mutantsOf(file, readFileSync(file, "utf8"), role),
	);

/**
 * A fixed choice of about one in `of`: by their names, so that it stays when others come and go. A smaller choice is part of a larger one; `part`
 * from 1 to `of - 1` gives other choices of the same size, and all of them together are all mutants.
 */
export const chosen = (
	mutants: readonly Mutant[],
	of: number,
	part = 0,
): Mutant[] =>
	mutants.filter(
		({ id }) =>
			Math.floor((Number.parseInt(id.slice(0, 8), 16) / 2 ** 32) * of) === part,
	);
