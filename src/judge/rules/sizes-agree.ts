import { bufferPages } from "../../displif/directory.ts";
import type { NoteEntry } from "../../journal/entry.ts";
import type { Connection, WireEntry } from "../../journal/exchange.ts";
import type { BookedBuffer, BookedRequest } from "../books.ts";
import { hex } from "../refusals.ts";
import { judgeRequest } from "../refused-requests.ts";
import { type Court, rule } from "../rule.ts";

interface State {
	/** By frontend: the answer to its last GET_EDID that claims more than the buffer. */
	claimed: Map<number, { seq: number; edid_sz: number; buffer_sz: number }>;
}

/** The sizes that one side says and the other believes. */
export const sizesAgree = rule<State>({
	id: "sizes-agree",
	says: "buffer_sz, directory, geometry, data_ofs, flags, framebuffer, mode and edid_sz agree, without overflow; a request in which they do not is refused.",
	families: ["D2"],
	owes: "both",
	level: "must",
	requirements: [
		"displif.dbuf-create.size",
		"displif.dbuf-create.directory",
		"displif.dbuf-create.data-ofs",
		"displif.dbuf-create.backend-allocates",
		"displif.fb-attach.fits",
		"displif.set-config.bounds",
		"displif.get-edid.buffer-size",
		"displif.get-edid.edid-size",
		"displif.get-edid.directory",
		"displif.directory.bounded",
		"displif.directory.count",
		"displif.directory.last",
		"pv.size-overflow",
	],
	besides: ["displif.gref-zero", "displif.dbuf-create.request-directory"],
	assumes: ["one-reply", "version-chosen", "published-in-order"],
	observes: [
		"wire.request",
		"wire.response",
		"display.import",
		"driver.result",
	],
	start: () => ({ claimed: new Map() }),
	step(state, entry, court) {
		switch (entry.kind) {
			case "wire.request":
				judgeRequest(entry, "size", court);
				return;
			case "wire.response": {
				judgeRequest(entry, "size", court);
				const booked = entry.request && court.books.request(entry.request);
				if (booked?.status !== 0) return;
				allocated(booked, entry, court);
				edid(state, booked, entry, court);
				return;
			}
			case "driver.result":
				believed(state, entry, court);
				return;
			case "display.import":
				imported(entry.call, entry.domid, entry.seq, court);
				return;
			default:
		}
	},
});

/** A buffer that the backend allocated: as many open references to its own pages as the buffer has pages, each told once. */
function allocated(
	{ packet, buffer, connection }: BookedRequest,
	{ seq }: WireEntry,
	court: Court,
): void {
	if (packet.operation !== "DBUF_CREATE" || !buffer?.backendAllocates) return;
	const { refs, grants, short } = buffer.pages;
	if (short !== undefined) return;
	const { fe, be } = connection;
	const cookie = hex(buffer.cookie);
	const count = bufferPages(buffer.body.buffer_sz);
	const wrong = miscounted(buffer, connection, court);
	if (wrong === undefined) return;
	court.breach({
		domid: be,
		message: `of the ${count} pages that the backend allocated for buffer ${cookie} of domain ${fe}, ${wrong}`,
		expected: `${count} different references that the backend has opened for this frontend, and no more`,
		got: `${refs.length - grants.filter((g) => g?.to !== fe).length} usable ones in the directory`,
		entry: seq,
		requirements: [
			"displif.dbuf-create.backend-allocates",
			"displif.dbuf-create.size",
		],
	});
}

function miscounted(
	buffer: BookedBuffer,
	connection: Connection,
	court: Court,
): string | undefined {
	const { refs, grants } = buffer.pages;
	const at = grants.findIndex((grant) => grant?.to !== connection.fe);
	if (at >= 0)
		return `page ${at} is the reference ${refs[at]}, which it has not opened for it`;
	const closed = grants.findIndex((grant) => grant?.readonly === true);
	if (closed >= 0)
		return `page ${closed} is the reference ${refs[closed]}, which the frontend can only read`;
	if (new Set(refs).size < refs.length) {
		const twice = refs.find((ref, i) => refs.indexOf(ref) !== i);
		return `two are the reference ${twice}`;
	}
	const untold = notTold(buffer, connection, court);
	return untold.length === 0
		? undefined
		: `${untold.length} more were opened and not told, the first as reference ${untold[0]}`;
}

