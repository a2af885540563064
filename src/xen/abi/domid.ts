/** Reserved domain numbers of xen.h. */
export const DOMID_FIRST_RESERVED = 32752;
export const DOMID_SELF = 32752;
export const DOMID_IO = 32753;
export const DOMID_XEN = 32754;
export const DOMID_COW = 32755;
export const DOMID_INVALID = 32756;
export const DOMID_IDLE = 32767;
export const DOMID_MASK = 32767;
