import * as z from "zod/mini";
import { flag, told } from "../values.ts";
import { dev, guest } from "./args.ts";
import { step } from "./step.ts";

export const toolstackRemove = step({
	verb: "toolstack.remove",
	by: "world",
	says: "the toolstack takes a device away: online 0 and state Closing, or by force its directories",
	args: z.strictObject({
		guest,
		dev,
		force: told(
			"remove the directories without waiting",
			z._default(flag(), false),
		),
	}),
	example: "toolstack.remove: { guest: fe }",
});
