/** One connector as a scripted frontend holds it: its two shared pages, their ports, and what came back over them. */
import { errnoName } from "../../base/errno.ts";
import { XENDISPL_IN_RING_LEN } from "../../displif/constants.ts";
import { eventDistance, IN_CONS, IN_PROD } from "../../displif/event-page.ts";
import { decodeResponse } from "../../displif/packet.ts";
import type { Step } from "../../scenario/scenario.ts";
import type { TransportNode } from "../../scenario/words.ts";
import { ask, type Turns } from "../../xen/call.ts";
import { sharedRingInit } from "../../xen/ring.ts";
import { StepError } from "../stage.ts";
import { ScriptFrontRing } from "./ring.ts";
import type { Lent, Side } from "./side.ts";

export interface FrontLink {
	connector: number;
	ring: ScriptFrontRing;
	ringPage: Lent;
	eventPage: Lent;
	/** 0 once the scenario has closed it. */
	reqPort: number;
	evtPort: number;
	nextId: number;
	/** Statuses by id of responses that no step has waited for yet. */
	answers: Map<number, number[]>;
	/** Events are confirmed until the scenario stores in_cons itself. */
	confirms: boolean;
}

const PER_CONNECTOR: readonly string[] = [
	"req-ring-ref",
	"req-event-channel",
	"evt-ring-ref",
	"evt-event-channel",
] satisfies TransportNode[];

/** A transport node that each connector has. */
export const isPerConnector = (name: string): boolean =>
	PER_CONNECTOR.includes(name);

export const transportNodes = (link: FrontLink): [TransportNode, number][] => [
	["req-ring-ref", link.ringPage.ref],
	["req-event-channel", link.reqPort],
	["evt-ring-ref", link.eventPage.ref],
	["evt-event-channel", link.evtPort],
];

/** New pages, as whoever allocates them must leave them, and new ports. */
export function* openFrontLink(
	side: Side,
	step: Step,
	connector: number,
	remote: number,
): Turns<FrontLink> {
	const ringGfn = yield* side.page(step);
	yield* sharedRingInit(ringGfn);
	const ringPage = yield* side.lend(step, ringGfn, remote);
	const eventPage = yield* side.lend(step, yield* side.page(step), remote);
	return {
		connector,
		ring: new ScriptFrontRing(ringGfn),
		ringPage,
		eventPage,
		reqPort: yield* unboundPort(side, step, remote),
		evtPort: yield* unboundPort(side, step, remote),
		nextId: 1,
		answers: new Map(),
		confirms: true,
	};
}

function* unboundPort(side: Side, step: Step, remote: number): Turns<number> {
	const { status, port } = yield* ask("evtchn.alloc-unbound", { remote });
	if (status < 0)
		throw new StepError(
			step,
			`${side.actor.name} got no port: ${errnoName(status) ?? status}`,
		);
	return port;
}

/** Take every response, and confirm every event, that is there now. */
export function* consume(side: Side, link: FrontLink): Turns {
	let count = yield* link.ring.finalCheck();
	while (count > 0) {
		for (; count > 0; count--) {
			const { id, status } = decodeResponse(yield* link.ring.take());
			const known = link.answers.get(id);
			if (known === undefined) link.answers.set(id, [status]);
			else known.push(status);
		}
		count = yield* link.ring.finalCheck();
	}
	if (!link.confirms) return;
	const { gfn } = link.eventPage;
	const { words } = yield* ask("page.load", { gfn, word: IN_CONS, count: 2 });
	const prod = words[IN_PROD] as number;
	const ahead = eventDistance(prod, words[IN_CONS] as number);
	if (ahead > 0 && ahead <= XENDISPL_IN_RING_LEN)
		yield* side.store(gfn, IN_CONS, prod);
}
