import { errnoNumber } from "../../base/errno.ts";
import { refusal } from "./kind.ts";

export const endFails = refusal(
	"end-fails",
	"a grant cannot be ended: the page is still in use",
	["grant.end"],
	{ EBUSY: -errnoNumber("EBUSY") },
);
