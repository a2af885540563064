import * as z from "zod/mini";
import * as head from "./head.ts";
import { LIMITS } from "./limits.ts";
import { MATCH_JSON } from "./match.ts";
import { MODIFIERS, STATE_JSON, sendOne } from "./modifiers.ts";
import { FIXTURES } from "./scenario.ts";
import { SHAPES, VERBS, type Verb } from "./steps/index.ts";
import { HINTS, type Json, SUBSTITUTION } from "./values.ts";
import { VIEWS } from "./views.ts";
import { WORLD_KEY_NAMES, WORLD_KEYS } from "./world-keys.ts";

const ID = "https://json-schema.org/draft/2020-12/schema";

/** A schema of ours as JSON Schema: leaves by their hints, the rest by its structure. */
function json(schema: z.ZodMiniType): Json {
	const { $schema: _, ...made } = z.toJSONSchema(schema, {
		io: "input",
		target: "draft-2020-12",
		unrepresentable: "any",
		override({ zodSchema, jsonSchema }) {
			const hint = HINTS.get(zodSchema);
			if (hint !== undefined) Object.assign(jsonSchema, hint);
		},
	}) as Json;
	return made;
}

const described = (description: string, schema: Json): Json => ({
	description,
	...schema,
});

/** The arguments of a verb. */
function argsSchema(verb: Verb): Json {
	const { says, args, example } = SHAPES[verb];
	const required = Object.keys(args.shape).filter((key) =>
		isRequired(args.shape[key]),
	);
	return {
		...json(args),
		...(required.length > 0 ? { required } : {}),
		description: `${says}, e.g. \`${example}\``,
	};
}

/** A step: one verb of all, and modifiers beside it. */
function stepSchema(): Json {
	const verbs = VERBS.map((verb) => [verb, { $ref: `#/$defs/${verb}` }]);
	return {
		type: "object",
		additionalProperties: false,
		properties: {
			...Object.fromEntries(verbs),
			...(json(MODIFIERS).properties as Record<string, Json>),
			state: {
				description: HINTS.get(MODIFIERS.shape.state)?.description,
				$ref: "#/$defs/state",
			},
		},
		oneOf: VERBS.map((verb) => ({ required: [verb] })),
	};
}

function isRequired(schema: unknown): boolean {
	const type = (schema as { def?: { type?: string } }).def?.type;
	return type !== "optional" && type !== "default";
}

function worldSchema(): Json {
	const properties: Record<string, Json> = {};
	for (const name of WORLD_KEY_NAMES) {
		const { value, says, default: plain } = WORLD_KEYS[name];
		const shown =
			typeof plain === "object" && !Array.isArray(plain) && "all" in plain
				? plain.all
				: plain;
		const simple =
			typeof shown === "string" ||
			typeof shown === "number" ||
			typeof shown === "boolean";
		const one = described(says, {
			...json(value),
			...(simple ? { default: shown } : {}),
		});
		const [group, rest] = name.split(".");
		if (group === undefined || rest === undefined) properties[name] = one;
		else {
			const known = properties[group] ?? {
				type: "object",
				additionalProperties: false,
				properties: {},
			};
			properties[group] = known;
			(known.properties as Record<string, Json>)[rest] = one;
		}
	}
	return { type: "object", additionalProperties: false, properties };
}

/** Paths of `state` as patterns, so that an editor can complete the plain ones and check the others. */
function stateSchema(): Json {
	const patternProperties: Record<string, Json> = {};
	for (const [path, { says }] of Object.entries(VIEWS)) {
		const pattern = path
			.replace(/[.()]/g, "\\$&")
			.replace(/WHO/g, "(fe[234]?|be)")
			.replace(/DEV|CONNECTOR/g, "[0-9]+")
			.replace(/INDEX/g, "[a-z_]+")
			.replace(/NODE|KIND|BUFFER/g, "[^()]+");
		patternProperties[`^${pattern}$`] = {
			description: says,
			$ref: "#/$defs/wanted",
		};
	}
	return { ...STATE_JSON, additionalProperties: false, patternProperties };
}

