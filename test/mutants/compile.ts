/** Which mutants a compiler would let pass: the others nobody could ship. */
import { readFileSync } from "node:fs";
import ts from "typescript";
import { type Mutant, mutated } from "./generate.ts";

/** A question to the compiler that is quick to repeat: it keeps all but the one file. */
export function compiler(): (mutant: Mutant) => boolean {
	const { config } = ts.readConfigFile("tsconfig.json", (name) =>
		readFileSync(name, "utf8"),
	);
	const { options, fileNames } = ts.parseJsonConfigFileContent(
		{ ...config, include: ["src/peer", "src/xen"] },
		ts.sys,
		process.cwd(),
	);
	// A forgotten call may leave a name that nobody uses: no compiler of another language minds that.
	options.noUnusedLocals = false;
	options.noUnusedParameters = false;
	options.allowUnreachableCode = true;
	const changed = new Map<string, { version: number; text: string }>();
	const service = ts.createLanguageService({
		getCompilationSettings: () => options,
		getScriptFileNames: () => fileNames,
		getScriptVersion: (name) => String(changed.get(name)?.version ?? 0),
		getScriptSnapshot: (name) => {
			const text = changed.get(name)?.text ?? ts.sys.readFile(name);
			return text === undefined
				? undefined
				: ts.ScriptSnapshot.fromString(text);
		},
		getCurrentDirectory: () => process.cwd(),
		getDefaultLibFileName: ts.getDefaultLibFilePath,
		fileExists: ts.sys.fileExists,
		readFile: ts.sys.readFile,
		readDirectory: ts.sys.readDirectory,
		directoryExists: ts.sys.directoryExists,
		getDirectories: ts.sys.getDirectories,
	});
	return (mutant) => {
		const name = fileNames.find((one) => one.endsWith(`/${mutant.file}`));
		if (name === undefined) throw new Error(`${mutant.file} is not compiled`);
		const text = readFileSync(name, "utf8");
		const version = (changed.get(name)?.version ?? 0) + 1;
		changed.set(name, { version, text: mutated(text, mutant) });
		const fine =
			service.getSyntacticDiagnostics(name).length === 0 &&
			service.getSemanticDiagnostics(name).length === 0;
		changed.set(name, { version: version + 1, text });
		return fine;
	};
}
