import { errnoNumber } from "../../base/errno.ts";
import { refusal } from "./kind.ts";

export const watchFails = refusal(
	"watch-fails",
	"XenStore refuses a watch: the quota is used up",
	["xs.watch"],
	{ ENOSPC: -errnoNumber("ENOSPC") },
);
