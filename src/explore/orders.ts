/**
 * Orders of turns: which tasks to let move in turn so that nothing that could matter is left out.
 *
 * A program is played again and again; at each point where more than one task can move, `Explorer` says which. Two orders that differ only in
 * turns that touch nothing in common end alike, so one of them is enough: dynamic partial-order reduction (Flanagan and Godefroid, POPL 2005).
 * Of the orders only those with few preemptions are wanted, and such a bound breaks plain reduction; the points at which the block of the
 * racing task began are tried as well (Coons, Musuvathi, McKinley, OOPSLA 2013). Sleep sets skip what was covered from an earlier sibling; under
 * a bound only where the covered order was not the dearer one.
 */

/** Part of a thing that a turn touches: words, or all of it. Things of one name are one thing. */
export interface Access {
	thing: string;
	write: boolean;
	/** First word and the one after the last; all of the thing when absent. */
	low?: number;
	high?: number;
	/** The turn waits until the thing lets it: what comes before it may be what wakes it. */
	waits?: true;
}

/** What happens at the points of one run. The program tells it; the explorer answers. */
export interface Watcher {
	/** These tasks can move; the first of them is the one that moved last if it still can (`goesOn`). The answer is a place in the list. */
	turn(able: readonly number[], goesOn: boolean): number;
	/** Another choice with so many ways: how a store drains, how old a load is. */
	other(count: number): number;
	/** The task whose turn it is has touched this. */
	touch(access: Access): void;
	/** The task whose turn it is has brought another one to life. */
	born(task: number): void;
	/** Nobody can move, by itself, before something comes from outside: time, or the story going on. `waiting`: what the tasks' next turns would touch. */
	rest(waiting: readonly { task: number; accesses: readonly Access[] }[]): void;
}

/** Something that can be played under any order. */
export interface Program<R> {
	/** Throws what the watcher throws, and goes no further. */
	play(watcher: Watcher): Promise<R>;
	/** Tasks that share memory which no access tells of: their turns never commute. */
	together(a: number, b: number): boolean;
}

export interface OrderOptions {
	/** `dpor` leaves out what cannot matter, `all` nothing. */
	how: "dpor" | "all";
	/** Most preemptions: switches away from a task that could go on. Other choices than the first of `other` count as well. */
	preemptions: number;
	/** Most runs, those before `from` among them. */
	most: number;
}

export interface Explored {
	runs: number;
	/** Choices that were not tried because nothing that matters depends on them. */
	pruned: number;
	/** Choices that were not tried because of the bound on preemptions. */
	beyond: number;
	/** The space was finished: everything within the bound that could matter was run. */
	finished: boolean;
	/** Points with a choice in the longest run. */
	points: number;
}

/** Thrown through a run that need not go on: all that can move now was covered. */
export class Covered extends Error {}

interface Sleeper {
	task: number;
	accesses: readonly Access[];
	/** What the order that ran it first would have cost by now, at most. */
	cost: number;
	/** The task that moved last in that order. */
	last: number;
}

/** One turn of the run that is being looked at. */
interface Node {
	able: readonly number[];
	goesOn: boolean;
	/** Of a turn: tasks. Of another choice: ways. */
	turn: boolean;
	chosen: number;
	/** Cost up to and without the choice. */
	cost: number;
	/** Who moved last before. */
	last: number;
	/** First turn of the uninterrupted block it is in. */
	block: number;
	/** Moves of one stretch between two rests. */
	epoch: number;
	accesses: Access[];
	/** Nobody could move after it. */
	restAfter: boolean;
	wanted: Set<number>;
	done: Set<number>;
	sleeping: Sleeper[];
	/** Turns of the same task just before; -1: none. */
	before: number;
	/** The turn that brought the task to life; -1: none. */
	parent: number;
	/** By task: the last turn of it that comes before this one in every order that is equal. */
	clock: Map<number, number>;
}

