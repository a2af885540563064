import { atDisplay, manners } from "./at-display.ts";

export const displayVanishes = atDisplay(
	"display-vanishes",
	"the displays are gone: every call of theirs fails, and an event says so",
	["for good"],
	() => manners({ lost: true }),
);
