import * as z from "zod/mini";
import { flag, int, name, told, wide } from "../values.ts";
import { byScript, connector, field } from "./args.ts";
import { step } from "./step.ts";

export const wireEvent = step({
	verb: "wire.event",
	by: "script",
	side: "backend",
	says: "the scripted backend puts an event on the event page",
	args: z.strictObject({
		by: byScript,
		connector,
		type: told("the event's type; 0 is PG_FLIP", z._default(int(0, 255), 0)),
		of: told(
			"a request whose fb_cookie is taken",
			z.optional(name("a request")),
		),
		fb_cookie: field(64, "fb_cookie"),
		id: told(
			"the event's number; the next one if not said",
			z.optional(wide(16)),
		),
		reserved: told("a value for every reserved octet", z.optional(int(0, 255))),
		times: told("how many such events", z._default(int(1, 65_536), 1)),
		notify: told(
			"send the event channel's event after publishing",
			z._default(flag(), true),
		),
	}),
	example: "wire.event: { fb_cookie: 1 }",
	names: { of: { needs: ["request"] } },
	sound(args) {
		return args.of !== undefined && args.fb_cookie !== undefined
			? {
					message: "`of` and `fb_cookie` are given both",
					advice: "keep one of them",
					key: "fb_cookie",
				}
			: undefined;
	},
});
