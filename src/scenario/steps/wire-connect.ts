import * as z from "zod/mini";
import { text, told } from "../values.ts";
import { byScript, dev } from "./args.ts";
import { step } from "./step.ts";

export const wireConnect = step({
	verb: "wire.connect",
	by: "script",
	says: "the scripted side goes all the way to Connected: a frontend publishes and waits, a backend offers versions, waits, maps and binds",
	args: z.strictObject({
		by: byScript,
		dev,
		version: told(
			"the version a frontend names or the versions a backend offers",
			z.optional(text(64)),
		),
	}),
	example: "wire.connect: {}",
});
