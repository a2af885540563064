import * as z from "zod/mini";
import { told } from "../values.ts";
import { as, byFrontend, of, pixelFormat, pixels } from "./args.ts";
import { step } from "./step.ts";

export const fbCreate = step({
	verb: "fb.create",
	by: "driver",
	says: "make a framebuffer on a buffer: FB_ATTACH",
	args: z.strictObject({
		by: byFrontend,
		of: of("the buffer"),
		as: as("the framebuffer"),
		width: pixels("its width; that of the buffer if not said"),
		height: pixels("its height; that of the buffer if not said"),
		format: told(
			"its pixel format; XR24 if not said",
			z.optional(pixelFormat()),
		),
	}),
	example:
		"fb.create: { of: buf, as: fb, width: 800, height: 600, format: XR24 }",
	names: { of: { needs: ["buffer"] }, as: { makes: "fb" } },
});
