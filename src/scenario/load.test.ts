import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { Source } from "../base/position.ts";
import { stepsOf } from "./lint.ts";
import { type LoadOptions, loadFile, loadText } from "./load.ts";
import { holds, matchText } from "./match.ts";
import { render } from "./problem.ts";
import { type Case, placeOf, type Scenario, type StepOf } from "./scenario.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const HEAD = "id: a.b\ntitle: A title\n";

function load(text: string, options: LoadOptions = {}): Scenario {
	const loaded = loadText(new Source("a.yaml", HEAD + text), options, ROOT);
	if (!loaded.ok) throw new Error(loaded.problems.map(render).join("\n"));
	return loaded.scenario;
}

function only(text: string, options: LoadOptions = {}): Case {
	const [one] = load(text, options).cases;
	if (one === undefined) throw new Error("no case");
	return one;
}

describe("a scenario", () => {
	it("has defaults", () => {
		const one = only("steps: []\n");
		expect(one).toMatchObject({
			id: "a.b",
			fixture: "connected",
			cast: { fe: "subject", be: "subject" },
			row: {},
			steps: [],
			finally: [],
		});
		expect(one.world.connectors).toEqual([{ width: 800, height: 600 }]);
		expect(one.world["limits.buffers"]).toBeUndefined();
	});

	it("gives steps with arguments, defaults, modifiers and places", () => {
		const one = only(
			"steps:\n  - gem.create: { as: buf, pages: 4 }\n    delta: { fe.grants: +5 }\n    sends: { op: DBUF_CREATE, flags: REQ_ALLOC }\n",
		);
		const step = one.steps[0] as StepOf<"gem.create">;
		expect(step).toMatchObject({
			verb: "gem.create",
			actor: "fe",
			args: { as: "buf", pages: 4, dev: 0 },
			delta: [
				{
					path: "fe.grants",
					who: "fe",
					ledger: "grants",
					change: { how: "eq", to: 5n },
				},
			],
			sends: [
				{
					op: "DBUF_CREATE",
					reserved: false,
					fields: { flags: { how: "eq", to: 1n } },
				},
			],
		});
		expect(step.place).toEqual({ file: "a.yaml", line: 4, column: 5 });
		expect(placeOf(step, "args", "pages")).toEqual({
			file: "a.yaml",
			line: 4,
			column: 35,
		});
		expect(placeOf(step, "delta", "fe.grants")).toEqual({
			file: "a.yaml",
			line: 5,
			column: 25,
		});
		expect(placeOf(step, "sends", "flags").line).toBe(6);
		expect(placeOf(step, "args", "dev")).toEqual(placeOf(step, "args"));
	});

	it("reads 64-bit numbers exactly", () => {
		const one = only(
			"cast: { fe: scripted }\nsteps:\n  - wire.send: { op: DBUF_DESTROY, dbuf_cookie: 18446744073709551615 }\n  - wire.send: { op: DBUF_DESTROY, dbuf_cookie: -1 }\n",
		);
		for (const step of one.steps)
			expect((step as StepOf<"wire.send">).args.dbuf_cookie).toBe(
				18_446_744_073_709_551_615n,
			);
	});

	it("fills names in, keeps their kind, and leaves late ones", () => {
		const loaded = load(
			"cast: { fe: scripted }\nmatrix: { pages: [1, 1024] }\nlet: { dirs: ceil(pages / 1023) }\nsteps:\n  - wire.buffer: { as: buf, pages: $pages }\n    note: $pages of $$5 in $(dirs + 1)\n    delta: { fe.grants: -$dirs }\n  - wire.send: { op: DBUF_DESTROY, dbuf_cookie: $(buf.cookie + dirs) }\n",
		);
		const [first, second] = loaded.cases[1]?.steps ?? [];
		expect(first).toMatchObject({
			args: { pages: 1024 },
			note: "1024 of $5 in 3",
			delta: [{ change: { how: "eq", to: -2n } }],
		});
		expect((second as StepOf<"wire.send">).args.dbuf_cookie).toMatchObject({
			text: "$(buf.cookie + dirs)",
			late: {
				kind: "binary",
				left: { kind: "live", name: "buf", field: "cookie" },
				right: { kind: "number", value: 2n },
			},
		});
	});

	it("merges the world: defaults, fixture, scenario, command line", () => {
		const one = only(
			'use: { fixture: created, with: { be-alloc: "1", pages: { fe: 100 } } }\nworld: { pages: { be: 200 }, connectors: [640x480, 1024x768], display: { hold: true } }\nsteps: []\n',
			{ world: { pages: { be: 300 }, guests: 2 } },
		);
		expect(one.fixture).toBe("created");
		expect(one.world).toMatchObject({
			"be-alloc": "1",
			pages: { all: 65_536, fe: 100, be: 300 },
			guests: 2,
			"display.hold": true,
		});
		expect(one.world.connectors).toHaveLength(2);
		expect(one.cast).toEqual({ fe: "subject", fe2: "subject", be: "subject" });
	});

	it("names rows in ids and quotes what would be mistaken", () => {
		const scenario = load(
			'matrix: { versions: ["1,2", "2"], n: [1] }\nworld: { versions: $versions, guests: $n }\nsteps: []\n',
		);
		expect(scenario.cases.map((one) => one.id)).toEqual([
			'a.b[versions="1,2",n=1]',
			"a.b[versions=2,n=1]",
		]);
		expect(scenario.cases.map((one) => one.world.versions)).toEqual([
			"1,2",
			"2",
		]);
	});

	it("excludes and includes rows", () => {
		const scenario = load(
			"matrix:\n  a: [1, 2]\n  b: [x, y]\n  exclude: [{ a: 2, b: y }]\n  include: [{ a: 9, b: z }]\nsteps:\n  - settle: {}\n    note: $a$b\n",
		);
		expect(scenario.cases.map((one) => one.steps[0]?.note)).toEqual([
			"1x",
			"1y",
			"2x",
			"9z",
		]);
	});

	it("runs the steps of fixture files first and says who used them", () => {
		const loaded = loadFile(
			ROOT,
			join(ROOT, "fixtures/scenarios-bad/parts/uses.scenario.yaml"),
		);
		expect(loaded).toMatchObject({ ok: true });
		if (!loaded.ok) return;
		const [one] = loaded.scenario.cases;
		expect(
			one?.setup.map(({ verb, place, via }) => ({
				verb,
				file: place.file,
				via: via.map((at) => at.line),
			})),
		).toEqual([
			{
				verb: "settle",
				file: "fixtures/scenarios-bad/parts/two-connectors.yaml",
				via: [3],
			},
		]);
		expect(one?.world.connectors).toHaveLength(2);
		expect(one?.fixture).toBe("created");
		expect(loaded.scenario.sources.size).toBe(2);
	});

	it("takes the choices of a run, on one line or several", () => {
		const one = load("choices: turn:3=1\nsteps: []\n").cases[0];
		const many = load("choices: ['turn:3=1', 'fault.map.fe2:0=2']\nsteps: []\n")
			.cases[0];
		const turn = { label: "turn", occurrence: 3, value: 1 };
		expect(one?.choices).toEqual([turn]);
		expect(many?.choices).toEqual([
			turn,
			{ label: "fault.map.fe2", occurrence: 0, value: 2 },
		]);
	});

	it("warns of names nobody uses", () => {
		const { warnings } = load(
			"matrix: { a: [1, 2] }\nlet: { b: 2 }\nsteps: []\n",
		);
		expect(warnings.map(({ message }) => message)).toEqual([
			"the matrix's `a` is never used: its cases are all the same",
			"`b` is never used",
		]);
	});
});

