/**
 * The faults of one run. A scenario's `fault` steps arm some, at calls they name; of the kinds on the shelf that were switched on the die is
 * asked at every place where they can strike. The runner asks before each call.
 */
import type { Choices } from "../../base/choices.ts";
import type { Call, CallName } from "../../xen/call.ts";
import type { Port } from "../../xen/evtchn.ts";
import type { World } from "../../xen/world.ts";
import { blank } from "./blank.ts";
import { faultLabel } from "./index.ts";
import type { Blow, FaultKind } from "./kind.ts";

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

/** What a strike means to the runner. */
export interface Strike extends Blow {
	/** Of the fault, counted from 1 over the run: it stands in the ledger. */
	number: number;
}

/** A fault of the shelf that struck. */
export interface Struck {
	number: number;
	kind: FaultKind;
	/** The participant whose call it was. */
	who: string;
	/** How many places of this kind and participant came before it. */
	occurrence: number;
	/** Counted from 1: the pick. */
	way: number;
	op: CallName;
	/** Journal position of the call, or of what came first. */
	entry: number;
	text: string;
}

interface Armed extends Fault {
	number: number;
	seen: number;
	struck: number;
}

/** A kind that was switched on, for one participant. */
interface Asked {
	kind: FaultKind;
	domid: number;
	who: string;
	label: string;
	/** Places met so far. */
	places: number;
}

export class Faults {
	private readonly armed: Armed[] = [];
	private readonly asked = new Map<CallName, Asked[]>();
	private readonly late: {
		due: number;
		domid: number;
		call: Call;
		number: number;
		/** Of a notification: the two ends of the channel that it was for. */
		ends: readonly (Port | undefined)[];
	}[] = [];
	private readonly seen = new Map<string, number>();
	/** Those of the shelf that struck, in order. */
	readonly blows: Struck[] = [];
	/** The call at each place where the die was asked, in order. */
	readonly places: CallName[] = [];
	private count = 0;
	private now = 0;

	arm(fault: Fault): void {
		this.count += 1;
		this.armed.push({ ...fault, number: this.count, seen: 0, struck: 0 });
	}

	/** From now on the die is asked wherever this kind can strike a call of this domain. */
	ask(kind: FaultKind, domid: number, who: string): void {
		const label = faultLabel(kind.name, who);
		const asked: Asked = { kind, domid, who, label, places: 0 };
		for (const op of kind.at) {
			const list = this.asked.get(op);
			if (list === undefined) this.asked.set(op, [asked]);
			else list.push(asked);
		}
	}

	/** Those that struck, as the report lists them. */
	struck(): string[] {
		const armed = this.armed
			.filter((fault) => fault.struck > 0)
			.map((fault) =>
				fault.struck > 1
					? `${fault.text} (struck ${fault.struck} times)`
					: fault.text,
			);
		return [...armed, ...this.blows.map(({ text }) => text)];
	}

	/** Armed faults that never struck: a scenario that expected one has told another story. */
	idle(): string[] {
		return this.armed
			.filter((fault) => fault.struck === 0)
			.map((fault) => fault.text);
	}

	/** What strikes this call, if anything. `entry` is where the ledger stands. */
	strike(
		domid: number,
		task: number,
		call: Call,
		world: World,
		choices: Choices,
		entry: number,
	): Strike | undefined {
		for (const fault of this.armed) {
			if (
				fault.at !== call.op ||
				(fault.domid !== undefined && fault.domid !== domid)
			)
				continue;
			fault.seen += 1;
			if (fault.seen < fault.nth || fault.seen >= fault.nth + fault.times)
				continue;
			// Memory does not fail by itself: once the story is another one, a failure that was aimed at one access would hit any.
			if (this.blows.length > 0 && call.op.startsWith("page.")) continue;
			fault.struck += 1;
			const blow = dealtBy(fault.deed, call);
			return this.dealt(fault.number, domid, call, blow, world);
		}
		const kinds = this.asked.get(call.op);
		if (kinds === undefined) return undefined;
		const site = { world, domid, task, seen: this.seen };
		let strike: Strike | undefined;
		for (const asked of kinds) {
			if (asked.domid !== domid) continue;
			const { kind, who } = asked;
			if (kind.fits?.(call, site) === false) continue;
			const occurrence = asked.places++;
			// Asked also when another kind strikes: a place keeps its number whatever else is switched on.
			this.places.push(call.op);
			const way = choices.pick(asked.label, kind.ways.length + 1);
			if (way === 0 || strike !== undefined) continue;
			this.count += 1;
			this.blows.push({
				number: this.count,
				kind,
				who,
				occurrence,
				way,
				op: call.op,
				entry,
				text: `${kind.name} of ${who}: ${kind.says}; ${call.op}, place ${occurrence + 1}, ${kind.ways[way - 1]}`,
			});
			const blow = kind.strike(way - 1, call, site);
			strike = this.dealt(this.count, domid, call, blow, world);
		}
		return strike;
	}

	private dealt(
		number: number,
		domid: number,
		call: Call,
		blow: Blow,
		world: World,
	): Strike {
		if (blow.late !== undefined) {
			const ends = channelOf(world, domid, call);
			this.late.push({ due: this.now + blow.late, domid, call, number, ends });
		}
		if (blow.resume !== undefined)
			this.late.push({
				due: this.now + blow.resume,
				domid: 0,
				call: { op: "domain.resume", domid },
				number,
				ends: [],
			});
		return { ...blow, number };
	}

	/** When the last domain that a fault keeps silent goes on; 0 when there is none. */
	get silentUntil(): number {
		return this.late.reduce(
			(until, { due, domid }) => (domid === 0 && due > until ? due : until),
			0,
		);
	}

	/** When the next delayed call is due, 0 for none. */
	get due(): number {
		return this.late.reduce(
			(due, { due: at }) => (due === 0 || at < due ? at : due),
			0,
		);
	}

	/** Time has moved: make the delayed calls that are due. The life of domains goes by the ledger. */
	advance(world: World, toolstack: (call: Call, fault: number) => void): void {
		this.now = world.now;
		for (let i = 0; i < this.late.length; ) {
			const { due, domid, call, number, ends } = this.late[
				i
			] as (typeof this.late)[number];
			if (due > world.now) {
				i += 1;
				continue;
			}
			this.late.splice(i, 1);
			if (domid === 0) toolstack(call, number);
			else if (
				world.domain(domid) !== undefined &&
				channelOf(world, domid, call).every((end, n) => end === ends[n])
			)
				world.apply(domid, 0, call);
		}
	}
}

/** A number may be another channel's by the time that a late notification comes: then it is lost. */
function channelOf(
	{ evtchn }: World,
	domid: number,
	call: Call,
): readonly (Port | undefined)[] {
	if (call.op !== "evtchn.notify") return [];
	const own = evtchn.table(domid)?.get(call.port);
	return [own, own && evtchn.table(own.remote)?.get(own.remotePort)];
}

function dealtBy(deed: FaultDeed, call: Call): Blow {
	switch (deed.does) {
		case "answer":
			return {
				reply: blank(call, deed.status),
				// A transaction whose end failed is gone all the same.
				...(call.op === "xs.transaction-end"
					? { instead: { ...call, commit: false } }
					: {}),
			};
		case "lose":
			return { reply: blank(call, 0) };
		case "double":
			return { repeat: 1 };
		case "delay":
			return { reply: blank(call, 0), late: deed.ticks };
	}
}
