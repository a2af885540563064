import * as z from "zod/mini";
import { int, told, wide, word } from "../values.ts";
import { byScript, participant } from "./args.ts";
import { step } from "./step.ts";

export const wireCopy = step({
	verb: "wire.copy",
	by: "script",
	says: "the scripted side copies from or to a grant of the other side with GNTTABOP_copy",
	args: z.strictObject({
		by: byScript,
		from: told(
			"whose grant; the other side's if not said",
			z.optional(participant()),
		),
		ref: told("the reference", wide(32)),
		way: told(
			"out of the granted page or into it",
			z._default(word(["out", "in"], "way"), "out"),
		),
		offset: told("octets into the granted page", z._default(int(0, 65_535), 0)),
		len: told("octets", z._default(int(0, 65_535), 4096)),
	}),
	example: "wire.copy: { ref: $buf.ref, offset: 4095, len: 2 }",
});
