/** The printed form of the ledger: one line an entry, in the words of the door. */
import { statusText } from "../base/errno.ts";
import * as GRANT_TABLE from "../xen/abi/grant-table.ts";
import { CALLS, type CallName, type FieldType } from "../xen/call.ts";
import type { Entry } from "./entry.ts";
import { isLong } from "./journal.ts";

/** `grant.access ref=9 domid=1 gfn=5 readonly by fe in task "gem.create" -> 0 frame=12`. */
export function tellEntry(
	entry: Entry,
	name: (domid: number) => string,
): string {
	if ("note" in entry) {
		const fields = Object.entries(entry.note).map(
			([key, value]) => `${key}=${JSON.stringify(value)}`,
		);
		return [entry.kind, ...fields].join(" ");
	}
	const { ask } = CALLS[entry.kind as CallName];
	return [
		entry.kind,
		...fieldsOf(ask, entry.call as unknown as Record<string, unknown>),
		`by ${name(entry.domid)}`,
	].join(" ");
}

/** The same with what came back. */
export function tellWhole(
	entry: Entry,
	name: (domid: number) => string,
): string {
	const told = tellEntry(entry, name);
	if ("note" in entry) return told;
	const { reply } = CALLS[entry.kind as CallName];
	const back = fieldsOf(
		reply,
		entry.reply as unknown as Record<string, unknown>,
	);
	const fault = entry.fault === 0 ? [] : [`(fault ${entry.fault})`];
	return [
		told,
		"->",
		statusOf(entry.kind, entry.reply.status),
		...(entry.reply.status < 0 ? [] : back),
		...fault,
	].join(" ");
}

function fieldsOf(
	fields: Record<string, FieldType>,
	values: Record<string, unknown>,
): string[] {
	const told: string[] = [];
	for (const [key, type] of Object.entries(fields)) {
		const value = values[key];
		if (type === "bool") {
			if (value === true) told.push(key);
		} else if (type === "str") {
			if (value !== "") told.push(`${key}=${JSON.stringify(value)}`);
		} else if (type === "words") {
			const words = value as ArrayLike<number>;
			if (words.length > 0) told.push(`${key}=${tellWords(words)}`);
		} else told.push(`${key}=${String(value)}`);
	}
	return told;
}

function tellWords(words: ArrayLike<number>): string {
	if (isLong(words)) return `[${words.length} words]`;
	const shown = Array.from({ length: Math.min(words.length, 4) }, (_, i) =>
		(words[i] as number).toString(16),
	);
	return words.length > 4
		? `[${shown.join(" ")} … ${words.length} words]`
		: `[${shown.join(" ")}]`;
}

/** The mapping side of grants answers in GNTST_* of grant_table.h, everything else in errno. */
export function statusOf(kind: string, status: number): string {
	const granted =
		kind === "grant.map" || kind === "grant.unmap" || kind === "grant.copy";
	return granted
		? (GNTST_NAMES.get(status) ?? String(status))
		: statusText(status);
}

const GNTST_NAMES = new Map(
	Object.entries(GRANT_TABLE)
		.filter(([name]) => name.startsWith("GNTST_"))
		.map(([name, value]) => [value as number, name]),
);
