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
	assumes: ["one-reply", "published-in-order"],
	observes: ["wire.request", "wire.response"],
	start: () => undefined,
	step(_state, entry, court) {
		if (entry.kind === "wire.request") {
			judgeRequest(entry, "cookie", court);
			elsewhere(entry, court);
		}
		if (entry.kind !== "wire.response") return;
		judgeRequest(entry, "cookie", court);
		toldTruly(entry, court);
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

/** What an operation looks up, where nothing else of it could be missing: of SET_CONFIG that might be a mode. */
const LOOKS_UP = {
	DBUF_DESTROY: "dbuf",
	FB_ATTACH: "dbuf",
	FB_DETACH: "fb",
	PG_FLIP: "fb",
} as const;
const WHAT = { dbuf: "buffer", fb: "framebuffer" } as const;

/** EEXIST says that the cookie is in use, ENOENT that it is not: the backend takes it for another one, or forgot what it had answered. */
function toldTruly(
	{ request, connection, seq }: WireEntry & { kind: "wire.response" },
	court: Court,
): void {
	const booked = request && court.books.request(request);
	if (booked === undefined) return;
	const { packet, device, status } = booked;
	const tell = (says: string, expected: string, requirement: string) =>
		court.breach({
			domid: connection.be,
			message: `${packet.operation} ${says}`,
			expected,
			got: status === -ERRNO.EEXIST ? "-EEXIST" : "-ENOENT",
			entry: seq,
			requirements: [requirement],
		});
	if (status === -ERRNO.EEXIST) {
		const made =
			packet.operation === "DBUF_CREATE" && booked.dbuf === "unknown"
				? { kind: "dbuf" as const, cookie: packet.body.dbuf_cookie }
				: packet.operation === "FB_ATTACH" && booked.fb === "unknown"
					? { kind: "fb" as const, cookie: packet.body.fb_cookie }
					: undefined;
		if (made === undefined || made.cookie === 0n) return;
		const { kind, cookie } = made;
		const make = kind === "dbuf" ? "dbuf-create" : "fb-attach";
		if (device.changed.has(`${kind} ${cookie}`))
			tell(
				`was refused for the cookie ${hex(cookie)} as one in use, although its ${WHAT[kind]} had been undone with 0`,
				`a cookie without a ${WHAT[kind]} can be used again`,
				`displif.${make}.cookie-reuse`,
			);
		else
			tell(
				`was refused for the cookie ${hex(cookie)} as one in use, although no ${WHAT[kind]} has it`,
				"a cookie is compared whole, in all its 64 bits",
				`displif.${make}.cookie-unique`,
			);
	}
	const kind = LOOKS_UP[packet.operation as keyof typeof LOOKS_UP];
	if (status !== -ERRNO.ENOENT || kind === undefined || booked[kind] !== "live")
		return;
	const { dbuf_cookie, fb_cookie } = ("body" in packet ? packet.body : {}) as {
		dbuf_cookie?: bigint;
		fb_cookie?: bigint;
	};
	const cookie = (kind === "dbuf" ? dbuf_cookie : fb_cookie) ?? 0n;
	tell(
		`was refused for the cookie ${hex(cookie)} as one that names nothing, although its ${WHAT[kind]} was made with 0 and not undone`,
		`a cookie names its ${WHAT[kind]} until that is undone`,
		"displif.cookie-unknown",
	);
}
