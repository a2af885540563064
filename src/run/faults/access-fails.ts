import { errnoNumber } from "../../base/errno.ts";
import { refusal } from "./kind.ts";

export const accessFails = refusal(
	"access-fails",
	"a page cannot be granted",
	["grant.access"],
	{ ENOMEM: -errnoNumber("ENOMEM") },
	{ needs: "grant-errors" },
);
