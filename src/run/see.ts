/** What `state:` and `delta:` read: the world and the ledger, never a peer's variables. */
import { bufferPages, walkDirectory } from "../displif/directory.ts";
import { decodeRequest } from "../displif/packet.ts";
import { backendPath, frontendPath } from "../peer/toolstack.ts";
import type { LedgerName, ViewPath } from "../scenario/views.ts";
import {
	type IndexName,
	type Participant,
	XENBUS_STATES,
} from "../scenario/words.ts";
import type { Actor, NamedOf, Stage } from "./stage.ts";

/** A domain's account now; 0 for a domain that is gone. */
export function ledger(
	stage: Stage,
	who: Participant,
	name: LedgerName,
	kind?: string,
): bigint {
	const { domid } = stage.actor(who);
	const { world } = stage;
	const domain = world.domain(domid);
	if (domain === undefined) return 0n;
	switch (name) {
		case "pages":
			return BigInt(domain.physmap.inUse);
		case "grants":
			return BigInt(domain.grants.open);
		case "reserved":
			return BigInt(
				domain.grants.reserved + domain.grants.claimed - domain.grants.open,
			);
		case "maps": {
			if (kind === undefined) return BigInt(domain.maptrack.count);
			const granter = stage.actor(kind as Participant).domid;
			return BigInt(
				domain.maptrack
					.numbers()
					.filter((h) => domain.maptrack.get(h)?.granter === granter).length,
			);
		}
		case "ports":
			return BigInt(world.evtchn.table(domid)?.count ?? 0);
		case "watches":
			return BigInt(
				world.hasConnection(domid)
					? world.store.watchCount(world.connection(domid))
					: 0,
			);
		case "ballooned":
			return BigInt(domain.physmap.balloonOut);
		case "objects": {
			const objects = [...domain.objects.values()];
			return BigInt(
				kind === undefined
					? objects.length
					: objects.filter((o) => o.kind === kind).length,
			);
		}
	}
}

/** The device directory of a participant: the frontend's own, or the backend's for the guest `fe`. */
export function deviceDirectory(
	stage: Stage,
	who: Participant,
	dev: number,
	guest: Participant = "fe",
): string {
	const actor = stage.actor(who);
	return actor.role === "frontend"
		? frontendPath(actor.domid, dev)
		: backendPath(actor.domid, stage.actor(guest).domid, dev);
}

export function node(stage: Stage, path: string): string | undefined {
	const { store } = stage.world;
	const answer = store.read(stage.world.connection(0), 0, path);
	return answer.ok ? answer.value : undefined;
}

/** XenBus state of a device's side by name; Unknown without a node. */
export function busState(
	stage: Stage,
	who: Participant,
	dev: number,
	guest: Participant = "fe",
): string {
	const value = node(stage, `${deviceDirectory(stage, who, dev, guest)}/state`);
	return XENBUS_STATES[Number(value ?? "0")] ?? `state ${value}`;
}

/** The value of a `state:` path now. */
export function see(stage: Stage, path: ViewPath): bigint | string {
	const [first = "", second = ""] = path.args;
	const who = first as Participant;
	switch (path.view) {
		case "WHO.state":
			return busState(stage, who, 0);
		case "WHO.state(DEV)":
			return busState(stage, who, Number(second));
		case "WHO.node(NODE)":
			return (
				node(stage, `${deviceDirectory(stage, who, 0)}/${second}`) ?? "absent"
			);
		case "WHO.life":
			return stage.world.life(stage.actor(who).domid);
		case "WHO.driver":
			return driverRuns(stage, stage.actor(who)) ? "running" : "ended";
		case "WHO.pages":
		case "WHO.grants":
		case "WHO.reserved":
		case "WHO.maps":
		case "WHO.ports":
		case "WHO.watches":
		case "WHO.ballooned":
		case "WHO.objects":
			return ledger(stage, who, path.view.slice(4) as LedgerName);
		case "WHO.maps(WHO)":
			return ledger(stage, who, "maps", second);
		case "WHO.objects(KIND)":
			return ledger(stage, who, "objects", second);
		case "WHO.requests":
			return BigInt(
				links(stage, who).reduce((sum, c) => sum + c.requests.length, 0),
			);
		case "WHO.replies":
			return BigInt(
				links(stage, who).reduce(
					(sum, c) =>
						sum + c.requests.filter((r) => r.answer !== undefined).length,
					0,
				),
			);
		case "WHO.waiting":
			return BigInt(
				links(stage, who)
					.filter((c) => c.open)
					.reduce(
						(sum, c) =>
							sum + c.requests.filter((r) => r.answer === undefined).length,
						0,
					),
			);
		case "WHO.events":
			return BigInt(
				links(stage, who).reduce((sum, c) => sum + c.eventCount, 0),
			);
		case "WHO.ring(CONNECTOR).INDEX":
			return sharedIndex(
				stage,
				who,
				Number(second),
				(path.args[2] ?? "req_prod") as IndexName,
			);
		case "dbuf(BUFFER).grants":
			return BigInt(
				bufferRefs(stage, first).refs.filter((ref) =>
					openGrant(stage, first, ref),
				).length,
			);
		case "dbuf(BUFFER).maps":
			return bufferMaps(stage, first);
		case "dbuf(BUFFER).directory.pages":
			return BigInt(bufferRefs(stage, first).directory.length);
		case "dbuf(BUFFER).directory.refs":
			return BigInt(
				bufferRefs(stage, first).refs.filter((ref) => ref !== 0).length,
			);
		case "dbuf(BUFFER).directory.last.next": {
			const last = bufferRefs(stage, first).directory.at(-1);
			return BigInt(last?.[0] ?? 0);
		}
		case "display(CONNECTOR).shown":
			return BigInt(display(stage, Number(first)).current === 0 ? 0 : 1);
		case "display(CONNECTOR).buffers":
			return BigInt(display(stage, Number(first)).held);
		case "display(CONNECTOR).frames":
			return BigInt(display(stage, Number(first)).presented);
	}
}

