import { dbufCreate } from "./dbuf-create.ts";
import { dbufDestroy } from "./dbuf-destroy.ts";
import { fbAttach } from "./fb-attach.ts";
import { fbDetach } from "./fb-detach.ts";
import { getEdid } from "./get-edid.ts";
import type { Handlers } from "./handler.ts";
import { pgFlip } from "./pg-flip.ts";
import { setConfig } from "./set-config.ts";

export const HANDLERS: Handlers = {
	DBUF_CREATE: dbufCreate,
	DBUF_DESTROY: dbufDestroy,
	FB_ATTACH: fbAttach,
	FB_DETACH: fbDetach,
	SET_CONFIG: setConfig,
	PG_FLIP: pgFlip,
	GET_EDID: getEdid,
};
