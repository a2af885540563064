import type { z } from "zod/mini";
import type { Place, Span } from "../base/position.ts";
import type { Scope } from "./expression.ts";
import { LIMITS } from "./limits.ts";
import { MODIFIER_NAMES, MODIFIERS, type Modifiers } from "./modifiers.ts";
import { type Entry, follow, type MapNode, type Node, places } from "./node.ts";
import { type Complaints, read } from "./reader.ts";
import type { Step } from "./scenario.ts";
import { SHAPES, VERBS, type Verb } from "./steps/index.ts";
import type { StepShape } from "./steps/step.ts";
import { advise, nearest } from "./suggest.ts";
import { PARTICIPANTS, type Participant, type Role } from "./words.ts";

/** A step as written: its verb is known, its values may still wait for the matrix row. */
export interface StepSource {
	verb: Verb;
	shape: StepShape;
	key: Span;
	node: MapNode;
	args: Node;
	modifiers: MapNode;
	places: Readonly<Record<string, Place>>;
	via: readonly Place[];
	/** What was read, when it is the same for every row; null when it was wrong. */
	shared?: StepValues | null;
}

interface StepValues {
	args: Record<string, unknown>;
	modifiers: Modifiers;
}

/** A list of steps as written; what is no step is told and left out. */
export function readSteps(
	node: Node,
	via: readonly Place[],
	complaints: Complaints,
): StepSource[] {
	if (node.kind !== "list") {
		complaints.at(
			node,
			"needs a list of steps",
			"each step starts with `- `, e.g. `- gem.create: { as: buf, pages: 4 }`",
		);
		return [];
	}
	if (node.items.length > LIMITS.steps) {
		complaints.say(
			node.source,
			{ start: node.start, end: node.start + 1 },
			`${node.items.length} steps: the limit is ${LIMITS.steps}`,
		);
		return [];
	}
	return node.items.flatMap((item) => readStep(item, via, complaints) ?? []);
}

function readStep(
	node: Node,
	via: readonly Place[],
	complaints: Complaints,
): StepSource | undefined {
	if (node.kind !== "map") {
		const word =
			node.kind === "scalar" && typeof node.value === "string"
				? node.value
				: undefined;
		const verb =
			word === undefined
				? undefined
				: (VERBS.find((one) => one === word) ?? nearest(word, VERBS));
		complaints.at(
			node,
			"a step is a map with one verb",
			verb === undefined
				? "e.g. `- gem.create: { as: buf, pages: 4 }`"
				: `write \`- ${verb}: {}\``,
		);
		return undefined;
	}
	const verbs: [Verb, Entry][] = [];
	const strange: [string, Entry][] = [];
	const modifiers = new Map<string, Entry>();
	for (const [key, entry] of node.entries) {
		const verb = VERBS.find((one) => one === key);
		if (verb !== undefined) verbs.push([verb, entry]);
		else if ((MODIFIER_NAMES as readonly string[]).includes(key))
			modifiers.set(key, entry);
		else strange.push([key, entry]);
	}
	const [first, second] = verbs;
	for (const [key, { key: span }] of strange) {
		const known =
			first === undefined ? [...VERBS, ...MODIFIER_NAMES] : MODIFIER_NAMES;
		const near = nearest(key, known);
		const list =
			first === undefined
				? "`xdisp-check schema` lists all verbs"
				: advise(key, MODIFIER_NAMES);
		const what =
			first === undefined
				? `no verb \`${key.slice(0, 64)}\``
				: `unknown key \`${key.slice(0, 64)}\` beside \`${first[0]}\``;
		const inside =
			first !== undefined && Object.hasOwn(SHAPES[first[0]].args.shape, key);
		complaints.say(
			node.source,
			span,
			what,
			inside
				? `it is an argument: write \`${first[0]}: { ${key}: … }\``
				: near === undefined
					? list
					: `did you mean \`${near}\`?`,
		);
	}
	if (first === undefined) {
		if (strange.length === 0)
			complaints.say(
				node.source,
				{ start: node.start, end: node.start + 1 },
				"the step has no verb",
				"e.g. `- check: {}` beside `state`",
			);
		return undefined;
	}
	if (second !== undefined) {
		complaints.say(
			node.source,
			second[1].key,
			`a second verb \`${second[0]}\` in one step`,
			"start another step with `- `",
		);
		return undefined;
	}
	if (strange.length > 0) return undefined;
	const [verb, { key, value }] = first;
	if (value.kind !== "map") {
		const nothing = value.kind === "scalar" && value.value === null;
		complaints.say(
			node.source,
			nothing ? key : value,
			`\`${verb}\` needs a map of arguments`,
			`e.g. \`${SHAPES[verb].example}\``,
		);
		return undefined;
	}
	return {
		verb,
		shape: SHAPES[verb],
		key,
		node,
		args: value,
		modifiers: {
			...node,
			entries: modifiers,
			dynamic: [...modifiers.values()].some((entry) => entry.value.dynamic),
		},
		places: places(node),
		via,
	};
}

