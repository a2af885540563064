import * as z from "zod/mini";
import { byFrontend, of } from "./args.ts";
import { step } from "./step.ts";

export const fbDestroy = step({
	verb: "fb.destroy",
	by: "driver",
	says: "end a framebuffer: FB_DETACH",
	args: z.strictObject({ by: byFrontend, of: of("the framebuffer") }),
	example: "fb.destroy: { of: fb }",
	names: { of: { needs: ["fb"], ends: true } },
});
