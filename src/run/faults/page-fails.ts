import { errnoNumber } from "../../base/errno.ts";
import { refusal } from "./kind.ts";

export const pageFails = refusal(
	"page-fails",
	"there is no memory for a page",
	["page.alloc"],
	{ ENOMEM: -errnoNumber("ENOMEM") },
);
