import * as z from "zod/mini";
import { flag, name, told, wide } from "../values.ts";
import { byScript, participant } from "./args.ts";
import { step } from "./step.ts";

export const wireMap = step({
	verb: "wire.map",
	by: "script",
	says: "the scripted side maps a grant of the other side",
	args: z.strictObject({
		by: byScript,
		from: told(
			"whose grant; the other side's if not said",
			z.optional(participant()),
		),
		ref: told("the reference", wide(32)),
		as: told("a name for the mapping", z.optional(name("the mapping"))),
		readonly: told("map it read-only", z._default(flag(), false)),
	}),
	example: "wire.map: { ref: $buf.ref, as: page }",
	names: { as: { makes: "mapping" } },
});
