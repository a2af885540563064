/**
 * The loop: who can move, pick one, apply its call at the door, record, answer.
 *
 * Virtual time moves only when no task can. A task may be interrupted only before a call that another domain could notice
 * (`switch` in the call table); private calls run on. Nothing here knows what a call means, except those that start and end tasks.
 */
import type { Choices } from "../base/choices.ts";
import { errnoNumber } from "../base/errno.ts";
import type { Journal } from "../journal/journal.ts";
import { type Body, cannotJudge } from "../peer/peer.ts";
import { admit, NoCall } from "../xen/admit.ts";
import type { AnyReply, Call, Reply, Turns } from "../xen/call.ts";
import { CALLS } from "../xen/call.ts";
import type { World } from "../xen/world.ts";
import { timedOut } from "./faults/blank.ts";
import type { Faults, Strike } from "./faults/faults.ts";
import { drive, type Task, type TaskDriver } from "./task.ts";
import { told } from "./told.ts";

export interface RunLimits {
	/** Calls in one run. */
	calls: number;
	/** Calls of one task while time stands still: beyond it the task spins. */
	burst: number;
	/** Rounds of microtasks an async task is given to come back with a call. */
	microtasks: number;
	/** Virtual milliseconds that a run at rest is waited for. */
	restTicks: number;
}

export const RUN_LIMITS: RunLimits = {
	calls: 3_000_000,
	burst: 400_000,
	microtasks: 1000,
	restTicks: 120_000,
};

/** A task that waits for something that is no door call: never a verdict on the implementation. */
export class WaitsElsewhere extends Error {
	readonly task: Task;
	constructor(task: Task) {
		super(
			`task "${task.name}" waits for something that is no door call (a timer, a file, the network); inside a run only the verbs it was given may be awaited`,
		);
		this.task = task;
	}
}

/** How a task of a driver came to a bad end. */
export interface Crash {
	task: Task;
	how: "crashed" | "spins";
	message: string;
	stack: string;
	/** Journal position. */
	entry: number;
	/** No task of its domain had asked anything before: the implementation could not be started. */
	unbegun: boolean;
}

/** What the scenario's own task may wait for beside the world: see `Runner.pause`. */
export type Pause =
	/** No other task can move; time has not been moved for it. */
	| { until: "idle" }
	/** Time has moved once (to the next deadline, at most to `limit`), or there is nothing to wait for. */
	| { until: "next"; limit: number }
	/** No task can move and no deadline is left, or `limit` has come. */
	| { until: "rest"; limit: number };

export class Runner {
	readonly world: World;
	readonly journal: Journal;
	readonly choices: Choices;
	readonly faults: Faults;
	readonly limits: RunLimits;
	readonly tasks: Task[] = [];
	readonly crashes: Crash[] = [];
	/** Bodies handed over for the next `task.start` of a domain, by name. */
	private readonly bodies = new Map<string, Body>();
	private nextTask = 1;
	/** Tasks that have not asked anything yet. */
	private readonly fresh: Task[] = [];
	/** Steps of the scenario begun so far; tasks started now carry it. */
	step = 0;
	calls = 0;
	private paused: { task: Task; pause: Pause; since: number } | undefined;
	private wantPause: Pause | undefined;
	private active: Task[] = [];
	/** Scratch of `choose`: a list for each turn is paid at every call. */
	private readonly able: Task[] = [];
	/** `World.lives` when the dead were buried last. */
	private lives = -1;
	/** Domains whose drivers are a user's: nothing that their tasks do is taken on trust. */
	readonly foreign = new Set<number>();
	/** Domains of those that have asked something. */
	readonly begun = new Set<number>();
	/** Told whose code runs next and how many calls it is since, for a watchdog outside. */
	onTurn: ((domid: number, begun: boolean) => void) | undefined;
	/** Told after every call was recorded. */
	afterCall: (() => void) | undefined;
	/** Told who can move, also when it is only one, before the die is asked whose turn it is. Nobody: time moves, or the scenario goes on. */
	onTurnChoice: ((able: readonly Task[], current: Task) => void) | undefined;
	/** Kills the driver of a domain and starts a new one. */
	restart: ((domid: number, fault: number) => void) | undefined;

