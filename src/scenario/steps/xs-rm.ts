import * as z from "zod/mini";
import { told } from "../values.ts";
import { dev, participant, storePath } from "./args.ts";
import { step } from "./step.ts";

export const xsRm = step({
	verb: "xs.rm",
	by: "world",
	says: "remove a XenStore node and all below it",
	args: z.strictObject({
		path: told(
			"absolute, or below a participant's device directory",
			storePath(),
		),
		dev,
		by: told(
			"who removes; the toolstack if not said",
			z.optional(participant()),
		),
	}),
	example: "xs.rm: { path: fe/0/resolution }",
});
