/**
 * From a run that found something to the smallest story that still finds it: fewer steps, switches and faults, a smaller world, smaller buffers. The
 * signature stays the same: the rule, whom it blames, and what kind of thing is lost. What comes out is a scenario file that was played as it is printed.
 */
import { type Pick as Choice, ReplayedChoices } from "../base/choices.ts";
import { Source } from "../base/position.ts";
import { type LoadOptions, loadText } from "../scenario/load.ts";
import { printCase } from "../scenario/print.ts";
import type { Case, Step } from "../scenario/scenario.ts";
import { SHAPES } from "../scenario/steps/index.ts";
import type { NameUse } from "../scenario/steps/step.ts";
import { defaultWorld, type WorldKeyName } from "../scenario/world-keys.ts";
import { type Anchor, AnchoredChoices, StepKeys } from "./anchors.ts";
import { ddmin } from "./ddmin.ts";
import { type Found, type Once, once, type Setup } from "./once.ts";

export interface ShrinkOptions {
	/** Most runs. */
	runs?: number;
	/** What a scenario may name. */
	names?: LoadOptions;
	/** Asked before each run: whether to stop where we are. */
	stopped?(): boolean;
}

/** How long a story is. */
export interface Length {
	steps: number;
	/** Turns that are not the plain story's, and choices of memory. */
	switches: number;
	faults: number;
}

export interface Shrunk {
	/** The file, played as it stands and found to fail with the same signature. */
	text: string;
	story: Case;
	signature: string;
	/** What it says now. */
	message: string;
	before: Length;
	after: Length;
	/** Runs it took, the proof included. */
	runs: number;
}

/** Why there is no shrunk story. */
export interface NotShrunk {
	why: string;
	runs: number;
}

interface Candidate {
	story: Case;
	anchors: readonly Anchor[];
}

export async function shrink(
	story: Case,
	picks: readonly Choice[],
	signature: string,
	setup: Setup,
	options: ShrinkOptions = {},
): Promise<Shrunk | NotShrunk> {
	return await new Shrinking(signature, setup, options).run(story, picks);
}

/** Enough for every story of the shipped suite to come to its end. */
const MOST_RUNS = 1500;

class Shrinking {
	private readonly signature: string;
	private readonly setup: Setup;
	private readonly options: ShrinkOptions;
	private readonly keys = new StepKeys();
	private runs = 0;
	private best: Candidate = undefined as unknown as Candidate;

	constructor(signature: string, setup: Setup, options: ShrinkOptions) {
		this.signature = signature;
		this.setup = setup;
		this.options = options;
	}

	async run(
		story: Case,
		picks: readonly Choice[],
	): Promise<Shrunk | NotShrunk> {
		const { best, ...before } = await this.anchored(story, picks);
		if (best === undefined)
			return {
				why: "the run does not find it again: is the implementation deterministic?",
				runs: this.runs,
			};
		this.best = best;
		await this.reduce();
		return await this.proven(before.length);
	}

	/** The run that found it, with its choices anchored. */
	private async anchored(story: Case, picks: readonly Choice[]) {
		const flat = flattened(story);
		const die = new AnchoredChoices(this.keys, new ReplayedChoices(picks));
		const run = await this.play(flat, die, picks);
		const length = lengthOf(flat, die.anchors);
		return {
			best: this.holds(run) ? { story: flat, anchors: die.anchors } : undefined,
			length,
		};
	}

	private async reduce(): Promise<void> {
		let size = -1;
		while (size !== sizeOf(this.best) && this.left()) {
			size = sizeOf(this.best);
			await this.plainer();
			await this.fewerSteps();
			await this.fewerChoices();
			await this.smallerWorld();
			await this.smallerSteps();
		}
	}

	/** Parts of the scenario beside its steps, and what the steps expect. */
	private async plainer(): Promise<void> {
		const { story } = this.best;
		const bare = (step: Step) => this.without(step, EXPECTATIONS);
		await this.attempt({ ...story, steps: story.steps.map(bare) });
		for (const key of PARTS) {
			const now = this.best.story;
			const { [key]: had, ...rest } = now;
			const none = Array.isArray(had) ? { [key]: [] } : {};
			if (had !== undefined && !(Array.isArray(had) && had.length === 0))
				await this.attempt({ ...rest, ...none } as Case);
		}
	}

	private async fewerSteps(): Promise<void> {
		const { story } = this.best;
		await ddmin(story.steps, (some) =>
			this.attempt({ ...this.best.story, steps: closed(some) }),
		);
	}

	private async fewerChoices(): Promise<void> {
		await ddmin(this.best.anchors, (some) =>
			this.attempt(this.best.story, some),
		);
		for (const anchor of this.best.anchors)
			for (let value = 1; value < anchor.value; value++) {
				const less = this.best.anchors.map((one) =>
					one === anchor ? { ...one, value } : one,
				);
				if (await this.attempt(this.best.story, less)) break;
			}
	}

