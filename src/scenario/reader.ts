import * as z from "zod/mini";
import type { Source, Span } from "../base/position.ts";
import type { Scope, Wrong } from "./expression.ts";
import { LIMITS } from "./limits.ts";
import { follow, type MapNode, type Node } from "./node.ts";
import { type Problem, problem } from "./problem.ts";
import { advise } from "./suggest.ts";
import { fill } from "./template.ts";
import { complaint } from "./values.ts";

/** Collects what is wrong while nodes are turned into values. Never throws for what a file says. */
export class Complaints {
	readonly problems: Problem[] = [];
	readonly warnings: Problem[] = [];
	readonly #seen = new Set<string>();

	/** Whether anything was wrong since `before`, a former `problems.length`. */
	get count(): number {
		return this.problems.length;
	}

	get full(): boolean {
		return this.problems.length >= LIMITS.problems;
	}

	say(
		source: Source,
		span: Span,
		message: string,
		advice?: string,
		also?: Problem["also"],
	): void {
		this.#add(
			problem(
				source,
				span,
				message,
				advice,
				also === undefined ? {} : { also },
			),
			this.problems,
		);
	}

	warn(source: Source, span: Span, message: string, advice?: string): void {
		this.#add(
			problem(source, span, message, advice, { severity: "warning" }),
			this.warnings,
		);
	}

	#add(one: Problem, list: Problem[]): void {
		const key = `${one.place.file}:${one.place.line}:${one.place.column}:${one.message}`;
		if (this.#seen.has(key) || list.length >= LIMITS.problems) return;
		this.#seen.add(key);
		list.push(one);
	}

	at(
		node: Node,
		message: string,
		advice?: string,
		also?: Problem["also"],
	): void {
		this.say(node.source, node, message, advice, also);
	}

	wrong(node: Node, wrong: Wrong): void {
		const origin = node.kind === "scalar" ? node.origin : undefined;
		const span =
			origin === undefined
				? node
				: {
						start: origin + wrong.at,
						end: origin + Math.max(wrong.at + 1, wrong.end),
					};
		this.say(node.source, span, wrong.wrong, wrong.advice);
	}

	/** A refusal of a schema, at the node its path leads to; a key that is wrong in itself is marked instead of its value. */
	refused(
		node: Node,
		path: readonly PropertyKey[],
		message: string,
		advice: string | undefined,
		what: "key" | "value",
	): void {
		const found = follow(node, path);
		const span =
			what === "key" && found.key !== undefined ? found.key : found.node;
		// A whole block would be marked by one caret line: its first character says enough.
		const short =
			found.node.kind !== "scalar" && span === found.node
				? { start: span.start, end: span.start + 1 }
				: span;
		this.say(found.node.source, short, message, advice);
	}
}

/** A node as plain values, `$` filled in from the scope. Maps have no prototype. Undefined when something was wrong. */
export function plain(
	node: Node,
	scope: Scope,
	complaints: Complaints,
): unknown {
	const before = complaints.count;
	const walk = (at: Node): unknown => {
		if (at.kind === "list") return at.items.map(walk);
		if (at.kind === "map") {
			const map = Object.create(null) as Record<string, unknown>;
			for (const [key, { value }] of at.entries) map[key] = walk(value);
			return map;
		}
		if (at.template === undefined) return at.value;
		const value = fill(at.template, String(at.value), scope);
		if (typeof value === "object" && "wrong" in value) {
			complaints.wrong(at, value);
			return undefined;
		}
		return value;
	};
	const value = walk(node);
	return complaints.count === before ? value : undefined;
}

/** A node read by a schema. `what` names the thing in messages about missing and unknown keys. */
export function read<S extends z.ZodMiniType>(
	schema: S,
	node: Node,
	scope: Scope,
	complaints: Complaints,
	what: string,
	anchor?: Span,
): z.output<S> | undefined {
	const before = complaints.count;
	const value = plain(node, scope, complaints);
	if (complaints.count > before) return undefined;
	const result = z.safeParse(schema, value);
	if (result.success) return result.data;
	for (const issue of result.error.issues)
		tell(issue, schema, node, complaints, what, anchor);
	return undefined;
}

function tell(
	issue: z.core.$ZodIssue,
	schema: unknown,
	node: Node,
	complaints: Complaints,
	what: string,
	anchor: Span | undefined,
): void {
	const { message, advice, on } = complaint(issue, schema);
	const path = [...issue.path];
	if (issue.code === "unrecognized_keys") {
		for (const key of issue.keys) {
			const one = complaint({ ...issue, keys: [key] }, schema);
			const inside = path.length > 0 ? String(path.at(-1)) : what;
			const said = `${one.message} in \`${inside}\``;
			complaints.refused(node, [...path, key], said, one.advice, "key");
		}
		return;
	}
	const missing =
		issue.code === "custom" &&
		(issue.params as { missing?: boolean } | undefined)?.missing === true;
	if (!missing) {
		complaints.refused(node, path, message, advice, on ?? "value");
		return;
	}
	const name = String(path.at(-1) ?? what);
	const parent = path.at(-2);
	const inside = typeof parent === "string" ? parent : what;
	const said =
		path.length === 0 ? message : `\`${inside}\` lacks \`${name}\`: ${message}`;
	if (anchor !== undefined && path.length <= 1)
		complaints.say(node.source, anchor, said, advice);
	else complaints.refused(node, path.slice(0, -1), said, advice, "key");
}

/** The map's keys that are not among the known, each told with the nearest known one. */
export function unknownKeys(
	map: MapNode,
	known: readonly string[],
	complaints: Complaints,
	what: string,
): void {
	for (const [key, { key: span }] of map.entries) {
		if (known.includes(key)) continue;
		const advice =
			key === "<<"
				? "merge keys are no part of YAML 1.2: write the keys out, or use a fixture file"
				: advise(key, known);
		complaints.say(
			map.source,
			span,
			`unknown key \`${key.slice(0, 64)}\` in ${what}`,
			advice,
		);
	}
}
