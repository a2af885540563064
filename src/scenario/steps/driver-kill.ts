import * as z from "zod/mini";
import { ofDomain } from "./args.ts";
import { step } from "./step.ts";

export const driverKill = step({
	verb: "driver.kill",
	by: "world",
	says: "a participant's driver dies; its domain lives on and its kernel cleans up",
	args: z.strictObject({ of: ofDomain }),
	example: "driver.kill: { of: be }",
});