	private async smallerWorld(): Promise<void> {
		const plain: Readonly<Record<string, unknown>> = defaultWorld();
		for (const name of Object.keys(this.best.story.world) as WorldKeyName[]) {
			const { story } = this.best;
			if (same(story.world[name], plain[name])) continue;
			const world = { ...story.world, [name]: plain[name] };
			if (plain[name] === undefined) delete world[name];
			await this.attempt({ ...story, world, ...castOf(story, world.guests) });
		}
		const { story } = this.best;
		const [first] = story.world.connectors;
		if (first !== undefined && story.world.connectors.length > 1)
			await this.attempt({
				...story,
				world: { ...story.world, connectors: [first] },
			});
	}

	/** Each step by itself: waited for at once, without what it expects, and with smaller numbers. */
	private async smallerSteps(): Promise<void> {
		for (let at = 0; at < this.best.story.steps.length; at++) {
			await this.joined(at);
			for (const key of [...EXPECTATIONS, "async"] as const) {
				const step = this.best.story.steps[at] as Step;
				if (step[key] !== undefined)
					await this.swap(at, this.without(step, [key]));
			}
			for (const key of NUMBERS) {
				const step = this.best.story.steps[at] as Step;
				const args = step.args as Record<string, unknown>;
				const value = key === "repeat" ? step.repeat : args[key];
				if (typeof value !== "number") continue;
				for (const less of smaller(value)) {
					const made =
						key === "repeat"
							? { ...step, repeat: less }
							: { ...step, args: { ...args, [key]: less } };
					if (await this.swap(at, this.keys.replace(step, made as Step))) break;
				}
			}
		}
	}

	/** A step that goes on beside others, and the one that waits for it, made one. */
	private async joined(at: number): Promise<void> {
		const { story } = this.best;
		const { async: name } = story.steps[at] as Step;
		if (name === undefined) return;
		const steps = story.steps
			.map((one, index) => (index === at ? this.without(one, ["async"]) : one))
			.filter(
				({ verb, args }) =>
					!(verb === "join" && (args as { of?: unknown }).of === name),
			);
		await this.attempt({ ...story, steps });
	}

	private async swap(at: number, step: Step): Promise<boolean> {
		const { story } = this.best;
		const steps = story.steps.map((one, index) => (index === at ? step : one));
		return await this.attempt({ ...story, steps });
	}

	private without(step: Step, names: readonly (keyof Step)[]): Step {
		const made = { ...step } as Record<string, unknown>;
		for (const name of names)
			if (!(name === "fails" && step.fails?.must?.how === "either"))
				delete made[name];
		return this.keys.replace(step, made as unknown as Step);
	}

	private left(): boolean {
		return (
			this.runs < (this.options.runs ?? MOST_RUNS) &&
			this.options.stopped?.() !== true
		);
	}

	/** Whether a smaller story still finds it; then it is the best so far. */
	private async attempt(
		story: Case,
		anchors = this.best.anchors,
	): Promise<boolean> {
		if (!this.left()) return false;
		const candidate = { story, anchors };
		if (sizeOf(candidate) >= sizeOf(this.best) || !this.sound(story))
			return false;
		const die = new AnchoredChoices(this.keys, anchors);
		if (!this.holds(await this.play(story, die, anchors))) return false;
		if (await this.anybodys(story, anchors)) return false;
		// Anchors that were not met are no part of the story any more.
		this.best = { story, anchors: die.anchors };
		return true;
	}

	private play(
		story: Case,
		die: AnchoredChoices,
		chosen: readonly { label: string }[],
		setup = this.setup,
	): Promise<Once> {
		this.runs += 1;
		const faults = new Set(
			chosen.flatMap(({ label }) => /^fault\.([^.]+)\./.exec(label)?.[1] ?? []),
		);
		return once(
			story,
			setup,
			{ picks: [], faults: [...faults] },
			{ die, staged: (play) => die.watch(play) },
		);
	}

	/** A step that lost what it needs is an expectation that nobody can meet: that is another finding, which the reference has as well. */
	private async anybodys(
		story: Case,
		anchors: readonly Anchor[],
	): Promise<boolean> {
		const { under } = this.setup;
		if (
			!this.signature.startsWith("expectation ") ||
			(under.frontend === undefined && under.backend === undefined)
		)
			return false;
		const die = new AnchoredChoices(this.keys, anchors);
		return this.holds(
			await this.play(story, die, anchors, { ...this.setup, under: {} }),
		);
	}

	private holds({ found }: Once): boolean {
		return found.some(({ signature }) => signature === this.signature);
	}

	/** Whether the story can be written down: names are made before they are used, and so on. */
	private sound(story: Case): boolean {
		return loadPrinted(printCase(story), this.options.names).ok;
	}

