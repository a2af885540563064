import * as z from "zod/mini";
import { int, told } from "../values.ts";
import { OP_NAMES } from "../words.ts";
import { byScript, exception, mapOf } from "./args.ts";
import { step } from "./step.ts";

export const wireServe = step({
	verb: "wire.serve",
	by: "script",
	side: "backend",
	says: "the scripted backend answers every request properly from now on, but for named exceptions",
	args: z.strictObject({
		by: byScript,
		except: told(
			"by operation: another status, or silence",
			z.optional(
				mapOf(
					"operations with { status } or { silent: true }",
					OP_NAMES,
					exception(),
				),
			),
		),
		count: told(
			"so many requests; without limit if not said",
			z.optional(int(1, 10_000_000)),
		),
	}),
	example: "wire.serve: { except: { DBUF_CREATE: { status: -ENOMEM } } }",
});
