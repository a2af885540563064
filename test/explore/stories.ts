/** Small stories for the tests of exploration, and who plays them. */

import { Source } from "../../src/base/position.ts";
import {
	type CampaignOptions,
	campaign,
	type Progress,
} from "../../src/explore/campaign.ts";
import { Alone } from "../../src/explore/crew/alone.ts";
import type { Setup } from "../../src/explore/once.ts";
import { RULES } from "../../src/judge/rules/index.ts";
import backend from "../../src/peer/backend.ts";
import frontend from "../../src/peer/frontend.ts";
import { loadText } from "../../src/scenario/load.ts";
import type { Case } from "../../src/scenario/scenario.ts";
import { REQUIREMENTS } from "../../src/spec/index.ts";

export const SETUP: Setup = {
	reference: {
		frontend: { default: frontend },
		backend: { default: backend },
	},
	under: {},
	names: {},
	without: [],
	level: "must",
};

/** The cases of a scenario given as text. */
export function cases(text: string): readonly Case[] {
	const read = loadText(new Source("story.yaml", text), {
		requirements: new Set(REQUIREMENTS.keys()),
		rules: new Set(RULES.map((rule) => rule.id)),
		world: {},
	});
	if (!read.ok)
		throw new Error(read.problems.map((problem) => problem.message).join("\n"));
	return read.scenario.cases;
}

export function story(text: string): Case {
	const [first] = cases(text);
	if (first === undefined) throw new Error("the scenario has no case");
	return first;
}

/** A campaign in this process: of no faults and no orders, but for what is said. */
export const explored = (
	cases: readonly Case[],
	setup: Setup,
	more: Partial<CampaignOptions>,
): Promise<Progress> =>
	campaign({
		cases,
		crew: new Alone(setup),
		under: "",
		faults: [],
		pairs: 0,
		orders: undefined,
		preemptions: 1,
		depth: 3,
		window: "steps",
		drawn: 0,
		stories: 0,
		runs: 40,
		seed: 1,
		time: Number.POSITIVE_INFINITY,
		now: () => 0,
		...more,
	});
