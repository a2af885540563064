/** Constants and structs of grant_table.h, in the header's names. */
import { s16, struct, u16, u32, u64 } from "../../base/struct.ts";

export const GNTTAB_NR_RESERVED_ENTRIES = 8;
export const GNTTAB_RESERVED_CONSOLE = 0;
export const GNTTAB_RESERVED_XENSTORE = 1;
export const GTF_invalid = 0;
export const GTF_permit_access = 1;
export const GTF_accept_transfer = 2;
export const GTF_transitive = 3;
export const GTF_type_mask = 3;
export const _GTF_readonly = 2;
export const GTF_readonly = 4;
export const _GTF_reading = 3;
export const GTF_reading = 8;
export const _GTF_writing = 4;
export const GTF_writing = 16;
export const _GTF_PWT = 5;
export const GTF_PWT = 32;
export const _GTF_PCD = 6;
export const GTF_PCD = 64;
export const _GTF_PAT = 7;
export const GTF_PAT = 128;
export const _GTF_sub_page = 8;
export const GTF_sub_page = 256;
export const _GTF_transfer_committed = 2;
export const GTF_transfer_committed = 4;
export const _GTF_transfer_completed = 3;
export const GTF_transfer_completed = 8;
export const GNTTABOP_map_grant_ref = 0;
export const GNTTABOP_unmap_grant_ref = 1;
export const GNTTABOP_setup_table = 2;
export const GNTTABOP_dump_table = 3;
export const GNTTABOP_transfer = 4;
export const GNTTABOP_copy = 5;
export const GNTTABOP_query_size = 6;
export const GNTTABOP_unmap_and_replace = 7;
export const GNTTABOP_set_version = 8;
export const GNTTABOP_get_status_frames = 9;
export const GNTTABOP_get_version = 10;
export const GNTTABOP_swap_grant_ref = 11;
export const GNTTABOP_cache_flush = 12;
export const _GNTCOPY_source_gref = 0;
export const GNTCOPY_source_gref = 1;
export const _GNTCOPY_dest_gref = 1;
export const GNTCOPY_dest_gref = 2;
export const GNTTAB_CACHE_CLEAN = 1;
export const GNTTAB_CACHE_INVAL = 2;
export const GNTTAB_CACHE_SOURCE_GREF = 2147483648;
export const _GNTMAP_device_map = 0;
export const GNTMAP_device_map = 1;
export const _GNTMAP_host_map = 1;
export const GNTMAP_host_map = 2;
export const _GNTMAP_readonly = 2;
export const GNTMAP_readonly = 4;
export const _GNTMAP_application_map = 3;
export const GNTMAP_application_map = 8;
export const _GNTMAP_contains_pte = 4;
export const GNTMAP_contains_pte = 16;
export const _GNTMAP_guest_avail0 = 16;
export const GNTMAP_guest_avail_mask = 4294901760;
export const GNTST_okay = 0;
export const GNTST_general_error = -1;
export const GNTST_bad_domain = -2;
export const GNTST_bad_gntref = -3;
export const GNTST_bad_handle = -4;
export const GNTST_bad_virt_addr = -5;
export const GNTST_bad_dev_addr = -6;
export const GNTST_no_device_space = -7;
export const GNTST_permission_denied = -8;
export const GNTST_bad_page = -9;
export const GNTST_bad_copy_arg = -10;
export const GNTST_address_too_big = -11;
export const GNTST_eagain = -12;
export const GNTST_no_space = -13;

export const grantEntryV1 = struct("grant_entry_v1", 8, {
	flags: u16(0),
	domid: u16(2),
	frame: u32(4),
});

/** union grant_entry_v2, as a grant of a whole page. */
export const grantEntryV2FullPage = struct("grant_entry_v2", 16, {
	"full_page.hdr.flags": u16(0),
	"full_page.hdr.domid": u16(2),
	"full_page.frame": u64(8),
});

/** union grant_entry_v2, as a grant of some octets of a page, which can be copied from but not mapped. */
export const grantEntryV2SubPage = struct("grant_entry_v2", 16, {
	"sub_page.hdr.flags": u16(0),
	"sub_page.hdr.domid": u16(2),
	"sub_page.page_off": u16(4),
	"sub_page.length": u16(6),
	"sub_page.frame": u64(8),
});

export const gnttabMapGrantRef = struct("gnttab_map_grant_ref", 32, {
	host_addr: u64(0),
	flags: u32(8),
	ref: u32(12),
	dom: u16(16),
	status: s16(18),
	handle: u32(20),
	dev_bus_addr: u64(24),
});

export const gnttabUnmapGrantRef = struct("gnttab_unmap_grant_ref", 24, {
	host_addr: u64(0),
	dev_bus_addr: u64(8),
	handle: u32(16),
	status: s16(20),
});

/** On 64-bit guests. A side that names a reference has it in the low half of its gmfn. */
export const gnttabCopy = struct("gnttab_copy", 40, {
	"source.u.gmfn": u64(0),
	"source.domid": u16(8),
	"source.offset": u16(10),
	"dest.u.gmfn": u64(16),
	"dest.domid": u16(24),
	"dest.offset": u16(26),
	len: u16(32),
	flags: u16(34),
	status: s16(36),
});

export const gnttabQuerySize = struct("gnttab_query_size", 16, {
	dom: u16(0),
	nr_frames: u32(4),
	max_nr_frames: u32(8),
	status: s16(12),
});

/** Octets of a page that a table of either version counts its entries by. */
const PAGE_OCTETS = 4096;
export const GRANT_ENTRIES_PER_PAGE_V1 = PAGE_OCTETS / grantEntryV1.size;
export const GRANT_ENTRIES_PER_PAGE_V2 =
	PAGE_OCTETS / grantEntryV2FullPage.size;
