import { errnoNumber } from "../../base/errno.ts";
import { refusal } from "./kind.ts";

export const claimFails = refusal(
	"claim-fails",
	"a reference cannot be claimed",
	["grant.claim"],
	{ ENOSPC: -errnoNumber("ENOSPC") },
	{ needs: "grant-errors" },
);
