import * as z from "zod/mini";
import { advise } from "../suggest.ts";
import { flag, int, name, oneOrMore, told, wide } from "../values.ts";
import { BODY_FIELDS, REQUEST_FIELDS, type RequestField } from "../words.ts";
import { byScript, connector, field, opCode, pixelFormat } from "./args.ts";
import { step } from "./step.ts";

export const wireSend = step({
	verb: "wire.send",
	by: "script",
	side: "frontend",
	says: "the scripted frontend puts a request on the ring; body fields are 0 unless given here or taken from `of`",
	args: z.strictObject({
		by: byScript,
		connector,
		op: told("the operation, or its code", opCode()),
		of: told(
			"a buffer from which dbuf_cookie, buffer_sz, gref_directory and the size are taken",
			z.optional(name("a buffer")),
		),
		as: told("a name for the request", z.optional(name("the request"))),
		id: told("the id; the next one if not said", z.optional(wide(16))),
		dbuf_cookie: field(64, "dbuf_cookie"),
		fb_cookie: field(64, "fb_cookie"),
		x: field(32, "x"),
		y: field(32, "y"),
		width: field(32, "width"),
		height: field(32, "height"),
		bpp: field(32, "bpp"),
		buffer_sz: field(32, "buffer_sz"),
		flags: field(32, "flags"),
		gref_directory: field(32, "gref_directory"),
		data_ofs: field(32, "data_ofs"),
		pixel_format: told(
			"a FOURCC such as XR24, or a number",
			z.optional(pixelFormat()),
		),
		raw: told(
			"words of the whole packet, written over the rest",
			z.optional(oneOrMore("words of 32 bits", wide(32), 16)),
		),
		reserved: told("a value for every reserved octet", z.optional(int(0, 255))),
		count: told(
			"so many packets, one after another",
			z._default(int(1, 65_536), 1),
		),
		wait: told(
			"wait for each answer before going on",
			z._default(flag(), true),
		),
		notify: told("send the event after publishing", z._default(flag(), true)),
		publish: told("advance req_prod", z._default(flag(), true)),
	}),
	example: "wire.send: { op: DBUF_DESTROY, dbuf_cookie: 7 }",
	names: { of: { needs: ["buffer"] }, as: { makes: "request" } },
	sound(args) {
		if (typeof args.op !== "string" || args.raw !== undefined) return undefined;
		const known = BODY_FIELDS[args.op];
		const strange = Object.keys(REQUEST_FIELDS).find(
			(key) => args[key as RequestField] !== undefined && !known.includes(key),
		);
		if (strange !== undefined)
			return {
				message: `${args.op} has no field \`${strange}\``,
				advice: advise(strange, known),
				key: strange,
			};
		if (
			args.of !== undefined &&
			!known.includes("dbuf_cookie") &&
			!known.includes("gref_directory")
		)
			return {
				message: `${args.op} takes nothing from a buffer`,
				advice: `its fields: ${known.join(", ")}`,
				key: "of",
			};
		if (args.wait && (!args.publish || !args.notify))
			return args.publish
				? undefined
				: {
						message: "an answer to an unpublished request never comes",
						advice: "add `wait: false`",
						key: "publish",
					};
		return undefined;
	},
});
