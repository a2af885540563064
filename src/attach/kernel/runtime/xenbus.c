/* The xenbus client: drivers/xen/xenbus/xenbus_client.c, xenbus_xs.c, xenbus_probe.c and xenbus_probe_frontend.c of 6.1. */
#include "kernel.h"
#include <xk/xen.h>

/* XENSTORE_PAYLOAD_MAX and a NUL. */
#define PAYLOAD 4097
#define PATH 512

static void join(char *path, const char *dir, const char *node)
{
	snprintf(path, PATH, strlen(node) ? "%s/%s" : "%s%s", dir, node);
}

/* The value of a node in `value`, of PAYLOAD octets. */
static s32 read(u32 tx, const char *dir, const char *node, char *value)
{
	char path[PATH];
	join(path, dir, node);
	struct xk_call call = { .op = "xs.read", .in = { tx }, .text = { path }, .reply = value, .reply_size = PAYLOAD };
	return xk_door(&call);
}

void *xenbus_read(struct xenbus_transaction t, const char *dir, const char *node, unsigned int *len)
{
	char *value = xk_own(PAYLOAD);
	s32 status = read(t.id, dir, node, value);
	char *copy = status < 0 ? ERR_PTR(status) : xk_kstrdup(value, GFP_NOIO);
	xk_own_free(value, PAYLOAD);
	if (!IS_ERR_OR_NULL(copy) && len)
		*len = strlen(copy);
	return copy ?: ERR_PTR(-ENOMEM);
}

int xenbus_write(struct xenbus_transaction t, const char *dir, const char *node, const char *string)
{
	char path[PATH];
	join(path, dir, node);
	struct xk_call call = { .op = "xs.write", .in = { t.id }, .text = { path, string } };
	return xk_door(&call);
}

int xenbus_rm(struct xenbus_transaction t, const char *dir, const char *node)
{
	char path[PATH];
	join(path, dir, node);
	struct xk_call call = { .op = "xs.rm", .in = { t.id }, .text = { path } };
	return xk_door(&call);
}

/* It asks for the directory, not for the value. */
int xenbus_exists(struct xenbus_transaction t, const char *dir, const char *node)
{
	char path[PATH], *names = xk_own(PAYLOAD);
	join(path, dir, node);
	struct xk_call call = { .op = "xs.directory", .in = { t.id }, .text = { path }, .reply = names, .reply_size = PAYLOAD };
	s32 status = xk_door(&call);
	xk_own_free(names, PAYLOAD);
	return status >= 0;
}

int (xenbus_transaction_start)(struct xenbus_transaction *t)
{
	u32 id;
	s32 status = xk_ask_for("xs.transaction-start", 0, 0, 0, 0, &id);
	if (status < 0)
		return status;
	t->id = id;
	return 0;
}

int xenbus_transaction_end(struct xenbus_transaction t, int abort)
{
	return xk_ask("xs.transaction-end", t.id, !abort, 0, 0);
}

static int scan(u32 tx, const char *dir, const char *node, const char *format, va_list list)
{
	char *value = xk_own(PAYLOAD);
	s32 status = read(tx, dir, node, value);
	int found = status < 0 ? status : vsscanf(value, format, list);
	xk_own_free(value, PAYLOAD);
	return found == 0 ? -ERANGE : found;
}

int xenbus_scanf(struct xenbus_transaction t, const char *dir, const char *node, const char *format, ...)
{
	va_list list;
	va_start(list, format);
	int found = scan(t.id, dir, node, format, list);
	va_end(list);
	return found;
}

unsigned int xenbus_read_unsigned(const char *dir, const char *node, unsigned int default_val)
{
	unsigned int value;
	return xenbus_scanf(XBT_NIL, dir, node, "%u", &value) <= 0 ? default_val : value;
}

int xenbus_printf(struct xenbus_transaction t, const char *dir, const char *node, const char *format, ...)
{
	char text[PATH];
	va_list list;
	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	return xenbus_write(t, dir, node, text);
}

int xenbus_gather(struct xenbus_transaction t, const char *dir, ...)
{
	va_list list;
	const char *name;
	int ret = 0;
	va_start(list, dir);
	while (ret == 0 && (name = va_arg(list, char *)) != NULL) {
		const char *format = va_arg(list, char *);
		void *result = va_arg(list, void *);
		char *value = xenbus_read(t, dir, name, NULL);
		if (IS_ERR(value)) {
			ret = PTR_ERR(value);
			break;
		}
		if (!format) {
			*(char **)result = value;
			continue;
		}
		if (sscanf(value, format, result) == 0)
			ret = -EINVAL;
		xk_kfree(value);
	}
	va_end(list);
	return ret;
}

