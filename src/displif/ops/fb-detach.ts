import { u64 } from "../../base/struct.ts";
import { op } from "./op.ts";

/** XENDISPL_OP_FB_DETACH: undo an attach. */
export const fbDetach = op({
	name: "FB_DETACH",
	code: 0x13,
	since: 1,
	ring: "connector 0",
	says: "detach a framebuffer",
	body: { fb_cookie: u64(8) },
	requirements: ["displif.fb-detach"],
});
