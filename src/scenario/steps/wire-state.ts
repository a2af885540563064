import * as z from "zod/mini";
import { told, word } from "../values.ts";
import { XENBUS_STATES } from "../words.ts";
import { byScript, dev } from "./args.ts";
import { step } from "./step.ts";

export const wireState = step({
	verb: "wire.state",
	by: "script",
	says: "the scripted side writes its XenBus state",
	args: z.strictObject({
		by: byScript,
		dev,
		state: told("the state", word(XENBUS_STATES, "XenBus state")),
	}),
	example: "wire.state: { state: Closing }",
});