	constructor(
		world: World,
		journal: Journal,
		choices: Choices,
		faults: Faults,
		limits: RunLimits = RUN_LIMITS,
	) {
		this.world = world;
		if (world.order !== undefined) world.order.choices = choices;
		this.journal = journal;
		this.choices = choices;
		this.faults = faults;
		this.limits = limits;
	}

	/** Start a task now. Its first call is asked at once, and answered when its turn comes. */
	spawn(domid: number, name: string, body: Body): Task {
		const task: Task = {
			id: this.nextTask++,
			domid,
			name,
			step: this.step,
			state: "runnable",
			pending: undefined,
			deadline: 0,
			running: this.world.life(domid) === "running",
			burst: 0,
			result: undefined,
			error: undefined,
			body,
			foreign: this.foreign.has(domid),
			driver: undefined,
		};
		this.tasks.push(task);
		this.active.push(task);
		// Its domain may be dead already.
		this.lives = -1;
		this.journal.note(
			"task.begin",
			{ name },
			domid,
			task.id,
			task.step,
			this.world.now,
		);
		this.fresh.push(task);
		return task;
	}

	/** Keep a body for the `task.start` call that names it. */
	offer(domid: number, name: string, body: Body): void {
		this.bodies.set(`${domid} ${name}`, body);
	}

	/** The scenario's own task suspends itself; it is resumed as `pause` says. Only one task may. */
	*pause(pause: Pause): Turns {
		this.wantPause = pause;
		yield PAUSE_CALL;
	}

	/** End all tasks of a domain whose driver is gone. */
	kill(domid: number, how: "killed" | "crashed" | "spins" = "killed"): void {
		for (const task of this.active.filter((t) => t.domid === domid))
			this.end(task, how, "");
	}

	/** Run until the scenario's task (the first one) has ended. Yields whenever microtasks must be drained. */
	*run(director: Task): Generator<"settle", void, void> {
		let current: Task = director;
		for (;;) {
			while (this.fresh.length > 0) {
				const task = this.fresh.shift() as Task;
				if (task.state === "runnable" && this.resume(task, undefined))
					yield* this.settle(task);
			}
			if (director.state !== "runnable") return;
			const next = this.choose(current);
			if (next === undefined) {
				this.moveTime();
				continue;
			}
			current = next;
			if (this.turn(next)) yield* this.settle(next);
		}
	}

	/** Answer one task's pending call. True when the task has yet to `settle`. */
	private turn(task: Task): boolean {
		const call = task.pending as Call;
		if (call === PAUSE_CALL) {
			this.paused = undefined;
			return this.resume(task, { status: 0 });
		}
		const { world } = this;
		task.burst += 1;
		this.calls += 1;
		if (task.burst > this.limits.burst || this.calls > this.limits.calls) {
			this.crash(
				task,
				"spins",
				new Error(
					`${task.burst} calls while time stood still, the last a ${call.op}`,
				),
			);
			return false;
		}
		let reply: AnyReply;
		let fault = 0;
		if (
			task.deadline !== 0 &&
			task.deadline <= world.now &&
			!world.ready(task.domid, task.id, call)
		) {
			reply = timedOut(call);
		} else {
			const struck = this.faults.strike(
				task.domid,
				task.id,
				call,
				world,
				this.choices,
				this.journal.length,
			);
			if (struck === undefined) reply = world.apply(task.domid, task.id, call);
			else {
				const answer = this.struck(task, call, struck);
				if (answer === undefined) return false;
				fault = struck.number;
				reply = answer;
			}
		}
		task.deadline = 0;
		if (call.op === "task.start" && reply.status === 0)
			reply = this.start(task, call.name);
		this.journal.append(
			call,
			reply,
			task.domid,
			task.id,
			task.step,
			world.now,
			fault,
		);
		this.afterCall?.();
		if (this.lives !== world.lives) this.buryTheDead();
		return task.state === "runnable" && this.resume(task, reply);
	}

	/** What a struck call answers; undefined when its task cannot be answered any more, or not now. */
	private struck(task: Task, call: Call, blow: Strike): AnyReply | undefined {
		const { world } = this;
		const { number, reply } = blow;
		blow.first?.(world);
		for (const one of blow.life ?? []) this.toolstack(one, number);
		if (blow.restart === true) this.restart?.(task.domid, number);
		if (task.state !== "runnable" || world.life(task.domid) !== "running")
			return undefined;
		if (reply !== undefined) {
			if (blow.instead !== undefined)
				world.apply(task.domid, task.id, blow.instead);
			return reply;
		}
		const made = world.apply(task.domid, task.id, call);
		for (let again = blow.repeat ?? 0; again > 0; again--)
			world.apply(task.domid, task.id, call);
		return blow.alter?.(made) ?? made;
	}

