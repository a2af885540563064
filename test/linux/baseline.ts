/** The baselines of the driver, made from the defects that are known: an entry a form, with the defect as its reason. */
import type { Defect } from "./known.ts";

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

export const baselineText = (defects: readonly Defect[]): string =>
	[
		"# What is found in the display frontend of Linux 6.1 and 6.12, see docs/LINUX.md. Made from test/linux: `npm run linux`.",
		"known:",
		...defects.flatMap(({ id, title, lists }) => [
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
