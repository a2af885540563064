import type { z } from "zod/mini";
import type { Pick } from "../base/choices.ts";
import type { Place, Source } from "../base/position.ts";
import type { Requirement } from "./abilities.ts";
import type { Modifiers, StateExpect } from "./modifiers.ts";
import type { STEPS, Verb } from "./steps/index.ts";
import type { Tag } from "./tags.ts";
import type { Participant, Role } from "./words.ts";
import type { World } from "./world-keys.ts";

export type { Verb } from "./steps/index.ts";

/** The arguments of a verb, read and checked. */
export type ArgsOf<V extends Verb> = z.output<(typeof STEPS)[V]["args"]>;

/** One step of a case: what is done, what is expected of it, and where each word of it stands. */
export type StepOf<V extends Verb> = Modifiers & {
	verb: V;
	args: ArgsOf<V>;
	/**
	 * Who does it: for a driver operation a participant, for a scripted verb the scripted one, for `xs.write` and `xs.rm` whom `by` names, else nobody.
	 */
	actor: Participant | undefined;
	/** Of the verb. */
	place: Place;
	/** Of everything below the step, see `placeOf`. */
	places: Readonly<Record<string, Place>>;
	/** The places that led here when the step comes from a fixture file: each is a `use`, the nearest first. */
	via: readonly Place[];
};

/** A closed union: `switch (step.verb)` narrows `step.args`. */
export type Step = { [V in Verb]: StepOf<V> }[Verb];

/**
 * Where an argument or modifier stands: `placeOf(step, "args", "pages")`, `placeOf(step, "delta", "fe.grants")`, `placeOf(step, "sends", 0, "flags")`.
 * What is not written in the file has the place of what it would stand in.
 */
export function placeOf(
	step: { place: Place; places: Readonly<Record<string, Place>>; verb: string },
	...path: readonly (string | number)[]
): Place {
	const keys = path[0] === "args" ? [step.verb, ...path.slice(1)] : [...path];
	for (let length = keys.length; length > 0; length--) {
		const found = step.places[keys.slice(0, length).join("/")];
		if (found !== undefined) return found;
	}
	return step.place;
}

/** The built-in beginnings of a story. */
export const FIXTURES = {
	bare: "domains only: no device exists",
	created: "domains and device nodes exist, drivers are loaded but not bound",
	connected:
		"every device is Connected, but those of scripted sides, which are left to the scenario",
} as const;
export type FixtureName = keyof typeof FIXTURES;

/** A rule that does not count in this scenario. */
export interface Allowance {
	rule: string;
	because: string;
	place: Place;
}

/** Run once for each place where each fault can strike. */
export interface Sweep {
	/** Whose calls. */
	of: readonly Participant[];
	/** Calls, or beginnings of their names with `*`: `grant.*`. */
	at: readonly string[];
	/** Most runs. */
	most: number;
	/** What each run may end as. */
	outcome: readonly ("ok" | "clean-error")[];
	place: Place;
}

/** Run again under other orders of turns. */
export interface Explore {
	schedules: "exhaustive" | "sampled";
	/** Most switches away from a task that could have gone on; exhaustive only. */
	preemptions: number;
	/** Seeds to sample: all there is when sampled, else for a space that is too large. */
	seeds: number;
	/** Most runs. */
	most: number;
	place: Place;
}

/** One story, all names filled in. */
export interface Case {
	/** `gem.fe-alloc[pages=1024]`; unique in a file. Reports are sorted by it. */
	id: string;
	/** Id of the scenario, without the row. */
	scenario: string;
	title: string;
	/** The matrix row as written, in the order of the matrix. */
	row: Readonly<Record<string, string>>;
	/** Where the row stands, or the scenario's id. */
	place: Place;
	spec: readonly string[];
	tags: readonly Tag[];
	requires: readonly Requirement[];
	/** Everybody who takes part; who is not in it does not exist. */
	cast: Readonly<Partial<Record<Participant, Role>>>;
	fixture: FixtureName;
	world: World;
	/** Steps of fixture files, to be run before `steps`. */
	setup: readonly Step[];
	steps: readonly Step[];
	/** When this mark is passed, `with` is run at once and the rest of `steps` is left out. */
	interrupt?: { at: string; with: readonly Step[]; place: Place };
	after: readonly Step[];
	finally: readonly Step[];
	/** Hold after every call; each with its place. */
	always: readonly (StateExpect & { place: Place })[];
	allow: readonly Allowance[];
	/** What the die says, where the command line names neither choices nor a seed. */
	choices?: readonly Pick[];
	sweep?: Sweep;
	explore?: Explore;
}

export interface Scenario {
	/** Relative to the scenario root, with `/`. */
	file: string;
	id: string;
	title: string;
	/** Of the id. */
	place: Place;
	spec: readonly string[];
	specPlaces: readonly Place[];
	tags: readonly Tag[];
	requires: readonly Requirement[];
	/** In the order of the matrix; one without a row when there is no matrix. */
	cases: readonly Case[];
	/** Every file the scenario was read from, by its name in places: `sources.get(place.file)?.line(place.line)`. */
	sources: ReadonlyMap<string, Source>;
	/** Lines of the file that stand for some of the cases only: a matrix row or a value on a line of its own. */
	rowLines: ReadonlyMap<number, ReadonlySet<string>>;
	/** Things that are not wrong but odd; `lint` shows them. */
	warnings: readonly import("./problem.ts").Problem[];
}
