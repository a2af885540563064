import { u64 } from "../../base/struct.ts";
import { XENDISPL_OP_FB_DETACH } from "../constants.ts";
import { op } from "./op.ts";

/** XENDISPL_OP_FB_DETACH: undo an attach. */
export const fbDetach = op({
	name: "FB_DETACH",
	code: XENDISPL_OP_FB_DETACH,
	struct: "xendispl_fb_detach_req",
	member: "fb_detach",
	since: 1,
	ring: "connector 0",
	says: "detach a framebuffer",
	body: { fb_cookie: u64(8) },
	requirements: [
		"displif.request.connector-0",
		"displif.fb-detach",
		"displif.fb-detach.on-screen",
	],
});
