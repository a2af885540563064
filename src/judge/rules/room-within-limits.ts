import { ERRNO } from "../../base/errno.ts";
import { bufferPages } from "../../displif/directory.ts";
import type { NoteEntry } from "../../journal/entry.ts";
import type { WireEntry } from "../../journal/exchange.ts";
import { type Court, rule } from "../rule.ts";

type Limits = NoteEntry<"driver.limits">["note"];

interface State {
	/** By backend: what it was told that one guest may have. */
	limits: Map<number, Limits>;
	/** By backend: the last call of it that did not get what it asked for. */
	wanting: Map<number, number>;
}

/** What a backend says that has no room. */
const NO_ROOM: readonly number[] = [-ERRNO.ENOMEM, -ERRNO.ENOSPC];

/** A guest gets what it may have, whatever others have and whatever it had before. */
export const roomWithinLimits = rule<State>({
	id: "room-within-limits",
	says: "A backend that was told what one guest may have refuses no request within that for want of room, unless something ran out; what another guest has, or what was given back, does not count.",
	families: ["X5", "D8"],
	owes: "backend",
	level: "should",
	requirements: ["pv.isolation", "pv.limits.buffers", "pv.limits.framebuffers"],
	assumes: ["one-reply", "published-in-order"],
	observes: [
		"driver.limits",
		"wire.response",
		"grant.map",
		"grant.reserve",
		"grant.claim",
		"grant.access",
		"page.alloc",
		"object.make",
	],
	start: () => ({ limits: new Map(), wanting: new Map() }),
	step(state, entry, court) {
		if (entry.kind === "driver.limits")
			state.limits.set(entry.domid, entry.note);
		else if (entry.kind === "wire.response") answered(state, entry, court);
		else if ("reply" in entry && entry.reply.status !== 0)
			state.wanting.set(entry.domid, entry.seq);
	},
});

/** What the guest holds at the backend, by the answers to its requests. */
function held(fe: number, be: number, court: Court): Limits {
	const sum = { buffers: 0, framebuffers: 0, bytes: 0, pages: 0 };
	for (const device of court.books.latest()) {
		if (device.fe !== fe || device.be !== be || !device.open) continue;
		sum.framebuffers += device.framebuffers.size;
		for (const { body } of device.buffers.values()) {
			sum.buffers += 1;
			sum.bytes += body.buffer_sz;
			sum.pages += bufferPages(body.buffer_sz);
		}
	}
	return sum;
}

function answered(
	{ limits, wanting }: State,
	{ request, connection, seq }: WireEntry & { kind: "wire.response" },
	court: Court,
): void {
	const { fe, be, connector, dev } = connection;
	const most = limits.get(be);
	const booked = request && court.books.request(request);
	if (most === undefined || booked?.status === undefined) return;
	const { packet, status, exchange } = booked;
	if (!NO_ROOM.includes(status)) return;
	const octets = packet.operation === "DBUF_CREATE" ? packet.body.buffer_sz : 0;
	if (octets === 0 && packet.operation !== "FB_ATTACH") return;
	const has = held(fe, be, court);
	const within =
		octets > 0
			? has.buffers < most.buffers &&
				has.bytes + octets <= most.bytes &&
				has.pages + bufferPages(octets) <= most.pages
			: has.framebuffers < most.framebuffers;
	if (!within || (wanting.get(be) ?? -1) > exchange.seq) return;
	if (kept(fe, be, court)) return;
	court.breach({
		domid: be,
		message: `${packet.operation} on connector ${connector} of device ${dev} was refused for want of room, although domain ${fe} has ${has.buffers} buffers and ${has.framebuffers} framebuffers alone and nothing had run out`,
		expected: `room for ${most.buffers} buffers and ${most.framebuffers} framebuffers of each guest`,
		got: `status ${status}`,
		entry: seq,
		requirements: ["pv.isolation"],
	});
}

/** Pages of the backend that a guest keeps busy count against it beyond their buffer. */
function kept(fe: number, be: number, court: Court): boolean {
	const live = new Set<number>();
	for (const device of court.books.latest())
		if (device.fe === fe && device.be === be && device.open)
			for (const { pages, backendAllocates } of device.buffers.values())
				if (backendAllocates) for (const ref of pages.refs) live.add(ref);
	for (const grant of court.exchange.memory.grants.values())
		if (grant.granter === be && grant.to === fe && !live.has(grant.ref))
			return true;
	return false;
}
