import * as z from "zod/mini";
import { name, told, wide } from "../values.ts";
import { byScript } from "./args.ts";
import { step } from "./step.ts";

export const grantEnd = step({
	verb: "grant.end",
	by: "script",
	says: "the scripted side ends a grant, or all grants of a buffer",
	args: z.strictObject({
		by: byScript,
		ref: told("the reference", z.optional(wide(32))),
		of: told("the buffer", z.optional(name("a buffer"))),
	}),
	example: "grant.end: { of: buf }",
	names: { of: { needs: ["buffer"] } },
	sound(args) {
		return (args.of === undefined) === (args.ref === undefined)
			? { message: "needs either `of` or `ref`" }
			: undefined;
	},
});