	/** A call of the toolstack that no task made: a fault ends a domain, or lets it go on. */
	toolstack(call: Call, fault: number): void {
		const { world } = this;
		const reply = world.apply(0, 0, call);
		this.journal.append(call, reply, 0, 0, 0, world.now, fault);
		this.afterCall?.();
		this.buryTheDead();
	}

	/** Answer a `task.start`: the body that was offered under the name begins. */
	private start(parent: Task, name: string): Reply<"task.start"> {
		const key = `${parent.domid} ${name}`;
		const body = this.bodies.get(key);
		if (body === undefined) {
			if (parent.foreign) return { status: -errnoNumber("ENOENT"), task: 0 };
			throw new Error(`no body was offered for task "${name}"`);
		}
		this.bodies.delete(key);
		const before = this.step;
		this.step = parent.step;
		const { id } = this.spawn(parent.domid, name, body);
		this.step = before;
		return { status: 0, task: id };
	}

	/** Let a task run up to its next call. True when that is known only after microtasks were drained: `settle`. */
	private resume(task: Task, reply: AnyReply | undefined): boolean {
		this.turnOf(task.domid);
		let ended: boolean;
		try {
			task.driver ??= drive(task.body);
			const driver: TaskDriver = task.driver;
			ended = driver.resume(task, reply);
			if (driver.settles) return true;
			if (task.foreign) ended = this.admitted(task, ended);
		} catch (error) {
			if (cannotJudge(error)) throw error;
			this.crash(task, "crashed", error);
			return false;
		}
		if (ended) this.end(task, "returned", "");
		else this.asked(task);
		return false;
	}

	/** Drain microtasks until an async task has asked or ended. */
	private *settle(task: Task): Generator<"settle", void, void> {
		const driver = task.driver as TaskDriver;
		let state: ReturnType<TaskDriver["settled"]> = "elsewhere";
		try {
			for (
				let i = 0;
				i < this.limits.microtasks && state === "elsewhere";
				i++
			) {
				yield "settle";
				state = driver.settled(task);
			}
		} catch (error) {
			if (cannotJudge(error)) throw error;
			this.crash(task, "crashed", error);
			return;
		}
		if (state === "elsewhere") throw new WaitsElsewhere(task);
		if (state === "ended") this.end(task, "returned", "");
		else this.asked(task);
	}

	/** A task has come to its next call. */
	private asked(task: Task): void {
		const call = task.pending as Call;
		if (call === PAUSE_CALL) {
			this.paused = {
				task,
				pause: this.wantPause as Pause,
				since: this.world.now,
			};
			return;
		}
		if (task.foreign) this.begun.add(task.domid);
		// Who is about to sleep has entered the kernel: nothing it stored is held back.
		if (BLOCKING.has(call.op)) {
			this.world.order?.drain(task.id);
			if ("timeout" in call && call.timeout > 0)
				task.deadline = this.world.now + call.timeout;
		}
	}

	/** Whose code runs from now on. */
	turnOf(domid: number): void {
		this.onTurn?.(domid, this.begun.has(domid));
	}

	/** What a user's generator yields is data: a call of its own, or a NoCall where it was yielded. Whether the task has ended. */
	private admitted(task: Task, already: boolean): boolean {
		let ended = already;
		while (!ended) {
			const asked: unknown = task.pending;
			const op = (asked as { op?: unknown } | null | undefined)?.op;
			const call = admit(op, asked);
			if (typeof call !== "string") {
				task.pending = call;
				return false;
			}
			task.burst += 1;
			if (task.burst > this.limits.burst) throw new NoCall(call);
			ended = (task.driver as TaskDriver).refuse(task, new NoCall(call));
		}
		return true;
	}

	private end(
		task: Task,
		how: Exclude<Task["state"], "runnable">,
		message: string,
	): void {
		task.state = how;
		task.pending = undefined;
		task.driver?.drop();
		this.active = this.active.filter((t) => t !== task);
		this.world.ended.add(task.id);
		this.world.order?.forget(task.id);
		if (how === "returned") task.returned?.();
		this.journal.note(
			"task.end",
			{ name: task.name, how, message },
			task.domid,
			task.id,
			task.step,
			this.world.now,
		);
	}

