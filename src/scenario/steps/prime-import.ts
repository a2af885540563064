import * as z from "zod/mini";
import { int, told } from "../values.ts";
import { as, byFrontend, dev } from "./args.ts";
import { step } from "./step.ts";

export const primeImport = step({
	verb: "prime.import",
	by: "driver",
	says: "make a buffer of pages that another driver owns",
	args: z.strictObject({
		by: byFrontend,
		dev,
		as: as("the buffer"),
		pages: told("its size in pages", z.optional(int(1, 262_144))),
		size: told("its size in octets", z.optional(int(1, 2 ** 30))),
		offset: told(
			"octets of the first page before the picture starts: data_ofs",
			z._default(int(0, 0xffff_ffff), 0),
		),
	}),
	example: "prime.import: { as: buf, pages: 4, offset: 128 }",
	names: { as: { makes: "buffer" } },
	sound(args) {
		if ((args.pages === undefined) === (args.size === undefined))
			return {
				message: "needs either `pages` or `size`",
				advice: "e.g. pages: 4",
			};
		return undefined;
	},
});
