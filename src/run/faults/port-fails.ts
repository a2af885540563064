import { errnoNumber } from "../../base/errno.ts";
import { refusal } from "./kind.ts";

export const portFails = refusal(
	"port-fails",
	"an event channel cannot be had",
	["evtchn.alloc-unbound", "evtchn.bind-interdomain"],
	{ ENOSPC: -errnoNumber("ENOSPC") },
);
