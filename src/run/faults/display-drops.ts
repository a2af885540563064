import { atDisplay, manners } from "./at-display.ts";

export const displayDrops = atDisplay(
	"display-drops",
	"the displays draw no frame any more",
	["for good"],
	() => manners({ withhold: true }),
);
