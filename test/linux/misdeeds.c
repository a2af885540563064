/*
 * A driver that does one thing wrong, by the number of the device that it is bound to. It stands in for the display frontend, so that each death
 * of the fake kernel is seen to come.
 */
#include <linux/delay.h>
#include <linux/module.h>
#include <xen/grant_table.h>
#include <xen/xenbus.h>

struct thing {
	int first, last;
	struct mutex lock;
};

static DEFINE_MUTEX(big_lock);
static DEFINE_SPINLOCK(small_lock);
static struct delayed_work later;
static struct completion done;
static int ran;

static void run_later(struct work_struct *work)
{
	ran++;
	complete(&done);
}

/* Nothing wrong: what is made is given back, what is waited for comes. */
static int behave(struct xenbus_device *dev)
{
	struct thing *thing = kzalloc(sizeof(*thing), GFP_KERNEL);
	grant_ref_t ref;
	void *ring;
	if (!thing || thing->first || thing->last)
		return -ENOMEM;
	init_completion(&done);
	INIT_DELAYED_WORK(&later, run_later);
	if (!schedule_delayed_work(&later, 10) || schedule_delayed_work(&later, 10))
		return -EBUSY;
	if (!wait_for_completion_timeout(&done, 100) || ran != 1)
		return -ETIMEDOUT;
	if (wait_for_completion_timeout(&done, 100))
		return -EALREADY;
	if (!schedule_delayed_work(&later, 10) || !cancel_delayed_work_sync(&later) || cancel_delayed_work(&later))
		return -ECANCELED;
	if (xenbus_setup_ring(dev, GFP_KERNEL, &ring, 1, &ref))
		return -EIO;
	((u32 *)ring)[3] = 7;
	virt_wmb();
	xenbus_teardown_ring(&ring, 1, &ref);
	kfree(thing);
	return 0;
}

static int misbehave(struct xenbus_device *dev, int how)
{
	struct thing *thing = kmalloc(sizeof(*thing), GFP_KERNEL);
	volatile struct thing *seen = thing;
	grant_ref_t ref;
	void *ring;

	switch (how) {
	case 1:
		seen = NULL;
		return seen->last;
	case 2:
		kfree(thing);
		return seen->last;
	case 3:
		kfree(thing);
		kfree(thing);
		return 0;
	case 4:
		return ((volatile int *)seen)[3];
	case 5:
		BUG_ON(dev);
		return 0;
	case 6:
		mutex_lock(&big_lock);
		mutex_lock(&big_lock);
		return 0;
	case 7:
		spin_lock(&small_lock);
		msleep(10);
		return 0;
	case 8:
		xenbus_setup_ring(dev, GFP_KERNEL, &ring, 1, &ref);
		spin_lock(&small_lock);
		while (((volatile u32 *)ring)[0] == 0)
			;
		return 0;
	case 9:
		seen->first = 0;
		while (seen->first == 0)
			;
		return 0;
	case 10:
		return *(volatile int *)0x30000000;
	case 11:
		kfree((char *)thing + 4);
		return 0;
	case 12:
		xenbus_setup_ring(dev, GFP_KERNEL, &ring, 1, &ref);
		seen = ring;
		xenbus_teardown_ring(&ring, 1, &ref);
		return seen->first;
	case 13:
		mutex_init(&thing->lock);
		kfree(thing);
		mutex_lock(&thing->lock);
		return 0;
	case 14:
		memset(thing, 0, sizeof(*thing) + 1);
		return 0;
	default:
		return -EINVAL;
	}
}

static int probe(struct xenbus_device *dev, const struct xenbus_device_id *id)
{
	unsigned int how;
	if (sscanf(dev->nodename, "device/vdispl/%u", &how) != 1)
		return -EINVAL;
	return how ? misbehave(dev, how) : behave(dev);
}

static const struct xenbus_device_id ids[] = { { "vdispl" }, { "" } };
static struct xenbus_driver driver = { .ids = ids, .probe = probe };

static int init(void) { return xenbus_register_frontend(&driver); }
static void fini(void) { xenbus_unregister_driver(&driver); }
module_init(init);
module_exit(fini);
