import * as z from "zod/mini";
import { byFrontend, connector, of } from "./args.ts";
import { step } from "./step.ts";

export const pageFlip = step({
	verb: "page.flip",
	by: "driver",
	says: "show another framebuffer at the next frame: PG_FLIP, and wait for its event",
	args: z.strictObject({
		by: byFrontend,
		connector,
		of: of("the framebuffer"),
	}),
	example: "page.flip: { of: fb }",
	names: { of: { needs: ["fb"] } },
});
