import { type ErrnoName, errnoNumber } from "../../base/errno.ts";
import type { Call, CallName, CallOf, Reply } from "../call.ts";
import type { Domain } from "../domain.ts";
import type { World } from "../world.ts";

/** How the world answers one call of a task. */
export type Handler<N extends CallName> = (
	world: World,
	domain: Domain,
	call: CallOf<N>,
	task: number,
) => Reply<N>;

/** A family of handlers: the table of all of them is typed by the call table. */
export type Handlers<P extends string> = {
	[N in Extract<CallName, `${P}${string}`>]: Handler<N>;
};

export const OK = 0;

/** `-errno` as a status. */
export const refused = (name: ErrnoName): number => -errnoNumber(name);

/** A reply without fields. */
export const status = (value: number): { status: number } => ({
	status: value,
});

export type { Call };