	/** Print the best, read it, and play what was read. */
	private async proven(before: Length): Promise<Shrunk | NotShrunk> {
		const { story, anchors } = this.best;
		const die = new AnchoredChoices(this.keys, anchors);
		const { picks, found, struck } = await this.play(story, die, anchors);
		const [what] = found.filter((one) => one.signature === this.signature);
		const text = printCase(
			{
				...story,
				...headOf(what),
				...(picks.length > 0 ? { choices: picks } : {}),
			},
			`shrunk.${story.scenario}.${this.signature.replaceAll(/[^a-z0-9]+/g, "-")}`,
			[
				`Found by exploring ${story.id}, and shrunk: ${this.signature}.`,
				`It says: ${what?.message ?? ""}`,
				...struck.map((stroke) => stroke.text),
			].map((line) => line.replaceAll(/\s+/g, " ")),
		);
		const loaded = loadPrinted(text, this.options.names);
		const [read] = loaded.ok ? loaded.scenario.cases : [];
		if (read === undefined)
			return {
				why: "the shrunk story cannot be written down",
				runs: this.runs,
			};
		this.runs += 1;
		const again = await once(read, this.setup, { picks: read.choices ?? [] });
		if (!this.holds(again))
			return {
				why: "the file does not find what the run found",
				runs: this.runs,
			};
		return {
			text,
			story: read,
			signature: this.signature,
			message: what?.message ?? "",
			before,
			after: lengthOf(story, anchors),
			runs: this.runs,
		};
	}
}

/** What the file is called after: the promise that is broken in it. */
const headOf = (
	what: Found | undefined,
): Pick<Case, "title" | "spec" | "tags"> => ({
	title: (what?.message ?? "").slice(0, 200),
	spec: what?.finding?.requirements ?? [],
	tags: ["regression"],
});

/** Modifiers that only look. */
const EXPECTATIONS = [
	"sends",
	"replies",
	"fails",
	"delta",
	"state",
	"eventually",
	"note",
	"mark",
	"if",
] as const satisfies readonly (keyof Step)[];

/** Parts of a scenario that a story can do without. */
const PARTS = [
	"sweep",
	"explore",
	"always",
	"allow",
	"requires",
	"finally",
] as const satisfies readonly (keyof Case)[];

/** Arguments that say how much. */
const NUMBERS = [
	"repeat",
	"pages",
	"width",
	"height",
	"count",
	"times",
	"ticks",
] as const;

/** Smaller numbers, the smallest first. */
const smaller = (value: number): number[] =>
	[1, 2, 4, 64, Math.floor(value / 2), value - 1].filter(
		(less, index, all) =>
			less > 0 && less < value && all.indexOf(less) === index,
	);

/** Setup, the steps, what cuts in and what follows, as one list. `finally` stays what it is. */
function flattened(story: Case): Case {
	// Its choices are anchored apart.
	const { interrupt, after, setup, choices: _, ...rest } = story;
	const cut =
		interrupt === undefined
			? rest.steps
			: [
					...rest.steps.slice(
						0,
						rest.steps.findIndex(({ mark }) => mark === interrupt.at) + 1,
					),
					...interrupt.with,
				];
	return { ...rest, setup: [], after: [], steps: [...setup, ...cut, ...after] };
}

/** Steps that need what no step makes any more go too. */
function closed(steps: readonly Step[]): Step[] {
	const made = new Set<string>();
	return steps.filter((step) => {
		const args = step.args as Readonly<Record<string, unknown>>;
		const uses = Object.entries(SHAPES[step.verb].names ?? {}) as [
			string,
			NameUse,
		][];
		const lacks = uses.some(
			([arg, use]) =>
				use.needs !== undefined &&
				typeof args[arg] === "string" &&
				!made.has(args[arg]),
		);
		if (lacks) return false;
		for (const [arg, use] of uses)
			if (use.makes !== undefined && typeof args[arg] === "string")
				made.add(args[arg]);
		if (step.async !== undefined) made.add(step.async);
		return true;
	});
}

const guestNumber = (name: string): number =>
	name === "be" ? 1 : Number(name.slice(2) || "1");

/** Who is left when there are so many guests. */
const castOf = ({ cast }: Case, guests: number): Pick<Case, "cast"> => ({
	cast: Object.fromEntries(
		Object.entries(cast).filter(([name]) => guestNumber(name) <= guests),
	),
});

function lengthOf(story: Case, anchors: readonly { label: string }[]): Length {
	const faults = anchors.filter(({ label }) => label.startsWith("fault."));
	return {
		steps: story.steps.length + story.finally.length,
		switches: anchors.length - faults.length,
		faults: faults.length,
	};
}

/** What shrinking makes smaller. A step weighs more than all that can be said beside it. */
function sizeOf({ story, anchors }: Candidate): number {
	const steps = [...story.steps, ...story.finally];
	return (
		steps.length * 1000 +
		anchors.reduce((sum, { value }) => sum + 100 + value, 0) +
		printCase(story).length / 1e2 +
		steps.reduce((sum, step) => sum + weight(step), 0) / 1e3
	);
}

/** Grows with the numbers of a step, slowly. */
const weight = ({ args, repeat = 1 }: Step): number =>
	[repeat, ...Object.values(args as object)].reduce(
		(sum: number, value: unknown) =>
			typeof value === "number" && value > 0 ? sum + Math.log2(1 + value) : sum,
		0,
	);

function loadPrinted(text: string, names: LoadOptions = {}) {
	return loadText(new Source("shrunk.yaml", text), names);
}

const same = (a: unknown, b: unknown): boolean =>
	JSON.stringify(a) === JSON.stringify(b);
