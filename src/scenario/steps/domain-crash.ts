import * as z from "zod/mini";
import { ofDomain } from "./args.ts";
import { step } from "./step.ts";

export const domainCrash = step({
	verb: "domain.crash",
	by: "world",
	says: "a domain stops running and keeps all it has until destroyed",
	args: z.strictObject({ of: ofDomain }),
	example: "domain.crash: { of: fe }",
});
