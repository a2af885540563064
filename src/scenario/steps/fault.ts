import * as z from "zod/mini";
import { CALL_NAMES } from "../../xen/call.ts";
import { LIMITS } from "../limits.ts";
import { int, told, word } from "../values.ts";
import { callStatus, participant } from "./args.ts";
import { step } from "./step.ts";

export const fault = step({
	verb: "fault",
	by: "world",
	says: "a call at the door fails, or its effect is late, doubled or lost",
	args: z.strictObject({
		at: told("the call that is struck", word(CALL_NAMES, "call")),
		of: told("whose call", participant()),
		nth: told(
			"the first call of this kind that is struck, from now on",
			z._default(int(1, 10_000_000), 1),
		),
		times: told("how many in a row", z._default(int(1, 10_000_000), 1)),
		returns: told(
			"the status it gives instead of being done",
			z.optional(callStatus()),
		),
		does: told(
			"what becomes of a notification or watch event instead",
			z.optional(word(["lost", "delayed", "doubled"], "effect")),
		),
		ticks: told("how late a delayed one is", z.optional(int(1, LIMITS.ticks))),
	}),
	example:
		"fault: { at: grant.map, of: be, nth: 3, returns: GNTST_general_error }",
	sound(args) {
		if ((args.returns === undefined) === (args.does === undefined))
			return {
				message: "needs either `returns` or `does`",
				advice: "e.g. returns: -ENOMEM",
			};
		if ((args.does === "delayed") !== (args.ticks !== undefined))
			return {
				message: "`does: delayed` and `ticks` belong together",
				key: args.ticks === undefined ? "does" : "ticks",
			};
		if (
			args.does !== undefined &&
			args.at !== "evtchn.notify" &&
			args.at !== "xs.watch"
		)
			return {
				message: `\`does\` strikes evtchn.notify and xs.watch, not ${args.at}`,
				advice: "use `returns`",
				key: "does",
			};
		return undefined;
	},
});
