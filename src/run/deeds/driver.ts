/** What the driver verbs of the scenario language do: start a frontend's operation as a task of its domain, and wait for its result. */

import { FORMATS } from "../../displif/format.ts";
import type {
	OperationName,
	OperationResult,
	Operations,
} from "../../peer/peer.ts";
import type { Step, StepOf, Verb } from "../../scenario/scenario.ts";
import type { STEPS } from "../../scenario/steps/index.ts";
import { shown } from "../../xen/admit.ts";
import { ask, type Turns } from "../../xen/call.ts";
import {
	type Actor,
	type Deed,
	type NamedOf,
	type Stage,
	StepError,
} from "../stage.ts";
import type { Task } from "../task.ts";

/** Verbs of one kind of actor. */
export type VerbsBy<A extends string> = {
	[V in Verb]: (typeof STEPS)[V]["by"] extends A ? V : never;
}[Verb];
/** Some deeds make no call at the door; the others are turns. */
export type Deeds<V extends Verb> = {
	[N in V]: (stage: Stage, step: StepOf<N>) => Turns<Deed> | Deed;
};

/** How long the scenario waits for an operation to return, in virtual milliseconds. Beyond it the operation hangs. */
export const OPERATION_TICKS = 120_000;

/** An operation of a driver never returned. */
export class OperationHangs extends Error {
	readonly actor: Actor;
	readonly task: Task;
	constructor(actor: Actor, task: Task) {
		super(`operation ${task.name} did not return within ${OPERATION_TICKS} ms`);
		this.actor = actor;
		this.task = task;
	}
}

export const driverDeeds: Deeds<VerbsBy<"driver">> = {
	bind: (stage, step) => operate(stage, step, "bind", { dev: step.args.dev }),
	unbind: (stage, step) =>
		operate(stage, step, "unbind", { dev: step.args.dev }),

	*"gem.create"(stage, step) {
		const { dev, as, pages, width, height, bpp } = step.args;
		// A buffer given in pages is as wide as needed: 32 bits per pixel, 1024 pixels a page.
		const shape =
			pages !== undefined
				? { width: 1024, height: pages, bpp: 32, size: pages * 4096 }
				: sized(width ?? 0, height ?? 0, bpp ?? 0);
		return yield* operate(
			stage,
			step,
			"gem.create",
			{ dev, object: as, ...shape },
			(result) => {
				if (result.status < 0) return;
				stage.names.set(as, buffer(step, as, result, shape));
			},
		);
	},

	*"gem.close"(stage, step) {
		const made = stage.named(step, step.args.of, "buffer");
		return yield* operate(
			stage,
			step,
			"gem.close",
			{ dev: made.dev, object: step.args.of },
			(result) => {
				if (result.status === 0) made.open = false;
			},
		);
	},

	*"prime.import"(stage, step) {
		const { dev, as, pages, offset } = step.args;
		const size = step.args.size ?? (pages ?? 0) * 4096;
		return yield* operate(
			stage,
			step,
			"prime.import",
			{ dev, object: as, size, offset },
			(result) => {
				if (result.status < 0) return;
				stage.names.set(
					as,
					buffer(step, as, result, { width: 0, height: 0, bpp: 0, size }),
				);
			},
		);
	},

	*"fb.create"(stage, step) {
		const { of, as } = step.args;
		const made = stage.named(step, of, "buffer");
		const format =
			step.args.format === undefined
				? undefined
				: Number(stage.number(step, step.args.format, "args", "format"));
		const code = format ?? fourcc(made.bpp === 16 ? "RG16" : "XR24");
		const width = step.args.width ?? made.width;
		const height = step.args.height ?? made.height;
		return yield* operate(
			stage,
			step,
			"fb.create",
			{
				dev: made.dev,
				framebuffer: as,
				object: of,
				width,
				height,
				format: code,
			},
			(result) => {
				if (result.status < 0) return;
				stage.names.set(as, {
					kind: "fb",
					owner: made.owner,
					dev: made.dev,
					object: of,
					cookie: result.cookie,
					width,
					height,
					format: code,
					bpp: FORMATS.find((f) => f.code === code)?.bpp ?? 32,
					open: true,
				});
			},
		);
	},

	*"fb.destroy"(stage, step) {
		const made = stage.named(step, step.args.of, "fb");
		return yield* operate(
			stage,
			step,
			"fb.destroy",
			{ dev: made.dev, framebuffer: step.args.of },
			(result) => {
				if (result.status === 0) made.open = false;
			},
		);
	},

	"mode.set": (stage, step) => {
		const { of, connector, x, y, width, height } = step.args;
		const made = stage.named(step, of, "fb");
		return operate(stage, step, "mode.set", {
			dev: made.dev,
			connector,
			framebuffer: of,
			x: x ?? 0,
			y: y ?? 0,
			width: width ?? made.width,
			height: height ?? made.height,
			bpp: made.bpp,
		});
	},
	"mode.off": (stage, step) =>
		operate(stage, step, "mode.off", {
			dev: step.args.dev,
			connector: step.args.connector,
		}),

	"page.flip": (stage, step) => {
		const made = stage.named(step, step.args.of, "fb");
		return operate(stage, step, "page.flip", {
			dev: made.dev,
			connector: step.args.connector,
			framebuffer: step.args.of,
		});
	},

	"edid.read": (stage, step) =>
		operate(stage, step, "edid.read", {
			dev: step.args.dev,
			connector: step.args.connector,
		}),
};