const INDEX_WORDS: Record<
	IndexName,
	{ page: "ring" | "events"; word: number }
> = {
	req_prod: { page: "ring", word: 0 },
	req_event: { page: "ring", word: 1 },
	rsp_prod: { page: "ring", word: 2 },
	rsp_event: { page: "ring", word: 3 },
	in_cons: { page: "events", word: 0 },
	in_prod: { page: "events", word: 1 },
};

export function sharedIndex(
	stage: Stage,
	who: Participant,
	connector: number,
	index: IndexName,
): bigint {
	const link = links(stage, who).findLast((c) => c.connector === connector);
	if (link === undefined) return 0n;
	const { page, word } = INDEX_WORDS[index];
	return BigInt(stage.world.frames.memory.load(link[page], word));
}

function links(stage: Stage, who: Participant) {
	const { domid } = stage.actor(who);
	return stage.exchange.connections.filter(
		(c) => c.fe === domid || c.be === domid,
	);
}

export const driverRuns = (stage: Stage, { domid, role }: Actor): boolean =>
	stage.world.life(domid) === "running" &&
	(role === "frontend" ||
		stage.runner.tasks.some(
			(t) => t.domid === domid && t.state === "runnable",
		));

/** The display behind a connector of the first device of `fe`. */
export const displayName = (
	fe: string,
	dev: number,
	connector: number,
): string => `${fe}-${dev}-${connector}`;

export function display(stage: Stage, connector: number, fe = "fe", dev = 0) {
	const found = stage.world.displays.find(
		(d) => d.shape.name === displayName(fe, dev, connector),
	);
	if (found === undefined)
		throw new Error(`no display behind connector ${connector}`);
	return found;
}

/** A buffer's references and directory pages, read through the directory that its DBUF_CREATE named. */
export function bufferRefs(
	stage: Stage,
	name: string,
): { refs: number[]; directory: Uint32Array[]; directoryRefs: number[] } {
	const buffer = stage.names.get(name) as NamedOf<"buffer"> | undefined;
	const none = { refs: [], directory: [], directoryRefs: [] };
	if (buffer?.kind !== "buffer" || buffer.cookie === undefined) return none;
	const { domid } = stage.actor(buffer.owner);
	const create = stage.exchange.connections
		.filter((c) => c.fe === domid && c.dev === buffer.dev)
		.flatMap((c) => c.requests)
		.map((r) => decodeRequest(r.words))
		.findLast(
			(p) =>
				p.operation === "DBUF_CREATE" && p.body.dbuf_cookie === buffer.cookie,
		);
	if (create?.operation !== "DBUF_CREATE") return none;
	const { gref_directory, buffer_sz } = create.body;
	return listed(stage, domid, gref_directory, buffer_sz);
}

/** The references and directory pages behind a request's gref_directory, as they stand in memory now. */
export function listed(
	stage: Stage,
	domid: number,
	gref_directory: number,
	buffer_sz: number,
): { refs: number[]; directory: Uint32Array[]; directoryRefs: number[] } {
	const directory: Uint32Array[] = [];
	const directoryRefs: number[] = [];
	const { memory } = stage.exchange;
	const walked = walkDirectory(
		gref_directory,
		bufferPages(buffer_sz),
		(ref) => {
			const grant = memory.grant(domid, ref);
			if (grant === undefined) return undefined;
			const words = memory.words(grant.frame);
			directory.push(words);
			directoryRefs.push(ref);
			return words;
		},
	);
	return { refs: walked.ok ? [...walked.grefs] : [], directory, directoryRefs };
}

/** Who granted a buffer's pages: the frontend, or with backend allocation the backend. */
function granterOf(stage: Stage, name: string, ref: number): number {
	const buffer = stage.names.get(name) as NamedOf<"buffer">;
	const fe = stage.actor(buffer.owner).domid;
	return stage.exchange.memory.grant(fe, ref) !== undefined
		? fe
		: stage.actor("be").domid;
}

const openGrant = (stage: Stage, name: string, ref: number): boolean =>
	ref !== 0 &&
	stage.exchange.memory.grant(granterOf(stage, name, ref), ref) !== undefined;

function bufferMaps(stage: Stage, name: string): bigint {
	const { memory } = stage.exchange;
	const refs = new Set(
		bufferRefs(stage, name)
			.refs.filter((ref) => ref !== 0)
			.map((ref) => `${granterOf(stage, name, ref)} ${ref}`),
	);
	return BigInt(
		[...memory.maps.values()].filter((m) => refs.has(`${m.granter} ${m.ref}`))
			.length,
	);
}
