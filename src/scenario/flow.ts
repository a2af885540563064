import type { Place, Span } from "../base/position.ts";
import { namesOf, type Scope } from "./expression.ts";
import { follow, type Node } from "./node.ts";
import type { Complaints } from "./reader.ts";
import { type Case, placeOf, type Step } from "./scenario.ts";
import type { StepSource } from "./story.ts";
import { advise } from "./suggest.ts";
import { KINDS, type Kind, PARTICIPANTS, type Participant } from "./words.ts";

/** A step with the text it was read from. */
export interface Told {
	step: Step;
	source: StepSource;
}

/** The lists of a case in the order they run. */
export interface Story {
	steps: readonly Told[];
	interrupt?: { at: string; node: Node; with: readonly Told[] };
	after: readonly Told[];
	finally: readonly Told[];
}

interface Named {
	kind: Kind;
	/** Whether the step that makes it is sure to succeed and to run. */
	sure: boolean;
	made: Place;
	ended?: Place;
}

/** Kinds as messages call them. */
const WORDS: Readonly<Record<Kind, string>> = {
	buffer: "buffer",
	fb: "framebuffer",
	request: "request",
	mapping: "mapping",
	answer: "answer",
	task: "task",
};

/** Follows the names of a case through its steps: used before made, made twice, used after their end, marks nobody sets. */
export function checkFlow(
	story: Story,
	one: Case,
	scope: Scope,
	complaints: Complaints,
): void {
	const flow = new Flow(one, scope, complaints);
	for (const told of story.steps) flow.step(told);
	flow.steady = story.interrupt === undefined;
	if (story.interrupt !== undefined) {
		const { at, node } = story.interrupt;
		if (!flow.marks.has(at))
			complaints.at(
				node,
				`no step is marked \`${at}\``,
				flow.marks.size === 0
					? "put `mark: NAME` beside a step"
					: advise(at, flow.marks.keys()),
			);
		for (const told of story.interrupt.with) flow.step(told);
	}
	for (const told of story.after) flow.step(told);
	flow.steady = false;
	for (const told of story.finally) flow.step(told);
	flow.conditions();
}

class Flow {
	readonly marks = new Map<string, Place>();
	/** Whether every step so far is sure to have run: not after an interrupt, not in `finally`. */
	steady = true;
	readonly #names = new Map<string, Named>();
	readonly #conditions: { name: string; source: StepSource }[] = [];
	readonly #case: Case;
	readonly #scope: Scope;
	readonly #complaints: Complaints;

	constructor(one: Case, scope: Scope, complaints: Complaints) {
		this.#case = one;
		this.#scope = scope;
		this.#complaints = complaints;
	}

