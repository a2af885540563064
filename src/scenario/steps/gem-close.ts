import * as z from "zod/mini";
import { byFrontend, of } from "./args.ts";
import { step } from "./step.ts";

export const gemClose = step({
	verb: "gem.close",
	by: "driver",
	says: "close the last handle of a buffer: DBUF_DESTROY, then its pages are freed",
	args: z.strictObject({ by: byFrontend, of: of("the buffer") }),
	example: "gem.close: { of: buf }",
	names: { of: { needs: ["buffer"], ends: true } },
});
