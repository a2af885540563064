import * as z from "zod/mini";
import { dev, guest } from "./args.ts";
import { step } from "./step.ts";

export const toolstackAdd = step({
	verb: "toolstack.add",
	by: "world",
	says: "the toolstack writes the nodes of a device",
	args: z.strictObject({ guest, dev }),
	example: "toolstack.add: { guest: fe, dev: 0 }",
});
