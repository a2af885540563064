/* Locks, completions, sleeping, deferred work. Time has a tick of one millisecond: HZ is 1000. */
#ifndef XK_WAIT_H
#define XK_WAIT_H

#include <xk/base.h>

#define HZ 1000
#define MAX_SCHEDULE_TIMEOUT 0x7fffffffL
static inline unsigned long msecs_to_jiffies(unsigned int ms) { return ms; }
static inline unsigned int jiffies_to_msecs(unsigned long jiffies) { return jiffies; }

/* Contexts that sleep until something happens, first come first. */
struct xk_sleeper {
	struct xk_sleeper *next;
	u32 wake;
};
struct xk_queue { struct xk_sleeper *first; };
/* Sleep until woken or `timeout` ms are over (0: for ever). False when time was up. */
bool xk_sleep_on(struct xk_queue *queue, u32 timeout, const char *why);
/* Wake the first sleeper: false when there is none. */
bool xk_wake_one(struct xk_queue *queue);
static inline void xk_wake_all(struct xk_queue *queue) { while (xk_wake_one(queue)); }

/* linux/spinlock.h. Every lock is one at the door, so another processor of the guest may meanwhile run into it. */
typedef struct { u32 owner; } spinlock_t;
typedef spinlock_t raw_spinlock_t;
#define DEFINE_SPINLOCK(name) spinlock_t name = { 0 }
void xk_spin_lock(spinlock_t *lock);
void xk_spin_unlock(spinlock_t *lock);
static inline void spin_lock_init(spinlock_t *lock) { lock->owner = 0; }
#define spin_lock(lock) (XK_AT, xk_spin_lock(lock))
#define spin_unlock(lock) (XK_AT, xk_spin_unlock(lock))
#define spin_lock_irq spin_lock
#define spin_unlock_irq spin_unlock
#define spin_lock_bh spin_lock
#define spin_unlock_bh spin_unlock
#define spin_lock_irqsave(lock, flags) do { (flags) = 0; spin_lock(lock); } while (0)
#define spin_unlock_irqrestore(lock, flags) do { (void)(flags); spin_unlock(lock); } while (0)

/* linux/mutex.h */
struct mutex { u32 owner; };
#define DEFINE_MUTEX(name) struct mutex name = { 0 }
void xk_mutex_lock(struct mutex *lock);
void xk_mutex_unlock(struct mutex *lock);
static inline void mutex_init(struct mutex *lock) { lock->owner = 0; }
static inline void mutex_destroy(struct mutex *lock) { (void)lock->owner; }
static inline bool mutex_is_locked(struct mutex *lock) { return lock->owner != 0; }
#define mutex_lock(lock) (XK_AT, xk_mutex_lock(lock))
#define mutex_unlock(lock) (XK_AT, xk_mutex_unlock(lock))
#define mutex_lock_interruptible(lock) (XK_AT, xk_mutex_lock(lock), 0)
#define lockdep_assert_held(lock) do { (void)(lock); } while (0)
struct semaphore { struct mutex lock; };
static inline void sema_init(struct semaphore *semaphore, int value) { (void)value; mutex_init(&semaphore->lock); }
#define down(semaphore) mutex_lock(&(semaphore)->lock)
#define up(semaphore) mutex_unlock(&(semaphore)->lock)

/* linux/completion.h, kernel/sched/completion.c */
struct completion {
	unsigned int done;
	struct xk_queue wait;
};
#define DECLARE_COMPLETION_ONSTACK(name) struct completion name = { 0, { NULL } }
static inline void init_completion(struct completion *x) { x->done = 0; x->wait.first = NULL; }
static inline void reinit_completion(struct completion *x) { x->done = 0; }
static inline bool completion_done(struct completion *x) { return READ_ONCE(x->done) != 0; }
void xk_complete(struct completion *x);
void xk_complete_all(struct completion *x);
bool try_wait_for_completion(struct completion *x);
/* `why` as at the door: a driver waits for its peer's "answer", the kernel for its own "work". */
unsigned long xk_wait_for_completion(struct completion *x, unsigned long timeout, const char *why);
#define complete(x) (XK_AT, xk_complete(x))
#define complete_all(x) (XK_AT, xk_complete_all(x))
#define wait_for_completion(x) (XK_AT, (void)xk_wait_for_completion(x, 0, "answer"))
#define wait_for_completion_timeout(x, timeout) (XK_AT, xk_wait_for_completion(x, timeout, "answer"))
#define wait_for_completion_interruptible_timeout(x, timeout) ((long)wait_for_completion_timeout(x, timeout))
#define wait_for_completion_interruptible(x) (XK_AT, (int)(xk_wait_for_completion(x, 0, "answer") & 0))

/* linux/delay.h */
void xk_msleep(unsigned int ms);
#define msleep(ms) (XK_AT, xk_msleep(ms))
#define usleep_range(least, most) msleep(DIV_ROUND_UP(most, 1000))
#define ssleep(s) msleep((s) * 1000)
#define might_sleep() xk_might_sleep()
void xk_might_sleep(void);

/* linux/workqueue.h, linux/timer.h: each queued work is a context of its own, that sleeps until it is due. */
struct work_struct;
typedef void (*work_func_t)(struct work_struct *);
struct work_struct {
	work_func_t func;
	const char *name;
	/* The context that is to run it. 0: not queued. */
	struct xk_task *pending;
	/* Wakes the pending context when the work is cancelled. */
	struct xk_queue cancel;
};
struct delayed_work {
	struct work_struct work;
	u32 delay;
};
struct workqueue_struct;
#define to_delayed_work(pointer) container_of(pointer, struct delayed_work, work)
void xk_init_work(struct work_struct *work, work_func_t func, const char *name);
#define INIT_WORK(w, f) xk_init_work(w, f, #f)
#define INIT_DELAYED_WORK(w, f) xk_init_work(&(w)->work, f, #f)
bool xk_schedule_work(struct work_struct *work, unsigned long delay);
#define schedule_work(w) (XK_AT, xk_schedule_work(w, 0))
#define schedule_delayed_work(w, delay) (XK_AT, xk_schedule_work(&(w)->work, delay))
#define queue_work(queue, w) schedule_work(w)
#define queue_delayed_work(queue, w, delay) schedule_delayed_work(w, delay)
bool xk_mod_work(struct work_struct *work, unsigned long delay);
#define mod_delayed_work(queue, w, delay) (XK_AT, xk_mod_work(&(w)->work, delay))
bool xk_cancel_work(struct work_struct *work, bool sync);
#define cancel_work_sync(w) (XK_AT, xk_cancel_work(w, true))
#define cancel_delayed_work(w) (XK_AT, xk_cancel_work(&(w)->work, false))
#define cancel_delayed_work_sync(w) (XK_AT, xk_cancel_work(&(w)->work, true))
bool xk_flush_work(struct work_struct *work);
#define flush_work(w) (XK_AT, xk_flush_work(w))
#define flush_delayed_work(w) (XK_AT, xk_flush_work(&(w)->work))
static inline bool work_pending(struct work_struct *work) { return work->pending != NULL; }
#define delayed_work_pending(w) work_pending(&(w)->work)

#endif