	step({ step, source }: Told): void {
		this.#people(step, source);
		this.#indices(step, source);
		this.#lateNames(source);
		const args = step.args as Record<string, unknown>;
		const uses = Object.entries(source.shape.names ?? {}) as [
			string,
			{ makes?: Kind; needs?: readonly Kind[]; ends?: true },
		][];
		for (const [arg, use] of uses) {
			const name = args[arg];
			if (typeof name !== "string" || use.needs === undefined) continue;
			this.#need(
				name,
				use.needs,
				source,
				["args", arg],
				step,
				use.ends === true,
			);
		}
		for (const [arg, use] of uses) {
			const name = args[arg];
			if (typeof name === "string" && use.makes !== undefined)
				this.#make(name, use.makes, source, ["args", arg], step);
		}
		if (step.repeat !== undefined && step.fails === undefined)
			this.#repeated(step, source, uses);
		if (step.async !== undefined)
			this.#make(step.async, "task", source, ["async"], step);
		if (step.if !== undefined) this.#conditions.push({ name: step.if, source });
		if (step.mark !== undefined) {
			const before = this.marks.get(step.mark);
			if (before !== undefined)
				this.#complaints.say(
					source.node.source,
					span(source, ["mark"]),
					`the mark \`${step.mark}\` is set twice`,
					undefined,
					[{ place: before, says: "first set at" }],
				);
			else this.marks.set(step.mark, placeOf(step, "mark"));
		}
		const states = [...(step.state ?? []), ...(step.eventually?.state ?? [])];
		for (const { path } of states) {
			const [name] = path.args;
			if (path.view.startsWith("dbuf(") && name !== undefined)
				this.#need(
					name,
					["buffer"],
					source,
					step.state?.some((one) => one.path === path)
						? ["state", path.text]
						: ["eventually", "state", path.text],
					step,
					false,
					true,
				);
		}
	}

	/** `if` may name what a later step of another list makes, so it is looked at when all steps are known. */
	conditions(): void {
		for (const { name, source } of this.#conditions)
			if (!this.#names.has(name))
				this.#complaints.say(
					source.node.source,
					span(source, ["if"]),
					`no step makes \`${name}\``,
					this.#names.size === 0
						? "names are made with `as`"
						: advise(name, this.#names.keys()),
				);
	}

	#make(
		name: string,
		kind: Kind,
		source: StepSource,
		path: string[],
		step: Step,
	): void {
		const before = this.#names.get(name);
		if (this.#scope.has(name))
			this.#complaints.say(
				source.node.source,
				span(source, path),
				`\`${name}\` is a name of the matrix or of \`let\` already`,
			);
		else if (
			before !== undefined &&
			before.ended === undefined &&
			before.sure &&
			this.steady
		)
			this.#complaints.say(
				source.node.source,
				span(source, path),
				`\`${name}\` is the name of a ${WORDS[before.kind]} already`,
				"choose another name, or end it first",
				[{ place: before.made, says: "made at" }],
			);
		const refused =
			step.replies?.must !== undefined && step.replies.must.how !== "ok";
		const sure = step.fails === undefined && step.if === undefined && !refused;
		this.#names.set(name, { kind, sure, made: placeOf(step, ...path) });
	}

	/** A name can be made or ended once only. */
	#repeated(
		step: Step,
		source: StepSource,
		uses: readonly [string, { makes?: Kind; ends?: true }][],
	): void {
		const args = step.args as Record<string, unknown>;
		const once = uses.find(
			([arg, use]) =>
				args[arg] !== undefined &&
				(use.makes !== undefined || use.ends === true),
		);
		if (once !== undefined)
			this.#complaints.say(
				source.node.source,
				span(source, ["repeat"], true),
				`\`${step.verb}\` cannot be repeated: \`${String(args[once[0]])}\` is ${once[1].ends === true ? "ended" : "made"} once`,
				"add `fails` if it never succeeds",
			);
	}

	#need(
		name: string,
		kinds: readonly Kind[],
		source: StepSource,
		path: string[],
		step: Step,
		ends: boolean,
		key = false,
	): void {
		const at = span(source, path, key);
		const { source: text } = source.node;
		const found = this.#names.get(name);
		if (found === undefined) {
			const known = [...this.#names]
				.filter(([, one]) => kinds.includes(one.kind))
				.map(([one]) => one);
			const advice =
				known.length === 0
					? `no ${kinds.map((one) => WORDS[one]).join(" or ")} is made before this step`
					: advise(name, known);
			this.#complaints.say(
				text,
				at,
				`no ${kinds.map((one) => WORDS[one]).join(" or ")} is called \`${name}\` here`,
				advice,
			);
			return;
		}
		if (!kinds.includes(found.kind)) {
			this.#complaints.say(
				text,
				at,
				`\`${name}\` is a ${WORDS[found.kind]}, and a ${kinds.map((one) => WORDS[one]).join(" or a ")} is needed`,
				undefined,
				[{ place: found.made, says: "made at" }],
			);
			return;
		}
		const plain =
			source.shape.by === "driver" &&
			step.fails === undefined &&
			step.replies === undefined;
		if (found.ended !== undefined && plain && this.steady && !key)
			this.#complaints.say(
				text,
				at,
				`\`${name}\` has ended before this step`,
				"add `fails` if that is the point",
				[{ place: found.ended, says: "ended at" }],
			);
		if (ends && step.fails === undefined && step.if === undefined)
			found.ended = step.place;
	}

	#lateNames(source: StepSource): void {
		const visit = (node: Node): void => {
			if (!node.dynamic) return;
			if (node.kind === "list") node.items.forEach(visit);
			else if (node.kind === "map")
				for (const { value } of node.entries.values()) visit(value);
			else
				for (const part of node.template?.parts ?? []) {
					if (typeof part === "string") continue;
					for (const { name, field, at } of namesOf(part.expression).live)
						if (!this.#scope.has(name)) this.#late(node, name, field, at);
				}
		};
		visit(source.node);
	}

	#late(node: Node, name: string, field: string, at: number): void {
		const found = this.#names.get(name);
		if (found === undefined) {
			this.#complaints.wrong(node, {
				wrong: `nothing is called \`${name}\` here`,
				at,
				end: at + name.length,
				advice: advise(name, [...this.#scope.keys(), ...this.#names.keys()]),
			});
			return;
		}
		const { fields } = KINDS[found.kind];
		if (!Object.hasOwn(fields, field))
			this.#complaints.wrong(node, {
				wrong: `a ${WORDS[found.kind]} has no \`${field}\``,
				at,
				end: at + name.length + 1 + field.length,
				advice: advise(field, Object.keys(fields)),
			});
	}

	/** Participants that a step speaks of exist. */
	#people(step: Step, source: StepSource): void {
		const args = step.args as Record<string, unknown>;
		for (const arg of ["by", "of", "guest", "from"]) {
			const who = PARTICIPANTS.find((one) => one === args[arg]);
			if (
				who !== undefined &&
				source.shape.names !== undefined &&
				arg in source.shape.names
			)
				continue;
			if (who !== undefined) this.#present(who, source, ["args", arg]);
		}
		if (step.delta !== undefined && step.delta !== "none")
			for (const { who, path } of step.delta)
				this.#present(who, source, ["delta", path], true);
		for (const { path } of step.state ?? [])
			this.#presentIn(path, source, ["state", path.text]);
		for (const { path } of step.eventually?.state ?? [])
			this.#presentIn(path, source, ["eventually", "state", path.text]);
	}

	#presentIn(
		path: { view: string; args: readonly string[] },
		source: StepSource,
		at: string[],
	): void {
		if (!path.view.startsWith("WHO")) return;
		for (const arg of path.args) {
			const who = PARTICIPANTS.find((one) => one === arg);
			if (who !== undefined) this.#present(who, source, at, true);
		}
	}

	#present(
		who: Participant,
		source: StepSource,
		path: string[],
		key = false,
	): void {
		if (this.#case.cast[who] !== undefined) return;
		const number = who.slice(2);
		this.#complaints.say(
			source.node.source,
			span(source, path, key),
			`there is no \`${who}\` in this world`,
			`set world: { guests: ${number} }`,
		);
	}

	#indices(step: Step, source: StepSource): void {
		const { connector, dev } = step.args as {
			connector?: unknown;
			dev?: unknown;
		};
		const { world } = this.#case;
		const tell = (arg: string, value: number, count: number) =>
			this.#complaints.say(
				source.node.source,
				span(source, ["args", arg]),
				`there is no ${arg === "dev" ? "device" : "connector"} ${value} in this world`,
				`it has ${count}, counted from 0: see \`world\``,
			);
		const many = world.connectors.length;
		if (typeof connector === "number" && connector >= many)
			tell("connector", connector, many);
		if (typeof dev === "number" && dev >= world.devices)
			tell("dev", dev, world.devices);
	}
}

function span(source: StepSource, path: string[], key = false): Span {
	const steps = path[0] === "args" ? [source.verb, ...path.slice(1)] : path;
	const found = follow(source.node, steps);
	if (!found.whole) return source.key;
	return key ? (found.key ?? found.node) : found.node;
}
