import * as z from "zod/mini";
import { int, told } from "../values.ts";
import { ofDomain } from "./args.ts";
import { step } from "./step.ts";

export const balloonSet = step({
	verb: "balloon.set",
	by: "world",
	says: "change what a domain's balloon can hand out",
	args: z.strictObject({
		of: ofDomain,
		credit: told(
			"frame numbers it can hand out at once",
			z.optional(int(0, 4_194_304)),
		),
		limit: told(
			"frame numbers it may have handed out in all",
			z.optional(int(0, 4_194_304)),
		),
	}),
	example: "balloon.set: { of: fe, credit: 0 }",
	sound(args) {
		return args.credit === undefined && args.limit === undefined
			? { message: "needs `credit` or `limit`", advice: "e.g. credit: 0" }
			: undefined;
	},
});
