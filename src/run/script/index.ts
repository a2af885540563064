/** The scripted side of a step's actor, made when it is first needed. */
import type { Step } from "../../scenario/scenario.ts";
import { type Stage, StepError } from "../stage.ts";
import { ScriptBackend } from "./backend.ts";
import { ScriptFrontend } from "./frontend.ts";

export function sideOf(
	stage: Stage,
	step: Step,
): ScriptFrontend | ScriptBackend {
	if (step.actor === undefined)
		throw new StepError(step, `${step.verb} has nobody to do it`);
	const actor = stage.actor(step.actor);
	if (actor.standing !== "scripted")
		throw new StepError(
			step,
			`${step.verb} is for a scripted side; ${actor.name} is played by a driver`,
		);
	actor.script ??=
		actor.role === "frontend"
			? new ScriptFrontend(stage, actor)
			: new ScriptBackend(stage, actor);
	return actor.script as ScriptFrontend | ScriptBackend;
}

export function frontendOf(stage: Stage, step: Step): ScriptFrontend {
	const side = sideOf(stage, step);
	if (side.role === "frontend") return side;
	throw new StepError(
		step,
		`${step.verb} is for a scripted frontend; ${side.actor.name} is a backend`,
	);
}

export function backendOf(stage: Stage, step: Step): ScriptBackend {
	const side = sideOf(stage, step);
	if (side.role === "backend") return side;
	throw new StepError(
		step,
		`${step.verb} is for a scripted backend; ${side.actor.name} is a frontend`,
	);
}
