/** The baseline: a YAML file of failures that are known, each with its reason. */
import { basename, dirname, resolve } from "node:path";
import * as z from "zod/mini";
import type { Place, Source } from "../../base/position.ts";
import { readSource } from "../../scenario/file.ts";
import { nodePlace } from "../../scenario/node.ts";
import { type Problem, sorted } from "../../scenario/problem.ts";
import { Complaints, read, unknownKeys } from "../../scenario/reader.ts";
import { type Leaf, leaf } from "../../scenario/values.ts";
import { parseYaml } from "../../scenario/yaml.ts";

/** One failure that is known. */
export interface Known {
	/** Expanded case id, as reports print it; with `*` for any run of characters it speaks of every case whose id is of that form. */
	case: string;
	/** Rule that fails there; `expectation` for what the scenario itself expects. */
	rule: string;
	/** What the rule says there, with `*` for what differs; without it whatever it says. */
	message?: string;
	reason: string;
	/** Where it is being dealt with. */
	link?: string;
	/** Last day, `YYYY-MM-DD`, on which it is taken as known. */
	expires?: string;
	place: Place;
}

export interface Baseline {
	source: Source;
	known: readonly Known[];
}

const text = (expects: string): Leaf<string> =>
	leaf(expects, { type: "string", minLength: 1 }, (value, refuse) =>
		typeof value === "string" && value.trim() !== ""
			? value
			: refuse(`needs ${expects}`),
	);

const isDay = (text: string): boolean =>
	z.safeParse(z.iso.date(), text).success;

const day: Leaf<string> = leaf(
	"a day, YYYY-MM-DD",
	{ type: "string", format: "date" },
	(value, refuse) =>
		typeof value === "string" && isDay(value)
			? value
			: refuse("this is no day of the calendar", "write it as 2027-01-31"),
);

const SCHEMA = z.strictObject({
	case: text("the id of a case, as reports print it"),
	rule: text("the id of a rule, or `expectation`"),
	message: z.optional(text("what the rule says, with * for what differs")),
	reason: text("a reason"),
	link: z.optional(text("an address")),
	expires: z.optional(day),
});

/** A baseline file, or what is wrong with it. `rules` are the names that an entry may give. */
export function readBaseline(
	path: string,
	rules: ReadonlySet<string>,
): Baseline | Problem[] {
	const whole = resolve(path);
	const source = readSource(dirname(whole), whole);
	if (!("text" in source)) return [source];
	return parseBaseline(source, rules);
}

export function parseBaseline(
	source: Source,
	rules: ReadonlySet<string>,
): Baseline | Problem[] {
	const complaints = new Complaints();
	const root = parseYaml(source);
	if (Array.isArray(root)) return root;
	const list =
		root.kind === "map" ? root.entries.get("known")?.value : undefined;
	if (root.kind !== "map" || list?.kind !== "list") {
		complaints.say(
			source,
			{ start: root.start, end: root.start + 1 },
			"a baseline is a map with one list",
			`known: [{ case: …, rule: …, reason: … }] – \`run --baseline ${basename(source.file)} --update-baseline\` writes it`,
		);
		return complaints.problems;
	}
	unknownKeys(root, ["known"], complaints, "a baseline");
	const known: Known[] = [];
	const seen = new Set<string>();
	for (const item of list.items) {
		const entry = read(SCHEMA, item, new Map(), complaints, "an entry");
		if (entry === undefined) continue;
		const key = `${entry.case} ${entry.rule} ${entry.message ?? ""}`;
		if (seen.has(key))
			complaints.at(item, `${entry.case} with ${entry.rule} is there twice`);
		if (entry.rule !== "expectation" && !rules.has(entry.rule))
			complaints.refused(
				item,
				["rule"],
				`there is no rule ${entry.rule}`,
				"`list --rules` names them",
				"value",
			);
		seen.add(key);
		const { message, link, expires, ...rest } = entry;
		known.push({
			...rest,
			...(message === undefined ? {} : { message }),
			...(link === undefined ? {} : { link }),
			...(expires === undefined ? {} : { expires }),
			place: nodePlace(item),
		});
	}
	return complaints.count > 0 ? sorted(complaints.problems) : { source, known };
}
