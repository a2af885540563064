/*
 * The border between the fake kernel and the Node process that runs it: one call out, a handful of calls in.
 *
 * Going out, everything that leaves the kernel is a call at the tester's door, by the names and the fields of src/xen/call.ts. There is one
 * import that suspends, xk_call(). It is the only place where a context stops, so asyncify needs to know no other. Whatever blocks (a lock,
 * a completion, msleep, an interrupt that has not come) blocks in a door call too; the runtime never spins and never schedules.
 *
 * Coming in, each kernel context is a coroutine of the module and a task of the domain: a system call of a client, the xenwatch thread,
 * one for each interrupt, one for each queued work, the grant table's timer. The host decides at every door call who goes on.
 *
 * Memory. What the driver has in its slab is linear memory that nobody outside sees. Pages that can be lent (kmalloc of a page and more,
 * rings, pixel pages) are pages of the domain in the tester's world, made by page.alloc and known by their gfn. Those that the driver
 * touches have a place in linear memory which is no more than a cache: the driver is compiled with the kernel's address sanitizer, so a
 * hook of ours runs before each of its loads and stores, and for a page that is or was lent it turns them into page.load and page.store.
 * The value that page.load answers is what the driver reads. So the world's frames are the truth and need not alias linear memory,
 * every access is in the ledger, and any memory order of the world works.
 *
 * Numbers are little endian; pointers, long and size_t have 32 bits.
 */
#ifndef XK_HOST_H
#define XK_HOST_H

typedef unsigned int xk_u32;
typedef int xk_s32;

#define XK_IMPORT(name) __attribute__((import_module("xk"), import_name(name)))
#define XK_EXPORT(name) __attribute__((export_name(name), used))

/*
 * A door call. The fields of the ask lie in the order of call.ts: numbers and booleans in `in`, strings in `text` (NUL-terminated; one
 * octet a character), a list of words at `words`. The reply's numbers come back in `out`, also in the order of call.ts, without the
 * status; its strings one after the other at `reply`, each ended by NUL, cut to reply_size; its list of words at `words`.
 */
struct xk_call {
	const char *op;		/* a literal: "xs.read" */
	xk_u32 in[8];
	const char *text[2];
	xk_u32 *words;
	xk_u32 count;		/* words in the list, or room for the reply's */
	xk_s32 status;
	xk_u32 out[6];
	char *reply;
	xk_u32 reply_size;
	/* task.start alone: the context that the new task is to run. */
	struct xk_context *start;
};

/* Suspends the running context until the host has the answer. */
XK_IMPORT("call") extern void xk_call(struct xk_call *call);

/*
 * The kernel cannot go on: BUG(), a wild access, use after free, double free, an endless loop. The host throws; the domain has crashed.
 * `kind` is one of the XK_DEATH words below, `text` a sentence. The host adds the names of the functions on the stack.
 */
XK_IMPORT("die") __attribute__((noreturn)) extern void xk_die(const char *kind, const char *text);

#define XK_DEATH_BUG "BUG"
#define XK_DEATH_NULL "null-pointer"
#define XK_DEATH_WILD "wild-access"
#define XK_DEATH_BOUNDS "out-of-bounds"
#define XK_DEATH_FREED "use-after-free"
#define XK_DEATH_DOUBLE "double-free"
#define XK_DEATH_LOOP "endless-loop"
#define XK_DEATH_DEADLOCK "deadlock"
#define XK_DEATH_ATOMIC "sleeping-while-atomic"
#define XK_DEATH_EXHAUSTED "out-of-arena"	/* the tester's own limit, not the driver's fault */
#define XK_DEATH_MODEL "model"			/* the fake kernel was asked for something it does not know */

/*
 * Door calls that the runtime makes, and what they stand for.
 *
 *   xs.read xs.write xs.watch xs.unwatch xs.transaction-start xs.transaction-end
 *                              the xenbus client; the token of a watch is "xenbus/" and the watch's address
 *   grant.reserve claim release access end free
 *                              the grant table's free list and entries. A batch's number is the private head that the driver keeps
 *   grant.map grant.unmap      one call for each operation of a batch; a status each, GNTST_*
 *   evtchn.alloc-unbound notify close
 *   page.alloc page.free       the page allocator; a page that is still referenced elsewhere (a deferred grant) is freed with its last reference
 *   page.load page.store       accesses to pages that are or were lent; also the whole page, before it is lent, if it was written before
 *   memory.rmb wmb mb          virt_* and smp_* barriers, and those within locks where the kernel has them
 *   balloon.take balloon.give  unpopulated pages, one call a page
 *   object.make object.drop    kmalloc and what is built of it. `kind` is the type as far as known ("kmalloc", "gem-object",
 *                              "framebuffer", "page-array", "devm", "gem-handle", "event", "irq", "pages", "client"), `name` the place that made it:
 *                              "file.c:line function". A negative status of object.make makes the allocation fail with NULL
 *   driver.note                printk: "<level>text", levels as in the kernel: 3 error, 4 warning, 6 info, 7 debug
 *   task.start                 a context of the kernel begins; `name` is "xenwatch", "irq/PORT NAME", "work FUNCTION", "gnttab-timer"
 *   task.join                  not used: who waits for a work or an interrupt to end waits for a completion
 *   lock.take lock.give        mutexes and spin locks, by the address of the lock. Both are real locks between the processors of the guest
 *   wait                       every sleep. why "answer": completion with time-out, msleep; "work": interrupts, xenwatch, timers.
 *                              Completions are named by the address of the sleeping context, so that each has a wake-up of its own
 *   completion.complete        wake such a context
 */

