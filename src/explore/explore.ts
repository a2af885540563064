/** Exploration of cases, one after the other within one budget: their faults, then pairs of them, then the orders of their turns. */
import { SeededChoices } from "../base/choices.ts";
import type { Outcome } from "../report/report.ts";
import { notRun } from "../run/case.ts";
import { FAULTS } from "../run/faults/index.ts";
import type { Case } from "../scenario/scenario.ts";
import type { CallName } from "../xen/call.ts";
import { CaseProgram } from "./case-program.ts";
import { type Found, type Once, once, type Setup } from "./once.ts";
import { type Explored, Explorer } from "./orders.ts";
import { Drawn, Priorities, pctProbability } from "./sampled.ts";
import { type Swept, spread, sweep, switches } from "./sweep.ts";

export const ORDER_WAYS = ["dpor", "all", "pct", "random"] as const;
export type OrderWay = (typeof ORDER_WAYS)[number];

export interface ExploreOptions {
	/** Kinds of faults to try, by name; none is tried when there are none. Undefined: what a scenario's `sweep` says, else all. */
	faults: readonly string[] | undefined;
	/** Runs with two faults, for each case, once every place was tried. */
	pairs: number;
	/** How orders are gone through; undefined: not at all. After what does not finish come single switches of the plain order, and `pct` with what is left. */
	orders: OrderWay | undefined;
	/** Most preemptions of an order that is not drawn. */
	preemptions: number;
	/** Turns that have to be in the right order for what `pct` looks for. */
	depth: number;
	/** Where orders are tried. */
	window: "steps" | "all";
	/** Most runs of all cases together. */
	runs: number;
	/** Draws pairs and orders. */
	seed: number;
	/** Asked before each run. */
	stopped(): boolean;
	/** Told after each run. */
	onRun?(): void;
}

/** How the orders of one case were gone through. */
export interface Ordered extends Explored {
	how: OrderWay;
	preemptions: number;
	/** Single switches of the plain order that were tried after it, and how many there are. */
	switched?: { tried: number; of: number };
	/** Drawn after, or instead: runs, and by PCT the depth and the probability of a run, with what it was reckoned from. */
	drawn?: {
		how: "pct" | "random";
		runs: number;
		depth?: number;
		tasks?: number;
		turns?: number;
		probability?: number;
	};
	/** Different ends that were seen. */
	states: number;
}

/** A signature, and the first run that had it. */
export interface Finding {
	signature: string;
	message: string;
	/** Charged to the implementation, or an error of ours or the scenario. */
	outcome: Extract<Outcome, "failed" | "error">;
	/** Runs that had it. */
	runs: number;
	first: Once;
	found: Found;
}

export interface CaseExplored {
	story: Case;
	/** How the plain run ended: what does not pass by itself is not explored. */
	outcome: Outcome;
	reason?: string;
	runs: number;
	sweep?: Swept;
	orders?: Ordered;
	findings: Finding[];
}

export async function explore(
	stories: readonly Case[],
	setup: Setup,
	options: ExploreOptions,
): Promise<CaseExplored[]> {
	const explored: CaseExplored[] = [];
	let left = options.runs;
	for (const [index, story] of stories.entries()) {
		if (options.stopped() || left <= 0) break;
		const share = Math.ceil(left / (stories.length - index));
		const one = await new Exploration(story, setup, options, share).explore();
		left -= one.runs;
		explored.push(one);
	}
	return explored;
}

class Exploration {
	private readonly story: Case;
	private readonly setup: Setup;
	private readonly options: ExploreOptions;
	private readonly share: number;
	private readonly findings = new Map<string, Finding>();
	private readonly faults: readonly string[];
	private runs = 0;

	constructor(
		story: Case,
		setup: Setup,
		options: ExploreOptions,
		share: number,
	) {
		this.faults =
			options.faults ?? (story.sweep === undefined ? ALL_FAULTS : REFUSALS);
		this.story = story;
		this.setup = setup;
		this.options = options;
		this.share = share;
	}

	async explore(): Promise<CaseExplored> {
		const { story, options } = this;
		const not = notRun(story, this.setup as Parameters<typeof notRun>[1]);
		if (not !== undefined) return { story, ...not, runs: 0, findings: [] };
		const plain = await once(story, this.setup, {
			picks: [],
			faults: this.faults,
		});
		this.note(plain);
		const { outcome } = plain;
		const end = (more: Partial<CaseExplored> = {}): CaseExplored => ({
			story,
			outcome,
			...(plain.report.reason === undefined
				? {}
				: { reason: plain.report.reason }),
			runs: this.runs,
			...more,
			findings: [...this.findings.values()],
		});
		if (outcome !== "passed") return end();
		const swept = this.faults.length > 0 ? await this.sweep(plain) : undefined;
		const ordered =
			options.orders === undefined
				? undefined
				: await this.order(options.orders, plain);
		return end({
			...(swept === undefined ? {} : { sweep: swept }),
			...(ordered === undefined ? {} : { orders: ordered }),
		});
	}

	/** What is left of the share. When orders are wanted too, half of it is theirs. */
	private get left(): number {
		return this.share - this.runs;
	}

