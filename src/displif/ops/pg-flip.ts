import { u64 } from "../../base/struct.ts";
import { op } from "./op.ts";

/** XENDISPL_OP_PG_FLIP: show a framebuffer; an event says when it is on screen. */
export const pgFlip = op({
	name: "PG_FLIP",
	code: 0x15,
	since: 1,
	ring: "its connector",
	says: "show a framebuffer; an event says when it is on screen",
	body: { fb_cookie: u64(8) },
	requirements: ["displif.pg-flip.event"],
});
