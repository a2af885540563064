import type { CallName } from "../call.ts";
import { displayCalls } from "./display.ts";
import { domainCalls, driverCalls } from "./domain.ts";
import { evtchnCalls } from "./evtchn.ts";
import { grantCalls } from "./grant.ts";
import type { Handler } from "./handler.ts";
import { balloonCalls, memoryCalls, pageCalls } from "./memory.ts";
import { storeCalls } from "./store.ts";
import {
	completionCalls,
	lockCalls,
	objectCalls,
	taskCalls,
	waitCalls,
} from "./task.ts";

/** How each call is answered. A call added to the table in call.ts turns this red until it has a handler. */
export const HANDLERS: { [N in CallName]: Handler<N> } = {
	...storeCalls,
	...grantCalls,
	...evtchnCalls,
	...pageCalls,
	...memoryCalls,
	...balloonCalls,
	...objectCalls,
	...driverCalls,
	...taskCalls,
	...lockCalls,
	...completionCalls,
	...waitCalls,
	...displayCalls,
	...domainCalls,
};
