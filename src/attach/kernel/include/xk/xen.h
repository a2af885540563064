/* What drivers of a guest ask of Xen: interrupts, grants, unpopulated pages, xenbus. The interfaces themselves are the kernel's own headers. */
#ifndef XK_XEN_H
#define XK_XEN_H

#include <xk/memory.h>
#include <xen/interface/grant_table.h>
#include <xen/interface/io/xenbus.h>

#define XEN_PAGE_SHIFT 12
#define XEN_PAGE_SIZE (1UL << XEN_PAGE_SHIFT)
#define XEN_PFN_PER_PAGE 1
static inline bool xen_domain(void) { return true; }
static inline bool xen_pv_domain(void) { return false; }
static inline bool xen_hvm_domain(void) { return true; }
static inline bool xen_initial_domain(void) { return false; }
static inline bool xen_has_pv_devices(void) { return true; }
#define page_to_xen_pfn(page) page_to_pfn(page)
#define xen_page_to_gfn(page) page_to_pfn(page)
#define virt_to_gfn(address) page_to_pfn(virt_to_page(address))
#define pfn_to_gfn(pfn) (pfn)
#define gfn_to_pfn(gfn) (gfn)

/* xen/events.h, linux/interrupt.h */
typedef u32 evtchn_port_t;
typedef int irqreturn_t;
enum { IRQ_NONE, IRQ_HANDLED, IRQ_WAKE_THREAD };
typedef irqreturn_t (*irq_handler_t)(int irq, void *dev_id);
int xk_bind_evtchn(evtchn_port_t port, irq_handler_t handler, unsigned long flags, const char *name, void *dev_id);
void xk_unbind_irq(unsigned int irq, void *dev_id);
void xk_notify_irq(int irq);
#define bind_evtchn_to_irqhandler(port, handler, flags, name, dev_id) (XK_AT, xk_bind_evtchn(port, handler, flags, name, dev_id))
#define bind_evtchn_to_irqhandler_lateeoi bind_evtchn_to_irqhandler
#define unbind_from_irqhandler(irq, dev_id) (XK_AT, xk_unbind_irq(irq, dev_id))
#define notify_remote_via_irq(irq) (XK_AT, xk_notify_irq(irq))
#define xen_irq_lateeoi(irq, flags) do { (void)(irq); } while (0)

/* xen/grant_table.h. A private head is the number of a batch at the door. */
#define INVALID_GRANT_REF ((grant_ref_t)-1)
#define INVALID_GRANT_HANDLE ((grant_handle_t)-1)
int xk_grant_reserve(u16 count, grant_ref_t *head);
int xk_grant_claim(grant_ref_t *head);
void xk_grant_release(grant_ref_t head);
void xk_grant_access(grant_ref_t ref, domid_t domid, unsigned long frame, int readonly);
int xk_grant_access_new(domid_t domid, unsigned long frame, int readonly);
int xk_grant_end_ref(grant_ref_t ref);
int xk_grant_try_end(grant_ref_t ref);
void xk_grant_end(grant_ref_t ref, struct page *page);
void xk_grant_free(grant_ref_t ref);
int xk_grant_map(struct gnttab_map_grant_ref *ops, struct page **pages, unsigned int count);
int xk_grant_unmap(struct gnttab_unmap_grant_ref *ops, struct page **pages, unsigned int count);
#define gnttab_alloc_grant_references(count, head) (XK_AT, xk_grant_reserve(count, head))
#define gnttab_claim_grant_reference(head) (XK_AT, xk_grant_claim(head))
#define gnttab_free_grant_references(head) (XK_AT, xk_grant_release(head))
#define gnttab_grant_foreign_access_ref(ref, domid, frame, readonly) (XK_AT, xk_grant_access(ref, domid, frame, readonly))
#define gnttab_grant_foreign_access(domid, frame, readonly) (XK_AT, xk_grant_access_new(domid, frame, readonly))
#define gnttab_end_foreign_access_ref(ref) (XK_AT, xk_grant_end_ref(ref))
#define gnttab_try_end_foreign_access(ref) (XK_AT, xk_grant_try_end(ref))
#define gnttab_end_foreign_access(ref, page) (XK_AT, xk_grant_end(ref, page))
#define gnttab_free_grant_reference(ref) (XK_AT, xk_grant_free(ref))
#define gnttab_map_refs(ops, kernel_ops, pages, count) (XK_AT, xk_grant_map(ops, pages, count))
#define gnttab_unmap_refs(ops, kernel_ops, pages, count) (XK_AT, xk_grant_unmap(ops, pages, count))
static inline void gnttab_set_map_op(struct gnttab_map_grant_ref *map, phys_addr_t addr, u32 flags, grant_ref_t ref, domid_t domid)
{
	map->host_addr = addr;
	map->flags = flags;
	map->ref = ref;
	map->dom = domid;
	map->status = 1;
}
static inline void gnttab_set_unmap_op(struct gnttab_unmap_grant_ref *unmap, phys_addr_t addr, u32 flags, grant_handle_t handle)
{
	unmap->host_addr = addr;
	unmap->handle = handle;
	unmap->dev_bus_addr = 0;
	(void)flags;
}

