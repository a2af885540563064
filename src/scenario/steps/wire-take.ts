import * as z from "zod/mini";
import { name, told, word } from "../values.ts";
import { OP_NAMES } from "../words.ts";
import { byScript, connector } from "./args.ts";
import { step } from "./step.ts";

export const wireTake = step({
	verb: "wire.take",
	by: "script",
	side: "backend",
	says: "the scripted backend takes the next request off the ring",
	args: z.strictObject({
		by: byScript,
		connector,
		op: told(
			"the operation it must be",
			z.optional(word(OP_NAMES, "operation")),
		),
		as: told("a name for the request", z.optional(name("the request"))),
	}),
	example: "wire.take: { op: DBUF_CREATE, as: create }",
	names: { as: { makes: "request" } },
});
