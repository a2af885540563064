import { DOMID_SELF } from "../abi/domid.ts";
import {
	GNTCOPY_dest_gref,
	GNTCOPY_source_gref,
	GNTST_bad_copy_arg,
	GNTST_bad_domain,
	GNTST_bad_gntref,
	GNTST_bad_handle,
	GNTST_bad_page,
	GNTST_general_error,
	GNTST_no_space,
	GNTST_okay,
	GNTST_permission_denied,
	GTF_permit_access,
	GTF_reading,
	GTF_readonly,
	GTF_type_mask,
	GTF_writing,
} from "../abi/grant-table.ts";
import type { Domain } from "../domain.ts";
import { PAGE_SIZE } from "../frame.ts";
import { isReadonly, mapFlagsStatus } from "../grant.ts";
import type { World } from "../world.ts";
import { type Handlers, OK, refused, status } from "./handler.ts";

/** grant_table.h: the granting side's list and entries, and the three operations of the mapping side. */
export const grantCalls: Handlers<"grant."> = {
	"grant.reserve": (_world, domain, { count }) => {
		const batch = count === 0 ? 0 : domain.grants.reserve(count);
		return {
			status: batch === 0 ? refused(count === 0 ? "EINVAL" : "ENOSPC") : OK,
			batch,
		};
	},

	"grant.claim": (_world, domain, { batch }) => {
		const ref = domain.grants.claim(batch);
		if (ref < 0) return { status: refused("EINVAL"), ref: 0 };
		return { status: ref === 0 ? refused("ENOSPC") : OK, ref };
	},

	"grant.release": (_world, domain, { batch }) =>
		status(domain.grants.releaseBatch(batch) ? OK : refused("EINVAL")),

	"grant.access": (_world, domain, { ref, domid, gfn, readonly }) => {
		if (ref === 0 || (ref >= 8 && !domain.grants.isClaimed(ref)))
			return { status: refused("EINVAL"), frame: 0 };
		const frame = domain.grants.access(ref, domid, gfn, readonly);
		if (frame < 0) return { status: refused("EBUSY"), frame: 0 };
		return { status: frame === 0 ? refused("EFAULT") : OK, frame };
	},

	"grant.query": (_world, domain, { ref }) => ({
		status: OK,
		flags: domain.grants.flags(ref) & (GTF_reading | GTF_writing),
	}),

	"grant.end": (_world, domain, { ref }) => {
		if (ref >= domain.grants.size) return status(refused("EINVAL"));
		return status(domain.grants.end(ref) ? OK : refused("EBUSY"));
	},

	"grant.free": (_world, domain, { ref }) =>
		status(domain.grants.freeRef(ref) ? OK : refused("EINVAL")),

	"grant.table": (_world, domain, { index }) => {
		const gfn = domain.grants.page(index);
		return { status: gfn === 0 ? refused("ENOSPC") : OK, gfn };
	},

	"grant.map": (world, domain, { granter, ref, gfn, flags }) => {
		const no = (value: number) => ({
			status: value,
			handle: 0,
			gfn: 0,
			frame: 0,
		});
		const bad = mapFlagsStatus(flags);
		if (bad !== GNTST_okay) return no(bad);
		const owner = world.domain(granter);
		if (owner === undefined) return no(GNTST_bad_domain);
		if (owner.life === "zombie") return no(GNTST_general_error);
		if (domain.maptrack.full) return no(GNTST_no_space);
		const readonly = isReadonly(flags);
		const { status: pinned, frame } = owner.grants.pin(
			domain.domid,
			ref,
			readonly,
		);
		if (pinned !== GNTST_okay) return no(pinned);
		const kernelHole = gfn === 0;
		if (!kernelHole && !domain.physmap.mappable(gfn)) {
			owner.grants.unpin(ref, readonly);
			return no(GNTST_general_error);
		}
		const at = kernelHole ? domain.physmap.hole() : gfn;
		domain.physmap.mapForeign(at, frame, readonly);
		const handle = domain.maptrack.add({
			granter: owner.domid,
			ref,
			gfn: at,
			frame,
			readonly,
			kernelHole,
		});
		return { status: GNTST_okay, handle, gfn: at, frame };
	},

	"grant.unmap": (world, domain, { handle, gfn }) => {
		const no = (value: number) => ({
			status: value,
			granter: 0,
			ref: 0,
			frame: 0,
		});
		const mapping = domain.maptrack.get(handle);
		if (mapping === undefined) return no(GNTST_bad_handle);
		const { granter, ref, frame } = mapping;
		// An address of 0 leaves that kind of mapping in place, and host mappings are the only kind here.
		if (gfn === 0) return { status: GNTST_okay, granter, ref, frame: 0 };
		if (gfn !== mapping.gfn) return no(GNTST_general_error);
		world.dropMapping(domain, handle);
		return { status: GNTST_okay, granter, ref, frame };
	},

	"grant.copy": (world, domain, ask) => {
		if (
			ask.source_offset + ask.len > PAGE_SIZE ||
			ask.dest_offset + ask.len > PAGE_SIZE
		)
			return status(GNTST_bad_copy_arg);
		const source = copyEnd(
			world,
			domain,
			(ask.flags & GNTCOPY_source_gref) !== 0,
			ask.source_domid,
			ask.source,
			true,
		);
		if (source.status !== GNTST_okay) return status(source.status);
		const dest = copyEnd(
			world,
			domain,
			(ask.flags & GNTCOPY_dest_gref) !== 0,
			ask.dest_domid,
			ask.dest,
			false,
		);
		if (dest.status !== GNTST_okay) return status(dest.status);
		copyOctets(
			world,
			source.frame,
			ask.source_offset,
			dest.frame,
			ask.dest_offset,
			ask.len,
		);
		return status(GNTST_okay);
	},
};

