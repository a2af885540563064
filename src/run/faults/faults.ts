/**
 * Faults: named calls with an answer. A scenario arms them; the runner asks before each call whether one strikes.
 */
import type { Choices } from "../../base/choices.ts";
import { errnoNumber } from "../../base/errno.ts";
import type { AnyReply, Call, CallName } from "../../xen/call.ts";
import { CALLS } from "../../xen/call.ts";
import type { World } from "../../xen/world.ts";

/** What a fault does to the call it strikes. */
export type FaultDeed =
	/** The call is not made; this status comes back. */
	| { does: "answer"; status: number }
	/** The call is answered as done and is not made. */
	| { does: "lose" }
	/** The call is made twice. */
	| { does: "double" }
	/** The call is answered as done, and made `ticks` later. */
	| { does: "delay"; ticks: number };

export interface Fault {
	at: CallName;
	/** Domain whose calls it strikes; undefined: any. */
	domid: number | undefined;
	/** The first call struck, counted from 1 from when the fault was armed. */
	nth: number;
	/** How many calls from there on. */
	times: number;
	deed: FaultDeed;
	/** As the report says it. */
	text: string;
}

/** What a strike means to the runner. Without `reply` the call is made, `repeat` times more than once. */
export interface Strike {
	number: number;
	reply: AnyReply | undefined;
	repeat: number;
	/** Made in its place, unanswered: a transaction whose end failed is gone all the same. */
	instead?: Call;
}

interface Armed extends Fault {
	number: number;
	seen: number;
	struck: number;
}

export class Faults {
	private readonly armed: Armed[] = [];
	private readonly late: { due: number; domid: number; call: Call }[] = [];
	private now = 0;

	arm(fault: Fault): void {
		this.armed.push({
			...fault,
			number: this.armed.length + 1,
			seen: 0,
			struck: 0,
		});
	}

	/** Those that struck, as the report lists them. */
	struck(): string[] {
		return this.armed
			.filter((fault) => fault.struck > 0)
			.map((fault) =>
				fault.struck > 1
					? `${fault.text} (struck ${fault.struck} times)`
					: fault.text,
			);
	}

	/** Armed faults that never struck: a scenario that expected one has told another story. */
	idle(): string[] {
		return this.armed
			.filter((fault) => fault.struck === 0)
			.map((fault) => fault.text);
	}

	strike(domid: number, call: Call, _choices: Choices): Strike | undefined {
		for (const fault of this.armed) {
			if (
				fault.at !== call.op ||
				(fault.domid !== undefined && fault.domid !== domid)
			)
				continue;
			fault.seen += 1;
			if (fault.seen < fault.nth || fault.seen >= fault.nth + fault.times)
				continue;
			fault.struck += 1;
			const { number, deed } = fault;
			switch (deed.does) {
				case "answer": {
					const strike = {
						number,
						reply: blank(call, deed.status),
						repeat: 0,
					};
					return call.op === "xs.transaction-end"
						? { ...strike, instead: { ...call, commit: false } }
						: strike;
				}
				case "lose":
					return { number, reply: blank(call, 0), repeat: 0 };
				case "double":
					return { number, reply: undefined, repeat: 1 };
				case "delay":
					this.late.push({ due: this.now + deed.ticks, domid, call });
					return { number, reply: blank(call, 0), repeat: 0 };
			}
		}
		return undefined;
	}

	/** When the next delayed call is due, 0 for none. */
	get due(): number {
		return this.late.reduce(
			(due, { due: at }) => (due === 0 || at < due ? at : due),
			0,
		);
	}

	/** Time has moved: make the delayed calls that are due. */
	advance(world: World): void {
		this.now = world.now;
		for (let i = 0; i < this.late.length; ) {
			const { due, domid, call } = this.late[i] as (typeof this.late)[number];
			if (due > world.now) {
				i += 1;
				continue;
			}
			this.late.splice(i, 1);
			if (world.domain(domid) !== undefined) world.apply(domid, 0, call);
		}
	}
}

/** A reply with this status and empty fields. */
export function blank(call: Call, status: number): AnyReply {
	const reply: Record<string, unknown> = { status };
	for (const [name, type] of Object.entries(CALLS[call.op].reply))
		reply[name] =
			type === "str" ? "" : type === "words" ? [] : type === "bool" ? false : 0;
	return reply as unknown as AnyReply;
}

export const timedOut = (call: Call): AnyReply =>
	blank(call, -errnoNumber("ETIMEDOUT"));
