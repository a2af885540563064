import * as z from "zod/mini";
import { connector, dev, guest } from "./args.ts";
import { step } from "./step.ts";

export const displayWithhold = step({
	verb: "display.withhold",
	by: "world",
	says: "the display gives no frame callbacks",
	args: z.strictObject({ guest, dev, connector }),
	example: "display.withhold: {}",
});