describe("pairs", () => {
	it("cover every two values of two lists in far fewer rows", () => {
		const lists = { a: [1, 2, 3, 4], b: [1, 2, 3], c: [1, 2, 3], d: [1, 2] };
		const text = Object.entries(lists)
			.map(([name, list]) => `  ${name}: [${list}]\n`)
			.join("");
		const { cases } = load(
			`matrix:\n  pairwise: true\n${text}steps:\n  - settle: {}\n    note: $a $b $c $d\n`,
		);
		expect(cases.length).toBeLessThanOrEqual(16);
		const names = Object.keys(lists) as (keyof typeof lists)[];
		for (const [i, p] of names.entries())
			for (const q of names.slice(i + 1))
				for (const x of lists[p])
					for (const y of lists[q])
						expect(
							cases.some(
								({ row }) => row[p] === String(x) && row[q] === String(y),
							),
						).toBe(true);
	});
});

describe("matches", () => {
	const live = () => undefined;
	it.each([
		["{ between: [1, 4] }", 4n, true, "1 to 4"],
		["{ between: [1, 4] }", 5n, false, "1 to 4"],
		["{ gt: 0 }", 0n, false, "> 0"],
		["{ ne: 3 }", 4n, true, "not 3"],
		["{ one-of: [1, 2] }", 2n, true, "1 or 2"],
		["3", 3n, true, "3"],
	])("%s and %s", (text, value, wanted, said) => {
		const one = only(
			`steps:\n  - settle: {}\n    state: { be.maps: ${text} }\n`,
		);
		const match = one.steps[0]?.state?.[0]?.want;
		expect(match).toBeDefined();
		if (match === undefined) return;
		expect(holds(match, value, live)).toBe(wanted);
		expect(matchText(match)).toBe(said);
	});
});

describe("the shipped scenarios", () => {
	const files = readdirSync(join(ROOT, "scenarios"), {
		recursive: true,
		encoding: "utf8",
	}).filter((file) => file.endsWith(".yaml") && !file.startsWith("fixtures"));
	it.each(files)("%s loads", (file) => {
		const loaded = loadFile(ROOT, join(ROOT, "scenarios", file));
		if (!loaded.ok) throw new Error(loaded.problems.map(render).join("\n"));
		for (const one of loaded.scenario.cases)
			expect(stepsOf(one).length).toBeGreaterThan(0);
	});
});
