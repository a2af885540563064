import type { Pick } from "../base/choices.ts";
import type { Requirement } from "./abilities.ts";
import { namesOf, type Scope } from "./expression.ts";
import { checkFlow, type Story, type Told } from "./flow.ts";
import * as head from "./head.ts";
import { LIMITS } from "./limits.ts";
import { type Let, type Row, rowId, rowText, scopeOf } from "./matrix.ts";
import { state } from "./modifiers.ts";
import { follow, type Node, nodePlace } from "./node.ts";
import { type Complaints, read } from "./reader.ts";
import type {
	Allowance,
	Case,
	Explore,
	FixtureName,
	Step,
	Sweep,
} from "./scenario.ts";
import { makeStep, type StepSource } from "./story.ts";
import { advise } from "./suggest.ts";
import type { Tag } from "./tags.ts";
import { PARTICIPANTS, type Participant, type Role } from "./words.ts";
import {
	defaultWorld,
	mergeWorld,
	WORLD_KEY_NAMES,
	WORLD_KEYS,
	type World,
	type WorldKeyName,
	type WorldPart,
} from "./world-keys.ts";

/** A fixture file, or the scenario itself, as one layer of what the story starts from. Layers lie with the deepest fixture first. */
export interface Layer {
	lets: readonly Let[];
	cast?: Node;
	world?: Node;
	/** World keys given beside `use`. They are read in the scope of the layer above. */
	with?: Node;
	steps: readonly StepSource[];
	requires: readonly { requirement: Requirement; node: Node }[];
}

/** A scenario file whose shape is known, before its matrix is expanded. */
export interface Draft {
	id: string;
	idNode: Node;
	title: Node;
	spec: readonly string[];
	tags: readonly Tag[];
	fixture: FixtureName;
	/** Fixture files first, the scenario last. */
	layers: readonly Layer[];
	rows: readonly Row[];
	interrupt?: { at: Node; with: readonly StepSource[] };
	after: readonly StepSource[];
	finally: readonly StepSource[];
	always?: Node;
	allow: readonly Allowance[];
	choices?: readonly Pick[];
	sweep?: Sweep;
	explore?: Explore;
}

const NO_NAMES: Scope = new Map();

/** The cases of a scenario, each with every `$` filled in. What is wrong with any of them is told once. */
export function expand(
	draft: Draft,
	overrides: WorldPart,
	complaints: Complaints,
): Case[] {
	const { layers, rows } = draft;
	const own = layers.at(-1);
	if (own === undefined) throw new Error("a draft without its own layer");
	const steps =
		layers.reduce((sum, layer) => sum + layer.steps.length, 0) +
		draft.after.length +
		draft.finally.length +
		(draft.interrupt?.with.length ?? 0);
	const start = { start: draft.idNode.start, end: draft.idNode.end };
	if (steps > LIMITS.steps) {
		complaints.say(
			draft.idNode.source,
			start,
			`the story has ${steps} steps: the limit is ${LIMITS.steps}`,
		);
		return [];
	}
	if (steps * rows.length > LIMITS.stepsOfAll) {
		complaints.say(
			draft.idNode.source,
			start,
			`${rows.length} cases of ${steps} steps are ${rows.length * steps} steps: the limit is ${LIMITS.stepsOfAll}`,
			"split the matrix over several files",
		);
		return [];
	}
	const fixtureScopes = layers
		.slice(0, -1)
		.map((layer) => scopeOf(NO_NAMES, layer.lets, complaints));
	const cases: Case[] = [];
	for (const row of rows) {
		if (complaints.full) break;
		const scope = scopeOf(row.values, own.lets, complaints);
		const one = makeCase(
			draft,
			row,
			[...fixtureScopes, scope],
			overrides,
			complaints,
		);
		if (one !== undefined) cases.push(one);
	}
	if (complaints.count === 0) checkUnused(draft, complaints);
	return cases;
}

