/** Which frames a request puts into the peer's hands: the directory it names and what that lists. */
import { XENDISPL_DBUF_FLG_REQ_ALLOC } from "../../displif/constants.ts";
import { walkDirectory } from "../../displif/directory.ts";
import { decodeRequest, type Request } from "../../displif/packet.ts";
import type { Connection, ExchangeView } from "../../journal/exchange.ts";

/** Undefined for a request that names no pages. DBUF_DESTROY names those of the create before it, when they are the frontend's. */
export function grantedFrames(
	words: Uint32Array,
	connection: Connection,
	exchange: ExchangeView,
): { operation: string; frames: ReadonlySet<number> } | undefined {
	const packet = decodeRequest(words);
	if (packet.operation === undefined) return undefined;
	let source: Request = packet;
	/** References that were ended since and given out again name other pages: only grants older than this count. */
	let before = Number.POSITIVE_INFINITY;
	if (packet.operation === "DBUF_DESTROY") {
		const cookie = packet.body.dbuf_cookie;
		const create = connection.requests
			.map((r) => ({ packet: decodeRequest(r.words), seq: r.seq }))
			.findLast(
				({ packet: p }) =>
					p.operation === "DBUF_CREATE" && p.body.dbuf_cookie === cookie,
			);
		if (create === undefined) return undefined;
		// The pages are the backend's, and the directory has done its service.
		if (asksToAllocate(create.packet)) return undefined;
		source = create.packet;
		before = create.seq;
	}
	if (source.operation !== "DBUF_CREATE" && source.operation !== "GET_EDID")
		return undefined;
	const { memory } = exchange;
	const named = (ref: number) => {
		const grant = memory.grant(connection.fe, ref);
		return grant !== undefined && grant.seq < before ? grant : undefined;
	};
	const frames = new Set<number>();
	const backendAllocates = asksToAllocate(source);
	const pages = Math.ceil(source.body.buffer_sz / 4096);
	const walked = walkDirectory(source.body.gref_directory, pages, (ref) => {
		const grant = named(ref);
		if (grant === undefined) return undefined;
		frames.add(grant.frame);
		return memory.words(grant.frame);
	});
	if (walked.ok && !backendAllocates)
		for (const ref of walked.grefs) {
			const grant = named(ref);
			if (grant !== undefined) frames.add(grant.frame);
		}
	return { operation: packet.operation, frames };
}

const asksToAllocate = (packet: Request): boolean =>
	packet.operation === "DBUF_CREATE" &&
	(packet.body.flags & XENDISPL_DBUF_FLG_REQ_ALLOC) !== 0;
