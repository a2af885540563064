import * as z from "zod/mini";
import { ofDomain } from "./args.ts";
import { step } from "./step.ts";

export const driverStop = step({
	verb: "driver.stop",
	by: "world",
	says: "a participant's driver ends in good order",
	args: z.strictObject({ of: ofDomain }),
	example: "driver.stop: { of: be }",
});