/** Replaces what stands for shared definitions by references, so that the document stays small. */
function topSchema(): Json {
	const steps: Json = {
		type: "array",
		maxItems: LIMITS.steps,
		items: { $ref: "#/$defs/step" },
	};
	const stateRef: Json = { $ref: "#/$defs/state" };
	const value: Json = { type: ["string", "integer", "boolean"] };
	const row: Json = {
		type: "object",
		minProperties: 1,
		additionalProperties: value,
	};
	const fixtureName: Json = {
		anyOf: [{ enum: Object.keys(FIXTURES) }, head.USE_JSON],
	};
	const properties: Record<head.TopKey, Json> = {
		id: json(head.id),
		title: json(head.title),
		spec: json(head.spec),
		tags: json(head.tags),
		requires: json(head.requires),
		cast: json(head.cast),
		use: {
			anyOf: [
				fixtureName,
				{
					type: "object",
					required: ["fixture"],
					additionalProperties: false,
					properties: { fixture: fixtureName, with: { $ref: "#/$defs/world" } },
				},
			],
		},
		world: { $ref: "#/$defs/world" },
		matrix: {
			type: "object",
			properties: {
				include: { type: "array", items: row },
				exclude: { type: "array", items: row },
				pairwise: { type: "boolean" },
			},
			additionalProperties: { type: "array", minItems: 1, items: value },
		},
		let: {
			type: "object",
			maxProperties: LIMITS.lets,
			additionalProperties: { type: ["string", "integer"] },
		},
		steps,
		interrupt: {
			type: "object",
			required: ["at", "with"],
			additionalProperties: false,
			properties: {
				at: { type: "string" },
				with: { anyOf: [steps, { $ref: "#/$defs/step" }] },
			},
		},
		after: steps,
		finally: steps,
		always: { type: "array", items: stateRef },
		allow: json(head.allow),
		choices: json(head.choices),
		sweep: json(head.sweep),
		explore: json(head.explore),
	};
	for (const name of head.TOP_NAMES)
		properties[name] = described(head.TOP_KEYS[name], properties[name]);
	return {
		type: "object",
		required: ["id", "title", "steps"],
		additionalProperties: false,
		properties,
	};
}

/** Any scalar may be a `$name` or `$(expression)` instead: the same schema with that let in. What describes a node stays outside, where editors look for it. */
function open(node: Json): Json {
	const { description, default: plain, ...rest } = node;
	const inner = Object.fromEntries(
		Object.entries(rest).map(([key, value]) => [key, openBelow(key, value)]),
	) as Json;
	const narrow =
		"enum" in rest ||
		rest.type === "integer" ||
		rest.type === "boolean" ||
		(rest.type === "string" && ("pattern" in rest || "maxLength" in rest));
	const made = narrow ? { anyOf: [inner, SUBSTITUTION] } : inner;
	return {
		...made,
		...(description === undefined ? {} : { description }),
		...(plain === undefined ? {} : { default: plain }),
	};
}

const isNode = (value: unknown): value is Json =>
	typeof value === "object" && value !== null && !Array.isArray(value);

function openBelow(key: string, value: unknown): unknown {
	if (key === "properties" || key === "patternProperties")
		return Object.fromEntries(
			Object.entries(value as Record<string, Json>).map(([name, child]) => [
				name,
				open(child),
			]),
		);
	if (key === "anyOf" || key === "oneOf")
		return (value as unknown[]).map((child) =>
			isNode(child) && !("required" in child && !("type" in child))
				? open(child)
				: child,
		);
	if ((key === "items" || key === "additionalProperties") && isNode(value))
		return open(value);
	return value;
}

/** The JSON Schema of a scenario file, for editors. It says what a file may hold; `lint` says the rest. */
export function scenarioSchema(): Json {
	return {
		$schema: ID,
		title: "xdisp-check scenario",
		...topSchema(),
		$defs: {
			step: open(stepSchema()),
			...Object.fromEntries(
				VERBS.map((verb) => [verb, open(argsSchema(verb))]),
			),
			match: MATCH_JSON,
			wanted: {
				anyOf: [
					MATCH_JSON,
					SUBSTITUTION,
					{ type: ["string", "boolean"] },
					{ type: "array", items: { type: ["string", "integer"] } },
				],
			},
			state: open(stateSchema()),
			request: open(json(sendOne)),
			world: open(worldSchema()),
		},
	};
}
