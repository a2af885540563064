import { u32, u64 } from "../../base/struct.ts";
import { XENDISPL_OP_SET_CONFIG } from "../constants.ts";
import { op } from "./op.ts";

/** XENDISPL_OP_SET_CONFIG: set the connector's mode and show a framebuffer, or with all fields 0 switch it off. */
export const setConfig = op({
	name: "SET_CONFIG",
	code: XENDISPL_OP_SET_CONFIG,
	struct: "xendispl_set_config_req",
	member: "set_config",
	since: 1,
	ring: "its connector",
	says: "set the connector's mode and show a framebuffer; all fields 0 switch it off",
	// The header's drawing ends bpp at octet 40; the structure, which peers compile, at 36.
	body: {
		fb_cookie: u64(8),
		x: u32(16),
		y: u32(20),
		width: u32(24),
		height: u32(28),
		bpp: u32(32),
	},
	requirements: [
		"displif.request.own-connector",
		"displif.set-config.reset",
		"displif.set-config.shows",
		"displif.set-config.bounds",
		"displif.set-config.layout",
	],
});
