import { ERRNO } from "../../base/errno.ts";
import type { WireEntry } from "../../journal/exchange.ts";
import { hex } from "../refusals.ts";
import { judgeRequest } from "../refused-requests.ts";
import { type Court, rule } from "../rule.ts";

/** A cookie names one live thing: never 0, made once, named while it lives, undone once. */
export const cookies = rule({
	id: "cookies",
	says: "A cookie is not 0 and is unique while its buffer or framebuffer lives; it is unknown before that was made and after it was undone, which happens once.",
	families: ["D1"],
	owes: "both",
	level: "must",
	requirements: [
		"displif.cookie-unknown",
		"displif.dbuf-create.cookie-unique",
		"displif.fb-attach.cookie-unique",
		"displif.cookie-nonzero",
		"displif.cookie-zero-refused",
		"displif.cookie-guest-wide",
		"displif.dbuf-create.cookie-reuse",
		"displif.fb-attach.cookie-reuse",
		"displif.fb-attach.dbuf",
		"displif.pg-flip.framebuffer",
		"pv.cookie-live",
	],
	assumes: ["one-reply"],
	observes: ["wire.request", "wire.response"],
	start: () => undefined,
	step(_state, entry, court) {
		if (entry.kind === "wire.request") {
			judgeRequest(entry, "cookie", court);
			elsewhere(entry, court);
		}
		if (entry.kind !== "wire.response") return;
		judgeRequest(entry, "cookie", court);
		stillKnown(entry, court);
	},
});

/** A cookie is the guest's: no two of its devices have the same one at a time. */
function elsewhere(
	{ request, connection, seq }: WireEntry & { kind: "wire.request" },
	court: Court,
): void {
	const packet = court.books.request(request)?.packet;
	const { fe, dev, connector } = connection;
	for (const device of court.books.latest()) {
		if (device.fe !== fe || device.dev === dev || !device.open) continue;
		const made =
			packet?.operation === "DBUF_CREATE"
				? device.buffers.get(packet.body.dbuf_cookie)
				: packet?.operation === "FB_ATTACH"
					? device.framebuffers.get(packet.body.fb_cookie)
					: undefined;
		if (made === undefined) continue;
		court.breach({
			domid: fe,
			message: `${packet?.operation} on connector ${connector} of device ${dev} makes cookie ${hex(made.cookie)}, which lives on device ${device.dev} of the same guest`,
			expected: "a cookie that is unique within the guest",
			got: "the request was sent",
			entry: seq,
			requirements: ["displif.cookie-guest-wide"],
		});
	}
}

/** EEXIST for a cookie whose buffer or framebuffer was undone: the backend still has it somewhere. */
function stillKnown(
	{ request, connection, seq }: WireEntry & { kind: "wire.response" },
	court: Court,
): void {
	const booked = request && court.books.request(request);
	if (booked?.status !== -ERRNO.EEXIST) return;
	const { packet, device } = booked;
	const made =
		packet.operation === "DBUF_CREATE" && booked.dbuf === "unknown"
			? { kind: "dbuf", what: "buffer", cookie: packet.body.dbuf_cookie }
			: packet.operation === "FB_ATTACH" && booked.fb === "unknown"
				? { kind: "fb", what: "framebuffer", cookie: packet.body.fb_cookie }
				: undefined;
	if (made === undefined) return;
	const { kind, what, cookie } = made;
	const undone = device.changed.get(`${kind} ${cookie}`);
	if (undone === undefined) return;
	court.breach({
		domid: connection.be,
		message: `the cookie ${hex(cookie)} was refused as one in use, although its ${what} had been undone with 0`,
		expected: `a cookie without a ${what} can be used again`,
		got: "-EEXIST",
		entry: seq,
		requirements: [
			kind === "dbuf"
				? "displif.dbuf-create.cookie-reuse"
				: "displif.fb-attach.cookie-reuse",
		],
	});
}