/** Where an exploration stands between two runs, as plain data: another explorer goes on from it. */
export interface Standing {
	explored: Explored;
	/** How many points of the next run are fixed. */
	fixed: number;
	data: boolean;
	nodes: readonly Kept[];
}

/** What of a point is not found again when the next run comes past it. */
interface Kept
	extends Pick<
		Node,
		"able" | "goesOn" | "turn" | "chosen" | "cost" | "last" | "block" | "epoch"
	> {
	wanted: number[];
	done: number[];
	sleeping: Sleeper[];
}

export class Explorer<R> {
	private readonly program: Program<R>;
	private readonly options: OrderOptions;
	private nodes: Node[];
	private fixed: number;
	/** What leads up to the next run was not looked at by this explorer. */
	private taken: boolean;
	/** Some run has met a choice that is no turn. */
	private data: boolean;
	readonly explored: Explored;

	/** `from`: where another explorer of the same program and options stood. */
	constructor(program: Program<R>, options: OrderOptions, from?: Standing) {
		this.program = program;
		this.options = options;
		this.nodes = (from?.nodes ?? []).map(restored);
		this.fixed = from?.fixed ?? 0;
		this.data = from?.data ?? false;
		this.taken = from !== undefined;
		this.explored = {
			runs: 0,
			pruned: 0,
			beyond: 0,
			finished: false,
			points: 0,
			...from?.explored,
		};
	}

	/** To be asked when `runs` has ended. */
	get standing(): Standing {
		const { explored, fixed, data, nodes } = this;
		return {
			explored: { ...explored },
			fixed,
			data,
			nodes: explored.finished ? [] : nodes.map(kept),
		};
	}

	/** Every run, until there is nothing left to try or `most` is reached. */
	async *runs(): AsyncGenerator<R, void, void> {
		while (!this.explored.finished) {
			if (this.explored.runs >= this.options.most) return;
			const { fixed } = this;
			const run = new Run(this.nodes, fixed, this.options, this.program);
			let result: R | undefined;
			let covered = false;
			try {
				result = await this.program.play(run);
			} catch (error) {
				if (!(error instanceof Covered)) throw error;
				covered = true;
			}
			this.nodes = run.nodes;
			this.nodes.length = run.at;
			this.data ||= run.data;
			if (covered) this.explored.pruned += 1;
			else {
				this.explored.runs += 1;
				this.explored.points = Math.max(
					this.explored.points,
					this.nodes.filter(({ able }) => able.length > 1).length,
				);
			}
			if (this.options.how === "dpor")
				this.race(run, this.taken ? 0 : fixed, covered);
			this.taken = false;
			if (!covered) yield result as R;
			const next = this.next();
			this.explored.finished = next === undefined;
			this.fixed = next ?? 0;
		}
	}

	/** Go back to the last point with something left to try, and choose it there: how many points of the next run are fixed. */
	private next(): number | undefined {
		for (let at = this.nodes.length - 1; at >= 0; at--) {
			const node = this.nodes[at] as Node;
			this.sleep(node);
			for (const choice of node.wanted) {
				if (node.done.has(choice)) continue;
				if (costOf(node, choice) > this.options.preemptions) {
					node.done.add(choice);
					this.explored.beyond += 1;
					continue;
				}
				if (node.turn && this.asleep(node, choice)) {
					node.done.add(choice);
					this.explored.pruned += 1;
					continue;
				}
				this.nodes.length = at + 1;
				node.chosen = choice;
				node.done.add(choice);
				return at + 1;
			}
			this.explored.pruned += node.able.filter(
				(choice) => !node.done.has(choice),
			).length;
		}
		return undefined;
	}

	/** What was just left has been covered from this point on: it sleeps in the branches that are tried after it. */
	private sleep(node: Node): void {
		if (this.options.how !== "dpor" || !node.turn || this.data) return;
		const task = node.chosen;
		if (node.sleeping.some((one) => one.task === task)) return;
		node.sleeping.push({
			task,
			accesses: node.accesses,
			cost: costOf(node, task),
			last: task,
		});
	}

