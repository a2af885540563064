import * as z from "zod/mini";
import { told, wide, word } from "../values.ts";
import { INDICES } from "../words.ts";
import { byScript, connector } from "./args.ts";
import { step } from "./step.ts";

export const wireIndex = step({
	verb: "wire.index",
	by: "script",
	says: "the scripted side stores into a shared index",
	args: z.strictObject({
		by: byScript,
		connector,
		which: told("the index", word(INDICES, "shared index")),
		to: told("its new value", z.optional(wide(32))),
		add: told("what is added to it", z.optional(wide(32))),
	}),
	example: "wire.index: { which: req_prod, add: 33 }",
	sound(args) {
		return (args.to === undefined) === (args.add === undefined)
			? { message: "needs either `to` or `add`", advice: "e.g. add: 33" }
			: undefined;
	},
});
