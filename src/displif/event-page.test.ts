import { expect, it } from "vitest";
import { eventDistance, eventSlotWord } from "./event-page.ts";

it("counts slots from octet 64 and starts again after 63", () => {
	expect(eventSlotWord(0)).toBe(16);
	expect(eventSlotWord(62)).toBe(1008);
	expect(eventSlotWord(63)).toBe(16);
});

it("jumps where the index wraps, because 63 does not divide 2^32", () => {
	expect(eventSlotWord(0xffff_ffff)).toBe(16 + 3 * 16);
	expect(eventDistance(1, 0xffff_ffff)).toBe(2);
	expect(eventDistance(0, 1)).toBe(0xffff_ffff);
});
