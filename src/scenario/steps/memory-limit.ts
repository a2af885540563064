import * as z from "zod/mini";
import { int, told } from "../values.ts";
import { ofDomain } from "./args.ts";
import { step } from "./step.ts";

export const memoryLimit = step({
	verb: "memory.limit",
	by: "world",
	says: "limit a domain's own memory",
	args: z.strictObject({
		of: ofDomain,
		pages: told("pages that are still free from now on", int(0, 4_194_304)),
	}),
	example: "memory.limit: { of: fe, pages: 16 }",
});
