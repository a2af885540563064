import * as z from "zod/mini";
import { ofDomain } from "./args.ts";
import { step } from "./step.ts";

export const domainDestroy = step({
	verb: "domain.destroy",
	by: "world",
	says: "a domain is destroyed: mappings dropped, then ports, then pages",
	args: z.strictObject({ of: ofDomain }),
	example: "domain.destroy: { of: fe }",
});