	private asleep(node: Node, task: number): boolean {
		return node.sleeping.some(
			(one) =>
				one.task === task && covers(one, costOf(node, task), this.options),
		);
	}

	/** Pairs of turns whose order could be another, and what to try for it. */
	private race(run: Run, fixed: number, covered: boolean): void {
		const { nodes } = this;
		let first = Math.max(0, fixed - 1);
		while (first > 0 && !(nodes[first] as Node).turn) first -= 1;
		for (let at = first; at < nodes.length; at++) {
			const node = nodes[at] as Node;
			if (!node.turn) continue;
			// The last turn of a run that was given up has not been taken.
			if (covered && at === nodes.length - 1 && node.accesses.length === 0)
				continue;
			node.clock = this.look(at, node.epoch, node.chosen, node);
		}
		for (const { at, task, accesses } of run.waiting)
			if (at > first) {
				const { epoch } = nodes[at - 1] as Node;
				const before = lastOf(nodes, at, task);
				const parent = run.parentOf(task);
				this.look(at, epoch, task, { accesses, before, parent });
			}
		for (let at = first; at < nodes.length; at++) this.disabled(at);
	}

	/** Who could move before this turn and cannot after it was kept from it: the other order is another story. */
	private disabled(at: number): void {
		const node = this.nodes[at] as Node;
		if (!node.turn) return;
		let next: Node | undefined;
		for (let i = at + 1; i < this.nodes.length && next === undefined; i++)
			if ((this.nodes[i] as Node).turn) next = this.nodes[i];
		for (const task of node.able)
			if (
				task !== node.chosen &&
				(node.restAfter || next?.able.includes(task) === false)
			)
				this.backtrack(at, task);
	}

	/** Races of one turn, done or only wanted, with those before it. What comes before it in every equal order is the answer. */
	private look(
		at: number,
		epoch: number,
		task: number,
		{
			accesses,
			before,
			parent,
		}: Pick<Node, "before" | "parent"> & { accesses: readonly Access[] },
	): Map<number, number> {
		const { nodes, program } = this;
		/** Everything before it, and without what only wakes it. */
		const clock = new Map<number, number>();
		const waits = accesses.some((access) => access.waits === true);
		const fixedBefore = new Map<number, number>();
		const join = (into: Map<number, number>, index: number) => {
			const other = nodes[index] as Node;
			for (const [who, when] of other.clock)
				if ((into.get(who) ?? -1) < when) into.set(who, when);
			if ((into.get(other.chosen) ?? -1) < index) into.set(other.chosen, index);
		};
		for (const index of [before, parent])
			if (index >= 0) {
				join(clock, index);
				join(fixedBefore, index);
			}
		for (let i = at - 1; i >= 0; i--) {
			const other = nodes[i] as Node;
			if (!other.turn || other.chosen === task) continue;
			// Nothing of an earlier stretch could have come later than this one.
			if (other.epoch !== epoch) break;
			if (
				!program.together(other.chosen, task) &&
				!conflict(other.accesses, accesses)
			)
				continue;
			if ((fixedBefore.get(other.chosen) ?? -1) >= i) {
				join(clock, i);
				continue;
			}
			// What leads up to the later turn and does not follow from the earlier one begins with this task.
			const leader = this.leader(i, at, clock);
			if (leader !== undefined) this.backtrack(i, leader);
			if (other.able.includes(task)) this.backtrack(i, task);
			// It waited, and nothing else could have woken it: the two cannot change places.
			else if (leader === undefined) {
				join(clock, i);
				continue;
			}
			// A lock given back is no rival of the lock taken: the rival is who had taken it before.
			if (!waits) join(fixedBefore, i);
			join(clock, i);
		}
		return clock;
	}

	/** The first turn between the two that is not after the one and is before what `clock` belongs to. */
	private leader(
		from: number,
		at: number,
		clock: ReadonlyMap<number, number>,
	): number | undefined {
		const { chosen } = this.nodes[from] as Node;
		for (let i = from + 1; i < at; i++) {
			const node = this.nodes[i] as Node;
			if (
				node.turn &&
				(node.clock.get(chosen) ?? -1) < from &&
				(clock.get(node.chosen) ?? -1) >= i
			)
				return node.chosen;
		}
		return undefined;
	}

