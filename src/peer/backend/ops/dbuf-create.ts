/** XENDISPL_OP_DBUF_CREATE: map the pages that the directory lists, or allocate and lend own ones. */
import { XENDISPL_DBUF_FLG_REQ_ALLOC } from "../../../displif/constants.ts";
import { bufferPages } from "../../../displif/directory.ts";
import type { Body } from "../../../displif/packet.ts";
import { ask, type Turns } from "../../../xen/call.ts";
import { PAGE_SIZE } from "../../../xen/frame.ts";
import type { Connector } from "../connector.ts";
import type { Link } from "../link.ts";
import type { Lent, Mapping } from "../pages.ts";
import { EINVAL, ENOENT, refused } from "../status.ts";

export function* dbufCreate(
	{ link, driver }: Connector,
	body: Body<"DBUF_CREATE">,
): Turns<number> {
	const wrong = check(link, body);
	if (wrong !== 0) return wrong;
	const count = bufferPages(body.buffer_sz);
	const wanted = { buffers: 1, bytes: body.buffer_sz, pages: count };
	if (!driver.limits.allows(link.fe, wanted)) return refused("ENOMEM");
	const made = yield* ask("object.make", {
		kind: "dbuf",
		name: hex(body.dbuf_cookie),
	});
	if (made.status < 0) return made.status;
	driver.limits.add(link.fe, wanted);

	const mappings: Mapping[] = [];
	const lent: Lent[] = [];
	const status =
		(body.flags & XENDISPL_DBUF_FLG_REQ_ALLOC) === 0
			? yield* mapBuffer(link, body.gref_directory, count, mappings)
			: yield* lendBuffer(link, body.gref_directory, count, lent);
	// The link may have been closed while its pages were mapped; nobody would give them back then.
	if (status < 0 || link.closing) {
		driver.limits.drop(link.fe, wanted);
		yield* driver.pages.letGo(link.fe, mappings);
		yield* driver.pages.takeBackOrKeep(link.fe, lent);
		yield* ask("object.drop", { object: made.object });
		return status < 0 ? status : ENOENT;
	}
	link.buffers.set(body.dbuf_cookie, {
		cookie: body.dbuf_cookie,
		object: made.object,
		bytes: body.buffer_sz,
		dataOffset: body.data_ofs,
		pitch: pitchOf(body.width, body.bpp),
		mappings,
		lent,
		gfns: [...mappings, ...lent].map(({ gfn }) => gfn),
		framebuffers: 0,
		spoiled: false,
	});
	return 0;
}

/** All that can be said before a page is touched. */
function check(link: Link, body: Body<"DBUF_CREATE">): number {
	const { dbuf_cookie, width, height, bpp, buffer_sz, flags, data_ofs } = body;
	if (dbuf_cookie === 0n) return EINVAL;
	if (link.buffers.has(dbuf_cookie)) return refused("EEXIST");
	if ((flags & ~XENDISPL_DBUF_FLG_REQ_ALLOC) !== 0) return EINVAL;
	const allocate = (flags & XENDISPL_DBUF_FLG_REQ_ALLOC) !== 0;
	if (allocate && (!link.config.backendAllocates || data_ofs !== 0))
		return EINVAL;
	const octets = bufferPages(buffer_sz) * PAGE_SIZE;
	if (buffer_sz === 0 || data_ofs >= octets) return EINVAL;
	// An imported buffer has no geometry of its own.
	if (width === 0 && height === 0 && bpp === 0) return 0;
	if (width === 0 || height === 0 || bpp === 0) return EINVAL;
	const picture = pitchOf(width, bpp) * height;
	return picture <= buffer_sz && data_ofs + picture <= octets ? 0 : EINVAL;
}

function* mapBuffer(
	{ fe, driver }: Link,
	directory: number,
	count: number,
	mappings: Mapping[],
): Turns<number> {
	const refs: number[] = [];
	const read = yield* driver.directories.read(fe, directory, count, true, refs);
	return read < 0 ? read : yield* driver.pages.map(fe, refs, "read", mappings);
}

function* lendBuffer(
	{ fe, driver }: Link,
	directory: number,
	count: number,
	lent: Lent[],
): Turns<number> {
	const chain: Mapping[] = [];
	let status = yield* driver.directories.open(fe, directory, count, chain);
	if (status === 0) status = yield* driver.pages.lend(fe, count, lent);
	if (status === 0) status = yield* driver.directories.write(chain, lent);
	yield* driver.pages.letGo(fe, chain);
	return status;
}

/** Octets of a line. The factors have 32 bits each: a product too large for a number to be exact is far beyond any buffer. */
export const pitchOf = (width: number, bpp: number): number =>
	Math.ceil((width * bpp) / 8);

export const hex = (cookie: bigint): string => `0x${cookie.toString(16)}`;
