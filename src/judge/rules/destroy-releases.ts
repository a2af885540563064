import { XENDISPL_DBUF_FLG_REQ_ALLOC } from "../../displif/constants.ts";
import { bufferPages, walkDirectory } from "../../displif/directory.ts";
import { type Body, decodeRequest } from "../../displif/packet.ts";
import type { Connection } from "../../journal/exchange.ts";
import type { GrantView, MemoryView } from "../../journal/memory-view.ts";
import { rule } from "../rule.ts";

/** Of each connection's buffers that are alive, by cookie: the grants of their pages. */
type State = Map<Connection, Map<bigint, readonly GrantView[]>>;

/** A buffer whose destroy was answered with 0 is gone: whoever had its pages mapped has them no more. */
export const destroyReleases = rule<State>({
	id: "destroy-releases",
	says: "When DBUF_DESTROY is answered with 0, no page of the buffer is mapped any more.",
	families: ["D4"],
	owes: "backend",
	level: "must",
	requirements: ["displif.dbuf-destroy.release"],
	assumes: ["one-reply"],
	observes: ["wire.response", "wire.close"],
	start: () => new Map(),
	step(state, entry, court) {
		if (entry.kind === "wire.close") state.delete(entry.connection);
		if (entry.kind !== "wire.response" || entry.request === undefined) return;
		if (((entry.words[1] as number) | 0) !== 0) return;
		const { connection, request, seq } = entry;
		const { memory } = court.exchange;
		const packet = decodeRequest(request.words);
		let buffers = state.get(connection);
		if (buffers === undefined) {
			buffers = new Map();
			state.set(connection, buffers);
		}
		if (packet.operation === "DBUF_CREATE")
			buffers.set(
				packet.body.dbuf_cookie,
				listed(packet.body, connection, memory),
			);
		if (packet.operation !== "DBUF_DESTROY") return;
		const grants = buffers.get(packet.body.dbuf_cookie) ?? [];
		buffers.delete(packet.body.dbuf_cookie);
		// A frontend may list a page in two buffers.
		const kept = new Set([...buffers.values()].flat());
		const mapped = grants.filter(
			(grant) => !kept.has(grant) && isMapped(grant, memory),
		);
		const [first] = mapped;
		if (first === undefined) return;
		court.breach({
			domid: connection.be,
			message: `the destroy of buffer 0x${packet.body.dbuf_cookie.toString(16)} was answered with 0 while ${mapped.length} of its ${grants.length} pages ${mapped.length === 1 ? "was" : "were"} still mapped`,
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

const isMapped = (
	{ granter, ref, frame, seq }: GrantView,
	memory: MemoryView,
) =>
	memory
		.foreign(frame, granter)
		.some((map) => map.granter === granter && map.ref === ref && map.seq > seq);
