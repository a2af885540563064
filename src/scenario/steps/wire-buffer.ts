import * as z from "zod/mini";
import { flag, int, oneOrMore, told, wide } from "../values.ts";
import { as, byScript, grantList } from "./args.ts";
import { step } from "./step.ts";

export const wireBuffer = step({
	verb: "wire.buffer",
	by: "script",
	side: "frontend",
	says: "the scripted frontend makes pages, grants and a directory, and sends nothing",
	args: z.strictObject({
		by: byScript,
		as: as("the buffer"),
		pages: told("pages of the buffer", int(1, 262_144)),
		grants: told(
			"which pages are granted: all, none, or their indices; the others have reference 0",
			z._default(grantList(), "all"),
		),
		readonly: told("grant the pages read-only", z._default(flag(), false)),
		directory: told(
			"how its directory differs from a right one",
			z.optional(
				z.strictObject({
					entries: told(
						"references written one after another instead of the right ones",
						z.optional(oneOrMore("references", wide(32), 4096)),
					),
					next: told(
						"gref_dir_next_page of the last directory page",
						z.optional(wide(32)),
					),
					loop: told(
						"the last page leads to the first again",
						z._default(flag(), false),
					),
					short: told(
						"so many references at the end are left 0",
						z._default(int(0, 262_144), 0),
					),
				}),
			),
		),
	}),
	example: "wire.buffer: { as: buf, pages: 4, directory: { loop: true } }",
	names: { as: { makes: "buffer" } },
});
