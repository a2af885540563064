import type { z } from "zod/mini";
import type { Kind } from "../words.ts";

/** Who acts: the driver under test through its operations, a side that the scenario plays on the wire, the world around both, or nobody. */
export type Actor = "driver" | "script" | "world" | "check";

/** What an argument does with the name of an object: makes it known, needs it to be known, needs it and ends it. */
export interface NameUse {
	makes?: Kind;
	needs?: readonly Kind[];
	ends?: true;
}

/** Why arguments that are each right do not go together; `key` is the one to point at. */
export interface Unsound {
	message: string;
	advice?: string;
	key?: string;
}

/** One verb of the scenario language. Every file of this folder holds one. */
export interface StepShape<S extends z.ZodMiniObject = z.ZodMiniObject> {
	verb: string;
	by: Actor;
	/** One sentence for the reference, without a full stop. */
	says: string;
	args: S;
	/** One step in flow style, as a scenario would have it. */
	example: string;
	/** Which scripted side can do it; either if not said. */
	side?: "frontend" | "backend";
	names?: { [K in keyof z.output<S>]?: NameUse };
	/** What no single argument can say. */
	sound?(args: z.output<S>): Unsound | undefined;
}

export function step<
	const V extends string,
	const B extends Actor,
	S extends z.ZodMiniObject,
>(shape: StepShape<S> & { verb: V; by: B }): StepShape<S> & { verb: V; by: B } {
	return shape;
}