	/** `task` should have moved before this turn; and, for the bound, before the block that this turn is in. */
	private backtrack(at: number, task: number): void {
		this.want(at, task);
		const { block } = this.nodes[at] as Node;
		if (block !== at) this.want(block, task);
	}

	private want(at: number, task: number): void {
		const node = this.nodes[at] as Node;
		if (node.able.includes(task)) node.wanted.add(task);
		else for (const one of node.able) node.wanted.add(one);
	}
}

/** The state of one run while it is played. */
class Run implements Watcher {
	readonly nodes: Node[];
	readonly waiting: {
		at: number;
		task: number;
		accesses: readonly Access[];
	}[] = [];
	at = 0;
	private readonly fixed: number;
	private readonly options: OrderOptions;
	private readonly program: Pick<Program<unknown>, "together">;
	private epoch = 0;
	private lastTask = -1;
	private block = 0;
	private cost = 0;
	private readonly parents = new Map<number, number>();
	private readonly latest = new Map<number, number>();
	private sleeping: Sleeper[] = [];

	constructor(
		nodes: Node[],
		fixed: number,
		options: OrderOptions,
		program: Pick<Program<unknown>, "together">,
	) {
		this.nodes = nodes;
		this.fixed = fixed;
		this.options = options;
		this.program = program;
	}

	turn(able: readonly number[], goesOn: boolean): number {
		this.settle();
		const at = this.at;
		const again = at < this.fixed ? this.nodes[at] : undefined;
		let node: Node;
		if (again !== undefined) {
			node = again;
			node.accesses = [];
			node.restAfter = false;
			if (node.able.length !== able.length || !able.includes(node.chosen))
				throw new Error("the same choices led to another run");
		} else {
			node = this.fresh(able, goesOn, true);
			node.sleeping = [...this.sleeping];
			const awake = able.filter(
				(task) =>
					!node.sleeping.some(
						(one) =>
							one.task === task &&
							covers(one, costOf(node, task), this.options),
					),
			);
			const affordable = awake.filter(
				(task) => costOf(node, task) <= this.options.preemptions,
			);
			const [choice] = affordable;
			if (choice === undefined) throw new Covered();
			node.chosen = choice;
			node.done.add(choice);
			if (this.options.how === "all")
				for (const task of able) node.wanted.add(task);
			else node.wanted.add(choice);
			this.nodes[at] = node;
		}
		const { chosen } = node;
		if (chosen !== this.lastTask || !goesOn) this.block = at;
		node.block = this.block;
		node.before = this.latest.get(chosen) ?? -1;
		node.parent = this.parents.get(chosen) ?? -1;
		this.latest.set(chosen, at);
		this.cost = costOf(node, chosen);
		this.sleeping = node.sleeping;
		this.lastTask = chosen;
		this.at += 1;
		return able.indexOf(chosen);
	}

	other(count: number): number {
		const at = this.at;
		const again = at < this.fixed ? this.nodes[at] : undefined;
		const ways = Array.from({ length: count }, (_, way) => way);
		const node = again ?? this.fresh(ways, true, false);
		if (again === undefined) {
			node.chosen = 0;
			node.done.add(0);
			for (const way of ways) node.wanted.add(way);
			this.nodes[at] = node;
		}
		node.block = at;
		this.cost = costOf(node, node.chosen);
		this.at += 1;
		// What a turn touches now depends on more than whose it is: nothing may sleep on it.
		this.data = true;
		this.sleeping = [];
		return node.chosen;
	}
	data = false;

	touch(access: Access): void {
		this.turnBefore(this.at)?.accesses.push(access);
	}

	born(task: number): void {
		if (this.at > 0 && !this.parents.has(task))
			this.parents.set(task, this.latest.get(this.lastTask) ?? -1);
	}