/*
 * A coroutine. The host makes none itself: xk_context() hands one out for a system call, and task.start names one. It begins
 * with what a system call has to say beside its status.
 */
struct xk_context {
	xk_u32 result[8];
	/* Asyncify's buffer: the struct that asyncify_start_unwind takes. */
	xk_u32 rewind_at;
	xk_u32 rewind_end;
	/* The C stack pointer while others run. */
	xk_u32 stack;
	/* The last line of the driver that it passed, as far as known: "xen_drm_front.c:230" and "xen_drm_front_dbuf_create", or null. */
	const char *place;
	const char *function;
};

/* A fresh context for a system call. Never fails: dies with out-of-arena. */
XK_EXPORT("xk_context") struct xk_context *xk_context(void);
/* The context has ended and its result was read: stack and buffer may be used again. */
XK_EXPORT("xk_context_end") void xk_context_end(struct xk_context *context);
/* Told before a context runs or goes on: its C stack is the one in use from now on. */
XK_EXPORT("xk_switch") void xk_switch(struct xk_context *context);
/* Run the context of a task.start to its end. */
XK_EXPORT("xk_thread") void xk_thread(struct xk_context *context);
/* Once, before anything else. No door call. */
XK_EXPORT("xk_boot") void xk_boot(void);
/* Octets of linear memory the slab has handed out so far, freed or not. */
XK_EXPORT("xk_used") xk_u32 xk_used(void);

/*
 * System calls, each in a context of its own. They answer 0 or -errno; more stands in the context's result. `dev` is the number in the
 * device's node, device/vdispl/DEV. A client is a file opened on /dev/dri/card of such a device; connectors are counted from 0 as in XenStore.
 */

/* Load the module: xenwatch starts, the driver registers. */
XK_EXPORT("user_init") xk_s32 user_init(void);
/* Unload it: devices are unbound, the driver unregisters, xenwatch ends. */
XK_EXPORT("user_exit") xk_s32 user_exit(void);
/* The bus finds the device and probes the driver: xenbus_dev_probe(). Connected comes later. */
XK_EXPORT("user_bind") xk_s32 user_bind(xk_u32 dev);
/* The bus takes the driver off: xenbus_dev_remove(). */
XK_EXPORT("user_unbind") xk_s32 user_unbind(xk_u32 dev);

/* result: client. -ENODEV while there is no DRM device (not Connected yet, or unplugged). */
XK_EXPORT("user_open") xk_s32 user_open(xk_u32 dev);
/* drm_release(): framebuffers, events and handles of the client go. */
XK_EXPORT("user_close") xk_s32 user_close(xk_u32 client);
/* DRM_IOCTL_MODE_CREATE_DUMB. result: handle, pitch, size, size >> 32, cookie, cookie >> 32 (the address of the GEM object). */
XK_EXPORT("user_dumb_create") xk_s32 user_dumb_create(xk_u32 client, xk_u32 width, xk_u32 height, xk_u32 bpp);
/* DRM_IOCTL_MODE_DESTROY_DUMB, and GEM_CLOSE. */
XK_EXPORT("user_dumb_destroy") xk_s32 user_dumb_destroy(xk_u32 client, xk_u32 handle);
/* A buffer of another driver of the guest: size octets, the first at `offset` of its first page. result: dmabuf. */
XK_EXPORT("user_prime_export") xk_s32 user_prime_export(xk_u32 size, xk_u32 offset);
/* DRM_IOCTL_PRIME_FD_TO_HANDLE. result: handle, 0, size, 0, cookie, cookie >> 32. */
XK_EXPORT("user_prime_import") xk_s32 user_prime_import(xk_u32 client, xk_u32 dmabuf);
/* The other driver's file closes: its pages go when nobody has the buffer attached any more. */
XK_EXPORT("user_prime_close") xk_s32 user_prime_close(xk_u32 dmabuf);
/* DRM_IOCTL_MODE_ADDFB2, one plane. result: fb, 0, 0, 0, cookie, cookie >> 32 (the address of the framebuffer). */
XK_EXPORT("user_addfb") xk_s32 user_addfb(xk_u32 client, xk_u32 handle, xk_u32 width, xk_u32 height, xk_u32 fourcc, xk_u32 pitch);
/* DRM_IOCTL_MODE_RMFB. */
XK_EXPORT("user_rmfb") xk_s32 user_rmfb(xk_u32 client, xk_u32 fb);
/* DRM_IOCTL_MODE_SETCRTC with the connector and a mode of width x height at x, y of the framebuffer. */
XK_EXPORT("user_mode_set") xk_s32 user_mode_set(xk_u32 client, xk_u32 connector, xk_u32 fb, xk_u32 x, xk_u32 y, xk_u32 width, xk_u32 height);
/* DRM_IOCTL_MODE_SETCRTC without framebuffer and connectors. */
XK_EXPORT("user_mode_off") xk_s32 user_mode_off(xk_u32 client, xk_u32 connector);
/* DRM_IOCTL_MODE_PAGE_FLIP with DRM_MODE_PAGE_FLIP_EVENT. */
XK_EXPORT("user_page_flip") xk_s32 user_page_flip(xk_u32 client, xk_u32 connector, xk_u32 fb, xk_u32 user_data);
/* poll() and read() of the client's file: its next event within `timeout` ms. result: user_data, connector. -ETIMEDOUT. */
XK_EXPORT("user_read_event") xk_s32 user_read_event(xk_u32 client, xk_u32 timeout);
/* DRM_IOCTL_MODE_GETCONNECTOR: probes. result: connector_status_*, modes, width and height of the first. */
XK_EXPORT("user_modes") xk_s32 user_modes(xk_u32 client, xk_u32 connector);

#endif