/** References that were opened for the frontend while only this create asked for any, and that no buffer lists. */
function notTold(
	buffer: BookedBuffer,
	{ fe, be, dev }: Connection,
	court: Court,
): number[] {
	const devices = [...court.books.latest()].filter((d) => d.fe === fe);
	const device = court.books.device(fe, dev);
	const others = devices.some((d) =>
		[...d.pending].some((other) => other.buffer?.backendAllocates === true),
	);
	if (device === undefined || others) return [];
	const told = new Set<number>();
	for (const d of devices)
		for (const { pages, backendAllocates } of d.buffers.values())
			if (backendAllocates) for (const ref of pages.refs) told.add(ref);
	const untold: number[] = [];
	for (const grant of court.exchange.memory.grants.values())
		if (
			grant.granter === be &&
			grant.to === fe &&
			grant.seq > buffer.asked &&
			!told.has(grant.ref)
		)
			untold.push(grant.ref);
	return untold;
}

/** edid_sz says how much was written, and no more can have been than there is room. */
function edid(
	state: State,
	{ packet, edid_sz, connection }: BookedRequest,
	{ seq }: WireEntry,
	court: Court,
): void {
	if (packet.operation !== "GET_EDID") return;
	const { buffer_sz } = packet.body;
	state.claimed.delete(connection.fe);
	if (edid_sz <= buffer_sz) return;
	state.claimed.set(connection.fe, { seq, edid_sz, buffer_sz });
	court.breach({
		domid: connection.be,
		message: `the EDID of connector ${connection.connector} of device ${connection.dev} is said to have ${edid_sz} octets in a buffer of ${buffer_sz}`,
		expected: `an edid_sz of at most ${buffer_sz}`,
		got: `edid_sz ${edid_sz}`,
		entry: seq,
		requirements: ["displif.get-edid.edid-size"],
	});
}

/** A frontend that gives its client an EDID has believed the size. */
function believed(
	state: State,
	{ domid, seq, note }: NoteEntry<"driver.result">,
	court: Court,
): void {
	if (note.operation !== "edid.read") return;
	const claim = state.claimed.get(domid);
	if (claim === undefined || note.result < 0) return;
	state.claimed.delete(domid);
	court.breach({
		domid,
		message: `edid.read succeeded although the backend claimed ${claim.edid_sz} octets in a buffer of ${claim.buffer_sz} (${court.tell(claim.seq)})`,
		expected: "an error",
		got: `result ${note.result}`,
		entry: seq,
		requirements: ["displif.get-edid.edid-size", "pv.size-overflow"],
	});
}

/** The display is shown a buffer from where its picture begins. */
function imported(
	{ pages, offset }: { pages: ArrayLike<number>; offset: number },
	domid: number,
	seq: number,
	court: Court,
): void {
	const first = pages[Math.floor(offset / 4096)];
	if (first === undefined) return;
	const { memory } = court.exchange;
	const found: BookedBuffer[] = [];
	const frame = memory.mappedAt(domid, first)?.frame;
	if (frame === undefined) return;
	for (const device of court.books.latest()) {
		if (device.be !== domid) continue;
		for (const buffer of device.buffers.values()) {
			if (
				buffer.backendAllocates ||
				!buffer.pages.grants.some((g) => g?.frame === frame)
			)
				continue;
			const data_ofs = device.version > 1 ? buffer.body.data_ofs : 0;
			const at = buffer.pages.grants[Math.floor(data_ofs / 4096)];
			if (at?.frame === frame && data_ofs % 4096 === offset % 4096) return;
			found.push(buffer);
		}
	}
	// A page may be listed by several buffers: one that begins here is enough.
	const [buffer] = found;
	if (buffer === undefined) return;
	court.breach({
		domid,
		message: `buffer ${hex(buffer.cookie)}, whose data_ofs is ${buffer.body.data_ofs}, was handed to the display from octet ${offset} of ${pages.length} pages`,
		expected: `the octet ${buffer.body.data_ofs} of the buffer first`,
		got: court.tell(seq),
		entry: seq,
		requirements: ["displif.dbuf-create.data-ofs"],
	});
}
