import * as z from "zod/mini";
import { byFrontend, connector, dev } from "./args.ts";
import { step } from "./step.ts";

export const modeOff = step({
	verb: "mode.off",
	by: "driver",
	says: "switch a connector off: SET_CONFIG with all fields 0",
	args: z.strictObject({ by: byFrontend, dev, connector }),
	example: "mode.off: {}",
});
