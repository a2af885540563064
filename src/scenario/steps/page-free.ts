import * as z from "zod/mini";
import { byScript, of } from "./args.ts";
import { step } from "./step.ts";

export const pageFree = step({
	verb: "page.free",
	by: "script",
	side: "frontend",
	says: "the scripted frontend frees the pages of a buffer, granted or not",
	args: z.strictObject({ by: byScript, of: of("the buffer") }),
	example: "page.free: { of: buf }",
	names: { of: { needs: ["buffer"] } },
});
