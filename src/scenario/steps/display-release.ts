import * as z from "zod/mini";
import { connector, dev, guest } from "./args.ts";
import { step } from "./step.ts";

export const displayRelease = step({
	verb: "display.release",
	by: "world",
	says: "the display lets held buffers go",
	args: z.strictObject({ guest, dev, connector }),
	example: "display.release: {}",
});