const char *xenbus_strstate(enum xenbus_state state)
{
	static const char *const names[] = { "Unknown", "Initialising", "InitWait", "Initialised", "Connected", "Closing", "Closed",
					     "Reconfiguring", "Reconfigured" };
	return (u32)state < ARRAY_SIZE(names) ? names[state] : "INVALID";
}

enum xenbus_state xenbus_read_driver_state(const char *path)
{
	int state;
	return xenbus_scanf(XBT_NIL, path, "state", "%d", &state) < 1 ? XenbusStateUnknown : (enum xenbus_state)state;
}

/* ---- States and errors. */

static void say(struct xenbus_device *dev, int err, const char *format, va_list list)
{
	char text[512], path[PATH];
	int head = snprintf(text, sizeof(text), "%i ", -err);
	vsnprintf(text + head, sizeof(text) - head, format, list);
	dev_err(&dev->dev, "%s\n", text);
	snprintf(path, sizeof(path), "error/%s", dev->nodename);
	xenbus_write(XBT_NIL, path, "error", text);
}

static int switch_state(struct xenbus_device *dev, enum xenbus_state state, int depth);

static void switch_fatal(struct xenbus_device *dev, int depth, int err, const char *format, ...)
{
	va_list list;
	va_start(list, format);
	say(dev, err, format, list);
	va_end(list);
	if (!depth)
		switch_state(dev, XenbusStateClosing, 1);
}

/* A state node that is gone is not made again; the cached state follows all the same when the transaction could be ended. */
static int switch_state(struct xenbus_device *dev, enum xenbus_state state, int depth)
{
	struct xenbus_transaction xbt;
	int current, err, abort;
	if (state == dev->state)
		return 0;
	do {
		abort = 1;
		err = (xenbus_transaction_start)(&xbt);
		if (err) {
			switch_fatal(dev, depth, err, "starting transaction");
			return 0;
		}
		if (xenbus_scanf(xbt, dev->nodename, "state", "%d", &current) == 1) {
			err = xenbus_printf(xbt, dev->nodename, "state", "%d", state);
			if (err)
				switch_fatal(dev, depth, err, "writing new state");
			else
				abort = 0;
		}
		err = xenbus_transaction_end(xbt, abort);
	} while (err == -EAGAIN && !abort);
	if (err)
		switch_fatal(dev, depth, err, "ending transaction");
	else
		dev->state = state;
	return 0;
}

int (xenbus_switch_state)(struct xenbus_device *dev, enum xenbus_state state) { return switch_state(dev, state, 0); }

int xenbus_frontend_closed(struct xenbus_device *dev)
{
	switch_state(dev, XenbusStateClosed, 0);
	xk_complete(&dev->down);
	return 0;
}

void xenbus_dev_error(struct xenbus_device *dev, int err, const char *format, ...)
{
	va_list list;
	va_start(list, format);
	say(dev, err, format, list);
	va_end(list);
}

void xenbus_dev_fatal(struct xenbus_device *dev, int err, const char *format, ...)
{
	va_list list;
	va_start(list, format);
	say(dev, err, format, list);
	va_end(list);
	switch_state(dev, XenbusStateClosing, 0);
}

/* ---- Rings and ports. */

int xenbus_grant_ring(struct xenbus_device *dev, void *vaddr, unsigned int pages, grant_ref_t *grefs)
{
	grant_ref_t head;
	int err = xk_grant_reserve(pages, &head);
	if (err) {
		xenbus_dev_fatal(dev, err, "granting access to %u ring pages", pages);
		return err;
	}
	/* Claims cannot fail: so many were set aside. Nobody looks, as in the kernel. */
	for (u32 i = 0; i < pages; i++) {
		int ref = xk_grant_claim(&head);
		grefs[i] = ref;
		xk_grant_access(ref, dev->otherend_id, xk_virt_to_page((char *)vaddr + i * XEN_PAGE_SIZE)->gfn, 0);
	}
	return 0;
}

