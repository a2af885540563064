/** Layout of io/ring.h. Indexes run free over 32 bits; an index is the slot's number modulo the number of slots. */
import { bytes, struct, u32 } from "../../base/struct.ts";

/** The head of any shared ring, before its first slot. In C the struct goes on with the slots. */
export const sring = struct("sring", 64, {
	req_prod: u32(0),
	req_event: u32(4),
	rsp_prod: u32(8),
	rsp_event: u32(12),
	"pvt.pvt_pad": bytes(16, 4),
	__pad: bytes(20, 44),
});

/** __CONST_RING_SIZE: slots of so many octets in a ring of so many, rounded down to a power of two so that indexes wrap smoothly. */
export const ringSize = (octets: number, slot: number): number =>
	2 ** Math.floor(Math.log2(Math.floor((octets - sring.size) / slot)));