	private async sweep(plain: Once): Promise<Swept> {
		const { options, story } = this;
		const swept = nothingSwept();
		const most =
			options.orders === undefined ? this.left : Math.floor(this.left / 2);
		const until = this.runs + most;
		const runs = sweep(
			story,
			this.setup,
			plain,
			{
				faults: this.faults,
				singles: most,
				pairs: options.pairs,
				seed: options.seed,
				...(options.faults === undefined ? wantedBy(story) : {}),
			},
			swept,
		);
		if (most <= 0) return swept;
		for await (const run of runs) {
			this.note(run);
			if (options.stopped() || this.runs >= until) break;
		}
		return swept;
	}

	private async order(how: OrderWay, plain: Once): Promise<Ordered> {
		const { options, story } = this;
		const program = new CaseProgram(story, this.setup, {
			picks: [],
			window: options.window,
		});
		const states = new Set<string>();
		const preemptions = story.explore?.preemptions ?? options.preemptions;
		let explored: Explored = {
			runs: 0,
			pruned: 0,
			beyond: 0,
			finished: false,
			points: 0,
		};
		if (how === "dpor" || how === "all") {
			// What does not finish leaves a third of the runs to single switches, and a sixth to those that are drawn.
			const most = Math.ceil(this.left / 2);
			const explorer = new Explorer(program, { how, preemptions, most });
			explored = explorer.explored;
			for await (const run of explorer.runs()) {
				this.note(run);
				states.add(run.state);
				if (options.stopped()) break;
			}
		}
		const made = (): Ordered => ({
			how,
			preemptions,
			...explored,
			states: states.size,
		});
		if (explored.finished || options.stopped() || this.left <= 0) return made();
		const switched =
			how === "dpor" || how === "all"
				? { switched: await this.switchOnce(plain, states) }
				: {};
		if (options.stopped() || this.left <= 0) return { ...made(), ...switched };
		const drawn = await this.draw(
			program,
			how === "random" ? how : "pct",
			states,
		);
		return { ...made(), ...switched, drawn };
	}

	/** The plain order with one switch, wherever there can be one, spread over the story. */
	private async switchOnce(
		plain: Once,
		states: Set<string>,
	): Promise<NonNullable<Ordered["switched"]>> {
		const all = switches(plain.points);
		const most = Math.ceil((this.left * 2) / 3);
		let tried = 0;
		for (const pick of spread(all)) {
			if (tried >= most || this.options.stopped()) break;
			const run = await once(this.story, this.setup, { picks: [pick] });
			tried += 1;
			this.note(run);
			states.add(run.state);
		}
		return { tried, of: all.length };
	}

	private async draw(
		program: CaseProgram,
		how: "pct" | "random",
		states: Set<string>,
	): Promise<NonNullable<Ordered["drawn"]>> {
		const { depth, seed, stopped } = this.options;
		const size = new Size();
		await program.play(size);
		const { turns } = size;
		const tasks = size.tasks.size;
		let runs = 0;
		while (this.left > 0 && !stopped()) {
			const die = new SeededChoices(seed + runs, `${this.story.id} ${how}`);
			const watcher =
				how === "pct" ? new Priorities(die, depth, turns) : new Drawn(die);
			const run = await program.play(watcher);
			runs += 1;
			this.note(run);
			states.add(run.state);
		}
		if (how === "random") return { how, runs };
		const probability = pctProbability(tasks, turns, depth);
		return { how, runs, depth, tasks, turns, probability };
	}

	private note(run: Once): void {
		this.runs += 1;
		this.options.onRun?.();
		const told = new Set<string>();
		for (const found of run.found) {
			if (told.has(found.signature)) continue;
			told.add(found.signature);
			const known = this.findings.get(found.signature);
			if (known !== undefined) known.runs += 1;
			else
				this.findings.set(found.signature, {
					signature: found.signature,
					message: found.message,
					outcome: run.outcome === "failed" ? "failed" : "error",
					runs: 1,
					first: run,
					found,
				});
		}
	}
}

/** How large a run is: what PCT reckons with. */
class Size extends Drawn {
	turns = 0;
	readonly tasks = new Set<number>();

	constructor() {
		super({ pick: () => 0 });
	}

	override turn(able: readonly number[]): number {
		this.turns += 1;
		for (const task of able) this.tasks.add(task);
		return 0;
	}
}

export const nothingSwept = (): Swept => ({
	places: 0,
	tried: 0,
	pairs: 0,
	missed: 0,
	finished: false,
});

/** What a scenario's `sweep` asks for: whose calls fail, and which. */
function wantedBy({ sweep }: Case): {
	of?: NonNullable<Case["sweep"]>["of"];
	at?(op: CallName): boolean;
} {
	if (sweep === undefined) return {};
	const { of, at } = sweep;
	return {
		...(of.length === 0 ? {} : { of }),
		at: (op) => at.some((pattern) => fits(pattern, op)),
	};
}

/** `grant.map`, `grant.*`, `*`. */
const fits = (pattern: string, op: string): boolean =>
	pattern.endsWith("*") ? op.startsWith(pattern.slice(0, -1)) : op === pattern;

export const ALL_FAULTS: readonly string[] = FAULTS.map(({ name }) => name);

/** The kinds that a scenario's `sweep` means: those that let a call fail. */
export const REFUSALS: readonly string[] = FAULTS.filter(
	({ refuses }) => refuses === true,
).map(({ name }) => name);