function makeCase(
	draft: Draft,
	row: Row,
	scopes: readonly Scope[],
	overrides: WorldPart,
	complaints: Complaints,
): Case | undefined {
	const before = complaints.count;
	const scope = scopes.at(-1) ?? NO_NAMES;
	const { layers } = draft;
	let world = defaultWorld();
	const roles: Partial<Record<Participant, Role>> = {};
	const casts: { node: Node; cast: Partial<Record<Participant, Role>> }[] = [];
	for (const [index, layer] of layers.entries()) {
		const here = scopes[index] ?? NO_NAMES;
		if (layer.with !== undefined)
			world = mergeWorld(world, readWorld(layer.with, here, complaints));
		if (layer.world !== undefined)
			world = mergeWorld(world, readWorld(layer.world, here, complaints));
		const cast =
			layer.cast === undefined
				? undefined
				: read(head.cast, layer.cast, here, complaints, "cast");
		if (layer.cast !== undefined && cast !== undefined) {
			Object.assign(roles, cast);
			casts.push({ node: layer.cast, cast });
		}
	}
	world = mergeWorld(world, overrides);
	const present = PARTICIPANTS.filter(
		(who, index) => who === "be" || index < world.guests,
	);
	for (const { node, cast } of casts)
		for (const who of Object.keys(cast) as Participant[])
			if (!present.includes(who)) {
				const { key } = follow(node, [who]);
				complaints.say(
					node.source,
					key ?? node,
					`there is no \`${who}\` in this world`,
					`set world: { guests: ${who.slice(2)} }`,
				);
			}
	const cast: Partial<Record<Participant, Role>> = {};
	for (const who of present) cast[who] = roles[who] ?? "subject";
	const requires = layers.flatMap((layer) => layer.requires);
	checkRequires(requires, world, complaints);

	const title = read(head.title, draft.title, scope, complaints, "title");
	const told = (sources: readonly StepSource[], here: Scope): Told[] =>
		sources.flatMap((source) => {
			const step = makeStep(source, here, cast, complaints);
			return step === undefined ? [] : [{ step, source }];
		});
	const setup = layers
		.slice(0, -1)
		.flatMap((layer, index) => told(layer.steps, scopes[index] ?? NO_NAMES));
	const steps = told(layers.at(-1)?.steps ?? [], scope);
	const interrupt = readInterrupt(draft, scope, told, complaints);
	const after = told(draft.after, scope);
	const last = told(draft.finally, scope);
	const always =
		draft.always === undefined
			? []
			: readAlways(draft.always, scope, complaints);
	// Names cannot be followed through a story with holes in it.
	if (complaints.count > 0 || title === undefined) return undefined;

	const shown = Object.fromEntries(
		[...row.values].map(([name, value]) => [name, rowText(value)]),
	);
	const only = (list: readonly Told[]): Step[] => list.map(({ step }) => step);
	const one: Case = {
		id: row.values.size === 0 ? draft.id : `${draft.id}[${rowId(row)}]`,
		scenario: draft.id,
		title,
		row: shown,
		place: nodePlace(row.node ?? draft.idNode),
		spec: draft.spec,
		tags: draft.tags,
		requires: requires.map(({ requirement }) => requirement),
		cast,
		fixture: draft.fixture,
		world,
		setup: only(setup),
		steps: only(steps),
		after: only(after),
		finally: only(last),
		always,
		allow: draft.allow,
		...(interrupt === undefined
			? {}
			: {
					interrupt: {
						at: interrupt.at,
						with: only(interrupt.with),
						place: nodePlace(interrupt.node),
					},
				}),
		...(draft.choices === undefined ? {} : { choices: draft.choices }),
		...(draft.sweep === undefined ? {} : { sweep: draft.sweep }),
		...(draft.explore === undefined ? {} : { explore: draft.explore }),
	};
	const story: Story = {
		steps: [...setup, ...steps],
		after,
		finally: last,
		...(interrupt === undefined ? {} : { interrupt }),
	};
	checkFlow(story, one, scope, complaints);
	return complaints.count > before ? undefined : one;
}

function readInterrupt(
	draft: Draft,
	scope: Scope,
	told: (sources: readonly StepSource[], here: Scope) => Told[],
	complaints: Complaints,
): Story["interrupt"] {
	if (draft.interrupt === undefined) return undefined;
	const { at: node } = draft.interrupt;
	const at = read(head.markName, node, scope, complaints, "at");
	const steps = told(draft.interrupt.with, scope);
	return at === undefined ? undefined : { at, node, with: steps };
}

function readAlways(
	node: Node,
	scope: Scope,
	complaints: Complaints,
): Case["always"] {
	if (node.kind !== "list") {
		complaints.at(
			node,
			"`always` needs a list of maps",
			"e.g. always: [{ fe.grants: { le: 64 } }]",
		);
		return [];
	}
	return node.items.flatMap((item) => {
		const found = read(state, item, scope, complaints, "always") ?? [];
		return found.map((one) => ({
			...one,
			place: nodePlace(follow(item, [one.path.text]).node),
		}));
	});
}

