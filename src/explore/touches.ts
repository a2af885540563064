/**
 * What each turn of a case touches, as far as another domain could notice: the footprint of its calls, made finer where the world can be asked
 * which port, which queue and which words it was.
 */
import type { CallEntry } from "../journal/entry.ts";
import { footprint } from "../journal/footprint.ts";
import { absolute } from "../journal/store-view.ts";
import type { Call } from "../xen/call.ts";
import type { World } from "../xen/world.ts";
import { type Access, EVERYTHING } from "./orders.ts";

const port = (domid: number, number: number): string =>
	`port ${domid} ${number}`;
const queue = (domid: number): string => `events ${domid}`;

/** What a call is going to touch that is known only before it is made: the two ends of a channel, and what a wait waits for. */
export function before(world: World, domid: number, call: Call): Access[] {
	switch (call.op) {
		case "evtchn.notify":
			return [
				{ thing: port(domid, call.port), write: false },
				...otherEnd(world, domid, call.port),
			];
		case "evtchn.mask":
		case "evtchn.unmask":
		case "evtchn.status":
			return [
				{ thing: port(domid, call.port), write: true },
				...otherEnd(world, domid, call.port),
			];
		case "evtchn.close":
			return [
				{ thing: port(domid, call.port), write: true },
				...otherEnd(world, domid, call.port),
			];
		case "evtchn.bind-interdomain":
			return [{ thing: port(call.remote, call.remote_port), write: true }];
		case "wait":
			return [
				...Array.from(call.ports, (number) => port(domid, number)),
				...(call.token === "" ? [] : [queue(domid)]),
				...(call.completion === 0
					? []
					: [`completion ${domid} ${call.completion}`]),
				...(call.display ? [`displays ${domid}`] : []),
			].map((thing) => ({ thing, write: true, waits: true }));
		case "lock.take":
			return [
				{ thing: `lock ${domid} ${call.lock}`, write: true, waits: true },
			];
		default:
			return [];
	}
}

function otherEnd(world: World, domid: number, number: number): Access[] {
	const own = world.evtchn.table(domid)?.get(number);
	return own === undefined || own.remotePort === 0
		? []
		: [{ thing: port(own.remote, own.remotePort), write: true }];
}

/** What a call touched, by its entry. */
export function after(entry: CallEntry, delayed: boolean): Access[] {
	switch (entry.kind) {
		case "evtchn.notify":
		case "evtchn.mask":
		case "evtchn.unmask":
		case "evtchn.status":
		case "evtchn.close":
		case "evtchn.bind-interdomain":
		case "evtchn.alloc-unbound":
		case "wait":
		case "lock.take":
			return [];
		case "evtchn.reset":
			return [{ thing: EVERYTHING, write: true }];
		case "page.load":
			return [
				{
					thing: `frame ${entry.reply.frame}`,
					write: false,
					low: entry.call.word,
					high: entry.call.word + entry.call.count,
				},
			];
		case "page.store":
			// Where stores are seen late the words that drain are what is touched.
			return delayed
				? []
				: [
						{
							thing: `frame ${entry.reply.frame}`,
							write: true,
							low: entry.call.word,
							high: entry.call.word + entry.call.words.length,
						},
					];
		case "page.compare-exchange":
			return [
				{
					thing: `frame ${entry.reply.frame}`,
					write: true,
					low: entry.call.word,
					high: entry.call.word + 1,
				},
			];
		case "xs.read":
		case "xs.directory":
		case "xs.directory-part":
		case "xs.get-perms":
		case "xs.watch":
		case "xs.unwatch":
			return [
				{ thing: node(entry.domid, entry.call.path), write: false },
				{ thing: "store", write: false },
			];
		case "xs.write":
		case "xs.mkdir":
		case "xs.set-perms":
			if (entry.call.tx !== 0) return [{ thing: "store", write: false }];
			return [
				// A node that is made changes the list of its parent, and so on.
				...upwards(absolute(entry.domid, entry.call.path)).map((path) => ({
					thing: `node ${path}`,
					write: true,
				})),
				{ thing: "store", write: false },
			];
		case "xs.rm":
			return [{ thing: "store", write: entry.call.tx === 0 }];
		case "xs.transaction-end":
			return [{ thing: "store", write: entry.call.commit }];
		case "display.open":
		case "display.import":
		case "display.show":
		case "display.hide":
		case "display.release":
		case "display.close":
			return [{ thing: `displays ${entry.domid}`, write: true }];
		default:
			return footprint(entry).map(({ what, write }) => ({
				thing: what,
				write,
			}));
	}
}

const node = (domid: number, path: string): string =>
	`node ${absolute(domid, path)}`;

function upwards(path: string): string[] {
	const paths: string[] = [];
	for (let at = path; at !== ""; at = at.slice(0, at.lastIndexOf("/")))
		paths.push(at);
	return paths;
}

/** Which queues of watch events grew since the last look. */
export class Queues {
	private readonly seen = new Map<number, number>();

	grown(world: World): Access[] {
		const grown: Access[] = [];
		for (const domid of world.domids()) {
			if (!world.hasConnection(domid)) continue;
			const { eventsQueued } = world.connection(domid);
			if (eventsQueued === this.seen.get(domid)) continue;
			this.seen.set(domid, eventsQueued);
			grown.push({ thing: queue(domid), write: true });
		}
		return grown;
	}
}
