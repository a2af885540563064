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
export const XENBUS_STATES = [
	"Unknown",
	"Initialising",
	"InitWait",
	"Initialised",
	"Connected",
	"Closing",
	"Closed",
	"Reconfiguring",
	"Reconfigured",
] as const;
export type XenbusStateName = (typeof XENBUS_STATES)[number];

/** Requests (io/displif.h), each with the fields of its body in order and their width in bits. */
export const OPS = {
	DBUF_CREATE: {
		code: 0x10,
		fields: {
			dbuf_cookie: 64,
			width: 32,
			height: 32,
			bpp: 32,
			buffer_sz: 32,
			flags: 32,
			gref_directory: 32,
			data_ofs: 32,
		},
	},
	DBUF_DESTROY: { code: 0x11, fields: { dbuf_cookie: 64 } },
	FB_ATTACH: {
		code: 0x12,
		fields: {
			dbuf_cookie: 64,
			fb_cookie: 64,
			width: 32,
			height: 32,
			pixel_format: 32,
		},
	},
	FB_DETACH: { code: 0x13, fields: { fb_cookie: 64 } },
	SET_CONFIG: {
		code: 0x14,
		fields: { fb_cookie: 64, x: 32, y: 32, width: 32, height: 32, bpp: 32 },
	},
	PG_FLIP: { code: 0x15, fields: { fb_cookie: 64 } },
	GET_EDID: { code: 0x16, fields: { buffer_sz: 32, gref_directory: 32 } },
} as const;
export type OpName = keyof typeof OPS;
export const OP_NAMES = Object.keys(OPS) as readonly OpName[];

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
	flags: { REQ_ALLOC: 1n },
};

/** Names of xen/errno.h, which a status or a call's failure carries negated. */
export const ERRNO = {
	EPERM: 1,
	ENOENT: 2,
	ESRCH: 3,
	EIO: 5,
	ENXIO: 6,
	E2BIG: 7,
	ENOEXEC: 8,
	EBADF: 9,
	ECHILD: 10,
	EAGAIN: 11,
	ENOMEM: 12,
	EACCES: 13,
	EFAULT: 14,
	EBUSY: 16,
	EEXIST: 17,
	EXDEV: 18,
	ENODEV: 19,
	ENOTDIR: 20,
	EISDIR: 21,
	EINVAL: 22,
	ENFILE: 23,
	EMFILE: 24,
	ENOSPC: 28,
	EROFS: 30,
	EMLINK: 31,
	EDOM: 33,
	ERANGE: 34,
	EDEADLK: 35,
	ENAMETOOLONG: 36,
	ENOLCK: 37,
	ENOSYS: 38,
	ENOTEMPTY: 39,
	ENODATA: 61,
	ETIME: 62,
	EBADMSG: 74,
	EOVERFLOW: 75,
	EILSEQ: 84,
	ENOTSOCK: 88,
	EMSGSIZE: 90,
	EOPNOTSUPP: 95,
	EADDRINUSE: 98,
	EADDRNOTAVAIL: 99,
	ENOBUFS: 105,
	EISCONN: 106,
	ENOTCONN: 107,
	ETIMEDOUT: 110,
	ECONNREFUSED: 111,
} as const;
export type ErrnoName = keyof typeof ERRNO;

/** Status values of grant_table.h. */
export const GNTST = {
	GNTST_okay: 0,
	GNTST_general_error: -1,
	GNTST_bad_domain: -2,
	GNTST_bad_gntref: -3,
	GNTST_bad_handle: -4,
	GNTST_bad_virt_addr: -5,
	GNTST_bad_dev_addr: -6,
	GNTST_no_device_space: -7,
	GNTST_permission_denied: -8,
	GNTST_bad_page: -9,
	GNTST_bad_copy_arg: -10,
	GNTST_address_too_big: -11,
	GNTST_eagain: -12,
	GNTST_no_space: -13,
} as const;

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
	task: { says: "a step started with `async`", fields: {} },
} as const;
export type Kind = keyof typeof KINDS;
