/** Constants and structs of event_channel.h, in the header's names. */
import { struct, u16, u32 } from "../../base/struct.ts";

export const EVTCHNOP_bind_interdomain = 0;
export const EVTCHNOP_bind_virq = 1;
export const EVTCHNOP_bind_pirq = 2;
export const EVTCHNOP_close = 3;
export const EVTCHNOP_send = 4;
export const EVTCHNOP_status = 5;
export const EVTCHNOP_alloc_unbound = 6;
export const EVTCHNOP_bind_ipi = 7;
export const EVTCHNOP_bind_vcpu = 8;
export const EVTCHNOP_unmask = 9;
export const EVTCHNOP_reset = 10;
export const EVTCHNOP_init_control = 11;
export const EVTCHNOP_expand_array = 12;
export const EVTCHNOP_set_priority = 13;
export const BIND_PIRQ__WILL_SHARE = 1;
export const EVTCHNSTAT_closed = 0;
export const EVTCHNSTAT_unbound = 1;
export const EVTCHNSTAT_interdomain = 2;
export const EVTCHNSTAT_pirq = 3;
export const EVTCHNSTAT_virq = 4;
export const EVTCHNSTAT_ipi = 5;
export const EVTCHN_2L_NR_CHANNELS = 4096;
export const EVTCHN_FIFO_PRIORITY_MAX = 0;
export const EVTCHN_FIFO_PRIORITY_DEFAULT = 7;
export const EVTCHN_FIFO_PRIORITY_MIN = 15;
export const EVTCHN_FIFO_MAX_QUEUES = 16;
export const EVTCHN_FIFO_PENDING = 31;
export const EVTCHN_FIFO_MASKED = 30;
export const EVTCHN_FIFO_LINKED = 29;
export const EVTCHN_FIFO_BUSY = 28;
export const EVTCHN_FIFO_LINK_BITS = 17;
export const EVTCHN_FIFO_LINK_MASK = 131071;
export const EVTCHN_FIFO_NR_CHANNELS = 131072;

export const evtchnAllocUnbound = struct("evtchn_alloc_unbound", 8, {
	dom: u16(0),
	remote_dom: u16(2),
	port: u32(4),
});

export const evtchnBindInterdomain = struct("evtchn_bind_interdomain", 12, {
	remote_dom: u16(0),
	remote_port: u32(4),
	local_port: u32(8),
});

export const evtchnClose = struct("evtchn_close", 4, { port: u32(0) });

export const evtchnSend = struct("evtchn_send", 4, { port: u32(0) });

/** Of a port that is unbound or interdomain; an unbound one has no `u.interdomain.port`. */
export const evtchnStatus = struct("evtchn_status", 24, {
	dom: u16(0),
	port: u32(4),
	status: u32(8),
	vcpu: u32(12),
	"u.interdomain.dom": u16(16),
	"u.interdomain.port": u32(20),
});

export const evtchnUnmask = struct("evtchn_unmask", 4, { port: u32(0) });

export const evtchnReset = struct("evtchn_reset", 2, { dom: u16(0) });
