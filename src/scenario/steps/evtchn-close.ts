import * as z from "zod/mini";
import { told, word } from "../values.ts";
import { byScript, connector } from "./args.ts";
import { step } from "./step.ts";

export const evtchnClose = step({
	verb: "evtchn.close",
	by: "script",
	says: "the scripted side closes its end of an event channel",
	args: z.strictObject({
		by: byScript,
		connector,
		ring: told(
			"the request ring's channel or that of the event page",
			z._default(word(["req", "evt"], "ring"), "req"),
		),
	}),
	example: "evtchn.close: { ring: evt }",
});