function checkRequires(
	requires: Layer["requires"],
	world: World,
	complaints: Complaints,
): void {
	const has: Record<string, number> = {
		connectors: world.connectors.length,
		guests: world.guests,
		devices: world.devices,
	};
	for (const { requirement, node } of requires) {
		const { ability, least, text } = requirement;
		const there = has[ability];
		if (least !== undefined && there !== undefined && there < least)
			complaints.at(
				node,
				`it requires ${text}, but its world has ${there}`,
				`set world: { ${ability}: ${least} }`,
			);
	}
}

/** Names of the matrix and of `let` that nothing speaks of: likely a slip. */
function checkUnused(draft: Draft, complaints: Complaints): void {
	const own = draft.layers.at(-1);
	const used = new Set<string>();
	const visit = (node: Node | undefined): void => {
		if (node === undefined || !node.dynamic) return;
		if (node.kind === "list") for (const item of node.items) visit(item);
		else if (node.kind === "map")
			for (const { value } of node.entries.values()) visit(value);
		else
			for (const part of node.template?.parts ?? []) {
				if (typeof part === "string") continue;
				const { names, live } = namesOf(part.expression);
				for (const name of names) used.add(name);
				for (const { name } of live) used.add(name);
			}
	};
	const steps = [
		...(own?.steps ?? []),
		...(draft.interrupt?.with ?? []),
		...draft.after,
		...draft.finally,
	];
	for (const { node } of steps) visit(node);
	for (const node of [
		draft.title,
		draft.interrupt?.at,
		draft.always,
		own?.cast,
		own?.world,
		own?.with,
	])
		visit(node);
	for (const { node, expression } of own?.lets ?? []) {
		visit(node);
		if (expression !== undefined)
			for (const name of namesOf(expression).names) used.add(name);
	}
	for (const { name, key, node } of own?.lets ?? [])
		if (!used.has(name))
			complaints.warn(
				node.source,
				key,
				`\`${name}\` is never used`,
				`write \`$${name}\` where it is meant, or leave it out`,
			);
	const [row] = draft.rows;
	for (const [name, node] of row?.from ?? [])
		if (!used.has(name))
			complaints.warn(
				node.source,
				node,
				`the matrix's \`${name}\` is never used: its cases are all the same`,
				`write \`$${name}\` where it is meant`,
			);
}

/** First words of keys that have levels: `display`, `balloon`, `limits`. */
const GROUPS = [
	...new Set(
		WORLD_KEY_NAMES.filter((name) => name.includes(".")).map(
			(name) => name.split(".")[0] ?? "",
		),
	),
];
const PLAIN_KEYS = [
	...WORLD_KEY_NAMES.filter((name) => !name.includes(".")),
	...GROUPS,
];

/** A `world` map as keys with values. */
export function readWorld(
	node: Node,
	scope: Scope,
	complaints: Complaints,
): WorldPart {
	if (node.kind !== "map") {
		complaints.at(node, "`world` needs a map", "e.g. world: { connectors: 2 }");
		return {};
	}
	const part: Record<string, unknown> = {};
	const one = (name: WorldKeyName, value: Node) => {
		const found = read(WORLD_KEYS[name].value, value, scope, complaints, name);
		if (found !== undefined) part[name] = found;
	};
	for (const [name, { key, value }] of node.entries) {
		const known = WORLD_KEY_NAMES.find(
			(other) => other === name && !other.includes("."),
		);
		if (known !== undefined) one(known, value);
		else if (!GROUPS.includes(name)) {
			const [group = "", rest] = name.split(".");
			const dotted = rest !== undefined && GROUPS.includes(group);
			complaints.say(
				node.source,
				key,
				`unknown key \`${name.slice(0, 64)}\` in \`world\``,
				dotted
					? `write \`${group}: { ${rest}: … }\``
					: advise(name, PLAIN_KEYS),
			);
		} else if (value.kind !== "map")
			complaints.at(
				value,
				`\`${name}\` needs a map`,
				`known: ${below(name).join(", ")}`,
			);
		else
			for (const [inner, entry] of value.entries) {
				const whole = WORLD_KEY_NAMES.find(
					(other) => other === `${name}.${inner}`,
				);
				if (whole !== undefined) one(whole, entry.value);
				else
					complaints.say(
						value.source,
						entry.key,
						`unknown key \`${inner.slice(0, 64)}\` in \`${name}\``,
						advise(inner, below(name)),
					);
			}
	}
	return part as WorldPart;
}

function below(group: string): string[] {
	return WORLD_KEY_NAMES.filter((name) => name.startsWith(`${group}.`)).map(
		(name) => name.slice(group.length + 1),
	);
}

export { GROUPS as WORLD_GROUPS };
