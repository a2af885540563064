import * as z from "zod/mini";
import { step } from "./step.ts";

export const settle = step({
	verb: "settle",
	by: "world",
	says: "run until no task can move and no deadline is near",
	args: z.strictObject({}),
	example: "settle: {}",
});
