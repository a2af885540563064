import * as z from "zod/mini";
import { ticks } from "./args.ts";
import { step } from "./step.ts";

export const wait = step({
	verb: "wait",
	by: "world",
	says: "let virtual time pass",
	args: z.strictObject({ ticks: ticks("virtual milliseconds") }),
	example: "wait: { ticks: 3000 }",
});
