import { errnoNumber } from "../../base/errno.ts";
import { refusal } from "./kind.ts";

export const reserveFails = refusal(
	"reserve-fails",
	"references cannot be set aside: the table is full",
	["grant.reserve"],
	{ ENOSPC: -errnoNumber("ENOSPC") },
);
