import * as z from "zod/mini";
import { type Pick, parsePicks } from "../base/choices.ts";
import { type Requirement, readAbility } from "./abilities.ts";
import { LIMITS } from "./limits.ts";
import { advise } from "./suggest.ts";
import { TAG_NAMES, type Tag } from "./tags.ts";
import {
	int,
	type Json,
	type Leaf,
	label,
	leaf,
	oneOrMore,
	show,
	text,
	told,
	word,
} from "./values.ts";
import { PARTICIPANTS, type Participant, ROLES, type Role } from "./words.ts";

/** The keys of a scenario file, in the order they are usually written. */
export const TOP_KEYS = {
	id: "stable name, unique over all files: dotted lower-case words",
	title: "one sentence: what holds if the scenario passes",
	spec: "ids of the requirements it speaks to",
	tags: "for `--tag`; each is declared",
	requires: "abilities without which it is skipped",
	cast: "who plays each participant: subject, reference or scripted",
	use: "the fixture the story starts from; `connected` if not said",
	world: "sizes and shape of the world",
	matrix: "lists of values: one case for each combination",
	let: "names for whole numbers computed from the row",
	steps: "the story",
	interrupt:
		"steps that cut in when a mark is passed; what is left of `steps` is not run",
	after: "steps after the interrupt",
	finally: "steps that run in any case, at the end",
	always: "what holds after every call",
	allow: "rules that do not count here, each with the reason",
	choices:
		"the choices of one run, as a report prints them: played unless the command line names others",
	sweep: "run once for each place where a fault can strike",
	explore: "run under other orders of turns",
} as const;
export type TopKey = keyof typeof TOP_KEYS;
export const TOP_NAMES = Object.keys(TOP_KEYS) as readonly TopKey[];

/** The keys of a fixture file. */
export const FIXTURE_KEYS = [
	"title",
	"use",
	"cast",
	"requires",
	"world",
	"let",
	"steps",
] as const satisfies readonly TopKey[];

const ID = /^[a-z][a-z0-9-]*(\.[a-z0-9][a-z0-9-]*)*$/;

export const id: Leaf<string> = leaf(
	"a dotted lower-case name, e.g. gem.fe-alloc.create",
	{ type: "string", pattern: ID.source, maxLength: LIMITS.idLength },
	(value, refuse) => {
		if (typeof value !== "string") return undefined;
		if (value.length > LIMITS.idLength)
			refuse(
				`the id has ${value.length} characters: the limit is ${LIMITS.idLength}`,
			);
		if (!ID.test(value))
			refuse(
				`${show(value)} is no id`,
				"lower-case words of letters, digits and hyphens, with dots between: gem.fe-alloc.create",
			);
		return value;
	},
);

export const title = text(200);

/** The form of a requirement's id; whether it exists is asked of the catalogue. */
export const requirementId: Leaf<string> = leaf(
	"a requirement id",
	{ type: "string", maxLength: 128 },
	(value, refuse) => {
		if (typeof value !== "string") return undefined;
		if (!/^[A-Za-z][A-Za-z0-9._/-]{0,127}$/.test(value))
			refuse(
				`${show(value)} is no requirement id`,
				"e.g. displif.dbuf-create.cookie-unique",
			);
		return value;
	},
);

export const spec = oneOrMore("requirement ids", requirementId);

const tag: Leaf<Tag> = leaf("a tag", { enum: TAG_NAMES }, (value, refuse) => {
	if (typeof value !== "string") return undefined;
	return (
		TAG_NAMES.find((one) => one === value) ??
		refuse(`no tag ${show(value)}`, advise(value, TAG_NAMES))
	);
});
export const tags = oneOrMore("tags", tag, 16);

const ability: Leaf<Requirement> = leaf(
	"an ability",
	{ type: "string", pattern: "^[a-z0-9-]+( *>= *[0-9]+)?$" },
	(value, refuse) => {
		if (typeof value !== "string") return undefined;
		const found = readAbility(value);
		return "wrong" in found ? refuse(found.wrong, found.advice) : found;
	},
);
export const requires = oneOrMore("abilities", ability, 16);

