import { atDisplay, manners } from "./at-display.ts";

export const displayHolds = atDisplay(
	"display-holds",
	"the displays keep every buffer that they were shown",
	["for good"],
	() => manners({ hold: true }),
);
