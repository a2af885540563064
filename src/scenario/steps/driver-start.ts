import * as z from "zod/mini";
import { ofDomain } from "./args.ts";
import { step } from "./step.ts";

export const driverStart = step({
	verb: "driver.start",
	by: "world",
	says: "a participant's driver is loaded, or its process is started",
	args: z.strictObject({ of: ofDomain }),
	example: "driver.start: { of: be }",
});