const castMap: Leaf<Partial<Record<Participant, Role>>> = leaf(
	"a map of participants to subject, reference or scripted",
	{
		type: "object",
		additionalProperties: false,
		properties: Object.fromEntries(
			PARTICIPANTS.map((who) => [who, { enum: ROLES }]),
		),
	},
	(value, refuse) => {
		if (typeof value !== "object" || value === null || Array.isArray(value))
			return undefined;
		const cast: Partial<Record<Participant, Role>> = {};
		for (const [who, role] of Object.entries(
			value as Record<string, unknown>,
		)) {
			const known = PARTICIPANTS.find((one) => one === who);
			if (known === undefined)
				return refuse(
					`no participant \`${who.slice(0, 64)}\``,
					advise(who, PARTICIPANTS),
					[who],
					"key",
				);
			const played = ROLES.find((one) => one === role);
			if (played === undefined)
				return refuse(
					`no role ${show(role)}`,
					typeof role === "string"
						? advise(role, ROLES)
						: `known: ${ROLES.join(", ")}`,
					[who],
				);
			cast[known] = played;
		}
		return cast;
	},
);
export const cast = castMap;

export const allow = z
	.array(
		z.strictObject({
			rule: told("id of the rule", label("the rule")),
			because: told("why it does not count here", text(400, 10)),
		}),
	)
	.check(z.maxLength(32));

/** Picks of the die, as `--choices` takes them. */
export const choices: Leaf<Pick[]> = leaf(
	"choices such as turn:3=1,turn:9=2, or a list of such",
	{
		anyOf: [{ type: "string" }, { type: "array", items: { type: "string" } }],
	},
	(value, refuse) => {
		const list = Array.isArray(value) ? value : [value];
		if (!list.every((one) => typeof one === "string")) return undefined;
		const picks = parsePicks(list.join(","));
		return "error" in picks
			? refuse(picks.error, "copy what a report prints after `--choices`")
			: picks;
	},
);

const callPattern: Leaf<string> = leaf(
	"a call or a beginning with `*`, e.g. grant.*",
	{ type: "string" },
	(value, refuse) => {
		if (typeof value !== "string") return undefined;
		if (!/^(\*|[a-z]+(\.[a-z-]+)?|[a-z]+\.\*)$/.test(value))
			refuse(
				`${show(value)} names no call`,
				"e.g. grant.map, or grant.* for all of a kind",
			);
		return value;
	},
);

export const sweep = z.strictObject({
	of: told(
		"whose calls fail; the subjects' if not said",
		z.optional(oneOrMore("participants", word(PARTICIPANTS, "participant"), 5)),
	),
	at: told(
		"calls that fail, in turn",
		z._default(oneOrMore("calls", callPattern, 64), ["*"]),
	),
	most: told("most runs", z._default(int(1, 1_000_000), 10_000)),
	outcome: told(
		"what a run may end as: all well, or an error and balanced ledgers",
		z._default(
			oneOrMore("outcomes", word(["ok", "clean-error"], "outcome"), 2),
			["ok", "clean-error"],
		),
	),
});

export const explore = z.strictObject({
	schedules: told(
		"all orders of turns, or a sample",
		z._default(word(["exhaustive", "sampled"], "way"), "exhaustive"),
	),
	preemptions: told(
		"most switches away from a task that could go on",
		z._default(int(0, 16), 2),
	),
	seeds: told(
		"seeds to sample: always when sampled, else when there are too many orders",
		z._default(int(1, 1_000_000), 500),
	),
	most: told("most runs", z._default(int(1, 10_000_000), 100_000)),
});

export const markName = label("the mark");

/** Descriptions of parts that only the JSON Schema needs. */
export const USE_JSON: Json = {
	type: "string",
	pattern: "^([a-z]+|\\.{1,2}/.+\\.yaml)$",
};
