import * as z from "zod/mini";
import { connector, dev, guest } from "./args.ts";
import { step } from "./step.ts";

export const displayHold = step({
	verb: "display.hold",
	by: "world",
	says: "the display keeps the buffers it is given busy",
	args: z.strictObject({ guest, dev, connector }),
	example: "display.hold: {}",
});
