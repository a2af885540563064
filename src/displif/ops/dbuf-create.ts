import { u32, u64 } from "../../base/struct.ts";
import { XENDISPL_OP_DBUF_CREATE } from "../constants.ts";
import { op } from "./op.ts";

/** XENDISPL_OP_DBUF_CREATE: share a display buffer's pages, or ask the backend to allocate them. */
export const dbufCreate = op({
	name: "DBUF_CREATE",
	code: XENDISPL_OP_DBUF_CREATE,
	struct: "xendispl_dbuf_create_req",
	member: "dbuf_create",
	since: 1,
	ring: "connector 0",
	says: "make a display buffer out of the pages that a directory lists",
	body: {
		dbuf_cookie: u64(8),
		width: u32(16),
		height: u32(20),
		bpp: u32(24),
		buffer_sz: u32(28),
		flags: u32(32),
		gref_directory: u32(36),
		data_ofs: u32(40),
	},
	requirements: [
		"displif.request.connector-0",
		"displif.dbuf-create.cookie-unique",
		"displif.dbuf-create.flags",
		"displif.dbuf-create.directory",
		"displif.dbuf-create.size",
		"displif.dbuf-create.backend-allocates",
		"displif.dbuf-create.data-ofs",
	],
});
