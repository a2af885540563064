import * as z from "zod/mini";
import { label, told } from "../values.ts";
import { step } from "./step.ts";

export const join = step({
	verb: "join",
	by: "world",
	says: "wait until a step started with `async` has ended",
	args: z.strictObject({
		of: told("the name given with async", label("the task")),
	}),
	example: "join: { of: flip }",
	names: { of: { needs: ["task"], ends: true } },
});
