import * as z from "zod/mini";
import { name, told, wide } from "../values.ts";
import { byScript } from "./args.ts";
import { step } from "./step.ts";

export const wireUnmap = step({
	verb: "wire.unmap",
	by: "script",
	says: "the scripted side unmaps what it mapped, or any handle",
	args: z.strictObject({
		by: byScript,
		of: told("the mapping", z.optional(name("a mapping"))),
		handle: told("a handle", z.optional(wide(32))),
	}),
	example: "wire.unmap: { of: page }",
	names: { of: { needs: ["mapping"], ends: true } },
	sound(args) {
		return (args.of === undefined) === (args.handle === undefined)
			? { message: "needs either `of` or `handle`" }
			: undefined;
	},
});
