/** The message sequence of a case, decoded: what the ledger meant, and the calls that change who owns what. */
import { ERRNO } from "../base/errno.ts";
import {
	describeEvent,
	describeRequest,
	describeResponse,
} from "../displif/packet.ts";
import type { Entry } from "../journal/entry.ts";
import type { WireEntry } from "../journal/exchange.ts";
import type { Journal } from "../journal/journal.ts";
import { tellWhole } from "../journal/tell.ts";
import type { StoryLine } from "../report/report.ts";
import { xenbusStateName } from "../xen/abi/xenbus.ts";

/** Lines before the end of what matters. */
export const STORY_LINES = 30;

/** Calls that a reader of a failure wants to see beside the packets: refused ones, faults, deaths, and steps. */
function telling(entry: Entry): boolean {
	if (entry.kind === "step.begin" || entry.kind === "task.end")
		return entry.kind === "step.begin" || entry.note.how !== "returned";
	if (!("reply" in entry)) return false;
	if (
		entry.fault !== 0 ||
		(entry.kind.startsWith("domain.") && entry.kind !== "domain.create") ||
		entry.kind === "driver.exit" ||
		entry.kind === "driver.note"
	)
		return true;
	// A wait that times out is part of the story; a look for a node that is not there is not.
	return (
		entry.reply.status < 0 &&
		!(entry.kind.startsWith("xs.") && -entry.reply.status === ERRNO.ENOENT)
	);
}

const NOTHING_ALIKE = { shape: "", count: 0, first: "" };

/** The tail of the story up to an entry (the end when there is none). The entry `always`, at which a promise was broken, is in it whatever it is. */
export function storyTail(
	journal: Journal,
	wire: readonly WireEntry[],
	name: (domid: number) => string,
	until = journal.length - 1,
	always = -1,
): StoryLine[] {
	const lines: StoryLine[] = [];
	const line = (seq: number, who: string, text: string) =>
		lines.push({ entry: seq, tick: journal.entry(seq).tick, who, text });
	/** Calls that differ in numbers alone are told once, by the last of them. */
	let alike = NOTHING_ALIKE;
	const call = (entry: Entry) => {
		// A step is the scenario's, whoever does it.
		const who = entry.kind === "step.begin" ? "scenario" : name(entry.domid);
		const text = tellEntryLine(entry, name);
		const shape =
			"reply" in entry ? `${who} ${text.replaceAll(/\d+/g, "#")}` : "";
		const last = lines.at(-1);
		if (shape !== "" && shape === alike.shape && last !== undefined) {
			alike.count += 1;
			last.text = `${alike.first}, after ${alike.count} more like it`;
			return;
		}
		alike = { shape, count: 0, first: text };
		line(entry.seq, who, text);
	};
	let seq = until;
	let at = wire.length - 1;
	while (at >= 0 && (wire[at] as WireEntry).seq > until) at -= 1;
	while ((seq >= 0 || at >= 0) && lines.length < STORY_LINES) {
		const meant = wire[at];
		if (meant !== undefined && meant.seq >= seq) {
			at -= 1;
			const told = tellWire(meant, name);
			if (told !== undefined) {
				line(meant.seq, told.who, told.text);
				alike = NOTHING_ALIKE;
			}
			continue;
		}
		if (seq < 0) break;
		const kind = journal.kind(seq);
		if (seq === always && lines.at(-1)?.entry !== seq) {
			call(journal.entry(seq));
			seq -= 1;
			continue;
		}
		// Loads, stores and barriers are told by what they meant.
		if (
			kind !== "page.load" &&
			kind !== "page.store" &&
			!kind.startsWith("memory.")
		) {
			const entry = journal.entry(seq);
			if (telling(entry)) call(entry);
		}
		seq -= 1;
	}
	return lines.reverse();
}

function tellEntryLine(entry: Entry, name: (domid: number) => string): string {
	if (entry.kind === "step.begin")
		return `step ${entry.step}: ${entry.note.text} (line ${entry.note.line})`;
	if (entry.kind === "task.end")
		return `task "${entry.note.name}" ${entry.note.how}${entry.note.message === "" ? "" : `: ${entry.note.message}`}`;
	return tellWhole(entry, name).replace(` by ${name(entry.domid)}`, "");
}

export function tellWire(
	meant: WireEntry,
	name: (domid: number) => string,
): { who: string; text: string } | undefined {
	switch (meant.kind) {
		case "wire.request":
			return {
				who: name(meant.connection.fe),
				text: `request  ${describeRequest(meant.request.words)}${where(meant.connection.connector)}`,
			};
		case "wire.response":
			return {
				who: name(meant.connection.be),
				text: `response ${describeResponse(meant.words)}${where(meant.connection.connector)}`,
			};
		case "wire.event":
			return {
				who: name(meant.connection.be),
				text: `event    ${describeEvent(meant.words)}${where(meant.connection.connector)}`,
			};
		case "wire.index":
			return {
				who: name(meant.domid),
				text: `${meant.which} ${meant.before} -> ${meant.value}, out of bounds${where(meant.connection.connector)}`,
			};
		case "wire.state": {
			if (meant.before === meant.after) return undefined;
			const state = (value: string | undefined) =>
				value === undefined ? "gone" : xenbusStateName(Number(value));
			return {
				who: name(meant.domid),
				text: `${meant.side} state ${state(meant.before)} -> ${state(meant.after)}`,
			};
		}
		default:
			return undefined;
	}
}

const where = (connector: number): string =>
	connector === 0 ? "" : ` (connector ${connector})`;
