import * as z from "zod/mini";
import { connector, dev, guest } from "./args.ts";
import { step } from "./step.ts";

export const displayLose = step({
	verb: "display.lose",
	by: "world",
	says: "the display is lost: every call fails until it is opened again",
	args: z.strictObject({ guest, dev, connector }),
	example: "display.lose: {}",
});
