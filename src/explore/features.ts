/**
 * What a run reached, as numbers: the rules that had something to judge, the states and transitions of both sides, each operation with each status, each
 * call of the door with each answer. A story that reaches what none before it reached is kept.
 */
import { decodeRequest, decodeResponse } from "../displif/packet.ts";
import type { WireEntry } from "../journal/exchange.ts";
import type { Once } from "./once.ts";

/** Hashes, each once. */
export function featuresOf({ journal, verdict, report }: Once): number[] {
	const found = new Set<number>();
	const add = (text: string) => found.add(hash32(text));
	for (const rule of verdict?.judged ?? []) add(`judged ${rule}`);
	for (const { rule } of verdict?.notJudged ?? []) add(`not judged ${rule}`);
	for (const { rule, standing } of report.findings) add(`${standing} ${rule}`);
	for (const entry of verdict?.wire ?? []) add(meaning(entry));
	for (const entry of journal?.entries() ?? [])
		if ("reply" in entry && entry.reply.status <= 0)
			add(
				`${entry.domid === 1 ? "be" : "fe"} ${entry.kind} ${entry.reply.status}`,
			);
		else if (entry.kind === "driver.result")
			add(`result ${entry.note.operation} ${entry.note.result}`);
	return [...found];
}

function meaning(entry: WireEntry): string {
	switch (entry.kind) {
		case "wire.request": {
			const { operation } = decodeRequest(entry.request.words);
			return `request ${operation} of ${bucket(entry.connection.unanswered.length)}`;
		}
		case "wire.response": {
			const { operation, status } = decodeResponse(entry.words);
			return `response ${operation} ${Math.max(-4096, Math.min(status, 1))}`;
		}
		case "wire.event":
			return `event ${bucket(entry.connection.eventCount)}`;
		case "wire.index":
			return `index ${entry.which} ${entry.foreign === true}`;
		case "wire.state":
			return `${entry.side} ${entry.before} ${entry.after}`;
		default:
			return entry.kind;
	}
}

/** 0, 1, 2, 3–4, 5–8, …: how many matters by its size only. */
const bucket = (count: number): number =>
	count === 0 ? 0 : Math.ceil(Math.log2(count)) + 1;

/** 32 bits of FNV-1a. */
export function hash32(text: string): number {
	let hash = 0x811c9dc5;
	for (let i = 0; i < text.length; i++)
		hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
	return hash >>> 0;
}
