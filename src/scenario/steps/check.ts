import * as z from "zod/mini";
import { step } from "./step.ts";

export const check = step({
	verb: "check",
	by: "check",
	says: "do nothing but look: for `state` and `eventually`",
	args: z.strictObject({}),
	example: "check: {}",
});
