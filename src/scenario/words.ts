import { ERRNO, type ErrnoName } from "../base/errno.ts";
import { XENDISPL_DBUF_FLG_REQ_ALLOC } from "../displif/constants.ts";
import {
	OP_NAMES,
	type OpName,
	OPS as WIRE_OPS,
} from "../displif/ops/index.ts";
import { REQUEST_HEAD } from "../displif/ops/op.ts";
import * as grantTable from "../xen/abi/grant-table.ts";
import { XENBUS_STATE_NAMES } from "../xen/abi/xenbus.ts";

export { ERRNO, type ErrnoName, OP_NAMES, type OpName };

/** The closed sets of words a scenario may use, in the spelling of the headers they come from. */

/** Who takes part. `fe2`, `fe3`, `fe4` exist when `world.guests` is large enough. */
export const PARTICIPANTS = ["fe", "fe2", "fe3", "fe4", "be"] as const;
export type Participant = (typeof PARTICIPANTS)[number];

/** Who plays a participant. */
export const ROLES = ["subject", "reference", "scripted"] as const;
export type Role = (typeof ROLES)[number];

export function isFrontend(who: Participant): boolean {
	return who !== "be";
}

/** enum xenbus_state (io/xenbus.h), without the prefix. */
export const XENBUS_STATES = XENBUS_STATE_NAMES;
export type XenbusStateName = (typeof XENBUS_STATES)[number];

/** The fields of each request's body, in the order of the packet. */
export const BODY_FIELDS = Object.fromEntries(
	OP_NAMES.map((name) => [
		name,
		Object.keys(WIRE_OPS[name].request.fields).filter(
			(field) => !Object.hasOwn(REQUEST_HEAD, field),
		),
	]),
) as unknown as Readonly<Record<OpName, readonly string[]>>;

/** Every field that some request body has, with its width in bits. */
export const REQUEST_FIELDS = {
	dbuf_cookie: 64,
	fb_cookie: 64,
	x: 32,
	y: 32,
	width: 32,
	height: 32,
	bpp: 32,
	buffer_sz: 32,
	flags: 32,
	gref_directory: 32,
	data_ofs: 32,
	pixel_format: 32,
} as const;
export type RequestField = keyof typeof REQUEST_FIELDS;

/** Words a field takes besides numbers. */
export const FIELD_WORDS: Readonly<
	Record<string, Readonly<Record<string, bigint>>>
> = {
	flags: { REQ_ALLOC: BigInt(XENDISPL_DBUF_FLG_REQ_ALLOC) },
};

/** Status values of grant_table.h. */
export const GNTST: Readonly<Record<string, number>> = Object.fromEntries(
	Object.entries(grantTable as Readonly<Record<string, unknown>>).filter(
		(entry): entry is [string, number] =>
			entry[0].startsWith("GNTST_") && typeof entry[1] === "number",
	),
);

/** Nodes a frontend publishes for a connector, and the one it publishes for the device (io/displif.h). */
export const TRANSPORT_NODES = [
	"req-ring-ref",
	"req-event-channel",
	"evt-ring-ref",
	"evt-event-channel",
	"version",
] as const;
export type TransportNode = (typeof TRANSPORT_NODES)[number];

/** Shared indices: of the request ring (io/ring.h) and of the event page (io/displif.h). */
export const INDICES = [
	"req_prod",
	"req_event",
	"rsp_prod",
	"rsp_event",
	"in_prod",
	"in_cons",
] as const;
export type IndexName = (typeof INDICES)[number];

/** Where a domain is in its life, as `state` tells it. */
export const LIVES = ["running", "hung", "crashed", "zombie", "gone"] as const;
export type Life = (typeof LIVES)[number];

/** Objects a step can name with `as` or `async`, and what a name of each kind can be asked with `$name.field`. */
export const KINDS = {
	buffer: {
		says: "a display buffer with its pages",
		fields: {
			cookie: "its dbuf_cookie",
			size: "its octets: buffer_sz",
			directory: "grant of directory page `(i)`, the first without an index",
			ref: "grant of page `(i)`",
		},
	},
	fb: { says: "a framebuffer", fields: { cookie: "its fb_cookie" } },
	request: {
		says: "a request sent by `wire.send` or taken by `wire.take`",
		fields: {
			id: "its id",
			dbuf_cookie: "as sent",
			fb_cookie: "as sent",
			gref_directory: "as sent",
		},
	},
	mapping: {
		says: "what `wire.map` mapped",
		fields: { handle: "its grant handle" },
	},
	answer: {
		says: "what the world answered to `call`",
		fields: {
			tx: "transaction of `xs.transaction-start`",
			ref: "reference of `grant.claim`",
			gfn: "frame number of `page.alloc`, `balloon.take` or `grant.map`",
			handle: "grant handle of `grant.map`",
			port: "port of `evtchn.alloc-unbound` or `evtchn.bind-interdomain`",
		},
	},
	task: { says: "a step started with `async`", fields: {} },
} as const;
export type Kind = keyof typeof KINDS;