/** The frame at one end of a copy: a grant of `domid`, or the caller's own page. */
function copyEnd(
	world: World,
	caller: Domain,
	byRef: boolean,
	domid: number,
	at: number,
	readonly: boolean,
): { status: number; frame: number } {
	const no = (value: number) => ({ status: value, frame: 0 });
	const who = domid === DOMID_SELF ? caller.domid : domid;
	if (!byRef) {
		if (who !== caller.domid) return no(GNTST_permission_denied);
		const frame = caller.physmap.ownFrame(at);
		return frame === 0 ? no(GNTST_bad_page) : { status: GNTST_okay, frame };
	}
	const owner = world.domain(who);
	if (owner === undefined) return no(GNTST_bad_domain);
	if (owner.life === "zombie") return no(GNTST_general_error);
	if (at >= owner.grants.size) return no(GNTST_bad_gntref);
	const entry = owner.grants.entry(at);
	if (
		(entry.flags & GTF_type_mask) !== GTF_permit_access ||
		entry.domid !== caller.domid ||
		(!readonly && (entry.flags & GTF_readonly) !== 0)
	)
		return no(GNTST_general_error);
	const latched = owner.grants.active.get(at)?.frame;
	const frame = latched ?? owner.physmap.ownFrame(entry.gfn);
	return frame === 0 ? no(GNTST_bad_page) : { status: GNTST_okay, frame };
}

function copyOctets(
	world: World,
	from: number,
	fromOffset: number,
	to: number,
	toOffset: number,
	len: number,
): void {
	const { memory } = world.frames;
	const octet = (offset: number) =>
		(memory.load(from, offset >>> 2) >>> ((offset & 3) * 8)) & 0xff;
	// Source and destination may overlap in one page: read all before the first store.
	const octets = Array.from({ length: len }, (_, i) => octet(fromOffset + i));
	octets.forEach((value, i) => {
		const offset = toOffset + i;
		const shift = (offset & 3) * 8;
		const word = memory.load(to, offset >>> 2);
		memory.store(
			to,
			offset >>> 2,
			((word & ~(0xff << shift)) | (value << shift)) >>> 0,
		);
	});
}
