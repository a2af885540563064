import * as z from "zod/mini";
import { int, told } from "../values.ts";
import { byFrontend, connector, dev } from "./args.ts";
import { step } from "./step.ts";

export const edidRead = step({
	verb: "edid.read",
	by: "driver",
	says: "read the EDID of a connector: GET_EDID",
	args: z.strictObject({
		by: byFrontend,
		dev,
		connector,
		size: told(
			"octets of the buffer it is read to; 32768 if not said",
			z.optional(int(0, 1_048_576)),
		),
	}),
	example: "edid.read: { connector: 0 }",
});
