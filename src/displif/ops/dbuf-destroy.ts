import { u64 } from "../../base/struct.ts";
import { XENDISPL_OP_DBUF_DESTROY } from "../constants.ts";
import { op } from "./op.ts";

/** XENDISPL_OP_DBUF_DESTROY: let a display buffer go. */
export const dbufDestroy = op({
	name: "DBUF_DESTROY",
	code: XENDISPL_OP_DBUF_DESTROY,
	struct: "xendispl_dbuf_destroy_req",
	member: "dbuf_destroy",
	since: 1,
	ring: "connector 0",
	says: "let a display buffer go",
	body: { dbuf_cookie: u64(8) },
	requirements: [
		"displif.request.connector-0",
		"displif.dbuf-destroy.release",
		"displif.dbuf-destroy.attached",
	],
});
