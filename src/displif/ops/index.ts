import { dbufCreate } from "./dbuf-create.ts";
import { dbufDestroy } from "./dbuf-destroy.ts";
import { fbAttach } from "./fb-attach.ts";
import { fbDetach } from "./fb-detach.ts";
import { getEdid } from "./get-edid.ts";
import { pgFlip } from "./pg-flip.ts";
import { setConfig } from "./set-config.ts";

/** The operations in wire order. Every table about operations is typed by this one. */
export const OPS = {
	DBUF_CREATE: dbufCreate,
	DBUF_DESTROY: dbufDestroy,
	FB_ATTACH: fbAttach,
	FB_DETACH: fbDetach,
	SET_CONFIG: setConfig,
	PG_FLIP: pgFlip,
	GET_EDID: getEdid,
} as const;

export type OpName = keyof typeof OPS;
export const OP_NAMES = Object.keys(OPS) as readonly OpName[];
export const OP_BY_CODE: ReadonlyMap<number, OpName> = new Map(
	OP_NAMES.map((name) => [OPS[name].code, name]),
);
