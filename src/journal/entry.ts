import type { CallName, CallOf, FieldType, Reply } from "../xen/call.ts";
import { CALLS } from "../xen/call.ts";

/**
 * What the runner writes into the ledger beside the calls: the frame of the story. `task` and `domid` of such an entry say whom it
 * is about.
 */
export const NOTES = {
	/** A scenario's step begins; `line` is where it stands. */
	"step.begin": { line: "u32", text: "str" },
	"step.end": { line: "u32" },
	/** A part of the case begins: steps, finally, epilogue, rest. */
	phase: { name: "str" },
	"task.begin": { name: "str" },
	/** `how` is returned, killed, crashed or spins. */
	"task.end": { name: "str", how: "str", message: "str" },
	/** A client asks a frontend's driver for an operation, with these arguments as JSON. */
	"driver.asked": { operation: "str", args: "str" },
	/** What a backend was told that one guest may have at most, where the scenario says so. */
	"driver.limits": {
		buffers: "u32",
		framebuffers: "u32",
		bytes: "u32",
		pages: "u32",
	},
	/** A driver operation of a frontend came back with this result. */
	"driver.result": { operation: "str", result: "i32" },
} as const satisfies Record<string, Record<string, FieldType>>;

export type NoteName = keyof typeof NOTES;
export type EntryKind = CallName | NoteName;

type NoteFields<N extends NoteName> = {
	-readonly [K in keyof (typeof NOTES)[N]]: (typeof NOTES)[N][K] extends "str"
		? string
		: number;
};

interface EntryHead {
	/** Position in the journal. */
	seq: number;
	domid: number;
	/** Task that made the call; 0 when no task did. */
	task: number;
	/** Step that was running when the task was started, counted from 1; 0 for none. */
	step: number;
	/** Virtual milliseconds. */
	tick: number;
	/** The fault that gave the answer, counted from 1; 0 for none. */
	fault: number;
}

export type CallEntry<N extends CallName = CallName> = N extends CallName
	? EntryHead & { kind: N; call: CallOf<N>; reply: Reply<N> }
	: never;
export type NoteEntry<N extends NoteName = NoteName> = N extends NoteName
	? EntryHead & { kind: N; note: NoteFields<N> }
	: never;

/** One line of the ledger. */
export type Entry = CallEntry | NoteEntry;

export const ENTRY_KINDS = [
	...(Object.keys(CALLS) as CallName[]),
	...(Object.keys(NOTES) as NoteName[]),
] as readonly EntryKind[];
export type { NoteFields };
