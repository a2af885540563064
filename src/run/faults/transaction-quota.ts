import { errnoNumber } from "../../base/errno.ts";
import { refusal } from "./kind.ts";

export const transactionQuota = refusal(
	"transaction-quota",
	"XenStore refuses a transaction: the quota is used up",
	["xs.transaction-start"],
	{ ENOSPC: -errnoNumber("ENOSPC") },
);
