/** XENDISPL_OP_GET_EDID (version 2): write the display's EDID into the frontend's buffer and keep nothing of it. */
import { XENDISPL_EDID_MAX_SIZE } from "../../../displif/constants.ts";
import { bufferPages } from "../../../displif/directory.ts";
import type { Body } from "../../../displif/packet.ts";
import { ask, type Turns } from "../../../xen/call.ts";
import { PAGE_SIZE } from "../../../xen/frame.ts";
import type { Connector } from "../connector.ts";
import type { Mapping } from "../pages.ts";
import { EINVAL, EIO, refused } from "../status.ts";
import type { Answer } from "./handler.ts";

export function* getEdid(
	connector: Connector,
	{ buffer_sz, gref_directory }: Body<"GET_EDID">,
): Turns<Answer> {
	const { driver, link } = connector;
	const { edid, width, height } = connector.screenOrThrow.display;
	if (edid === "") return refused("EOPNOTSUPP");
	if (buffer_sz < XENDISPL_EDID_MAX_SIZE) return EINVAL;
	// No EDID is larger; a larger buffer is not looked at beyond it.
	const count = bufferPages(XENDISPL_EDID_MAX_SIZE);
	const refs: number[] = [];
	const pages: Mapping[] = [];
	let status = yield* driver.directories.read(
		link.fe,
		gref_directory,
		count,
		count === bufferPages(buffer_sz),
		refs,
	);
	if (status === 0)
		status = yield* driver.pages.map(link.fe, refs, "write", pages);
	const octets = edid.slice(0, XENDISPL_EDID_MAX_SIZE);
	if (status === 0) status = yield* write(pages, octets);
	yield* driver.pages.letGo(link.fe, pages);
	if (status < 0) return status;
	connector.width = width;
	connector.height = height;
	return { status: 0, edid_sz: octets.length };
}

function* write(pages: readonly Mapping[], octets: string): Turns<number> {
	for (let at = 0; at < octets.length; at += PAGE_SIZE) {
		const part = octets.slice(at, at + PAGE_SIZE);
		const words = new Uint32Array(Math.ceil(part.length / 4));
		for (let i = 0; i < part.length; i++)
			words[i >> 2] =
				(words[i >> 2] as number) | (part.charCodeAt(i) << ((i & 3) * 8));
		const { gfn } = pages[at / PAGE_SIZE] as Mapping;
		const { status } = yield* ask("page.store", { gfn, word: 0, words });
		if (status < 0) return EIO;
	}
	return 0;
}
