import * as z from "zod/mini";
import { ofDomain } from "./args.ts";
import { step } from "./step.ts";

export const domainResume = step({
	verb: "domain.resume",
	by: "world",
	says: "a hung domain runs on",
	args: z.strictObject({ of: ofDomain }),
	example: "domain.resume: { of: fe }",
});
