/** Programs small enough to run under every order: tasks over variables, locks and semaphores, for what is too slow or too large at the door. */
import type { Access, Program, Watcher } from "../../src/explore/orders.ts";

export type Op =
	/** variable := register */
	| { op: "store"; at: number }
	/** register := variable */
	| { op: "load"; at: number }
	/** register += 1 */
	| { op: "add"; by: number }
	/** variable += 1, in one turn */
	| { op: "count"; at: number }
	| { op: "lock"; at: number }
	| { op: "unlock"; at: number }
	| { op: "post"; at: number }
	| { op: "wait"; at: number }
	/** bring another task to life */
	| { op: "spawn"; task: number }
	/** leave out the next so many when the register is odd */
	| { op: "skip"; count: number }
	/** register := one of two */
	| { op: "toss" };

export interface Toy {
	tasks: readonly (readonly Op[])[];
	/** Tasks alive from the beginning; the others are spawned. */
	alive: readonly number[];
	/** Semaphores posted from outside, one by one, when nobody can move. */
	outside: readonly number[];
}

/** How it ended: variables, registers, who is stuck where. Also the orders, for the curious. */
export class ToyProgram implements Program<string> {
	private readonly toy: Toy;
	runs = 0;

	constructor(toy: Toy) {
		this.toy = toy;
	}

	together(): boolean {
		return false;
	}

	async play(watcher: Watcher): Promise<string> {
		this.runs += 1;
		const { tasks, outside } = this.toy;
		const variables = new Map<number, number>();
		const holders = new Map<number, number>();
		const posts = new Map<number, number>();
		const state = tasks.map((_, task) => ({
			alive: this.toy.alive.includes(task),
			at: 0,
			register: 0,
		}));
		const next = (task: number): Op | undefined => {
			const one = state[task];
			return one?.alive === true ? tasks[task]?.[one.at] : undefined;
		};
		const able = (task: number): boolean => {
			const op = next(task);
			if (op === undefined) return false;
			if (op.op === "lock") return !holders.has(op.at);
			if (op.op === "wait") return (posts.get(op.at) ?? 0) > 0;
			return true;
		};
		const left = [...outside];
		let last = -1;
		for (;;) {
			const order = tasks.map((_, i) => (Math.max(last, 0) + i) % tasks.length);
			const can = order.filter(able);
			if (can.length === 0) {
				watcher.rest(
					order
						.filter((task) => next(task) !== undefined)
						.map((task) => ({ task, accesses: accessesOf(next(task) as Op) })),
				);
				const post = left.shift();
				if (post === undefined) break;
				posts.set(post, (posts.get(post) ?? 0) + 1);
				last = -1;
				continue;
			}
			last = can[watcher.turn(can, can[0] === last)] as number;
			const op = next(last) as Op;
			const one = state[last] as (typeof state)[number];
			for (const access of accessesOf(op)) watcher.touch(access);
			one.at += 1;
			switch (op.op) {
				case "store":
					variables.set(op.at, one.register);
					break;
				case "load":
					one.register = variables.get(op.at) ?? 0;
					break;
				case "add":
					one.register += op.by;
					break;
				case "count":
					variables.set(op.at, (variables.get(op.at) ?? 0) + 1);
					break;
				case "lock":
					holders.set(op.at, last);
					break;
				case "unlock":
					if (holders.get(op.at) === last) holders.delete(op.at);
					break;
				case "post":
					posts.set(op.at, (posts.get(op.at) ?? 0) + 1);
					break;
				case "wait":
					posts.set(op.at, (posts.get(op.at) ?? 0) - 1);
					break;
				case "spawn": {
					const child = state[op.task];
					if (child !== undefined && !child.alive) {
						child.alive = true;
						watcher.born(op.task);
					}
					break;
				}
				case "skip":
					if (one.register % 2 === 1) one.at += op.count;
					break;
				case "toss":
					one.register = watcher.other(2);
					break;
			}
		}
		return JSON.stringify([
			[...variables].sort((a, b) => a[0] - b[0]),
			state.map(({ alive, at, register }, task) => [
				alive,
				Math.min(at, tasks[task]?.length ?? 0),
				register,
			]),
			[...posts].filter(([, n]) => n > 0).sort((a, b) => a[0] - b[0]),
		]);
	}
}

function accessesOf(op: Op): Access[] {
	switch (op.op) {
		case "store":
		case "count":
			return [{ thing: `variable ${op.at}`, write: true }];
		case "load":
			return [{ thing: `variable ${op.at}`, write: false }];
		case "lock":
			return [{ thing: `lock ${op.at}`, write: true, waits: true }];
		case "unlock":
			return [{ thing: `lock ${op.at}`, write: true }];
		case "post":
			return [{ thing: `semaphore ${op.at}`, write: true }];
		case "wait":
			return [{ thing: `semaphore ${op.at}`, write: true, waits: true }];
		case "spawn":
			return [{ thing: `life ${op.task}`, write: true }];
		default:
			return [];
	}
}

/** A toy drawn by `pick`, which answers one of 0 … n-1. */
export function drawToy(pick: (n: number) => number, toss: boolean): Toy {
	const count = 2 + pick(2);
	const op = (): Op[] => {
		const at = pick(2);
		switch (pick(toss ? 10 : 9)) {
			case 0:
				return [{ op: "store", at }];
			case 1:
				return [{ op: "load", at }];
			case 2:
				return [
					{ op: "load", at },
					{ op: "add", by: 1 },
					{ op: "store", at },
				];
			case 3:
				return [{ op: "count", at }];
			case 4:
				return [
					{ op: "lock", at },
					{ op: "count", at: pick(2) },
					{ op: "unlock", at },
				];
			case 5:
				return [
					{ op: "lock", at },
					{ op: "lock", at: 1 - at },
					{ op: "unlock", at: 1 - at },
					{ op: "unlock", at },
				];
			case 6:
				return [{ op: "post", at }];
			case 7:
				return [{ op: "wait", at }];
			case 8:
				return [
					{ op: "load", at },
					{ op: "skip", count: 1 },
					{ op: "count", at: 1 - at },
				];
			default:
				return [{ op: "toss" }, { op: "store", at }];
		}
	};
	const tasks = Array.from({ length: count }, () =>
		Array.from({ length: 1 + pick(2) }, op)
			.flat()
			.slice(0, 5),
	);
	const spawned = pick(4) === 0 ? count - 1 : -1;
	if (spawned >= 0) tasks[0]?.push({ op: "spawn", task: spawned });
	return {
		tasks,
		alive: tasks.map((_, task) => task).filter((task) => task !== spawned),
		outside: Array.from({ length: pick(3) }, () => pick(2)),
	};
}
