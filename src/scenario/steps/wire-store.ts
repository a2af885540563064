import * as z from "zod/mini";
import { int, name, told, wide, word } from "../values.ts";
import { byScript, connector } from "./args.ts";
import { step } from "./step.ts";

export const wireStore = step({
	verb: "wire.store",
	by: "script",
	says: "the scripted side stores a word into a shared page",
	args: z.strictObject({
		by: byScript,
		connector,
		page: told(
			"the page",
			word(["ring", "event", "directory", "buffer"], "page"),
		),
		of: told(
			"the buffer whose directory or page it is, or a request taken that names one",
			z.optional(name("a buffer or a request")),
		),
		index: told(
			"which directory page or buffer page",
			z._default(int(0, 262_144), 0),
		),
		word: told("the word, 4 octets each", int(0, 1023)),
		value: told("what is stored", wide(32)),
	}),
	example: "wire.store: { page: directory, of: buf, word: 1, value: 0 }",
	names: { of: { needs: ["buffer", "request"] } },
	sound(args) {
		const shared = args.page === "directory" || args.page === "buffer";
		if (shared && args.of === undefined)
			return {
				message: `\`page: ${args.page}\` needs \`of\``,
				advice: "the name of a buffer",
				key: "page",
			};
		if (!shared && args.of !== undefined)
			return {
				message: `\`page: ${args.page}\` belongs to no buffer`,
				advice: "leave `of` out",
				key: "of",
			};
		return undefined;
	},
});
