/** One connector of a guest's device as a scripted backend holds it: its two pages as mapped here, and the own ends of its ports. */
import { errnoName } from "../../base/errno.ts";
import { IN_PROD } from "../../displif/event-page.ts";
import { parseDecimal, parseResolution } from "../../displif/nodes.ts";
import { frontendPath } from "../../peer/toolstack.ts";
import type { Step } from "../../scenario/scenario.ts";
import type { Participant, TransportNode } from "../../scenario/words.ts";
import { GNTST_okay } from "../../xen/abi/grant-table.ts";
import { ask, type Turns } from "../../xen/call.ts";
import type { NamedOf } from "../stage.ts";
import { ScriptBackRing } from "./ring.ts";
import { PeerSilent, type Side } from "./side.ts";

/** Whose connector it is. */
export interface Whose {
	guest: Participant;
	/** The guest's domain. */
	fe: number;
	dev: number;
	connector: number;
}

export interface BackLink extends Whose {
	/** As the toolstack has it. */
	width: number;
	height: number;
	ring: ScriptBackRing;
	ringHandle: number;
	eventGfn: number;
	eventHandle: number;
	/** 0 once the scenario has closed it. */
	reqPort: number;
	evtPort: number;
	/** Own producer index of the event page. */
	inProd: number;
	nextEvent: number;
	/** Requests taken and not answered, oldest first. */
	taken: NamedOf<"request">[];
}

/** Read the transport nodes, map the pages, bind the ports. What the frontend did not publish rightly is a PeerSilent. */
export function* openBackLink(
	side: Side,
	step: Step,
	whose: Whose,
): Turns<BackLink> {
	const { guest, fe, dev, connector } = whose;
	const directory = `${frontendPath(fe, dev)}/${connector}`;
	const wrong = (message: string) => new PeerSilent(step, guest, message);
	const node = function* (name: TransportNode): Turns<number> {
		const text = yield* side.read(`${directory}/${name}`);
		const value = parseDecimal(text, 32);
		if (value !== undefined) return value;
		throw wrong(
			text === undefined
				? `${guest} went to Initialised without ${connector}/${name}`
				: `${guest} published ${connector}/${name} as ${JSON.stringify(text)}, which is no number`,
		);
	};
	const map = function* (name: TransportNode) {
		const ref = yield* node(name);
		const reply = yield* side.map(fe, ref);
		if (reply.status === GNTST_okay) return reply;
		throw wrong(
			`reference ${ref}, which ${guest} published as ${connector}/${name}, could not be mapped: status ${reply.status}`,
		);
	};
	const bind = function* (name: TransportNode) {
		const remote_port = yield* node(name);
		const { status, port } = yield* ask("evtchn.bind-interdomain", {
			remote: fe,
			remote_port,
		});
		if (status === 0) return port;
		throw wrong(
			`port ${remote_port}, which ${guest} published as ${connector}/${name}, could not be bound: ${errnoName(status) ?? status}`,
		);
	};
	const ringPage = yield* map("req-ring-ref");
	const eventPage = yield* map("evt-ring-ref");
	const ring = new ScriptBackRing(ringPage.gfn);
	yield* ring.attach();
	const size = parseResolution(yield* side.read(`${directory}/resolution`));
	return {
		...whose,
		width: size?.width ?? 0,
		height: size?.height ?? 0,
		ring,
		ringHandle: ringPage.handle,
		eventGfn: eventPage.gfn,
		eventHandle: eventPage.handle,
		reqPort: yield* bind("req-event-channel"),
		evtPort: yield* bind("evt-event-channel"),
		inProd: yield* side.load(eventPage.gfn, IN_PROD),
		nextEvent: 0,
		taken: [],
	};
}
