/**
 * What a call touched, as far as another domain could notice: two entries commute when neither writes what the other touches. It follows from
 * the entry alone, so it costs nothing while a case is played.
 */
import type { CallName } from "../xen/call.ts";
import type { CallEntry } from "./entry.ts";
import { absolute } from "./store-view.ts";

/** `frame 12`, `grant 2 9`, `ports`, `node /local/domain/2/…`, `display 1`, `memory 2`, `world`. */
export interface Touch {
	what: string;
	write: boolean;
}

type Rule<N extends CallName> = (entry: CallEntry<N>) => Touch[];

const reads = (...what: string[]): Touch[] =>
	what.map((one) => ({ what: one, write: false }));
const writes = (...what: string[]): Touch[] =>
	what.map((one) => ({ what: one, write: true }));
const nothing = (): Touch[] => [];

const node = ({
	domid,
	call,
}: {
	domid: number;
	call: { path: string };
}): string => `node ${absolute(domid, call.path)}`;
const frame = ({ reply }: { reply: { frame: number } }): string =>
	`frame ${reply.frame}`;
const memory = ({ domid }: { domid: number }): string => `memory ${domid}`;
const own = (entry: { domid: number; call: { ref: number } }): string =>
	`grant ${entry.domid} ${entry.call.ref}`;
const lock = (entry: { domid: number; call: { lock: number } }): string =>
	`lock ${entry.domid} ${entry.call.lock}`;
const display = ({ call }: { call: { display: number } }): string =>
	`display ${call.display}`;

/** A write of a node may make or remove others around it, and fires watches: it touches the store as a whole, a read only its node. */
const storeWrite = (entry: {
	domid: number;
	call: { path: string };
}): Touch[] => writes(node(entry), "store");
const nodeRead = (entry: { domid: number; call: { path: string } }): Touch[] =>
	reads(node(entry), "store");
/** One end's port is the other end's as well, and who is at the other end is not in the entry. */
const ports = (): Touch[] => writes("ports");
const privately = (entry: { domid: number }): Touch[] => writes(memory(entry));
const world = (): Touch[] => writes("world");

/** A call added to the table in src/xen/call.ts turns this red until its footprint is known. */
const FOOTPRINTS: { [N in CallName]: Rule<N> } = {
	"xs.read": nodeRead,
	"xs.directory": nodeRead,
	"xs.directory-part": nodeRead,
	"xs.get-perms": nodeRead,
	"xs.write": storeWrite,
	"xs.mkdir": storeWrite,
	"xs.rm": storeWrite,
	"xs.set-perms": storeWrite,
	"xs.watch": nodeRead,
	"xs.unwatch": nodeRead,
	"xs.transaction-start": () => reads("store"),
	"xs.transaction-end": () => writes("store"),
	"xs.get-domain-path": nothing,
	"xs.introduce": () => writes("store"),
	"xs.reset-watches": () => writes("store"),
	"grant.reserve": privately,
	"grant.claim": privately,
	"grant.release": privately,
	"grant.free": privately,
	"grant.table": privately,
	"grant.access": (entry) => writes(own(entry)),
	"grant.query": (entry) => reads(own(entry)),
	"grant.end": (entry) => writes(own(entry)),
	"grant.map": (entry) =>
		writes(`grant ${entry.call.granter} ${entry.call.ref}`, frame(entry)),
	"grant.unmap": (entry) =>
		writes(`grant ${entry.reply.granter} ${entry.reply.ref}`, frame(entry)),
	"grant.copy": ({ call }) => [
		...reads(`grant ${call.source_domid} ${call.source}`),
		...writes(`grant ${call.dest_domid} ${call.dest}`),
	],
	"evtchn.alloc-unbound": ports,
	"evtchn.bind-interdomain": ports,
	"evtchn.notify": ports,
	"evtchn.mask": ports,
	"evtchn.unmask": ports,
	"evtchn.close": ports,
	"evtchn.status": () => reads("ports"),
	"evtchn.reset": ports,
	"page.alloc": privately,
	"page.free": (entry) => writes(memory(entry), frame(entry)),
	"page.load": (entry) => reads(frame(entry)),
	"page.store": (entry) => writes(frame(entry)),
	"page.compare-exchange": (entry) => writes(frame(entry)),
	"memory.rmb": nothing,
	"memory.wmb": nothing,
	"memory.mb": nothing,
	"memory.decrease-reservation": (entry) => writes(memory(entry), frame(entry)),
	"memory.populate-physmap": privately,
	"balloon.take": privately,
	"balloon.give": privately,
	"object.make": privately,
	"object.drop": privately,
	"driver.note": nothing,
	"driver.exit": world,
	"task.start": nothing,
	"task.join": nothing,
	"lock.take": (entry) => writes(lock(entry)),
	"lock.give": (entry) => writes(lock(entry)),
	"completion.complete": ({ domid, call }) =>
		writes(`completion ${domid} ${call.completion}`),
	wait: ({ domid, call, reply }) => [
		...(call.ports.length > 0 ? writes("ports") : []),
		...(call.token === "" ? [] : reads("store")),
		...(call.completion === 0
			? []
			: writes(`completion ${domid} ${call.completion}`)),
		...(reply.display === 0 ? [] : writes(`display ${reply.display}`)),
	],
	"display.open": ({ reply }) => writes(`display ${reply.display}`),
	"display.import": (entry) => writes(display(entry)),
	"display.show": (entry) => writes(display(entry)),
	"display.hide": (entry) => writes(display(entry)),
	"display.release": (entry) => writes(display(entry)),
	"display.close": (entry) => writes(display(entry)),
	"domain.create": world,
	"domain.crash": world,
	"domain.hang": world,
	"domain.resume": world,
	"domain.destroy": world,
};

export function footprint(entry: CallEntry): Touch[] {
	return (FOOTPRINTS[entry.kind] as Rule<CallName>)(entry);
}

/** Whether the order of two entries of different domains cannot matter. */
export function commute(a: CallEntry, b: CallEntry): boolean {
	const [left, right] = [footprint(a), footprint(b)];
	return !left.some((one) =>
		right.some(
			(other) =>
				(one.write || other.write) &&
				(one.what === other.what ||
					one.what === "world" ||
					other.what === "world"),
		),
	);
}
