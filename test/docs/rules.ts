/** docs/RULES.md, made from the rules and from what the wrong implementations say of themselves. */
import { readFileSync } from "node:fs";
import { citesOf } from "../../src/judge/rule.ts";
import { RULES } from "../../src/judge/rules/index.ts";
import { BUGS } from "../../src/spec/bugs.ts";
import { FAMILIES } from "../../src/spec/families.ts";
import { REQUIREMENTS } from "../../src/spec/index.ts";
import { saysOf, type WrongModule } from "../wrong/catalogue.ts";
import { anchor, owesText } from "./markdown.ts";

const ruleIds = new Set(RULES.map(({ id }) => id));
const link = (id: string): string =>
	ruleIds.has(id)
		? `[${id}](#${anchor(id)})`
		: `[\`${id}\`](REQUIREMENTS.md#${id})`;

export const rulesDocument = (wrong: readonly WrongModule[]): string =>
	[
		"# The rules",
		"",
		`${RULES.length} promises that every run is judged by. Generated from \`src/judge/rules\` and \`fixtures\` by \`npm run docs\`.`,
		"",
		"A rule is a sentence and a fold over the ledger of calls: it is told of the entries that it observes and of no others. What it assumes are promises of the other",
		"side: once one of them was broken, the rule is not judged for that pair. Below each rule stand the wrong implementations that it has been seen to catch.",
		"",
		...RULES.flatMap((rule) => [
			`## ${rule.id}`,
			"",
			`> ${rule.says}`,
			"",
			`- owed by ${owesText(rule.owes)}, ${rule.level}`,
			`- assumes: ${rule.assumes.length === 0 ? "nothing" : rule.assumes.map(link).join(", ")}`,
			`- observes: ${rule.observes.map((kind) => `\`${kind}\``).join(", ")}`,
			...rule.families.map((family) => `- ${family}: ${FAMILIES[family]}`),
			"",
			"Speaks of",
			"",
			...citesOf(rule).map(
				(id) => `- ${link(id)}: ${REQUIREMENTS.get(id)?.says}`,
			),
			"",
			"Broken by",
			"",
			...wrong
				.filter((one) => one.wrong.caughtBy.includes(rule.id))
				.map((one) => `- ${telling(one)}`),
			"",
		]),
	].join("\n");

function telling({ file, wrong }: WrongModule): string {
	const name = file.slice(file.lastIndexOf("/") + 1).replace(/\.ts$/, "");
	const bug = BUGS.find(({ id }) => id === wrong.bug);
	return `[${name}](../${file})${bug === undefined ? "" : `, ${bug.id}`}: ${saysOf(readFileSync(file, "utf8"))}`;
}
