import { u32, u64 } from "../../base/struct.ts";
import { XENDISPL_OP_FB_ATTACH } from "../constants.ts";
import { op } from "./op.ts";

/** XENDISPL_OP_FB_ATTACH: a framebuffer on a display buffer made before. */
export const fbAttach = op({
	name: "FB_ATTACH",
	code: XENDISPL_OP_FB_ATTACH,
	struct: "xendispl_fb_attach_req",
	member: "fb_attach",
	since: 1,
	ring: "connector 0",
	says: "attach a framebuffer to a display buffer made before",
	body: {
		dbuf_cookie: u64(8),
		fb_cookie: u64(16),
		width: u32(24),
		height: u32(28),
		pixel_format: u32(32),
	},
	requirements: [
		"displif.request.connector-0",
		"displif.fb-attach.dbuf",
		"displif.fb-attach.cookie-unique",
		"displif.fb-attach.fits",
		"displif.fb-attach.format",
	],
});
