import * as z from "zod/mini";
import { ofDomain } from "./args.ts";
import { step } from "./step.ts";

export const domainCreate = step({
	verb: "domain.create",
	by: "world",
	says: "a new domain in place of one that is gone",
	args: z.strictObject({ of: ofDomain }),
	example: "domain.create: { of: fe }",
});
