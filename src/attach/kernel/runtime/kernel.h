/* What the runtime's own sources share. */
#ifndef XK_KERNEL_H
#define XK_KERNEL_H

#include <xk/memory.h>
#include "../host.h"

/* A context: what the host knows of it first, then what it does. */
struct xk_task {
	struct xk_context host;
	char name[40];
	void (*run)(void *arg);
	void *arg;
	/* Spin locks held, and one for an interrupt handler: above 0 nothing may sleep. */
	int atomic;
	/* Door calls since that began. */
	u32 atomic_calls;
	struct xk_task *next_free;
};
extern struct xk_task *xk_current;

/* A fresh context that will run a function. Nothing is told to the host before xk_start(). */
struct xk_task *xk_task_new(void (*run)(void *arg), void *arg, const char *name);
void xk_start(struct xk_task *task);

/* Make a door call: what was stored into lent pages goes out first. The status. */
s32 xk_door(struct xk_call *call);
/* Calls of at most four numbers, and at most one number back. */
s32 xk_ask(const char *op, u32 a, u32 b, u32 c, u32 d);
s32 xk_ask_for(const char *op, u32 a, u32 b, u32 c, u32 d, u32 *out);
/* object.make and object.drop. 0: it could not be made. */
u32 xk_object(const char *kind);
void xk_object_drop(u32 object);
/* Wait for `wake` to be completed. False when time was up; timeout 0 is for ever. */
bool xk_sleep(u32 wake, u32 timeout, const char *why);
/* The name of a wake-up that nobody else has. */
u32 xk_fresh_wake(void);
void xk_wake(u32 wake);

/* Fresh memory of the arena, aligned; NULL when it is full. */
void *xk_block(size_t size, size_t align);
/* Memory of the runtime's own: all zero, no object, and nobody looks at who touches it. */
void *xk_own(size_t size);
void xk_own_free(void *memory, size_t size);

/* access.c */
enum { SHADOW_OK = 0, SHADOW_LENT = 0xe1, SHADOW_CLEAN = 0xe0, SHADOW_EDGE = 0xfa, SHADOW_FREED = 0xfd };
void xk_shadow(const void *address, size_t size, u8 value);
u8 xk_shadow_at(const void *address);
/* Look at a whole range as the compiler's hook does at one access; of a lent page what is there is loaded first. */
void xk_check(const void *address, size_t size, bool write);
bool xk_in_arena(u32 address);
/* All eight octets around the address may be touched. */
bool xk_plain(const void *address);
/* The range was stored to by something that has no hook: goes to the world if it is lent. */
void xk_stored(const void *address, size_t size);
/* Everything that was stored goes out now. */
void xk_settle(void);
bool xk_settled(void);
extern u32 xk_fuel;
void xk_boot_access(void);

/* slab.c */
const char *xk_describe(u32 address, char *text, size_t room);

/* pages.c: the page whose cache holds an address; it is about to be lent, or is lent and was written. */
struct page *xk_page_at(u32 address);
void xk_page_lend(struct page *page);
void xk_page_dirty(struct page *page);
/* What xk_pfn_to_kaddr() was given. */
u32 xk_kaddr_to_pfn(u32 address);
void xk_page_map(struct page *page, char *virt);
void xk_page_unmap(struct page *page);
/* Free it whoever else holds a reference. */
void xk_page_force(struct page *page);

/* xenbus.c */
void xk_watch_start(void);
void xk_watch_stop(void);
int xk_bus_bind(u32 number);
int xk_bus_unbind(u32 number);
struct xenbus_device *xk_bus_device(u32 number);

#endif