	private crash(task: Task, how: "crashed" | "spins", error: unknown): void {
		task.error = error;
		const { message, stack } = told(error);
		this.end(task, how, message);
		this.crashes.push({
			task,
			how,
			message,
			stack,
			entry: this.journal.length - 1,
			unbegun:
				task.foreign &&
				!this.begun.has(task.domid) &&
				!(error instanceof NoCall),
		});
	}

	/** A domain's life took a turn: tasks of those that were crashed or destroyed run no more. */
	private buryTheDead(): void {
		this.lives = this.world.lives;
		for (const task of this.active) {
			const life = this.world.life(task.domid);
			task.running = life === "running";
			if (life !== "running" && life !== "hung")
				this.end(task, "killed", `its domain is ${life}`);
		}
	}

	/** The task whose turn it is; undefined when none can move now. */
	private choose(current: Task): Task | undefined {
		if (
			current.state === "runnable" &&
			current.pending !== undefined &&
			current.pending !== PAUSE_CALL &&
			this.private(current) &&
			this.canMove(current)
		)
			return current;
		// The current task first, then the others in turn after it: pick 0 lets the same task go on, and nobody starves.
		const { active, able } = this;
		const start = Math.max(active.indexOf(current), 0);
		let count = 0;
		for (let i = 0; i < active.length; i++) {
			const at = start + i;
			const task = active[at < active.length ? at : at - active.length] as Task;
			if (task.pending !== PAUSE_CALL && this.canMove(task))
				able[count++] = task;
		}
		this.onTurnChoice?.(able.slice(0, count), current);
		if (count > 1) return able[this.choices.pick("turn", count)];
		return count === 1 ? able[0] : this.resumable();
	}

	/** Whether nobody else could notice the order of this task's next call. */
	private private(task: Task): boolean {
		const call = task.pending as Call;
		const point = CALLS[call.op].switch;
		if (point === "never") return true;
		if (point === "always") return false;
		const { gfn } = call as Extract<Call, { op: "page.load" }>;
		const frame = this.world.domain(task.domid)?.physmap.frame(gfn) ?? 0;
		return frame === 0 || !this.world.frames.shared(frame);
	}

	private canMove({ domid, id, pending, running, deadline }: Task): boolean {
		const { world } = this;
		if (pending === undefined || !running) return false;
		if (deadline !== 0 && deadline <= world.now) return true;
		return world.ready(domid, id, pending);
	}

	/** The scenario's task, when what it pauses for has come. */
	private resumable(): Task | undefined {
		const { paused, world } = this;
		if (paused === undefined) return undefined;
		const { task, pause, since } = paused;
		switch (pause.until) {
			case "idle":
				return task;
			case "next":
				// Where nothing can happen by itself time goes to the limit.
				return world.now > since || world.now >= pause.limit ? task : undefined;
			case "rest":
				return world.now >= pause.limit || this.nextDeadline() === 0
					? task
					: undefined;
		}
	}

	/** The earliest moment at which something can happen by itself, 0 for never. */
	private nextDeadline(): number {
		let next = this.world.due;
		const earlier = (tick: number) => {
			if (tick !== 0 && (next === 0 || tick < next)) next = tick;
		};
		earlier(this.faults.due);
		for (const task of this.active) if (task.running) earlier(task.deadline);
		return next;
	}

	private moveTime(): void {
		const { paused, world } = this;
		let next = this.nextDeadline();
		const limit =
			paused !== undefined && paused.pause.until !== "idle"
				? paused.pause.limit
				: 0;
		if (limit !== 0 && (next === 0 || next > limit)) next = limit;
		if (next === 0)
			throw new Error(
				`nothing can move: ${this.active.map((t) => `${t.name} of domain ${t.domid} in ${t.pending?.op}`).join(", ")}`,
			);
		world.advance(Math.max(next, world.now));
		this.faults.advance(world, (call, fault) => this.toolstack(call, fault));
		for (const task of this.active) task.burst = 0;
	}
}

/** Stands for the suspended scenario; never applied. */
const PAUSE_CALL = { op: "wait" } as unknown as Call;

const BLOCKING: ReadonlySet<Call["op"]> = new Set([
	"wait",
	"lock.take",
	"task.join",
]);