int (xenbus_setup_ring)(struct xenbus_device *dev, gfp_t gfp, void **vaddr, unsigned int pages, grant_ref_t *grefs)
{
	int ret = -ENOMEM;
	*vaddr = xk_alloc_pages_exact(pages * XEN_PAGE_SIZE, gfp | __GFP_ZERO);
	if (*vaddr)
		ret = xenbus_grant_ring(dev, *vaddr, pages, grefs);
	if (ret == 0)
		return 0;
	if (*vaddr)
		xk_free_pages_exact(*vaddr, pages * XEN_PAGE_SIZE);
	for (u32 i = 0; i < pages; i++)
		grefs[i] = INVALID_GRANT_REF;
	*vaddr = NULL;
	return ret;
}

void (xenbus_teardown_ring)(void **vaddr, unsigned int pages, grant_ref_t *grefs)
{
	for (u32 i = 0; i < pages; i++)
		if (grefs[i] != INVALID_GRANT_REF) {
			xk_grant_end(grefs[i], NULL);
			grefs[i] = INVALID_GRANT_REF;
		}
	if (*vaddr)
		xk_free_pages_exact(*vaddr, pages * XEN_PAGE_SIZE);
	*vaddr = NULL;
}

int (xenbus_alloc_evtchn)(struct xenbus_device *dev, evtchn_port_t *port)
{
	u32 made;
	s32 err = xk_ask_for("evtchn.alloc-unbound", (domid_t)dev->otherend_id, 0, 0, 0, &made);
	if (err < 0)
		xenbus_dev_fatal(dev, err, "allocating event channel");
	else
		*port = made;
	return err;
}

int (xenbus_free_evtchn)(struct xenbus_device *dev, evtchn_port_t port)
{
	s32 err = xk_ask("evtchn.close", port, 0, 0, 0);
	if (err < 0)
		xenbus_dev_error(dev, err, "freeing event channel %u", port);
	return err;
}

/* ---- Watches. xenwatch calls back one event at a time; whose watch is taken off while its callback runs waits for that, but xenwatch itself. */

static LIST_HEAD(watches);
static struct xk_task *xenwatch;
static struct mutex xenwatch_mutex;
static u32 xenwatch_stop;

static void token_of(struct xenbus_watch *watch, char *token) { snprintf(token, 24, "xenbus/%X", (u32)watch); }

int register_xenbus_watch(struct xenbus_watch *watch)
{
	char token[24];
	token_of(watch, token);
	list_add(&watch->list, &watches);
	struct xk_call call = { .op = "xs.watch", .text = { watch->node, token } };
	s32 err = xk_door(&call);
	if (err < 0)
		list_del(&watch->list);
	return err;
}

void unregister_xenbus_watch(struct xenbus_watch *watch)
{
	char token[24];
	token_of(watch, token);
	list_del(&watch->list);
	struct xk_call call = { .op = "xs.unwatch", .text = { watch->node, token } };
	s32 err = xk_door(&call);
	if (err < 0)
		xk_printk(4, "Failed to release watch %s: %i", watch->node, err);
	if (xk_current != xenwatch) {
		xk_mutex_lock(&xenwatch_mutex);
		xk_mutex_unlock(&xenwatch_mutex);
	}
}

static void xenwatch_thread(void *unused)
{
	char *event = xk_own(PAYLOAD);
	(void)unused;
	for (;;) {
		struct xk_call call = {
			.op = "wait", .in = { xenwatch_stop, 0, 0 }, .text = { "xenbus/", "work" }, .reply = event, .reply_size = PAYLOAD,
		};
		if (xk_door(&call) < 0)
			continue;
		if (strcmp(event, "watch") != 0)
			break;
		const char *path = event + strlen(event) + 1, *token = path + strlen(path) + 1;
		u32 address = simple_strtoul(token + strlen("xenbus/"), NULL, 16);
		struct xenbus_watch *watch, *found = NULL;
		xk_mutex_lock(&xenwatch_mutex);
		list_for_each_entry(watch, &watches, list)
			if ((u32)watch == address)
				found = watch;
		if (found)
			found->callback(found, path, token);
		xk_mutex_unlock(&xenwatch_mutex);
	}
	xk_own_free(event, PAYLOAD);
	xenwatch = NULL;
}

static void bus_changed(struct xenbus_watch *watch, const char *path, const char *token);
/* fe_watch of xenbus_probe_frontend.c */
static struct xenbus_watch bus_watch = { .node = "device", .callback = bus_changed };
static bool bus_watched;

void xk_watch_start(void)
{
	if (xenwatch)
		return;
	xenwatch_stop = xk_fresh_wake();
	xenwatch = xk_task_new(xenwatch_thread, NULL, "xenwatch");
	xk_start(xenwatch);
}

