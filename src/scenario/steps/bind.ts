import * as z from "zod/mini";
import { told } from "../values.ts";
import { dev, participant } from "./args.ts";
import { step } from "./step.ts";

export const bind = step({
	verb: "bind",
	by: "driver",
	says: "the driver is bound to the device and connects",
	args: z.strictObject({
		by: told("whose driver; fe if not said", z.optional(participant())),
		dev,
	}),
	example: "bind: {}",
});
