import * as z from "zod/mini";
import { ofDomain } from "./args.ts";
import { step } from "./step.ts";

export const domainHang = step({
	verb: "domain.hang",
	by: "world",
	says: "a domain stops running and nobody is told",
	args: z.strictObject({ of: ofDomain }),
	example: "domain.hang: { of: fe }",
});
