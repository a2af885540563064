import { ERRNO } from "../../base/errno.ts";
import type { Court } from "../rule.ts";
import { rule } from "../rule.ts";

/** Milliseconds after which a pair of states that one side has to leave counts as stuck; what a handshake or a close takes at most, twice. */
const PATIENCE = 9000;

const STATES = {
	INITIALISING: "1",
	INIT_WAIT: "2",
	INITIALISED: "3",
	CONNECTED: "4",
	CLOSING: "5",
	CLOSED: "6",
} as const;

interface Side {
	value: string | undefined;
	/** Virtual time and entry of its last change. */
	tick: number;
	seq: number;
}

interface Device {
	fe: number;
	be: number;
	dev: number;
	frontend: Side;
	backend: Side;
}

interface State {
	devices: Map<string, Device>;
	/** Since when each driver runs without a break, by domain; a frontend's by device. */
	drivers: Map<string, number>;
	/** Tasks `main` of backends. */
	mains: Map<number, number>;
	/** By task: the device that a frontend's driver is being bound to, or taken off. */
	asked: Map<number, number>;
	/** Domains that have learnt that a display of theirs is gone: there is nothing to offer. */
	blind: Set<number>;
	/** By domain, when the store itself last had no room for what it wrote. */
	full: Map<number, number>;
	done: boolean;
}

/** Who has to move when the two states stand like this, and what it owes; undefined when both may rest. */
function owed({
	frontend: { value: fe, seq: feSeq },
	backend: { value: be, seq: beSeq },
}: Device): { side: "frontend" | "backend"; expected: string } | undefined {
	const S = STATES;
	if (be === S.INITIALISING)
		return fe === undefined
			? undefined
			: {
					side: "backend",
					expected: "it notices the device and goes to InitWait",
				};
	if (be === S.CLOSING)
		return fe === undefined
			? undefined
			: { side: "backend", expected: "it lets go and goes to Closed" };
	switch (fe) {
		case S.INITIALISING:
			if (be === S.INIT_WAIT)
				return {
					side: "frontend",
					expected: "it publishes its transport and goes to Initialised",
				};
			if (be === S.CLOSED || be === S.CONNECTED)
				return feSeq > beSeq || be !== S.CLOSED
					? { side: "backend", expected: "it offers the device anew: InitWait" }
					: undefined;
			return undefined;
		case S.INITIALISED:
			if (be === S.INIT_WAIT)
				return beSeq > feSeq
					? {
							side: "frontend",
							expected: "it publishes anew for a backend that began anew",
						}
					: { side: "backend", expected: "it connects, or goes to Closed" };
			if (be === S.CLOSED)
				return {
					side: "frontend",
					expected: "it takes its transport back and goes to Initialising",
				};
			if (be === S.CONNECTED)
				return { side: "frontend", expected: "it goes to Connected" };
			return undefined;
		case S.CONNECTED:
			return be === S.CLOSED || be === S.INIT_WAIT
				? {
						side: "frontend",
						expected: "it leaves a connection that its peer has left",
					}
				: undefined;
		case S.CLOSING:
			return be === S.CONNECTED
				? { side: "backend", expected: "it lets go and goes to Closed" }
				: { side: "frontend", expected: "it goes to Closed" };
		case S.CLOSED:
			return be === S.CONNECTED
				? { side: "backend", expected: "it lets go and goes to Closed" }
				: undefined;
		default:
			return undefined;
	}
}

