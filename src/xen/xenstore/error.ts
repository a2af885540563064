import type { ErrnoName } from "../../base/errno.ts";

/** An error by its name in errno.h, as the store answers it. */
export type XsError = ErrnoName;

/** The errors that travel: xsd_errors of io/xs_wire.h, in its order. */
export const XSD_ERRORS = [
	"EINVAL",
	"EACCES",
	"EEXIST",
	"EISDIR",
	"ENOENT",
	"ENOMEM",
	"ENOSPC",
	"EIO",
	"ENOTEMPTY",
	"ENOSYS",
	"EROFS",
	"EBUSY",
	"EAGAIN",
	"EISCONN",
	"E2BIG",
	"EPERM",
] as const satisfies readonly XsError[];

const TRAVELS: ReadonlySet<string> = new Set(XSD_ERRORS);

/** The name a client sees: an error without a name on the wire goes out as EINVAL, the table's first. */
export const wireError = (error: XsError): XsError =>
	TRAVELS.has(error) ? error : "EINVAL";

export type No = { ok: false; error: XsError };

export const no = (error: XsError): No => ({ ok: false, error });

export const OK = { ok: true } as const;
export type Done = typeof OK | No;
