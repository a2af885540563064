/* Devices: drivers/gpu/drm/drm_drv.c of 6.1. Unplugging waits for those inside drm_dev_enter(), as its sleepable RCU does. */
#include "drm.h"

static LIST_HEAD(registered);
static int last_minor = -1;

/* srcu: readers by the epoch they entered in; who synchronizes turns the epoch and waits for the old one to be empty. */
static u32 readers[2], epoch;
static struct xk_queue emptied;

bool drm_dev_enter(struct drm_device *dev, int *idx)
{
	*idx = (int)epoch;
	if (dev->unplugged)
		return false;
	readers[epoch]++;
	return true;
}

void drm_dev_exit(int idx)
{
	if (--readers[idx] == 0)
		xk_wake_all(&emptied);
}

static void synchronize(void)
{
	u32 old = epoch;
	/* Another synchronizer may still wait for the epoch that would be next. */
	while (readers[!old] > 0)
		xk_sleep_on(&emptied, 0, "work");
	epoch = !old;
	while (readers[old] > 0)
		xk_sleep_on(&emptied, 0, "work");
}

struct drm_device *(drm_dev_alloc)(const struct drm_driver *driver, struct device *parent)
{
	struct drm_device *dev = xk_kmalloc(sizeof(*dev), GFP_KERNEL | __GFP_ZERO, "drm-device");
	if (!dev)
		return ERR_PTR(-ENOMEM);
	kref_init(&dev->ref);
	dev->dev = parent;
	dev->driver = driver;
	dev->primary = xk_own(sizeof(*dev->primary));
	dev->primary->index = ++last_minor;
	spin_lock_init(&dev->event_lock);
	mutex_init(&dev->object_name_lock);
	INIT_LIST_HEAD(&dev->link);
	return dev;
}

void drm_dev_get(struct drm_device *dev)
{
	if (dev)
		kref_get(&dev->ref);
}

static void release(struct kref *ref)
{
	struct drm_device *dev = container_of(ref, struct drm_device, ref);
	if (dev->driver->release)
		dev->driver->release(dev);
	/* drm_managed_release(): what drm_mode_config_init() tied to the device goes after that. */
	drm_mode_config_cleanup(dev);
	xk_own_free(dev->primary, sizeof(*dev->primary));
	xk_kfree(dev);
}

void (drm_dev_put)(struct drm_device *dev)
{
	if (dev)
		kref_put(&dev->ref, release);
}

static void unregister_minor(struct drm_device *dev)
{
	list_del_init(&dev->link);
	if (dev->minor_object)
		xk_object_drop(dev->minor_object);
	dev->minor_object = 0;
}

int (drm_dev_register)(struct drm_device *dev, unsigned long flags)
{
	(void)flags;
	/* drm_minor_register() makes a device in sysfs, for which there may be no memory. */
	dev->minor_object = xk_object("drm-minor");
	if (!dev->minor_object) {
		dev->unplugged = true;
		synchronize();
		return -ENOMEM;
	}
	dev->registered = true;
	dev->unplugged = false;
	list_add_tail(&dev->link, &registered);
	xk_printk(6, "[drm] Initialized %s %d.%d.%d %s for %s on minor %d", dev->driver->name, dev->driver->major, dev->driver->minor,
		  dev->driver->patchlevel, dev->driver->date ?: "", dev_name(dev->dev), dev->primary->index);
	return 0;
}

void drm_dev_unregister(struct drm_device *dev)
{
	dev->registered = false;
	unregister_minor(dev);
}

void (drm_dev_unplug)(struct drm_device *dev)
{
	dev->unplugged = true;
	synchronize();
	drm_dev_unregister(dev);
}

struct drm_device *xk_drm_acquire(struct device *parent)
{
	struct drm_device *dev;
	list_for_each_entry(dev, &registered, link)
		if (dev->dev == parent && !dev->unplugged) {
			drm_dev_get(dev);
			return dev;
		}
	return NULL;
}

/* ---- drm_modeset_lock.c. Locks are taken in one order: connectors, then pipes as they were made. A plane's lock is only ever taken within its pipe's, so it is left out. */

void xk_drm_lock(struct drm_modeset_lock *lock) { xk_mutex_lock(&lock->mutex); }
void xk_drm_unlock(struct drm_modeset_lock *lock) { xk_mutex_unlock(&lock->mutex); }

void xk_drm_lock_all(struct drm_device *dev)
{
	xk_drm_lock(&dev->mode_config.connection_mutex);
	for (u32 i = 0; i < dev->mode_config.num_pipe; i++)
		xk_drm_lock(&dev->mode_config.pipes[i]->crtc.mutex);
}

void xk_drm_unlock_all(struct drm_device *dev)
{
	for (u32 i = dev->mode_config.num_pipe; i > 0; i--)
		xk_drm_unlock(&dev->mode_config.pipes[i - 1]->crtc.mutex);
	xk_drm_unlock(&dev->mode_config.connection_mutex);
}
