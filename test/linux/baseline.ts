/** fixtures/baselines/linux-6.1.yaml, made from the defects that are known: an entry a form, with the defect as its reason. */
import { DEFECTS } from "./known.ts";

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

export const baselineText = (): string =>
	[
		"# What the suite finds in the display frontend of Linux 6.1 and 6.12, see docs/LINUX.md. Made from test/linux/known.ts: `npm run linux`.",
		"known:",
		...DEFECTS.flatMap(({ id, title, lists }) => [
			`  # ${id}: ${title}`,
			...lists.flatMap(({ rule, message, case: form }) => [
				`  - case: ${quoted(form ?? "*")}`,
				`    rule: ${rule}`,
				...(message === undefined ? [] : [`    message: ${quoted(message)}`]),
				`    reason: ${quoted(`${id}: ${title}`)}`,
			]),
		]),
		"",
	].join("\n");
