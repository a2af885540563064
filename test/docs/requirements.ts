/** docs/REQUIREMENTS.md, made from the catalogue, the tables of sentences and the rules. */
import { citesOf } from "../../src/judge/rule.ts";
import { RULES } from "../../src/judge/rules/index.ts";
import { REQUIREMENTS } from "../../src/spec/index.ts";
import type { Requirement } from "../../src/spec/requirement.ts";
import { derivationOf, sentencesOf } from "../../src/spec/sentences/index.ts";
import { anchor, cell, owesText } from "./markdown.ts";

const rulesOf = (id: string): string =>
	RULES.filter((rule) => citesOf(rule).includes(id))
		.map((rule) => `[${rule.id}](RULES.md#${anchor(rule.id)})`)
		.join(", ");

/** Where it stands, by hash; what it rests on instead; nothing for a source that is no header. */
function restsOn(id: string): string {
	const sentences = sentencesOf(id).map(({ hash }) => `\`${hash}\``);
	const derived = derivationOf(id);
	return [...sentences, ...(derived === undefined ? [] : [derived])].join(" ");
}

const says = ({ says, readings }: Requirement): string =>
	[says, ...(readings ?? []).map((one, i) => `reading ${i + 1}: ${one}`)]
		.map(cell)
		.join("<br>");

export function requirementsDocument(): string {
	const bySource = new Map<string, Map<string, Requirement[]>>();
	for (const one of REQUIREMENTS.values()) {
		const places = bySource.get(one.source) ?? new Map();
		bySource.set(one.source, places);
		places.set(one.place, [...(places.get(one.place) ?? []), one]);
	}
	const all = [...REQUIREMENTS.values()];
	const count = (level: string) =>
		all.filter((one) => one.level === level).length;
	return [
		"# The requirements",
		"",
		`${all.length} sentences that bind somebody, in our words: ${count("must")} must, ${count("should")} should, ${count("may")} may. Ids are lasting. Generated from \`src/spec\` by \`npm run docs\`.`,
		"",
		"Where a source is silent or contradicts itself the readings stand beside each other, and either is taken. The last column has the hash of each sentence of the",
		"header that a requirement rests on (the first 48 bits of SHA-256 over its words), or what it follows from; `test/headers` holds them to the installed headers,",
		"and fails on a sentence with *must*, *shall*, *should*, *may*, *is an error*, *reserved* or *cannot* that has neither a requirement nor a reason to have none.",
		"A `pv.*` promise stands in no header: its place is the advisory, mail or commit that taught it.",
		"",
		...[...bySource].flatMap(([source, places]) => [
			`## ${source === "pv" ? "Promises of every PV driver" : source}`,
			"",
			...[...places].flatMap(([place, ones]) => [
				`### ${place}`,
				"",
				"| id | level | owed by | says | judged by | rests on |",
				"|---|---|---|---|---|---|",
				...ones.map(
					(one) =>
						`| <a id="${one.id}"></a>\`${one.id}\` | ${one.level} | ${owesText(one.owes)} | ${says(one)} | ${rulesOf(one.id)} | ${cell(restsOn(one.id))} |`,
				),
				"",
			]),
		]),
	].join("\n");
}
