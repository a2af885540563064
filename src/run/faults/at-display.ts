import { CALL_NAMES } from "../../xen/call.ts";
import type { DisplayManners } from "../../xen/display.ts";
import type { Blow, FaultKind } from "./kind.ts";

const DISPLAY = CALL_NAMES.filter(
	(name) => name.startsWith("display.") && name !== "display.open",
);

/** A kind that strikes when a backend turns to its display: from that call on the displays have other manners. */
export const atDisplay = (
	name: string,
	says: string,
	ways: readonly string[],
	blow: (way: number) => Blow,
): FaultKind => ({ name, says, at: DISPLAY, ways, strike: blow });

export const manners = (how: Partial<DisplayManners>): Blow => ({
	first(world) {
		for (const display of world.displays) display.setManners(how, world.now);
	},
});
