import * as z from "zod/mini";
import { flag, int, name, told, wide } from "../values.ts";
import { byScript, connector, field, opCode, status } from "./args.ts";
import { step } from "./step.ts";

export const wireReply = step({
	verb: "wire.reply",
	by: "script",
	side: "backend",
	says: "the scripted backend answers a request it has taken",
	args: z.strictObject({
		by: byScript,
		connector,
		to: told(
			"the request; the oldest without an answer if not said",
			z.optional(name("a request")),
		),
		status: told("ok, an error name, or a number", z._default(status(), 0)),
		op: told(
			"the operation echoed; that of the request if not said",
			z.optional(opCode()),
		),
		id: told(
			"the id echoed; that of the request if not said",
			z.optional(wide(16)),
		),
		edid_sz: field(32, "edid_sz"),
		reserved: told("a value for every reserved octet", z.optional(int(0, 255))),
		times: told("how many such answers", z._default(int(1, 65_536), 1)),
		notify: told("send the event after publishing", z._default(flag(), true)),
	}),
	example: "wire.reply: { status: -ENOMEM }",
	names: { to: { needs: ["request"] } },
});