const fourcc = (text: string): number =>
	[...text].reduceRight(
		(code, letter) => (code << 8) | letter.charCodeAt(0),
		0,
	) >>> 0;

const sized = (width: number, height: number, bpp: number) => ({
	width,
	height,
	bpp,
	size: Math.ceil((width * bpp) / 8) * height,
});

function buffer(
	step: StepOf<"gem.create" | "prime.import">,
	_name: string,
	result: OperationResult,
	shape: { width: number; height: number; bpp: number; size: number },
): NamedOf<"buffer"> {
	return {
		kind: "buffer",
		by: "driver",
		owner: step.actor ?? "fe",
		dev: step.args.dev,
		cookie: result.cookie,
		...shape,
		gfns: [],
		refs: [],
		directoryGfns: [],
		directoryRefs: [],
		open: true,
	};
}

/** Start an operation of the step's frontend. With `async` it goes on by itself and `join` looks at its result. */
export function* operate<N extends OperationName>(
	stage: Stage,
	step: Step,
	name: N,
	args: Operations[N],
	then: (result: OperationResult) => void = () => {},
): Turns<Deed> {
	const actor = stage.actor(step.actor ?? "fe");
	if (actor.frontend === undefined)
		throw new StepError(
			step,
			`${actor.name} is scripted here, so it has no driver that could do ${step.verb}`,
		);
	const task = start(stage, actor, name, args);
	stage.settlers.set(task.id, then);
	if (step.async !== undefined) {
		stage.names.set(step.async, { kind: "task", task, step });
		return { actor };
	}
	return yield* finish(actor, task, then);
}

/** Start an operation of an actor that has a driver. Throws BadModule when its module does not offer it. */
export function start<N extends OperationName>(
	stage: Pick<Stage, "runner">,
	actor: Actor,
	name: N,
	args: Operations[N],
): Task {
	const operations = actor.frontend?.operations;
	if (typeof operations?.[name] !== "function")
		throw new BadModule(actor, name, "its module offers no such operation");
	const { runner } = stage;
	const task = runner.spawn(actor.domid, name, (asking) =>
		operations[name](args, asking),
	);
	runner.journal.note(
		"driver.asked",
		{ operation: name, args: JSON.stringify(args) },
		task.domid,
		task.id,
		task.step,
		runner.world.now,
	);
	// Also of an operation that nobody waits for: rules want to know when it came back, not when somebody looked.
	task.returned = () => {
		const result = resultOf(task.result);
		if (typeof result === "string") return;
		runner.journal.note(
			"driver.result",
			{ operation: name, result: result.status },
			task.domid,
			task.id,
			task.step,
			runner.world.now,
		);
	};
	return task;
}

export function* finish(
	actor: Actor | undefined,
	task: Task,
	then: ((result: OperationResult) => void) | undefined,
): Turns<Deed> {
	const { status } = yield* ask("task.join", {
		task: task.id,
		timeout: OPERATION_TICKS,
	});
	if (status < 0 && actor !== undefined) throw new OperationHangs(actor, task);
	const deed: Deed = actor === undefined ? {} : { actor };
	// A task that was killed with its domain or crashed has no result: rules speak of that.
	if (task.state !== "returned") return { ...deed, ended: task.state };
	const result = resultOf(task.result);
	if (typeof result === "string") throw new BadModule(actor, task.name, result);
	then?.(result);
	return { ...deed, status: result.status };
}

/** The result of an operation, each field read once, or what is wrong with it. */
function resultOf(made: unknown): OperationResult | string {
	if (typeof made !== "object" || made === null)
		return `it returned ${shown(made)} where { status: number } is needed`;
	const { status, cookie } = made as Record<string, unknown>;
	if (typeof status !== "number" || (status | 0) !== status || status > 0)
		return `its \`status\` is ${shown(status)}, but 0 or a negative errno is needed`;
	if (cookie === undefined) return { status };
	if (typeof cookie !== "bigint" || BigInt.asUintN(64, cookie) !== cookie)
		return `its \`cookie\` is ${shown(cookie)}, but a bigint of 64 bits is needed`;
	return { status, cookie };
}

/** A module keeps to no contract: what it was asked for is not there, or is something else. */
export class BadModule extends Error {
	readonly actor: Actor | undefined;
	constructor(actor: Actor | undefined, what: string, wrong: string) {
		super(`${actor?.name ?? "a participant"}: ${what}: ${wrong}`);
		this.actor = actor;
	}
}
