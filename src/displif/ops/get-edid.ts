import { u32 } from "../../base/struct.ts";
import { op } from "./op.ts";

/** XENDISPL_OP_GET_EDID: have the connector's EDID written into shared pages. */
export const getEdid = op({
	name: "GET_EDID",
	code: 0x16,
	since: 2,
	ring: "its connector",
	says: "have the connector's EDID written into the pages that a directory lists",
	body: { buffer_sz: u32(8), gref_directory: u32(12) },
	response: { edid_sz: u32(8) },
	requirements: ["displif.get-edid.buffer-size", "displif.get-edid.edid-size"],
});
