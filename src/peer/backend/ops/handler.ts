/** How requests are answered: one handler for each operation, in a table that the operations' own table types. */
import { OPS, type OpName } from "../../../displif/ops/index.ts";
import type { Body, Request } from "../../../displif/packet.ts";
import type { Turns } from "../../../xen/call.ts";
import type { Connector } from "../connector.ts";
import { EINVAL, refused } from "../status.ts";

/** A status, with edid_sz where the response has one. */
export type Answer = number | { status: number; edid_sz: number };

/** Answers one request of the connector it came over. A negative status means: as if it had never been sent. */
export type Handler<N extends OpName> = (
	connector: Connector,
	body: Body<N>,
) => Turns<Answer>;

export type Handlers = { [N in OpName]: Handler<N> };

/** Operations whose answer may have to wait for the display. */
export const mayWait = (operation: OpName | undefined): boolean =>
	operation === "FB_DETACH";

/** Operations that another version brought, or that belong to another ring, are refused before their handler sees them. */
export function* dispatch(
	connector: Connector,
	request: Request,
): Turns<Answer> {
	const { operation } = request;
	if (operation === undefined) return refused("EOPNOTSUPP");
	const { since, ring } = OPS[operation];
	if (since > connector.link.config.version) return refused("EOPNOTSUPP");
	if (ring === "connector 0" && connector.config.index !== 0) return EINVAL;
	const handler = connector.driver.parts.handlers[operation] as (
		connector: Connector,
		body: unknown,
	) => Turns<Answer>;
	return yield* handler(connector, request.body);
}
