/** XENDISPL_OP_DBUF_DESTROY: answered with 0 only when no page of the buffer is mapped, or lent, any more. */
import type { Body } from "../../../displif/packet.ts";
import { ask, type Turns } from "../../../xen/call.ts";
import type { Connector } from "../connector.ts";
import { usageOf } from "../link.ts";
import { EBUSY, ENOENT } from "../status.ts";

export function* dbufDestroy(
	{ link, driver }: Connector,
	{ dbuf_cookie }: Body<"DBUF_DESTROY">,
): Turns<number> {
	const buffer = link.buffers.get(dbuf_cookie);
	if (buffer === undefined) return ENOENT;
	if (buffer.framebuffers > 0) return EBUSY;
	const usage = usageOf(buffer);
	const { mappings, lent, object } = buffer;
	const back =
		lent.length > 0
			? yield* driver.pages.takeBack(link.fe, lent)
			: yield* driver.pages.unmap(mappings);
	if (back < 0) {
		buffer.spoiled = lent.some(({ open }) => !open) || lent.length === 0;
		return back;
	}
	link.buffers.delete(dbuf_cookie);
	driver.limits.drop(link.fe, usage);
	yield* ask("object.drop", { object });
	return 0;
}
