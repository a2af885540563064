import { u64 } from "../../base/struct.ts";
import { op } from "./op.ts";

/** XENDISPL_OP_DBUF_DESTROY: let a display buffer go. */
export const dbufDestroy = op({
	name: "DBUF_DESTROY",
	code: 0x11,
	since: 1,
	ring: "connector 0",
	says: "let a display buffer go",
	body: { dbuf_cookie: u64(8) },
	requirements: ["displif.dbuf-destroy.release"],
});
