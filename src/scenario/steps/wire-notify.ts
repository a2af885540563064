import * as z from "zod/mini";
import { int, told, word } from "../values.ts";
import { byScript, connector } from "./args.ts";
import { step } from "./step.ts";

export const wireNotify = step({
	verb: "wire.notify",
	by: "script",
	says: "the scripted side sends events without cause",
	args: z.strictObject({
		by: byScript,
		connector,
		ring: told(
			"the request ring's channel or that of the event page",
			z._default(word(["req", "evt"], "ring"), "req"),
		),
		times: told("how many", z._default(int(1, 1_000_000), 1)),
	}),
	example: "wire.notify: { times: 100 }",
});