/** From every state a peer's Closed, InitWait or restart leads to a new handshake, or to Closed. Nobody waits for what the other will never do. */
export const reconnects = rule<State>({
	id: "reconnects",
	says: "Whatever the other side does, a side moves on: to a fresh handshake, or to Closed, in bounded time.",
	families: ["X1", "X3", "L1"],
	owes: "both",
	level: "must",
	requirements: ["pv.reconnect", "pv.bounded-close", "pv.no-device-missed"],
	assumes: ["state-order", "ring-bounds", "version-chosen"],
	observes: [
		"wire.state",
		"task.begin",
		"task.end",
		"driver.asked",
		"driver.result",
		"phase",
		"wait",
		"display.open",
		"xs.write",
		"driver.exit",
		"domain.destroy",
	],
	start: () => ({
		devices: new Map(),
		drivers: new Map(),
		mains: new Map(),
		asked: new Map(),
		blind: new Set(),
		full: new Map(),
		done: false,
	}),
	step(state, entry, court) {
		switch (entry.kind) {
			case "wire.state": {
				const { side, fe, be, dev, before, after, seq } = entry;
				if (before === after) return;
				const key = `${fe} ${dev}`;
				let device = state.devices.get(key);
				if (device === undefined) {
					const none = { value: undefined, tick: 0, seq: 0 };
					device = { fe, be, dev, frontend: none, backend: none };
					state.devices.set(key, device);
				}
				device[side] = { value: after, tick: court.tick(seq), seq };
				if (side === "backend") device.be = be;
				return;
			}
			case "wait":
				if (entry.reply.event === "lost") state.blind.add(entry.domid);
				return;
			case "display.open":
				if (entry.reply.status < 0) state.blind.add(entry.domid);
				return;
			case "driver.exit":
			case "domain.destroy":
				if (entry.reply.status !== 0) return;
				for (const driver of state.drivers.keys())
					if (driver.startsWith(`${entry.call.domid} `))
						state.drivers.delete(driver);
				return;
			case "xs.write":
				// A refusal that is a fault comes but so often: the next try has room.
				if (entry.reply.status === -ERRNO.ENOSPC && entry.fault === 0)
					state.full.set(entry.domid, entry.tick);
				return;
			case "task.begin":
				if (entry.note.name !== "main") return;
				state.mains.set(entry.domid, entry.task);
				state.drivers.set(`${entry.domid}`, entry.tick);
				return;
			case "task.end":
				if (state.mains.get(entry.domid) === entry.task)
					state.drivers.delete(`${entry.domid}`);
				return;
			case "driver.asked": {
				const { operation, args } = entry.note;
				if (operation === "bind" || operation === "unbind")
					state.asked.set(entry.task, JSON.parse(args).dev);
				return;
			}
			case "driver.result": {
				const { operation, result } = entry.note;
				const driver = `${entry.domid} ${state.asked.get(entry.task)}`;
				if (operation === "bind" && result >= 0)
					state.drivers.set(driver, entry.tick);
				if (operation === "unbind") state.drivers.delete(driver);
				return;
			}
			case "phase":
				if (entry.note.name !== "epilogue" || state.done) return;
				state.done = true;
				for (const device of state.devices.values())
					stuck(device, state, court, entry.seq);
				return;
			default:
		}
	},
});

function stuck(
	device: Device,
	{ drivers, blind, full }: State,
	court: Court,
	seq: number,
): void {
	const { fe, be, dev, frontend, backend } = device;
	const debt = owed(device);
	if (debt === undefined) return;
	const domid = debt.side === "frontend" ? fe : be;
	// What the toolstack has taken offline is not offered again.
	const back = `/local/domain/${be}/backend/vdispl/${fe}/${dev}`;
	if (
		debt.side === "backend" &&
		court.exchange.store.value(`${back}/online`) === "0"
	)
		return;
	if (
		debt.side === "backend" &&
		backend.value === STATES.CLOSED &&
		blind.has(be)
	)
		return;
	const since = drivers.get(
		debt.side === "frontend" ? `${fe} ${dev}` : `${be}`,
	);
	if (since === undefined || !court.running(domid)) return;
	// A side that the scenario plays need not move on its own.
	if (court.participant(domid)?.standing === "scripted") return;
	const from = Math.max(frontend.tick, backend.tick, since, court.since(domid));
	const waited = court.tick(seq) - from;
	if (waited < PATIENCE) return;
	// It still tries, and there is no room in the store.
	const refused = full.get(domid);
	if (refused !== undefined && court.tick(seq) - refused < PATIENCE) return;
	const told = (side: Side) => NAMES[side.value ?? ""] ?? "gone";
	court.breach({
		domid,
		message: `device ${dev} stands at frontend ${told(frontend)}, backend ${told(backend)} for ${waited} ms, and the ${debt.side} does nothing`,
		expected: `${debt.expected}, in ${PATIENCE} ms`,
		got: `no change of state since ${court.tell(Math.max(frontend.seq, backend.seq))}`,
		entry: seq,
	});
}

const NAMES: Readonly<Record<string, string>> = {
	"1": "Initialising",
	"2": "InitWait",
	"3": "Initialised",
	"4": "Connected",
	"5": "Closing",
	"6": "Closed",
	"7": "Reconfiguring",
	"8": "Reconfigured",
};