void xk_watch_stop(void)
{
	if (!xenwatch)
		return;
	if (bus_watched)
		unregister_xenbus_watch(&bus_watch);
	bus_watched = false;
	xk_wake(xenwatch_stop);
}

/* ---- The bus. */

static struct xenbus_driver *the_driver;
static LIST_HEAD(devices);

int xenbus_register_frontend(struct xenbus_driver *driver)
{
	the_driver = driver;
	driver->driver.name = driver->name ?: driver->ids[0].devicetype;
	return 0;
}

void xenbus_unregister_driver(struct xenbus_driver *driver)
{
	struct xenbus_device *dev;
	list_for_each_entry(dev, &devices, list)
		if (dev->bound)
			xk_bus_unbind(dev->number);
	if (the_driver == driver)
		the_driver = NULL;
}

struct xenbus_device *xk_bus_device(u32 number)
{
	struct xenbus_device *dev;
	list_for_each_entry(dev, &devices, list)
		if (dev->number == number)
			return dev;
	return NULL;
}

static void otherend_changed(struct xenbus_watch *watch, const char *path, const char *token)
{
	struct xenbus_device *dev = container_of(watch, struct xenbus_device, otherend_watch);
	(void)token;
	if (!dev->otherend || strncmp(dev->otherend, path, strlen(dev->otherend)))
		return;
	enum xenbus_state state = xenbus_read_driver_state(dev->otherend);
	if (the_driver->otherend_changed)
		the_driver->otherend_changed(dev, state);
}

/* The bus's own memory is no object of the driver's. */
static char *own_copy(const char *text)
{
	char *copy = xk_own(PATH);
	strscpy(copy, text, PATH);
	return copy;
}

static void own_copy_free(const char *text) { xk_own_free((void *)text, PATH); }

static void free_otherend_details(struct xenbus_device *dev)
{
	own_copy_free(dev->otherend);
	dev->otherend = NULL;
}

static void free_otherend_watch(struct xenbus_device *dev)
{
	if (!dev->otherend_watch.node)
		return;
	unregister_xenbus_watch(&dev->otherend_watch);
	own_copy_free(dev->otherend_watch.node);
	dev->otherend_watch.node = NULL;
}

static int read_otherend_details(struct xenbus_device *dev)
{
	char *value = xk_own(PAYLOAD);
	/* xenbus_gather() */
	int err = read(0, dev->nodename, "backend-id", value);
	if (err >= 0)
		err = sscanf(value, "%i", &dev->otherend_id) == 0 ? -EINVAL : read(0, dev->nodename, "backend", value);
	if (err >= 0)
		dev->otherend = own_copy(value);
	xk_own_free(value, PAYLOAD);
	if (err < 0) {
		xenbus_dev_fatal(dev, err, "reading other end details from %s", dev->nodename);
		return err;
	}
	if (strlen(dev->otherend) == 0 || !xenbus_exists(XBT_NIL, dev->otherend, "")) {
		xenbus_dev_fatal(dev, -ENOENT, "unable to read other end from %s.  missing or inaccessible.", dev->nodename);
		free_otherend_details(dev);
		return -ENOENT;
	}
	return 0;
}

static int watch_otherend(struct xenbus_device *dev)
{
	char *path = xk_own(PATH);
	join(path, dev->otherend, "state");
	dev->otherend_watch.node = path;
	dev->otherend_watch.callback = otherend_changed;
	int err = register_xenbus_watch(&dev->otherend_watch);
	if (err) {
		dev->otherend_watch.node = NULL;
		xenbus_dev_fatal(dev, err, "adding watch on %s", path);
		own_copy_free(path);
	}
	return err;
}

/* device_unbind_cleanup() */
static void unbind_cleanup(struct xenbus_device *dev)
{
	xk_devres_release_all(&dev->dev);
	dev->dev.driver = NULL;
	dev->dev.driver_data = NULL;
	dev->bound = false;
}

