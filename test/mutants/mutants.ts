/**
 * The mutation score of the shipped suite: small systematic changes to the reference peers, each played through all scenarios as the
 * implementation under test.
 *
 *     npm run mutants                the fixed choice of about one in 9
 *     npm run mutants -- --of 64     fewer, for CI; --of 1 is all of them
 *     npm run mutants -- --part 1    as many others: the second part of nine
 *     npm run mutants -- --id HEX    this one alone, with what kills it (repeatable)
 *     npm run mutants -- --in PATH   against these scenarios alone (repeatable)
 *
 * A mutant is killed when a case fails: when a rule or an expectation finds something on it, or it neither ends nor answers. One that breaks no
 * must, but a should, is killed by a warning: the reference has none in the whole suite. The exit code is 1 when one survives that is not listed
 * as equivalent, or when the list is wrong.
 */
import { mkdirSync, rmSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import type { PeerModule } from "../../src/peer/peer.ts";
import type { Case } from "../../src/scenario/scenario.ts";
import { isMainThread, serve, spread } from "../wrong/pool.ts";
import { loadCases, ofSubject, playCase } from "../wrong/suite.ts";
import { compiler } from "./compile.ts";
import { EQUIVALENT } from "./equivalent.ts";
import { allMutants, chosen, type Mutant, mutated } from "./generate.ts";

const { values } = parseArgs({
	options: {
		of: { type: "string", default: "9" },
		part: { type: "string", default: "0" },
		id: { type: "string", multiple: true },
		in: { type: "string", multiple: true, default: ["scenarios"] },
		verbose: { type: "boolean", default: false },
	},
});

interface End {
	/** Case and finding that killed it; undefined for a survivor. */
	by?: string;
	/** It broke a should and no must. */
	warning?: true;
	/** Cases that could not be judged: that is no verdict, and should not be. */
	errors: string[];
}

let cases: { story: Case; kills: number }[] | undefined;

async function play(mutant: Mutant, alive: () => void): Promise<End> {
	cases ??= loadCases(values.in).map((story) => ({ story, kills: 0 }));
	const module = await load(mutant);
	const errors: string[] = [];
	let warning: string | undefined;
	// What killed many others probably kills this one as well.
	for (const one of [...cases].sort((a, b) => b.kills - a.kills)) {
		const report = await playCase(one.story, {
			under: { [mutant.role]: module },
		});
		alive();
		if (report.outcome === "failed") {
			one.kills += 1;
			return { by: `${report.id}: ${report.reason}`, errors };
		}
		if (report.outcome === "error")
			errors.push(`${report.id}: ${report.reason}`);
		const [finding] = ofSubject(report);
		if (finding !== undefined)
			warning ??= `${report.id}, with a warning: ${finding.message}`;
	}
	return warning === undefined
		? { errors }
		: { by: warning, warning: true, errors };
}

async function load(mutant: Mutant): Promise<PeerModule> {
	const folder = resolve("dist/dev/mutants");
	mkdirSync(folder, { recursive: true });
	const outfile = `${folder}/${mutant.id}.mjs`;
	const target = resolve(mutant.file);
	await build({
		entryPoints: [`src/peer/${mutant.role}.ts`],
		outfile,
		bundle: true,
		packages: "external",
		platform: "node",
		format: "esm",
		target: "node20",
		logLevel: "silent",
		plugins: [
			{
				name: "mutant",
				setup: (on) =>
					on.onLoad({ filter: /\.ts$/ }, async ({ path }) =>
						path === target
							? {
									contents: mutated(
										(await import("node:fs")).readFileSync(path, "utf8"),
										mutant,
									),
									loader: "ts",
								}
							: undefined,
					),
			},
		],
	});
	const module = await import(pathToFileURL(outfile).href);
	rmSync(outfile);
	return module;
}

const short = (text: string) => {
	const one = text.replace(/\s+/g, " ").trim();
	return one.length > 90 ? `${one.slice(0, 87)}...` : one;
};
const tell = ({ id, file, line, where, operator, before, text }: Mutant) =>
	`${id} ${file}:${line} ${where} ${operator}\n    - ${short(before)}\n    + ${short(text)}`;

async function main(): Promise<void> {
	const all = allMutants();
	const wanted =
		values.id === undefined
			? chosen(all, Number(values.of), Number(values.part))
			: all.filter(({ id }) => values.id?.includes(id));
	const compiles = compiler();
	const mutants = wanted.filter(compiles);
	console.log(
		`${all.length} mutants, ${wanted.length} chosen, ${mutants.length} of them compile`,
	);
	const ends = await spread<Mutant, End>(mutants, {
		// For one case, not for the suite: on a machine that has other work that takes its time, and a survivor is not to count as one that hangs.
		patience: 90_000,
		told: (mutant, end) => {
			if (!values.verbose && values.id === undefined) return;
			const how =
				end === undefined
					? "killed: it did not end"
					: end.by === undefined
						? "SURVIVES"
						: `killed by ${end.by}`;
			console.log(`${tell(mutant)}\n    ${how}`);
		},
	});
	const survivors = mutants.filter((_, i) => {
		const end = ends[i];
		return end !== undefined && end.by === undefined;
	});
	const open = survivors.filter(({ id }) => EQUIVALENT[id] === undefined);
	const known = survivors.filter(({ id }) => EQUIVALENT[id] !== undefined);
	const ids = new Set(all.map(({ id }) => id));
	const wrong = Object.keys(EQUIVALENT).filter(
		(id) =>
			!ids.has(id) ||
			(mutants.some((m) => m.id === id) && !known.some((m) => m.id === id)),
	);
	for (const mutant of known)
		console.log(`equivalent: ${tell(mutant)}\n    ${EQUIVALENT[mutant.id]}`);
	for (const mutant of open) console.log(`survives: ${tell(mutant)}`);
	for (const [i, mutant] of mutants.entries())
		for (const error of (ends[i]?.errors ?? []).slice(0, 1))
			console.log(
				`could not be judged in a case: ${tell(mutant)}\n    ${error}`,
			);
	for (const id of wrong)
		console.log(
			`listed as equivalent, but ${ids.has(id) ? "it is killed" : "there is no such mutant"}: ${id}`,
		);
	const counted = mutants.length - known.length;
	const killed = counted - open.length;
	const warned = ends.filter((end) => end?.warning).length;
	console.log(
		`${killed} of ${counted} killed${warned > 0 ? ` (${warned} by a warning)` : ""}, ${known.length} equivalent: mutation score ${((100 * killed) / Math.max(1, counted)).toFixed(1)} %`,
	);
	process.exitCode = open.length > 0 || wrong.length > 0 ? 1 : 0;
}

if (isMainThread) await main();
else serve(play);
