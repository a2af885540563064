/** Operations and their argument of memory.h, in the header's names. */
import { struct, u16, u32, u64 } from "../../base/struct.ts";

export const XENMEM_increase_reservation = 0;
export const XENMEM_decrease_reservation = 1;
export const XENMEM_populate_physmap = 6;
export const XENMEM_exchange = 11;
export const XENMEM_current_reservation = 3;
export const XENMEM_maximum_reservation = 4;
export const XENMEM_add_to_physmap = 7;

/** On 64-bit guests. `extent_start` is the guest address of the list of frame numbers. */
export const xenMemoryReservation = struct("xen_memory_reservation", 32, {
	extent_start: u64(0),
	nr_extents: u64(8),
	extent_order: u32(16),
	mem_flags: u32(20),
	domid: u16(24),
});