/** The step of one row; undefined when it is wrong, which has then been told. */
export function makeStep(
	source: StepSource,
	scope: Scope,
	cast: Readonly<Partial<Record<Participant, Role>>>,
	complaints: Complaints,
): Step | undefined {
	let values = source.shared;
	if (values === undefined) {
		values = readValues(source, scope, complaints) ?? null;
		if (!source.node.dynamic) source.shared = values;
	}
	if (values === null) return undefined;
	const { verb, places, via, key, node } = source;
	const actor = actorOf(source, values.args, cast, complaints);
	if (actor === false) return undefined;
	return {
		...values.modifiers,
		verb,
		args: values.args,
		actor,
		place: node.source.place(key.start),
		places,
		via,
	} as unknown as Step;
}

function readValues(
	source: StepSource,
	scope: Scope,
	complaints: Complaints,
): StepValues | undefined {
	const { shape, verb, key, args: argsNode } = source;
	const before = complaints.count;
	const args = read(
		shape.args as z.ZodMiniType,
		argsNode,
		scope,
		complaints,
		verb,
		key,
	) as Record<string, unknown> | undefined;
	const modifiers = read(
		MODIFIERS,
		source.modifiers,
		scope,
		complaints,
		"the step",
		key,
	);
	if (args === undefined || modifiers === undefined) return undefined;
	const unsound = shape.sound?.(args);
	if (unsound !== undefined) {
		const span =
			unsound.key === undefined
				? key
				: (follow(argsNode, [unsound.key]).key ?? key);
		complaints.say(
			argsNode.source,
			span,
			unsound.key === undefined
				? `\`${verb}\` ${unsound.message}`
				: unsound.message,
			unsound.advice,
		);
	}
	misplaced(source, modifiers, complaints);
	return complaints.count > before ? undefined : { args, modifiers };
}

/** Modifiers that say nothing beside this kind of verb. */
function misplaced(
	{ shape, verb, modifiers: node, key }: StepSource,
	modifiers: Modifiers,
	complaints: Complaints,
): void {
	const tell = (name: string, why: string, advice?: string) => {
		const span = node.entries.get(name)?.key ?? key;
		complaints.say(
			node.source,
			span,
			`\`${name}\` has no meaning beside \`${verb}\`: ${why}`,
			advice,
		);
	};
	const { by } = shape;
	if (modifiers.fails !== undefined && modifiers.async !== undefined)
		tell(
			"fails",
			"its result is known when it is joined",
			"write `fails` beside `join`",
		);
	if (modifiers.fails !== undefined && by !== "driver" && verb !== "join")
		tell(
			"fails",
			"only a driver operation can fail",
			by === "script" ? "a response is expected with `replies`" : undefined,
		);
	if (modifiers.async !== undefined && by !== "driver" && by !== "script")
		tell("async", "it waits for nobody");
	if (
		modifiers.replies !== undefined &&
		by !== "driver" &&
		verb !== "wire.send"
	)
		tell(
			"replies",
			"it sends no request",
			"requests are sent by driver operations and `wire.send`",
		);
	if (modifiers.sends !== undefined && (by === "check" || verb === "wire.send"))
		tell(
			"sends",
			verb === "wire.send"
				? "what it sends stands in its arguments"
				: "it does nothing",
		);
	if (modifiers.repeat !== undefined && modifiers.async !== undefined)
		tell("repeat", "a task has one name", "write a step for each task");
	if (modifiers.breaks !== undefined && by === "driver")
		tell("breaks", "only a scripted side breaks the protocol on purpose");
	if (
		by === "check" &&
		modifiers.state === undefined &&
		modifiers.eventually === undefined
	)
		complaints.say(
			node.source,
			key,
			"`check` checks nothing",
			"add `state` or `eventually`",
		);
}

/** Who does a step: undefined for nobody in particular, false when that is wrong. */
function actorOf(
	{ shape, verb, key, args }: StepSource,
	values: Record<string, unknown>,
	cast: Readonly<Partial<Record<Participant, Role>>>,
	complaints: Complaints,
): Participant | undefined | false {
	const { source } = args;
	const given = values.by as Participant | undefined;
	const span = follow(args, ["by"]);
	const at: Span = given === undefined || !span.whole ? key : span.node;
	if (shape.by === "driver") {
		const who = given ?? "fe";
		if (cast[who] !== "scripted") return who;
		complaints.say(
			source,
			at,
			`\`${who}\` is scripted: it has no driver that could do \`${verb}\``,
			"a scripted side acts with `wire.…` steps",
		);
		return false;
	}
	if (shape.by !== "script") return given;
	const able = PARTICIPANTS.filter(
		(who) =>
			cast[who] === "scripted" &&
			(shape.side === undefined ||
				(shape.side === "backend") === (who === "be")),
	);
	const side = shape.side ?? "participant";
	if (given !== undefined) {
		if (able.includes(given)) return given;
		if (cast[given] === "scripted")
			complaints.say(
				source,
				at,
				`\`${verb}\` is done by a scripted ${side}, and \`${given}\` is none`,
			);
		else
			complaints.say(
				source,
				at,
				`\`${given}\` is not scripted`,
				`cast it: { ${given}: scripted }`,
			);
		return false;
	}
	const [only, another] = able;
	if (only === undefined)
		complaints.say(
			source,
			key,
			`\`${verb}\` needs a scripted ${side}`,
			`e.g. cast: { ${shape.side === "backend" ? "be" : "fe"}: scripted }`,
		);
	else if (another !== undefined)
		complaints.say(
			source,
			key,
			`\`${verb}\` could be done by ${able.map((who) => `\`${who}\``).join(" or ")}`,
			"say which with `by`",
		);
	else return only;
	return false;
}
