import * as z from "zod/mini";
import { connector, dev, guest } from "./args.ts";
import { step } from "./step.ts";

export const displayResume = step({
	verb: "display.resume",
	by: "world",
	says: "the display gives frame callbacks again",
	args: z.strictObject({ guest, dev, connector }),
	example: "display.resume: {}",
});
