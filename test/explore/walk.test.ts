/** What `replay` shows of a run: every call with what both sides hold after it. */
import { beforeAll, describe, expect, it } from "vitest";
import {
	momentText,
	type Walk,
	walk,
	walkKey,
} from "../../src/explore/walk.ts";
import type { Case } from "../../src/scenario/scenario.ts";
import { command } from "../cli/command.ts";
import { loadCases, REFERENCE } from "../wrong/suite.ts";

let walked: Walk;
beforeAll(async () => {
	const [story] = loadCases(["scenarios/explore/front-allocated.yaml"]);
	const setup = {
		...{ reference: REFERENCE, under: {}, names: {} },
		...{ without: [], level: "must" as const },
	};
	walked = await walk(story as Case, setup, []);
});

const pages = () =>
	walked.moments.map((_, index) => momentText(walked, index + 1));

describe("a run walked through", () => {
	it("has a page for each call, with both sides", () => {
		expect(walked.moments.length).toBe(walked.report.calls);
		for (const page of pages().slice(10)) {
			expect(page).toMatch(/^ {2}fe {3}\w+/m);
			expect(page).toMatch(/^ {2}be {3}\w+/m);
		}
	});

	it("shows a request where it is published: decoded, with the index and what it cost", () => {
		const page = pages().find((one) => one.includes("request  DBUF_CREATE"));
		expect(page).toMatch(/page\.store .* by fe/);
		expect(page).toMatch(/= fe request {2}DBUF_CREATE id=1 dbuf_cookie=/);
		expect(page).toMatch(/connector 0: req_prod=1 .*rsp_prod=0/);
	});

	it("marks what changed", () => {
		expect(pages().some((one) => /grants \d+ \(\+1\)/.test(one))).toBe(true);
		expect(
			pages().some((one) => /Connected \(was Initialised\)/.test(one)),
		).toBe(true);
	});

	it("stays within the run", () => {
		expect(momentText(walked, 0)).toBe(momentText(walked, 1));
		expect(momentText(walked, 1e9)).toBe(
			momentText(walked, walked.moments.length),
		);
		expect(momentText({ ...walked, moments: [] }, 1)).toMatch(/no call/);
	});
});

describe("keys", () => {
	it.each([
		["\r", 5, "", { at: 6, typed: "" }],
		[" ", 5, "", { at: 6, typed: "" }],
		["b", 5, "", { at: 4, typed: "" }],
		["n", 5, "", { at: 5, typed: "n" }],
		["4", 5, "n", { at: 5, typed: "n4" }],
		["2", 5, "n4", { at: 5, typed: "n42" }],
		["\r", 5, "n42", { at: 42, typed: "" }],
		["x", 5, "n42", { at: 5, typed: "" }],
		["q", 5, "n4", "quit"],
		["\u0003", 5, "", "quit"],
		["x", 5, "", undefined],
	])("%j at %i after %j", (key, at, typed, then) => {
		expect(walkKey(key, at, typed)).toEqual(then);
	});
});

describe("replay", () => {
	it("prints all up to a call where there is no terminal", () => {
		const { out, code } = command([
			...["replay", "scenarios/explore/world.yaml", "--step", "--to", "30"],
		]);
		expect(code).toBe(0);
		expect(out.match(/^explore\.world {2}call /gm)).toHaveLength(30);
		expect(out).toMatch(/\nexplore\.world: passed\n$/);
	});

	it("wants one case", () => {
		const { err, code } = command(["replay", "scenarios/explore"]);
		expect(code).toBe(2);
		expect(err).toMatch(/6 cases are selected/);
	});
});
