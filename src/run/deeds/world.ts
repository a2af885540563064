/** What the world and check verbs do: the toolstack, the life of domains, the display, limits and faults. */
import { statusText } from "../../base/errno.ts";
import {
	addDevice,
	askRemoval,
	createDomain,
	deleteDevice,
} from "../../peer/toolstack.ts";
import type { StepOf } from "../../scenario/scenario.ts";
import { ask, type CallName, type Turns } from "../../xen/call.ts";
import type { DisplayManners } from "../../xen/display.ts";
import type { FaultDeed } from "../faults/faults.ts";
import { deviceDirectory, display } from "../see.ts";
import { type Deed, type Stage, StepError } from "../stage.ts";
import { type Deeds, finish, type VerbsBy } from "./driver.ts";

export const worldDeeds: Deeds<VerbsBy<"world" | "check">> = {
	*"toolstack.add"(stage, step) {
		yield* addDevice(stage.device(step.args.guest, step.args.dev));
		return {};
	},
	*"toolstack.remove"(stage, step) {
		const { guest, dev, force } = step.args;
		const be = stage.actor("be").domid;
		const fe = stage.actor(guest).domid;
		if (force) yield* deleteDevice(be, fe, dev);
		else yield* askRemoval(be, fe, dev);
		return {};
	},

	*"driver.start"(stage, step) {
		yield* stage.startDriver(stage.actor(step.args.of));
		return {};
	},
	*"driver.kill"(stage, step) {
		const actor = stage.actor(step.args.of);
		stage.runner.kill(actor.domid);
		yield* ask("driver.exit", { domid: actor.domid });
		delete actor.frontend;
		delete actor.backend;
		return {};
	},
	*"driver.stop"(stage, step) {
		yield* stage.stopDriver(stage.actor(step.args.of));
		return {};
	},

	*join(stage, step) {
		const { task, step: begun } = stage.named(step, step.args.of, "task");
		const actor =
			begun.actor === undefined ? undefined : stage.actor(begun.actor);
		return yield* finish(actor, task, stage.settlers.get(task.id));
	},

	*"domain.create"(stage, step) {
		const actor = stage.actor(step.args.of);
		if (stage.world.life(actor.domid) === "zombie")
			throw new StepError(
				step,
				`domain ${actor.domid} of ${actor.name} is a zombie: its number is not free`,
				"args",
				"of",
			);
		yield* createDomain(actor.domid);
		delete actor.script;
		return {};
	},
	"domain.crash": (stage, step) => life(stage, step, "domain.crash"),
	"domain.hang": (stage, step) => life(stage, step, "domain.hang"),
	"domain.resume": (stage, step) => life(stage, step, "domain.resume"),
	"domain.destroy": (stage, step) => life(stage, step, "domain.destroy"),

	"display.hold": (stage, step) => manners(stage, step, { hold: true }),
	"display.release": (stage, step) => manners(stage, step, { hold: false }),
	"display.lose": (stage, step) => manners(stage, step, { lost: true }),
	"display.withhold": (stage, step) => manners(stage, step, { withhold: true }),
	"display.resume": (stage, step) => manners(stage, step, { withhold: false }),

	"balloon.set"(stage, step) {
		const domain = stage.world.domain(stage.actor(step.args.of).domid);
		if (domain === undefined) return {};
		const { limits } = domain.physmap;
		if (step.args.limit !== undefined) limits.balloon = step.args.limit;
		if (step.args.credit !== undefined) limits.balloonCredit = step.args.credit;
		return {};
	},
	"memory.limit"(stage, step) {
		stage.world
			.domain(stage.actor(step.args.of).domid)
			?.physmap.limitFree(step.args.pages);
		return {};
	},
	"grants.limit"(stage, step) {
		stage.world
			.domain(stage.actor(step.args.of).domid)
			?.grants.limitFree(step.args.free);
		return {};
	},

	fault(stage, step) {
		const { at, of, nth, times, returns, does, ticks } = step.args;
		const deed: FaultDeed =
			returns !== undefined
				? { does: "answer", status: returns }
				: does === "delayed"
					? { does: "delay", ticks: ticks ?? 1 }
					: { does: does === "doubled" ? "double" : "lose" };
		stage.faults.arm({
			at: at as CallName,
			domid: stage.actor(of).domid,
			nth,
			times,
			deed,
			text: `${at} of ${of} ${returns !== undefined ? `answered ${at.startsWith("grant.") ? returns : statusText(returns)}` : does}, ${nth === 1 ? "the first call" : `call ${nth}`}${times > 1 ? ` and ${times - 1} after it` : ""}`,
		});
		return {};
	},

	*"xs.write"(stage, step) {
		const { path, value, dev, by } = step.args;
		const text =
			typeof value === "string"
				? value
				: String(stage.number(step, value, "args", "value"));
		const where =
			path.of === undefined
				? path.text
				: join(deviceDirectory(stage, path.of, dev), path.below);
		const write = () => ask("xs.write", { tx: 0, path: where, value: text });
		const reply =
			by === undefined
				? yield* write()
				: yield* stage.perform(stage.actor(by), "xs.write", write);
		return { status: reply.status };
	},
	*"xs.rm"(stage, step) {
		const { path, dev, by } = step.args;
		const where =
			path.of === undefined
				? path.text
				: join(deviceDirectory(stage, path.of, dev), path.below);
		const rm = () => ask("xs.rm", { tx: 0, path: where });
		const reply =
			by === undefined
				? yield* rm()
				: yield* stage.perform(stage.actor(by), "xs.rm", rm);
		return { status: reply.status };
	},

	*wait(stage, step) {
		yield* stage.sleep(step.args.ticks);
		return {};
	},
	*settle(stage) {
		yield* stage.runner.pause({
			until: "rest",
			limit: stage.world.now + stage.runner.limits.restTicks,
		});
		return {};
	},
	check() {
		return {};
	},
};

const join = (directory: string, below: string): string =>
	below === "" ? directory : `${directory}/${below}`;

function* life(
	stage: Stage,
	step: StepOf<
		"domain.crash" | "domain.hang" | "domain.resume" | "domain.destroy"
	>,
	op: "domain.crash" | "domain.hang" | "domain.resume" | "domain.destroy",
): Turns<Deed> {
	const { domid } = stage.actor(step.args.of);
	const { status } = yield* ask(op, { domid });
	if (status < 0)
		throw new StepError(
			step,
			`${op} of ${step.args.of} is not possible: the domain is ${stage.world.life(domid)}`,
		);
	return {};
}

function manners(
	stage: Stage,
	step: StepOf<
		| "display.hold"
		| "display.release"
		| "display.lose"
		| "display.withhold"
		| "display.resume"
	>,
	how: Partial<DisplayManners>,
): Deed {
	const { guest, dev, connector } = step.args;
	display(stage, connector, guest, dev).setManners(how, stage.world.now);
	return {};
}
