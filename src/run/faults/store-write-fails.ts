import { errnoNumber } from "../../base/errno.ts";
import { refusal } from "./kind.ts";

export const storeWriteFails = refusal(
	"store-write-fails",
	"XenStore refuses a change: the quota is used up",
	["xs.write", "xs.mkdir", "xs.set-perms"],
	{ ENOSPC: -errnoNumber("ENOSPC") },
);
