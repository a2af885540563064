import { u64 } from "../../base/struct.ts";
import { XENDISPL_OP_PG_FLIP } from "../constants.ts";
import { op } from "./op.ts";

/** XENDISPL_OP_PG_FLIP: show a framebuffer; an event says when it is on screen. */
export const pgFlip = op({
	name: "PG_FLIP",
	code: XENDISPL_OP_PG_FLIP,
	struct: "xendispl_page_flip_req",
	member: "pg_flip",
	since: 1,
	ring: "its connector",
	says: "show a framebuffer; an event says when it is on screen",
	body: { fb_cookie: u64(8) },
	requirements: [
		"displif.request.own-connector",
		"displif.pg-flip.framebuffer",
		"displif.pg-flip.event",
	],
});
