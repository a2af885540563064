import { u32 } from "../../base/struct.ts";
import { XENDISPL_OP_GET_EDID } from "../constants.ts";
import { op } from "./op.ts";

/** XENDISPL_OP_GET_EDID: have the connector's EDID written into shared pages. */
export const getEdid = op({
	name: "GET_EDID",
	code: XENDISPL_OP_GET_EDID,
	struct: "xendispl_get_edid_req",
	member: "get_edid",
	since: 2,
	ring: "its connector",
	says: "have the connector's EDID written into the pages that a directory lists",
	body: { buffer_sz: u32(8), gref_directory: u32(12) },
	response: { edid_sz: u32(8) },
	requirements: [
		"displif.request.own-connector",
		"displif.get-edid.version",
		"displif.get-edid.optional",
		"displif.get-edid.buffer-size",
		"displif.get-edid.directory",
		"displif.get-edid.edid-size",
	],
});
