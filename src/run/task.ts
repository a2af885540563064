/**
 * A task: one thread of a driver, or of the scenario itself. It yields calls and is resumed with their replies. A task is a generator,
 * or an async function over the same verbs.
 */
import type { AsyncAsk, Body } from "../peer/peer.ts";
import { admit, NoCall } from "../xen/admit.ts";
import type { AnyReply, Call, Turns } from "../xen/call.ts";

export type TaskState =
	| "runnable"
	| "returned"
	| "crashed"
	| "killed"
	| "spins";

export interface Task {
	readonly id: number;
	readonly domid: number;
	readonly name: string;
	/** The step that started it, counted from 1; 0 for none. */
	readonly step: number;
	state: TaskState;
	/** The call it waits to have answered. */
	pending: Call | undefined;
	/** Virtual time at which a pending wait times out; 0 for never. */
	deadline: number;
	/** Its domain is neither hung nor dead. */
	running: boolean;
	/** Calls answered since time last moved. */
	burst: number;
	/** What it returned. */
	result: unknown;
	error: unknown;
	readonly body: Body;
	/** Its body is a user's: every call it makes is looked at before it is believed. */
	readonly foreign: boolean;
	/** Made at its first turn. */
	driver: TaskDriver | undefined;
	/** Told when it has returned, before the ledger says that it has ended. */
	returned?: () => void;
}

/** Resumes a task with a reply. What it asks next lands in `task.pending`. */
export interface TaskDriver {
	/** Needs microtasks drained after every resumption. */
	readonly settles: boolean;
	/** Throws what the task throws. True when the task has ended. */
	resume(task: Task, reply: AnyReply | undefined): boolean;
	/** Throws in the task, where it made the call that is none; otherwise as `resume`. */
	refuse(task: Task, error: Error): boolean;
	/** After the microtasks were drained: has it ended, asked, or is it waiting for something that is no door call? */
	settled(task: Task): "ended" | "asked" | "elsewhere";
	/** The task will not be resumed again. */
	drop(): void;
}

export class GeneratorDriver implements TaskDriver {
	readonly settles = false;
	private readonly turns: Turns<unknown>;

	constructor(turns: Turns<unknown>) {
		this.turns = turns;
	}

	resume(task: Task, reply: AnyReply | undefined): boolean {
		return this.turned(task, this.turns.next(reply as AnyReply));
	}

	refuse(task: Task, error: Error): boolean {
		return this.turned(task, this.turns.throw(error));
	}

	private turned(task: Task, turn: IteratorResult<Call, unknown>): boolean {
		if (turn.done === true) {
			task.result = turn.value;
			task.pending = undefined;
			return true;
		}
		task.pending = turn.value;
		return false;
	}

	settled(): "asked" {
		return "asked";
	}

	drop(): void {
		// A generator that is not resumed costs nothing, and running its `finally` now would be calls out of turn.
	}
}

export class AsyncDriver implements TaskDriver {
	readonly settles = true;
	private promise: Promise<unknown> | undefined;
	private answer: ((reply: AnyReply) => void) | undefined;
	private asked: Call | undefined;
	private ended: { result: unknown } | { error: unknown } | undefined;
	private dropped = false;

	/** The verb that the body is given. */
	readonly ask: AsyncAsk = (op, args) => {
		if (this.dropped) return new Promise(() => {});
		const call = admit(op, args);
		if (typeof call === "string") return Promise.reject(new NoCall(call));
		if (this.asked !== undefined)
			return Promise.reject(
				new Error(
					`a task asks one thing at a time: ${op} came before the answer to ${this.asked.op}`,
				),
			);
		return new Promise((resolve) => {
			this.asked = call;
			this.answer = resolve as (reply: AnyReply) => void;
		});
	};

	/** What the body returned: watched from now on. */
	watch(promise: Promise<unknown>): void {
		this.promise = promise.then(
			(result) => {
				this.ended = { result };
			},
			(error: unknown) => {
				this.ended = { error };
			},
		);
	}

	resume(task: Task, reply: AnyReply | undefined): boolean {
		if (this.promise === undefined)
			throw new Error("an async task was resumed before it was watched");
		task.pending = undefined;
		if (reply === undefined) return false;
		const { answer } = this;
		this.asked = undefined;
		this.answer = undefined;
		answer?.(reply);
		return false;
	}

	refuse(): boolean {
		throw new Error("a call of an async task was admitted when it was asked");
	}

	settled(task: Task): "ended" | "asked" | "elsewhere" {
		if (this.ended !== undefined) {
			if ("error" in this.ended) throw this.ended.error;
			task.result = this.ended.result;
			return "ended";
		}
		if (this.asked === undefined) return "elsewhere";
		task.pending = this.asked;
		return "asked";
	}

	drop(): void {
		this.dropped = true;
	}
}

/** Call a body and see which kind it is. Throws what the body throws before its first call. */
export function drive(body: Body): TaskDriver {
	const driver = new AsyncDriver();
	const made = body(driver.ask);
	if (typeof (made as Turns | undefined)?.next === "function")
		return new GeneratorDriver(made as Turns<unknown>);
	if (typeof (made as Promise<unknown> | undefined)?.then !== "function")
		throw new TypeError(
			"a task's body is a generator function or an async function",
		);
	driver.watch(made as Promise<unknown>);
	return driver;
}
