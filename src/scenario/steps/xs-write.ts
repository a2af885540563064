import * as z from "zod/mini";
import { told } from "../values.ts";
import { dev, nodeText, participant, storePath } from "./args.ts";
import { step } from "./step.ts";

export const xsWrite = step({
	verb: "xs.write",
	by: "world",
	says: "write a XenStore node",
	args: z.strictObject({
		path: told(
			"absolute, or below a participant's device directory: be/state",
			storePath(),
		),
		value: told("its text", nodeText()),
		dev,
		by: told(
			"who writes; the toolstack if not said",
			z.optional(participant()),
		),
	}),
	example: "xs.write: { path: be/online, value: 0 }",
});
