import * as z from "zod/mini";
import { oneOrMore, told, word } from "../values.ts";
import { TRANSPORT_NODES, XENBUS_STATES } from "../words.ts";
import { byScript, dev, mapOf, nodeText } from "./args.ts";
import { step } from "./step.ts";

export const wirePublish = step({
	verb: "wire.publish",
	by: "script",
	side: "frontend",
	says: "the scripted frontend makes rings and ports, writes the transport nodes and changes state",
	args: z.strictObject({
		by: byScript,
		dev,
		omit: told(
			"transport nodes that are left out",
			z._default(
				oneOrMore("transport nodes", word(TRANSPORT_NODES, "transport node")),
				[],
			),
		),
		set: told(
			"texts of nodes written as they stand here",
			z.optional(
				mapOf(
					"node names with their texts",
					/^[A-Za-z0-9_@-]+(\/[A-Za-z0-9_@-]+)*$/,
					nodeText(),
				),
			),
		),
		state: told(
			"the state it goes to",
			z._default(word(XENBUS_STATES, "XenBus state"), "Initialised"),
		),
	}),
	example: "wire.publish: { omit: [evt-ring-ref] }",
});
