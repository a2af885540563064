import {
	XenbusStateClosed as Closed,
	XenbusStateClosing as Closing,
	XenbusStateConnected as Connected,
	XenbusStateInitialised as Initialised,
	XenbusStateInitialising as Initialising,
	XenbusStateInitWait as InitWait,
	XenbusStateReconfiguring as Reconfiguring,
	XenbusStateUnknown as Unknown,
	xenbusStateName,
} from "../../xen/abi/xenbus.ts";
import { rule } from "../rule.ts";

/** From which state a side may write which: "State diagrams" of displif.h, and what closing and recovery need. */
export const FRONTEND_MOVES: Readonly<Record<number, readonly number[]>> = {
	[Unknown]: [Initialising, Closed],
	[Initialising]: [Initialised, Closing, Closed, Initialising],
	[Initialised]: [Connected, Initialising, Reconfiguring, Closing, Closed],
	[Connected]: [Initialising, Reconfiguring, Closing, Closed],
	[Reconfiguring]: [Initialising, Initialised, Closing, Closed],
	[Closing]: [Closed, Initialising],
	[Closed]: [Initialising, Closing],
};

export const BACKEND_MOVES: Readonly<Record<number, readonly number[]>> = {
	[Unknown]: [Initialising, InitWait, Closing, Closed],
	[Initialising]: [InitWait, Closing, Closed],
	// A backend may start over visibly at any time: the real one writes Closing, Closed, Initialising at first contact.
	[InitWait]: [Connected, Closing, Closed, Initialising],
	[Connected]: [Closing, Closed, InitWait],
	[Closing]: [Closed],
	[Closed]: [InitWait, Initialising, Closing],
};

const LEAVES: readonly number[] = [Closing, Closed];

interface State {
	/** What each side wrote last itself, of devices that are still there: by side, frontend and device. */
	own: Map<string, number>;
}

/** Each side changes only its own state node, along the state diagram. */
export const stateOrder = rule<State>({
	id: "state-order",
	says: "Each side changes its own bus state along the state diagram, and the other's never.",
	families: ["X1"],
	owes: "both",
	level: "must",
	requirements: ["xenbus.state-order"],
	besides: ["xenbus.state-own", "xenbus.no-resurrection"],
	assumes: [],
	observes: ["wire.state"],
	start: () => ({ own: new Map() }),
	step({ own }, entry, court) {
		if (entry.kind !== "wire.state") return;
		const { side, before, after, domid, seq, fe, be, dev } = entry;
		const node = `${side} ${fe} ${dev}`;
		if (before === undefined || after === undefined) own.delete(node);
		// The toolstack makes and removes devices; it may write either node.
		if (after === undefined || domid === 0) return;
		const owner = side === "frontend" ? fe : be;
		const from =
			before === undefined || before === "" ? Unknown : Number(before);
		const to = /^\d+$/.test(after) ? Number(after) : Number.NaN;
		if (domid === owner && before === undefined) {
			court.breach({
				domid,
				message: `the ${side} of device ${dev} wrote its state where the toolstack had removed the device`,
				expected: "no write below a removed directory",
				got: `state ${after}`,
				entry: seq,
				requirements: ["xenbus.no-resurrection"],
			});
			return;
		}
		const diagram = side === "frontend" ? FRONTEND_MOVES : BACKEND_MOVES;
		const moves = diagram[from] ?? [];
		// Who is not asked to leave may overlook what the toolstack has written over its state.
		const last = LEAVES.includes(from) ? from : (own.get(node) ?? from);
		if (domid === owner) {
			own.set(node, to);
			if (from === to || moves.includes(to) || diagram[last]?.includes(to))
				return;
		}
		court.breach({
			domid,
			message:
				domid === owner
					? `the ${side} of device ${dev} went from ${xenbusStateName(from)} to ${Number.isNaN(to) ? JSON.stringify(after) : xenbusStateName(to)}`
					: `the other side wrote the ${side}'s state of device ${dev}`,
			expected: moves.map(xenbusStateName).join(", ") || "no change",
			got: Number.isNaN(to) ? JSON.stringify(after) : xenbusStateName(to),
			entry: seq,
			requirements: [
				domid === owner ? "xenbus.state-order" : "xenbus.state-own",
			],
		});
	},
});