/* xen/xen.h, xen/balloon.h */
int xk_unpopulated_alloc(unsigned int count, struct page **pages);
void xk_unpopulated_free(unsigned int count, struct page **pages);
#define xen_alloc_unpopulated_pages(count, pages) (XK_AT, xk_unpopulated_alloc(count, pages))
#define xen_free_unpopulated_pages(count, pages) (XK_AT, xk_unpopulated_free(count, pages))
#define xen_alloc_ballooned_pages xen_alloc_unpopulated_pages
#define xen_free_ballooned_pages xen_free_unpopulated_pages

/* xen/xenbus.h */
struct xenbus_transaction { u32 id; };
#define XBT_NIL ((struct xenbus_transaction){ 0 })
struct xenbus_watch {
	struct list_head list;
	const char *node;
	bool (*will_handle)(struct xenbus_watch *, const char *path, const char *token);
	void (*callback)(struct xenbus_watch *, const char *path, const char *token);
};
struct xenbus_device {
	const char *devicetype;
	const char *nodename;
	const char *otherend;
	int otherend_id;
	struct xenbus_watch otherend_watch;
	struct device dev;
	enum xenbus_state state;
	struct completion down;
	struct semaphore reclaim_sem;
	/* device_lock(): binding and unbinding come one after the other. */
	struct mutex lock;
	struct list_head list;
	u32 number;
	bool bound;
};
struct xenbus_device_id { char devicetype[32]; };
struct kobj_uevent_env;
struct xenbus_driver {
	const char *name;
	const struct xenbus_device_id *ids;
	bool allow_rebind;
	bool not_essential;
	int (*probe)(struct xenbus_device *dev, const struct xenbus_device_id *id);
	void (*otherend_changed)(struct xenbus_device *dev, enum xenbus_state backend_state);
	void (*remove)(struct xenbus_device *dev);
	int (*suspend)(struct xenbus_device *dev);
	int (*resume)(struct xenbus_device *dev);
	int (*uevent)(const struct xenbus_device *dev, struct kobj_uevent_env *env);
	struct device_driver driver;
	int (*read_otherend_details)(struct xenbus_device *dev);
	int (*is_ready)(struct xenbus_device *dev);
	void (*reclaim_memory)(struct xenbus_device *dev);
};
static inline struct xenbus_device *to_xenbus_device(struct device *dev) { return container_of(dev, struct xenbus_device, dev); }
int xenbus_register_frontend(struct xenbus_driver *driver);
void xenbus_unregister_driver(struct xenbus_driver *driver);
void *xenbus_read(struct xenbus_transaction t, const char *dir, const char *node, unsigned int *len);
int xenbus_write(struct xenbus_transaction t, const char *dir, const char *node, const char *string);
int xenbus_exists(struct xenbus_transaction t, const char *dir, const char *node);
int xenbus_rm(struct xenbus_transaction t, const char *dir, const char *node);
int xenbus_transaction_start(struct xenbus_transaction *t);
int xenbus_transaction_end(struct xenbus_transaction t, int abort);
int xenbus_scanf(struct xenbus_transaction t, const char *dir, const char *node, const char *format, ...);
unsigned int xenbus_read_unsigned(const char *dir, const char *node, unsigned int default_val);
__printf(4, 5) int xenbus_printf(struct xenbus_transaction t, const char *dir, const char *node, const char *format, ...);
int xenbus_gather(struct xenbus_transaction t, const char *dir, ...);
int register_xenbus_watch(struct xenbus_watch *watch);
void unregister_xenbus_watch(struct xenbus_watch *watch);
int xenbus_switch_state(struct xenbus_device *dev, enum xenbus_state state);
int xenbus_frontend_closed(struct xenbus_device *dev);
int xenbus_setup_ring(struct xenbus_device *dev, gfp_t gfp, void **vaddr, unsigned int pages, grant_ref_t *grefs);
void xenbus_teardown_ring(void **vaddr, unsigned int pages, grant_ref_t *grefs);
int xenbus_grant_ring(struct xenbus_device *dev, void *vaddr, unsigned int pages, grant_ref_t *grefs);
int xenbus_alloc_evtchn(struct xenbus_device *dev, evtchn_port_t *port);
int xenbus_free_evtchn(struct xenbus_device *dev, evtchn_port_t port);
enum xenbus_state xenbus_read_driver_state(const char *path);
__printf(3, 4) void xenbus_dev_error(struct xenbus_device *dev, int err, const char *format, ...);
__printf(3, 4) void xenbus_dev_fatal(struct xenbus_device *dev, int err, const char *format, ...);
const char *xenbus_strstate(enum xenbus_state state);
#define xenbus_setup_ring(dev, gfp, vaddr, pages, grefs) (XK_AT, xenbus_setup_ring(dev, gfp, vaddr, pages, grefs))
#define xenbus_teardown_ring(vaddr, pages, grefs) (XK_AT, xenbus_teardown_ring(vaddr, pages, grefs))
#define xenbus_alloc_evtchn(dev, port) (XK_AT, xenbus_alloc_evtchn(dev, port))
#define xenbus_free_evtchn(dev, port) (XK_AT, xenbus_free_evtchn(dev, port))
#define xenbus_switch_state(dev, state) (XK_AT, xenbus_switch_state(dev, state))
#define xenbus_transaction_start(t) (XK_AT, xenbus_transaction_start(t))

#endif