static int probe(struct xenbus_device *dev)
{
	free_otherend_watch(dev);
	free_otherend_details(dev);
	int err = read_otherend_details(dev);
	if (err) {
		dev_warn(&dev->dev, "talk_to_otherend on %s failed.\n", dev->nodename);
		return err;
	}
	xk_mutex_lock(&dev->reclaim_sem.lock);
	err = the_driver->probe(dev, the_driver->ids);
	xk_mutex_unlock(&dev->reclaim_sem.lock);
	if (!err) {
		err = watch_otherend(dev);
		if (!err)
			return 0;
		dev_warn(&dev->dev, "watch_otherend on %s failed.\n", dev->nodename);
		the_driver->remove(dev);
	}
	xenbus_dev_error(dev, err, "xenbus_dev_probe on %s", dev->nodename);
	return err;
}

/*
 * A device that was bound before keeps its cached state; one whose node is Initialising again was taken away and given anew by the toolstack,
 * which the bus's watch on "device" would have seen.
 */
static int bind(u32 number, struct xenbus_device **found)
{
	char name[64];
	struct xenbus_device *dev = xk_bus_device(number);
	if (!the_driver)
		return -ENODEV;
	if (dev) {
		xk_mutex_lock(&dev->lock);
		*found = dev;
		if (dev->bound)
			return -EBUSY;
	}
	snprintf(name, sizeof(name), "device/%s/%u", the_driver->ids[0].devicetype, number);
	/* xenbus_probe_node(): a device that is not new is ignored. */
	enum xenbus_state state = xenbus_read_driver_state(name);
	if (!dev) {
		if (state != XenbusStateInitialising)
			return -ENODEV;
		dev = xk_own(sizeof(*dev));
		char *node = xk_own(64), *bus_id = xk_own(64);
		strcpy(node, name);
		snprintf(bus_id, 64, "%s-%u", the_driver->ids[0].devicetype, number);
		dev->number = number;
		dev->nodename = node;
		dev->dev.name = bus_id;
		dev->devicetype = the_driver->ids[0].devicetype;
		dev->state = XenbusStateInitialising;
		init_completion(&dev->down);
		sema_init(&dev->reclaim_sem, 1);
		mutex_init(&dev->lock);
		list_add_tail(&dev->list, &devices);
		xk_mutex_lock(&dev->lock);
		*found = dev;
	} else if (state == XenbusStateInitialising)
		dev->state = XenbusStateInitialising;
	dev->bound = true;
	dev->dev.driver = &the_driver->driver;
	int err = probe(dev);
	if (err)
		unbind_cleanup(dev);
	return err;
}

int xk_bus_bind(u32 number)
{
	struct xenbus_device *dev = NULL;
	int err = bind(number, &dev);
	if (dev)
		xk_mutex_unlock(&dev->lock);
	/* The kernel's bus watches from boot on and looks at no result; here, where a scenario may count calls, the driver's come first. */
	if (!bus_watched)
		bus_watched = register_xenbus_watch(&bus_watch) == 0;
	return err;
}

/* xenbus_dev_remove(), then device_unbind_cleanup(). */
static int unbind(struct xenbus_device *dev)
{
	if (!dev->bound)
		return -ENODEV;
	free_otherend_watch(dev);
	if (the_driver->remove) {
		xk_mutex_lock(&dev->reclaim_sem.lock);
		the_driver->remove(dev);
		xk_mutex_unlock(&dev->reclaim_sem.lock);
	}
	free_otherend_details(dev);
	if (!the_driver->allow_rebind || xenbus_read_driver_state(dev->nodename) == XenbusStateClosing)
		switch_state(dev, XenbusStateClosed, 0);
	unbind_cleanup(dev);
	return 0;
}

static int release(struct xenbus_device *dev)
{
	xk_mutex_lock(&dev->lock);
	int err = unbind(dev);
	xk_mutex_unlock(&dev->lock);
	return err;
}

int xk_bus_unbind(u32 number)
{
	struct xenbus_device *dev = xk_bus_device(number);
	return dev ? release(dev) : -ENODEV;
}

/* xenbus_dev_changed() and xenbus_cleanup_devices(): a device whose directory is gone is unregistered. New ones wait for the scenario's bind. */
static void bus_changed(struct xenbus_watch *watch, const char *path, const char *token)
{
	struct xenbus_device *dev, *after;
	const char *type = strchr(path, '/');
	size_t len = strlen(path);
	(void)watch; (void)token;
	if (!type || !strchr(type + 1, '/') || xenbus_exists(XBT_NIL, path, ""))
		return;
	list_for_each_entry_safe(dev, after, &devices, list) {
		if (strncmp(dev->nodename, path, len) || (dev->nodename[len] && dev->nodename[len] != '/'))
			continue;
		release(dev);
		list_del(&dev->list);
	}
}
