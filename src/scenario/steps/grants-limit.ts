import * as z from "zod/mini";
import { int, told } from "../values.ts";
import { ofDomain } from "./args.ts";
import { step } from "./step.ts";

export const grantsLimit = step({
	verb: "grants.limit",
	by: "world",
	says: "take free grant references away from a domain",
	args: z.strictObject({
		of: ofDomain,
		free: told(
			"references that are still free from now on",
			int(0, 10_000_000),
		),
	}),
	example: "grants.limit: { of: fe, free: 3 }",
});
