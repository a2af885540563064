/** XENSTORE_PAYLOAD_MAX of io/xs_wire.h, in octets. */
export const PAYLOAD_MAX = 4096;

/** XENSTORE_REL_PATH_MAX of io/xs_wire.h, in octets. */
export const REL_PATH_MAX = 2048;
