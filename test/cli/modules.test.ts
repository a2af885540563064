/** Modules that misbehave are reported as the design says, and the rest of the run goes on. */
import {
	mkdirSync,
	mkdtempSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { command } from "./command.ts";

let folder = "";
beforeAll(() => {
	folder = mkdtempSync(join(tmpdir(), "xdisp-check-modules-"));
	mkdirSync(join(folder, "scenarios"));
	for (const name of ["a", "b"])
		writeFileSync(
			join(folder, "scenarios", `${name}.yaml`),
			`id: modules.${name}\ntitle: connects\nsteps:\n  - check: {}\n    state: { be.state: Connected }\n`,
		);
});
afterAll(() => rmSync(folder, { recursive: true }));

const main = (body: string) =>
	`export default () => ({ async main(ask) { ${body} }, async stop() {} });`;
const CALL = 'await ask("xs.watch", { path: "backend/vdispl", token: "be" });';

interface Row {
	what: string;
	file?: string;
	text: string;
	code: number;
	says: RegExp;
	element: "failure" | "error";
}
const ROWS: readonly Row[] = [
	{
		what: "loops for ever after a call",
		text: main(`${CALL} for (;;) {}`),
		code: 1,
		says: /pv\.survive\.hang/,
		element: "failure",
	},
	{
		what: "loops for ever before any call",
		text: main("for (;;) {}"),
		code: 5,
		says: /could not be started/,
		element: "error",
	},
	{
		what: "loops while it is loaded",
		text: "for (;;) {}",
		code: 5,
		says: /could not be loaded/,
		element: "error",
	},
	{
		what: "throws while it is loaded",
		text: 'throw new Error("no licence");',
		code: 5,
		says: /no licence/,
		element: "error",
	},
	{
		what: "throws in a task",
		text: main(`${CALL} throw new Error("assertion of its own");`),
		code: 1,
		says: /assertion of its own/,
		element: "failure",
	},
	{
		what: "awaits a timer",
		text: main(`${CALL} await new Promise((r) => setTimeout(r, 10));`),
		code: 5,
		says: /"main" waits for something that is no door call/,
		element: "error",
	},
	{
		what: "ends its process in a task",
		text: main(`${CALL} process.exit(3);`),
		code: 1,
		says: /ended its process/,
		element: "failure",
	},
	{
		what: "ends its process while it is loaded",
		text: "process.exit(3);",
		code: 5,
		says: /could not be loaded/,
		element: "error",
	},
	{
		what: "exports no factory",
		text: "export const lacks = [];",
		code: 5,
		says: /default export is not a function/,
		element: "error",
	},
	{
		what: "asks for what is no call",
		text: main('await ask("xs.frobnicate", {});'),
		code: 1,
		says: /xs\.frobnicate/,
		element: "failure",
	},
	{
		what: "asks a call with what is no number",
		text: main(
			`${CALL} await ask("page.store", { gfn: "x", word: 0, words: [1] });`,
		),
		code: 1,
		says: /page\.store: `gfn` is "x", but a whole number/,
		element: "failure",
	},
	{
		what: "asks by a generator with what is no number",
		text: 'export default () => ({ *main() { yield { op: "memory.mb" }; yield { op: "page.store" }; }, *stop() {} });',
		code: 1,
		says: /page\.store: `gfn` is undefined, but a whole number/,
		element: "failure",
	},
	{
		what: "makes no backend",
		text: "export default () => ({ main: 7 });",
		code: 5,
		says: /its factory: it returned an object where/,
		element: "error",
	},
	{
		what: "tells two stories",
		text: main(
			`${CALL} if (Math.random() < 2) await ask("driver.note", { text: String(Math.random()) }); throw new Error("x");`,
		),
		code: 5,
		says: /not deterministic/,
		element: "error",
	},
	{
		what: "does not parse",
		file: "module.ts",
		text: "export default ( => {",
		code: 5,
		says: /could not be loaded/,
		element: "error",
	},
];

it.each(ROWS)("$what", ({ file = "module.mjs", text, code, says, element }) => {
	writeFileSync(join(folder, file), text);
	const report = join(folder, "report.xml");
	const ran = command(
		[
			"run",
			"scenarios",
			"--backend",
			file,
			"--timeout",
			"1000",
			"--junit",
			report,
		],
		{ cwd: folder },
	);
	expect(ran.out).toMatch(says);
	expect(ran.code).toBe(code);
	// Both cases are reported: the second is played although the first went wrong.
	expect(ran.out).toContain("0 passed, 2 failed");
	const xml = readFileSync(report, "utf8");
	expect(xml.match(new RegExp(`<${element} `, "g"))?.length).toBe(2);
});
