/**
 * What a case is played on: the world, the loop, who takes part, and the names that steps have given to things.
 */

import type { ExchangeView } from "../journal/exchange.ts";
import type { Journal } from "../journal/journal.ts";
import type { Standing } from "../judge/rule.ts";
import type { Backend, Frontend, OperationResult } from "../peer/peer.ts";
import type { DeviceShape } from "../peer/toolstack.ts";
import type { Live } from "../scenario/expression.ts";
import type { Case, Step } from "../scenario/scenario.ts";
import type { Participant } from "../scenario/words.ts";
import type { Turns } from "../xen/call.ts";
import type { World } from "../xen/world.ts";
import type { Faults } from "./faults/faults.ts";
import type { Runner } from "./runner.ts";
import type { Task } from "./task.ts";

/** One participant on stage. */
export interface Actor {
	name: Participant;
	role: "frontend" | "backend";
	domid: number;
	standing: Standing;
	/** The driver, once its module was asked for one. Undefined for a scripted side. */
	frontend?: Frontend;
	backend?: Backend;
	/** What plays a scripted side. */
	script?: ScriptSide;
}

/** Something that a step gave a name to. Fields are what `$name.field` can ask. */
export type Named =
	| {
			kind: "buffer";
			/** Made by a driver's operation, or by a script. */
			by: "driver" | "script";
			owner: Participant;
			dev: number;
			cookie: bigint | undefined;
			/** buffer_sz in octets. */
			size: number;
			width: number;
			height: number;
			bpp: number;
			/** Of a script's buffer: its pages, their references (0: not granted), the directory's pages and references. */
			gfns: number[];
			refs: number[];
			directoryGfns: number[];
			directoryRefs: number[];
			/** Still to be closed at the end of the case. */
			open: boolean;
	  }
	| {
			kind: "fb";
			owner: Participant;
			dev: number;
			object: string;
			cookie: bigint | undefined;
			width: number;
			height: number;
			format: number;
			bpp: number;
			open: boolean;
	  }
	| {
			kind: "request";
			owner: Participant;
			connector: number;
			/** The packet as sent or taken. */
			words: Uint32Array;
			id: number;
	  }
	| { kind: "mapping"; owner: Participant; handle: number; gfn: number }
	/** Of a call at the door: the numbers that came back. */
	| { kind: "answer"; fields: Readonly<Record<string, unknown>> }
	| { kind: "task"; task: Task; step: Step };
export type NamedOf<K extends Named["kind"]> = Extract<Named, { kind: K }>;

/** A side that the scenario plays itself. Its deeds run as tasks of its domain, by raw calls at the door. */
export interface ScriptSide {
	/** Ports and pages it has opened for `dev`/`connector`, for `state` paths. */
	readonly role: "frontend" | "backend";
}

/** What a step brought: the operation's status where there is one. */
export interface Deed {
	/** Of a driver operation, or of a scripted exchange's last response. */
	status?: number;
	/** The participant whose operation it was. */
	actor?: Actor;
	/** The operation's task did not return: it crashed, or was killed with its domain. */
	ended?: string;
}

/** A step could not be done as the scenario wrote it: the scenario's own error, at the step. */
export class StepError extends Error {
	readonly step: Step;
	readonly path: readonly (string | number)[];
	constructor(step: Step, message: string, ...path: (string | number)[]) {
		super(message);
		this.step = step;
		this.path = path;
	}
}

export interface Stage {
	readonly case: Case;
	readonly world: World;
	readonly runner: Runner;
	readonly journal: Journal;
	readonly faults: Faults;
	/** Follows the ledger while the case is played. */
	readonly exchange: ExchangeView;
	readonly actors: ReadonlyMap<Participant, Actor>;
	readonly names: Map<string, Named>;
	/** By task: what to do with an operation's result. */
	readonly settlers: Map<number, (result: OperationResult) => void>;
	/** What `$name.field` means now. */
	readonly live: Live;
	actor(name: Participant): Actor;
	/** A name that must stand for a thing of this kind. Throws StepError. */
	named<K extends Named["kind"]>(step: Step, name: string, kind: K): NamedOf<K>;
	/** The number of a value that may be known only now. Throws StepError. */
	number(step: Step, value: unknown, ...path: (string | number)[]): bigint;
	/** Run a body as a task of the actor's domain and wait until it has ended (or time out after `ticks`): its result. */
	perform<T>(actor: Actor, name: string, body: () => Turns<T>): Turns<T>;
	/** The toolstack's description of a device of the case. */
	device(guest: Participant, dev: number): DeviceShape;
	/** Make the actor's driver from its module and, for a backend, start its first task. */
	startDriver(actor: Actor): Turns;
	/** Orderly end of a backend's driver. */
	stopDriver(actor: Actor): Turns;
	/** Let so many virtual milliseconds pass. */
	sleep(ticks: number): Turns;
	/** Start a body as a task of the actor's domain and do not wait. */
	launch(actor: Actor, name: string, body: () => Turns<unknown>): Task;
}
