/* Stands in for xen/interface/xen.h: as much as grant_table.h of the user's tree needs. */
#ifndef XK_XEN_INTERFACE_H
#define XK_XEN_INTERFACE_H

#include <xk/base.h>

typedef u16 domid_t;
typedef unsigned long xen_pfn_t;
typedef unsigned long xen_ulong_t;
#define DOMID_SELF 0x7FF0U
#define __GUEST_HANDLE(name) __guest_handle_##name
#define GUEST_HANDLE(name) __GUEST_HANDLE(name)
#define DEFINE_GUEST_HANDLE(name) typedef name *__GUEST_HANDLE(name)
#define DEFINE_GUEST_HANDLE_STRUCT(name) typedef struct name *__GUEST_HANDLE(name)
#define GUEST_HANDLE_STRUCT(name) __guest_handle_##name
DEFINE_GUEST_HANDLE(xen_pfn_t);
DEFINE_GUEST_HANDLE(xen_ulong_t);
typedef u64 *__GUEST_HANDLE(uint64_t);
typedef u32 *__GUEST_HANDLE(uint32_t);
typedef u8 *__GUEST_HANDLE(uint8_t);
typedef void *__GUEST_HANDLE(void);

#endif
