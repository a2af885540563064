/**
 * The matrix bug × rule, from runs of the whole shipped suite: each of the real bugs in the place of a subject or of the world, then the reference
 * pair. The last line counts the bugs that a rule of one of their families caught, at that rule's own level. `npm run bugs -- B67 B70` tries these alone.
 */
import { RULES } from "../../src/judge/rules/index.ts";
import { BUGS as ALL, type Bug } from "../../src/spec/bugs.ts";
import { loadWrong, wrongFiles } from "./catalogue.ts";
import { isMainThread, serve, spread } from "./pool.ts";
import {
	against,
	loadCases,
	NOTHING,
	ofSubject,
	placed,
	playCase,
} from "./suite.ts";

const named = process.argv.slice(2);
const BUGS = ALL.filter(({ id }) => named.length === 0 || named.includes(id));

/** Cases in which each rule found something, by rule id. */
type Caught = Record<string, number>;

const REFERENCE = "the reference pair";

async function caught(file: string): Promise<Caught> {
	const found: Caught = {};
	const one = file === REFERENCE ? undefined : await loadWrong(file);
	for (const story of cases()) {
		const report = await playCase(
			story,
			one === undefined ? NOTHING : placed(one),
		);
		const rules = (
			one === undefined ? ofSubject(report) : against(one, report)
		).map(({ rule }) => rule);
		// With the right implementation in its place nothing may be wrong, not even an expectation.
		if (one?.wrong.takes !== "world" && report.outcome === "error")
			rules.push(`error: ${report.reason}`);
		for (const rule of new Set(rules)) found[rule] = (found[rule] ?? 0) + 1;
	}
	return found;
}

let all: ReturnType<typeof loadCases> | undefined;
const cases = () => {
	all ??= loadCases(["scenarios"]);
	return all;
};

const familiesOf = new Map(RULES.map(({ id, families }) => [id, families]));

/** The rules that count for a bug: those that its file names and that stand in one of its families. */
const counts = ({ families }: Bug, rule: string, named: readonly string[]) =>
	named.includes(rule) &&
	(familiesOf.get(rule) ?? []).some((family) => families.includes(family));

const since = (began: bigint) =>
	Number((process.hrtime.bigint() - began) / 1_000_000_000n);

async function main(): Promise<void> {
	const began = process.hrtime.bigint();
	const wrong = await Promise.all(wrongFiles().map(loadWrong));
	const planted = BUGS.flatMap((bug) =>
		wrong
			.filter((one) => one.wrong.bug === bug.id)
			.map((one) => ({ bug, one })),
	);
	const answers = await spread<string, Caught>(
		[REFERENCE, ...planted.map(({ one }) => one.file)],
		{
			// None of them hangs; on a machine that has other work a suite takes its time.
			patience: 900_000,
			told: (file) => process.stderr.write(`${since(began)} s ${file}\n`),
		},
	);
	const [reference, ...rest] = answers;
	const rows = planted.map(({ bug, one }, i) => ({
		bug,
		one,
		found: rest[i] ?? {},
	}));

	const columns = RULES.filter(({ id }) =>
		rows.some(({ found }) => found[id] !== undefined),
	).map(({ id }) => id);
	const label = (i: number) =>
		String.fromCharCode(97 + (i % 26)).repeat(1 + Math.floor(i / 26));
	const width = columns.length > 26 ? 3 : 2;
	const cell = (text: string) => text.padStart(width);
	console.log(`bug ${columns.map((_, i) => cell(label(i))).join("")}`);
	const missed = new Set<string>();
	const lines: string[] = [];
	for (const bug of BUGS) {
		const mine = rows.filter((r) => r.bug === bug);
		if (mine.length === 0) console.log(`${bug.id} not planted`);
		for (const { one, found } of mine) {
			const mark = (id: string) =>
				found[id] === undefined
					? "·"
					: counts(bug, id, one.wrong.caughtBy)
						? "●"
						: "○";
			console.log(`${bug.id} ${columns.map((id) => cell(mark(id))).join("")}`);
			const by = one.wrong.caughtBy.filter((id) => mark(id) === "●");
			if (by.length === 0) missed.add(bug.id);
			const name = one.file.slice(one.file.lastIndexOf("/") + 1);
			lines.push(
				by.length > 0
					? `${bug.id} ${name}: ${by.map((id) => `${id} in ${found[id]} cases`).join(", ")}`
					: `${bug.id} ${name}: NOT CAUGHT by ${one.wrong.caughtBy.join(" or ")}; found by ${Object.keys(found).join(", ") || "nothing"}`,
			);
		}
	}
	console.log("\n● the rule that names it  ○ what follows from it");
	for (const [i, id] of columns.entries())
		console.log(`${cell(label(i))} ${id}`);
	console.log(`\n${lines.join("\n")}`);
	const wrongly = Object.entries(reference ?? { "the run": 1 });
	console.log(
		`\n${REFERENCE}: ${wrongly.length === 0 ? "0 findings" : wrongly.map(([id, n]) => `${id} in ${n} cases`).join(", ")} over ${cases().length} cases`,
	);
	console.log(`${since(began)} s`);
	const good = BUGS.filter(
		({ id }) => !missed.has(id) && planted.some(({ bug }) => bug.id === id),
	).length;
	console.log(`${good} of ${BUGS.length} caught`);
	// A bug that nobody has planted yet is no bug that got away.
	process.exitCode = missed.size === 0 && wrongly.length === 0 ? 0 : 1;
}

if (isMainThread) await main();
else serve(caught);
