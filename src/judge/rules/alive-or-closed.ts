import type { Connection } from "../../journal/exchange.ts";
import { XenbusStateConnected, xenbusStateName } from "../../xen/abi/xenbus.ts";
import { type Court, rule } from "../rule.ts";

/** A display that a backend has opened. */
interface Opened {
	name: string;
	/** Virtual time and entry at which the backend was told that it is gone. */
	lost: { tick: number; seq: number } | undefined;
}

interface State {
	/** By backend and number. */
	displays: Map<string, Opened>;
	told: Set<Connection>;
}

const ENODEV = -19;
/** Milliseconds that a backend may take to close a device, in which everything that it has to do is done. */
const PATIENCE = 5000;

const key = (domid: number, display: number): string => `${domid} ${display}`;

/** Who cannot show anything any more does not go on as if it could. */
export const aliveOrClosed = rule<State>({
	id: "alive-or-closed",
	says: "A backend that was told that a display is lost takes each device that shows on it out of Connected; it does not stay there without a word.",
	families: ["X1", "X5"],
	owes: "backend",
	level: "must",
	requirements: ["pv.alive-or-closed"],
	assumes: [],
	observes: [
		"display.open",
		"display.import",
		"display.show",
		"display.close",
		"wait",
		"phase",
		"driver.exit",
		"domain.destroy",
	],
	start: () => ({ displays: new Map(), told: new Set() }),
	step(state, entry, court) {
		switch (entry.kind) {
			case "display.open":
				if (entry.reply.status !== 0) return;
				state.displays.set(key(entry.domid, entry.reply.display), {
					name: entry.call.name,
					lost: undefined,
				});
				return;
			case "display.close":
				state.displays.delete(key(entry.domid, entry.call.display));
				return;
			case "display.import":
			case "display.show":
				if (entry.fault === 0 && entry.reply.status === ENODEV)
					lose(state, entry.domid, entry.call.display, entry);
				return;
			case "wait":
				if (entry.reply.cause === "display" && entry.reply.event === "lost")
					lose(state, entry.domid, entry.reply.display, entry);
				return;
			case "driver.exit":
			case "domain.destroy":
				for (const one of [...state.displays.keys()])
					if (one.startsWith(`${entry.call.domid} `))
						state.displays.delete(one);
				return;
			case "phase":
				look(state, entry.tick, entry.seq, court);
				return;
			default:
		}
	},
});

function lose(
	{ displays }: State,
	domid: number,
	display: number,
	{ tick, seq }: { tick: number; seq: number },
): void {
	const opened = displays.get(key(domid, display));
	if (opened !== undefined) opened.lost ??= { tick, seq };
}

function look(
	{ displays, told }: State,
	tick: number,
	entry: number,
	court: Court,
): void {
	for (const [one, { name, lost }] of displays) {
		const be = Number(one.split(" ")[0]);
		if (lost === undefined || !court.running(be)) continue;
		if (tick - Math.max(lost.tick, court.since(be)) < PATIENCE) continue;
		for (const connection of court.exchange.connections)
			if (
				connection.be === be &&
				connection.open &&
				!told.has(connection) &&
				shows(connection, name, court)
			) {
				told.add(connection);
				court.breach({
					domid: be,
					message: `the backend of device ${connection.dev} of domain ${connection.fe} stays ${xenbusStateName(XenbusStateConnected)}, ${tick - lost.tick} ms after it was told that display ${name} is lost (${court.tell(lost.seq)})`,
					expected: "Closing, and Closed",
					got: xenbusStateName(XenbusStateConnected),
					entry,
				});
			}
	}
}

/** Whether a connector that shows on this display belongs to a device whose backend is Connected. */
function shows(
	{ fe, be, dev, connector }: Connection,
	name: string,
	{ exchange: { store } }: Court,
): boolean {
	return (
		store.value(
			`/local/domain/${fe}/device/vdispl/${dev}/${connector}/unique-id`,
		) === name &&
		store.value(`/local/domain/${be}/backend/vdispl/${fe}/${dev}/state`) ===
			String(XenbusStateConnected)
	);
}
