/** XENDISPL_OP_FB_ATTACH: a framebuffer that lies within the pages of its display buffer, in a format that a display can show. */
import { formatOf } from "../../../displif/format.ts";
import type { Body } from "../../../displif/packet.ts";
import { ask, type Turns } from "../../../xen/call.ts";
import { PAGE_SIZE } from "../../../xen/frame.ts";
import type { Connector } from "../connector.ts";
import type { DisplayBuffer, Link } from "../link.ts";
import { EINVAL, EIO, ENOENT, refused } from "../status.ts";
import { hex, pitchOf } from "./dbuf-create.ts";

export function* fbAttach(
	{ link, driver }: Connector,
	body: Body<"FB_ATTACH">,
): Turns<number> {
	const { dbuf_cookie, fb_cookie, width, height, pixel_format } = body;
	if (fb_cookie === 0n) return EINVAL;
	if (link.framebuffers.has(fb_cookie)) return refused("EEXIST");
	const buffer = link.buffers.get(dbuf_cookie);
	if (buffer === undefined) return ENOENT;
	if (buffer.spoiled) return EIO;
	const stride = strideOf(link, buffer, body);
	if (stride === 0) return EINVAL;
	if (!driver.limits.allows(link.fe, { framebuffers: 1 }))
		return refused("ENOSPC");
	const { status, object } = yield* ask("object.make", {
		kind: "framebuffer",
		name: hex(fb_cookie),
	});
	if (status < 0) return status;
	link.framebuffers.set(fb_cookie, {
		cookie: fb_cookie,
		object,
		id: driver.fresh(),
		buffer,
		width,
		height,
		format: pixel_format,
		stride,
		imports: new Set(),
		leaving: false,
	});
	driver.limits.add(link.fe, { framebuffers: 1 });
	buffer.framebuffers += 1;
	return 0;
}

/** Octets from line to line, as the display buffer has them; of an imported one, as this picture needs them. 0 when it does not fit. */
function strideOf(
	link: Link,
	buffer: DisplayBuffer,
	{ width, height, pixel_format }: Body<"FB_ATTACH">,
): number {
	const format = formatOf(pixel_format);
	const shown = link.connectors.some(
		({ screen }) => screen?.display.formats.has(pixel_format) === true,
	);
	if (format === undefined || !shown || width === 0 || height === 0) return 0;
	const line = pitchOf(width, format.bpp);
	const stride = buffer.pitch === 0 ? line : buffer.pitch;
	const octets = buffer.gfns.length * PAGE_SIZE;
	return line <= stride && buffer.dataOffset + stride * height <= octets
		? stride
		: 0;
}
