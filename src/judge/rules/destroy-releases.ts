import { XENDISPL_DBUF_FLG_REQ_ALLOC } from "../../displif/constants.ts";
import { bufferPages, walkDirectory } from "../../displif/directory.ts";
import { type Body, decodeRequest } from "../../displif/packet.ts";
import type { Entry } from "../../journal/entry.ts";
import type { Connection, WireEntry } from "../../journal/exchange.ts";
import type {
	GrantView,
	MapView,
	MemoryView,
} from "../../journal/memory-view.ts";
import { rule } from "../rule.ts";

interface Buffer {
	/** Of its pages. */
	grants: readonly GrantView[];
	/** Entry that answered its create. */
	made: number;
}

interface State {
	/** Of each connection: the buffers that are alive, by cookie. */
	buffers: Map<Connection, Map<bigint, Buffer>>;
	/** Mappings that the hypervisor did not undo when it was asked to: the entry. */
	stuck: WeakMap<MapView, number>;
	/** Foreign frames in buffers that were handed to a display and that it has not let go of: what it shows it has mapped. */
	shown: Map<string, { domid: number; display: number; frames: Set<number> }>;
}

const NO_BUFFER: Buffer = { grants: [], made: 0 };

/** A buffer whose destroy was answered with 0 is gone: whoever had its pages mapped has them no more. */
export const destroyReleases = rule<State>({
	id: "destroy-releases",
	says: "When DBUF_DESTROY is answered with 0, no page of the buffer is mapped any more, by the backend or by the display that it handed the buffer to.",
	families: ["D4"],
	owes: "backend",
	level: "must",
	requirements: ["displif.dbuf-destroy.release"],
	assumes: ["one-reply", "published-in-order"],
	observes: [
		"wire.response",
		"wire.close",
		"grant.unmap",
		"display.import",
		"display.release",
		"display.close",
		"driver.exit",
		"domain.destroy",
	],
	start: () => ({ buffers: new Map(), stuck: new WeakMap(), shown: new Map() }),
	step(state, entry, court) {
		follow(state, entry, court.exchange.memory);
		if (entry.kind === "grant.unmap" && entry.reply.status !== 0) {
			const map = court.exchange.memory.map(entry.domid, entry.call.handle);
			if (map !== undefined) state.stuck.set(map, entry.seq);
		}
		if (entry.kind === "wire.close") state.buffers.delete(entry.connection);
		if (entry.kind !== "wire.response" || entry.request === undefined) return;
		if (((entry.words[1] as number) | 0) !== 0) return;
		const { connection, request, seq } = entry;
		const { memory } = court.exchange;
		const packet = decodeRequest(request.words);
		let buffers = state.buffers.get(connection);
		if (buffers === undefined) {
			buffers = new Map();
			state.buffers.set(connection, buffers);
		}
		if (packet.operation === "DBUF_CREATE")
			buffers.set(packet.body.dbuf_cookie, {
				grants: listed(packet.body, connection, memory),
				made: seq,
			});
		if (packet.operation !== "DBUF_DESTROY") return;
		const { grants, made } = buffers.get(packet.body.dbuf_cookie) ?? NO_BUFFER;
		buffers.delete(packet.body.dbuf_cookie);
		// A frontend may list a page in two buffers.
		const kept = new Set([...buffers.values()].flatMap((one) => one.grants));
		// One of these may have been refused, and its mapping not undone when it was.
		const isOthers = (map: MapView) =>
			map.seq > made && (state.stuck.get(map) ?? seq) < request.seq;
		const mapped = grants.filter(
			(grant) =>
				!kept.has(grant) && mapsOf(grant, memory).some((map) => !isOthers(map)),
		);
		const [first] = mapped;
		const what = `the destroy of buffer 0x${packet.body.dbuf_cookie.toString(16)} was answered with 0`;
		if (first === undefined) {
			const held = grants.filter(
				(grant) => !kept.has(grant) && isShown(grant, connection.be, state),
			);
			if (held.length > 0)
				court.breach({
					domid: connection.be,
					message: `${what} while the display still held ${held.length} of its ${grants.length} pages`,
					expected: "0 after the display has let go of the buffer, or an error",
					got: `reference ${held[0]?.ref} still held by the display`,
					entry: seq,
				});
			return;
		}
		court.breach({
			domid: connection.be,
			message: `${what} while ${mapped.length} of its ${grants.length} pages ${mapped.length === 1 ? "was" : "were"} still mapped`,
			expected: "0 after the last page was unmapped, or an error",
			got: `reference ${first.ref} still mapped`,
			entry: seq,
		});
	},
});

/** The grants that a created buffer's directory lists: the frontend's, or the backend's own when it was asked to allocate. */
function listed(
	{ gref_directory, buffer_sz, flags }: Body<"DBUF_CREATE">,
	{ fe, be }: Connection,
	memory: MemoryView,
): GrantView[] {
	const walked = walkDirectory(
		gref_directory,
		bufferPages(buffer_sz),
		(ref) => {
			const page = memory.grant(fe, ref);
			return page === undefined ? undefined : memory.words(page.frame);
		},
	);
	if (!walked.ok) return [];
	const granter = (flags & XENDISPL_DBUF_FLG_REQ_ALLOC) !== 0 ? be : fe;
	return Array.from(walked.grefs).flatMap(
		(ref) => memory.grant(granter, ref) ?? [],
	);
}

/** Which foreign frames each display has. */
function follow(
	{ shown }: State,
	entry: Entry | WireEntry,
	memory: MemoryView,
): void {
	const forget = (
		which: (one: { domid: number; display: number }) => boolean,
	) => {
		for (const [key, one] of shown) if (which(one)) shown.delete(key);
	};
	switch (entry.kind) {
		case "display.import": {
			if (entry.reply.status !== 0) return;
			const { domid } = entry;
			const { display, buffer, pages } = entry.call;
			const gfns = new Set(Array.from(pages));
			const frames = new Set<number>();
			for (const map of memory.maps.values())
				if (map.mapper === domid && gfns.has(map.gfn)) frames.add(map.frame);
			shown.set(`${domid} ${display} ${buffer}`, { domid, display, frames });
			return;
		}
		case "display.release":
			if (entry.reply.status === 0)
				shown.delete(
					`${entry.domid} ${entry.call.display} ${entry.call.buffer}`,
				);
			return;
		case "display.close":
			forget(
				({ domid, display }) =>
					domid === entry.domid && display === entry.call.display,
			);
			return;
		case "driver.exit":
		case "domain.destroy":
			forget(({ domid }) => domid === entry.call.domid);
			return;
		default:
	}
}

const isShown = (
	{ granter, frame }: GrantView,
	be: number,
	{ shown }: State,
): boolean =>
	granter !== be &&
	[...shown.values()].some((one) => one.domid === be && one.frames.has(frame));

const mapsOf = (
	{ granter, ref, frame, seq }: GrantView,
	memory: MemoryView,
): MapView[] =>
	memory
		.foreign(frame, granter)
		.filter((map) => map.ref === ref && map.seq > seq);
