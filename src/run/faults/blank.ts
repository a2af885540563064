import { errnoNumber } from "../../base/errno.ts";
import { type AnyReply, CALLS, type Call } from "../../xen/call.ts";

/** A reply with this status and empty fields. */
export function blank(call: Call, status: number): AnyReply {
	const reply: Record<string, unknown> = { status };
	for (const [name, type] of Object.entries(CALLS[call.op].reply))
		reply[name] =
			type === "str" ? "" : type === "words" ? [] : type === "bool" ? false : 0;
	return reply as unknown as AnyReply;
}

export const timedOut = (call: Call): AnyReply =>
	blank(call, -errnoNumber("ETIMEDOUT"));
