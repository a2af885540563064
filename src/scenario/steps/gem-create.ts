import * as z from "zod/mini";
import { int, told } from "../values.ts";
import { as, byFrontend, dev, pixels } from "./args.ts";
import { step } from "./step.ts";

/** A gigabyte: more than any display shows. */
const MOST_PAGES = 262_144;

export const gemCreate = step({
	verb: "gem.create",
	by: "driver",
	says: "make a buffer and announce it with DBUF_CREATE",
	args: z.strictObject({
		by: byFrontend,
		dev,
		as: as("the buffer"),
		pages: told(
			"its size in pages of 4096 octets",
			z.optional(int(1, MOST_PAGES)),
		),
		width: pixels("its width; give all of width, height and bpp, or pages"),
		height: pixels("its height"),
		bpp: told("bits per pixel", z.optional(int(1, 64))),
	}),
	example: "gem.create: { as: buf, width: 800, height: 600, bpp: 32 }",
	names: { as: { makes: "buffer" } },
	sound(args) {
		const size = [args.width, args.height, args.bpp].filter(
			(one) => one !== undefined,
		).length;
		if (args.pages !== undefined && size > 0)
			return {
				message: "`pages` and a size in pixels are given both",
				advice: "keep one of them",
				key: "pages",
			};
		if (args.pages === undefined && size < 3)
			return {
				message: "needs a size",
				advice: "`pages: 4`, or all of `width`, `height` and `bpp`",
			};
		if (
			args.pages === undefined &&
			BigInt(args.width ?? 0) *
				BigInt(args.height ?? 0) *
				BigInt(args.bpp ?? 0) >
				8n * 4096n * BigInt(MOST_PAGES)
		)
			return {
				message: `the buffer has more than ${MOST_PAGES} pages`,
				key: "width",
			};
		return undefined;
	},
});
