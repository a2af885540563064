/**
 * The event page of displif.h ("Back to front events delivery"): the backend produces, the frontend consumes. 63 is no power of two, so where the
 * 32-bit counter wraps the slot jumps.
 */
import { struct, u32 } from "../base/struct.ts";
import { XENDISPL_IN_RING_LEN, XENDISPL_IN_RING_OFFS } from "./constants.ts";

/** struct xendispl_event_page: the header before the slots. */
export const eventPage = struct("xendispl_event_page", 64, {
	in_cons: u32(0),
	in_prod: u32(4),
});
/** Word of the consumer's index, and of the producer's. */
export const IN_CONS = 0;
export const IN_PROD = 1;

/** First word of the slot of an index. */
export const eventSlotWord = (index: number): number =>
	(XENDISPL_IN_RING_OFFS >> 2) + (index % XENDISPL_IN_RING_LEN) * 16;

/** Events between two free-running indexes. */
export const eventDistance = (prod: number, cons: number): number =>
	(prod - cons) >>> 0;
