/** The ledger as text: one JSON object a line, the same bytes for the same run. */
import type { Entry } from "../journal/entry.ts";
import { footprint } from "../journal/footprint.ts";
import { isLong, type Journal } from "../journal/journal.ts";

/** A head line that names the case, then a line for each entry. */
export function journalLines(id: string, journal: Journal): string[] {
	const lines = [JSON.stringify({ case: id, entries: journal.length })];
	for (const entry of journal.entries())
		lines.push(JSON.stringify(plain(entry)));
	return lines;
}

function plain(entry: Entry): unknown {
	const { seq, tick, domid, task, step, fault, kind } = entry;
	const head = {
		seq,
		tick,
		domid,
		task,
		step,
		...(fault === 0 ? {} : { fault }),
		kind,
	};
	if ("note" in entry) return { ...head, ...entry.note };
	const { op: _op, ...ask } = entry.call;
	const touches = footprint(entry).map(({ what, write }) =>
		write ? `${what} (write)` : what,
	);
	return { ...head, ask: fields(ask), reply: fields(entry.reply), touches };
}

function fields(record: object): Record<string, unknown> {
	return Object.fromEntries(
		Object.entries(record).map(([name, value]) => [name, words(value)]),
	);
}

/** Words as hexadecimal text; a run too long to keep as its length and hash. */
function words(value: unknown): unknown {
	if (typeof value !== "object" || value === null) return value;
	const run = value as ArrayLike<number>;
	if (isLong(run))
		return { words: run.length, hash: run.hash, poison: run.poison };
	return Array.from(run, (word) =>
		(word >>> 0).toString(16).padStart(8, "0"),
	).join(" ");
}
