/** For the tests of the scripted sides: a scenario's text played to rest, with what it found and what the ledger meant. */
import { type Choices, PlainChoices } from "../../base/choices.ts";
import { Source } from "../../base/position.ts";
import { describeEvent, describeResponse } from "../../displif/packet.ts";
import { judge } from "../../judge/judge.ts";
import { RULES } from "../../judge/rules/index.ts";
import backend from "../../peer/backend.ts";
import frontend from "../../peer/frontend.ts";
import { loadText } from "../../scenario/load.ts";
import { render } from "../../scenario/problem.ts";
import { Play } from "../play.ts";

const REFERENCE = {
	frontend: { default: frontend },
	backend: { default: backend },
};

export interface Played {
	play: Play;
	/** `line: message` of the step that could not be done as written. */
	error: string | undefined;
	/** Unmet expectations. */
	unmet: string[];
	/** What rules found, as `participant rule`, without what was announced. */
	findings: string[];
	/** Exceptions of tasks. */
	crashes: string[];
	/** Responses and events in order. */
	responses: string[];
	events: string[];
	/** Numbers of requests by operation code. */
	requests: number;
}

export function play(
	text: string,
	choices: Choices = new PlainChoices(),
): Played {
	const source = new Source(
		"script.yaml",
		`id: script.test\ntitle: A scripted side\n${text}`,
	);
	const loaded = loadText(source, {}, "");
	if (!loaded.ok) throw new Error(loaded.problems.map(render).join("\n"));
	const [story] = loaded.scenario.cases;
	if (story === undefined) throw new Error("the text holds no case");
	const played = new Play(
		story,
		{
			...REFERENCE,
			standIn: REFERENCE,
			standing: (name) => story.cast[name] ?? "reference",
		},
		choices,
	);
	const { runner, journal } = played;
	const director = runner.spawn(0, "scenario", () => played.direct());
	for (const _ of runner.run(director));
	if (director.error !== undefined) throw director.error;
	const verdict = judge(journal, RULES, {
		participants: [...played.actors.values()],
		place: (step) => played.steps[step - 1]?.place ?? story.place,
		announced: played.announced,
		allowed: [],
	});
	const { scenarioError } = played;
	return {
		play: played,
		error:
			scenarioError &&
			`${scenarioError.step.place.line - 2}: ${scenarioError.message}`,
		unmet: played.findings.map(
			({ message, expected, got }) =>
				`${message}: expected ${expected}, got ${got}`,
		),
		findings: verdict.findings
			.filter(({ standing }) => standing !== "provoked")
			.map(({ blamed, rule, message }) => `${blamed} ${rule}: ${message}`),
		crashes: runner.crashes.map(({ message }) => message),
		responses: verdict.wire.flatMap((w) =>
			w.kind === "wire.response" ? [describeResponse(w.words)] : [],
		),
		events: verdict.wire.flatMap((w) =>
			w.kind === "wire.event" ? [describeEvent(w.words)] : [],
		),
		requests: verdict.wire.filter((w) => w.kind === "wire.request").length,
	};
}
