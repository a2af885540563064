import * as z from "zod/mini";
import { told } from "../values.ts";
import { dev, participant } from "./args.ts";
import { step } from "./step.ts";

export const unbind = step({
	verb: "unbind",
	by: "driver",
	says: "the driver lets the device go: everything is given back",
	args: z.strictObject({
		by: told("whose driver; fe if not said", z.optional(participant())),
		dev,
	}),
	example: "unbind: { by: fe }",
});
