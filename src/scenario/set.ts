import { Source } from "../base/position.ts";
import { readWorld } from "./expand.ts";
import { LIMITS } from "./limits.ts";
import type { Node } from "./node.ts";
import { type Problem, problem } from "./problem.ts";
import { Complaints } from "./reader.ts";
import { advise } from "./suggest.ts";
import { PARTICIPANTS } from "./words.ts";
import { WORLD_KEY_NAMES, type WorldPart } from "./world-keys.ts";
import { parseYaml } from "./yaml.ts";

/**
 * Reads `--set world.KEY=VALUE`, where KEY may have levels (`display.width`) and end in a participant (`pages.be`), and VALUE is YAML.
 * Problems are placed in the argument itself, called `--set`.
 */
export function readSetting(text: string): WorldPart | Problem[] {
	const source = new Source("--set", text);
	const whole = { start: 0, end: text.length };
	const found = /^world\.([a-z0-9.-]+)=(.*)$/.exec(text);
	const key = found?.[1];
	const value = found?.[2];
	if (key === undefined || value === undefined)
		return [
			problem(
				source,
				whole,
				"needs world.KEY=VALUE",
				"e.g. --set world.connectors=2",
			),
		];
	if (text.length > LIMITS.scalarLength)
		return [
			problem(
				source,
				{ start: 0, end: 1 },
				`the setting has more than ${LIMITS.scalarLength} characters`,
			),
		];
	const path = key.split(".");
	const last = path.at(-1);
	const who = PARTICIPANTS.find((one) => one === last && path.length > 1);
	const name = WORLD_KEY_NAMES.find(
		(one) => one === (who === undefined ? key : path.slice(0, -1).join(".")),
	);
	const start = "world.".length;
	if (name === undefined)
		return [
			problem(
				source,
				{ start, end: start + key.length },
				`no world key \`${key.slice(0, 64)}\``,
				advise(key, WORLD_KEY_NAMES),
			),
		];

	// The value keeps its place in the argument when what stands before it is blanked out.
	const blank = " ".repeat(text.length - value.length);
	const node = parseYaml(new Source("--set", blank + value));
	if (Array.isArray(node)) return node.map((one) => ({ ...one, line: text }));
	let at: Node = { ...node, source };
	const levels =
		who === undefined ? name.split(".") : [...name.split("."), who];
	for (const level of levels.reverse())
		at = {
			kind: "map",
			source,
			start: node.start,
			end: node.end,
			dynamic: node.dynamic,
			entries: new Map([
				[level, { key: { start, end: start + key.length }, value: at }],
			]),
		};
	const complaints = new Complaints();
	const part = readWorld(at, new Map(), complaints);
	return complaints.problems.length > 0
		? complaints.problems.map((one) => ({ ...one, line: text }))
		: part;
}
