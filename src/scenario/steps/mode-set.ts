import * as z from "zod/mini";
import { int, told } from "../values.ts";
import { byFrontend, connector, of, pixels } from "./args.ts";
import { step } from "./step.ts";

export const modeSet = step({
	verb: "mode.set",
	by: "driver",
	says: "show a framebuffer on a connector: SET_CONFIG",
	args: z.strictObject({
		by: byFrontend,
		connector,
		of: of("the framebuffer"),
		x: pixels("left edge; 0 if not said"),
		y: pixels("upper edge; 0 if not said"),
		width: pixels("width; that of the framebuffer if not said"),
		height: pixels("height; that of the framebuffer if not said"),
		bpp: told(
			"bits per pixel; those of the framebuffer if not said",
			z.optional(int(1, 64)),
		),
	}),
	example: "mode.set: { of: fb, connector: 0 }",
	names: { of: { needs: ["fb"] } },
});