	rest(
		waiting: readonly { task: number; accesses: readonly Access[] }[],
	): void {
		const last = this.turnBefore(this.at);
		if (last === undefined || last.epoch !== this.epoch) return;
		last.restAfter = true;
		for (const { task, accesses } of waiting)
			this.waiting.push({ at: this.at, task, accesses });
		this.epoch += 1;
		this.lastTask = -1;
		this.sleeping = [];
	}

	/** The turn that brought a task to life; -1: none of this run. */
	parentOf(task: number): number {
		return this.parents.get(task) ?? -1;
	}

	private turnBefore(at: number): Node | undefined {
		for (let i = at - 1; i >= 0; i--)
			if ((this.nodes[i] as Node).turn) return this.nodes[i];
		return undefined;
	}

	/** The turn before is over: who slept and was touched by it wakes; what the others would have cost goes up. */
	private settle(): void {
		const done = this.turnBefore(this.at);
		if (done === undefined || this.sleeping.length === 0) return;
		this.sleeping = done.sleeping
			.filter(
				(one) =>
					one.task !== done.chosen &&
					!conflict(one.accesses, done.accesses) &&
					!this.program.together(one.task, done.chosen),
			)
			.map((one) => ({
				...one,
				cost: one.cost + (one.last === done.chosen ? 0 : 1),
				last: done.chosen,
			}));
	}

	private fresh(able: readonly number[], goesOn: boolean, turn: boolean): Node {
		return {
			able: [...able],
			goesOn,
			turn,
			chosen: 0,
			cost: this.cost,
			last: this.lastTask,
			block: this.at,
			epoch: this.epoch,
			accesses: [],
			restAfter: false,
			wanted: new Set(),
			done: new Set(),
			sleeping: [],
			before: -1,
			parent: -1,
			clock: new Map(),
		};
	}
}

const kept = ({ wanted, done, ...node }: Node): Kept => ({
	able: node.able,
	goesOn: node.goesOn,
	turn: node.turn,
	chosen: node.chosen,
	cost: node.cost,
	last: node.last,
	block: node.block,
	epoch: node.epoch,
	wanted: [...wanted],
	done: [...done],
	sleeping: node.sleeping,
});

const restored = ({ wanted, done, ...node }: Kept): Node => ({
	...node,
	wanted: new Set(wanted),
	done: new Set(done),
	accesses: [],
	restAfter: false,
	before: -1,
	parent: -1,
	clock: new Map(),
});

/** What it costs to get beyond this point by this choice. */
function costOf(node: Node, choice: number): number {
	const dear = node.turn
		? node.goesOn && choice !== node.able[0]
		: choice !== 0;
	return node.cost + (dear ? 1 : 0);
}

/**
 * What sleeps was run from an earlier point on at this cost. Whatever follows may cost one more there, for another task moved last: with that it
 * must still have been the cheaper order, or the bound has cut off there what it would not cut off here.
 */
const covers = (
	sleeper: Sleeper,
	cost: number,
	{ preemptions }: OrderOptions,
): boolean =>
	preemptions === Number.POSITIVE_INFINITY || sleeper.cost + 1 <= cost;

function lastOf(nodes: readonly Node[], at: number, task: number): number {
	for (let i = at - 1; i >= 0; i--) {
		const node = nodes[i] as Node;
		if (node.turn && node.chosen === task) return i;
	}
	return -1;
}

/** The thing of an access that may touch anything. */
export const EVERYTHING = "world";

export function conflict(
	left: readonly Access[],
	right: readonly Access[],
): boolean {
	for (const one of left)
		for (const other of right)
			if (
				(one.write || other.write) &&
				(one.thing === other.thing ||
					one.thing === EVERYTHING ||
					other.thing === EVERYTHING) &&
				(one.low ?? 0) < (other.high ?? Number.POSITIVE_INFINITY) &&
				(other.low ?? 0) < (one.high ?? Number.POSITIVE_INFINITY)
			)
				return true;
	return false;
}
