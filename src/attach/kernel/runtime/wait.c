/*
 * Locks and completions: kernel/locking/mutex.c, kernel/sched/completion.c, kernel/sched/swait.c of 6.1. Compiled with the hooks, as the
 * kernel compiles its own: a lock in freed memory is a use after free.
 */
#include "kernel.h"

void xk_might_sleep(void)
{
	char text[160];
	if (!xk_current || xk_current->atomic == 0)
		return;
	snprintf(text, sizeof(text), "sleeping function called from invalid context at %s in %s", xk_current->host.place ?: "?",
		 xk_current->host.function ?: "?");
	xk_die(XK_DEATH_ATOMIC, text);
}

static void take(u32 lock)
{
	char text[160];
	s32 status = xk_ask("lock.take", lock, 0, 0, 0);
	if (status == 0)
		return;
	snprintf(text, sizeof(text), "%s takes a lock at %s in %s that it holds", xk_current->name, xk_current->host.place ?: "?",
		 xk_current->host.function ?: "?");
	xk_die(status == -EDEADLK ? XK_DEATH_DEADLOCK : XK_DEATH_MODEL, text);
}

void xk_spin_lock(spinlock_t *lock)
{
	(void)READ_ONCE(lock->owner);
	take((u32)lock);
	if (xk_current->atomic++ == 0)
		xk_current->atomic_calls = 0;
	WRITE_ONCE(lock->owner, (u32)xk_current);
}

void xk_spin_unlock(spinlock_t *lock)
{
	if (READ_ONCE(lock->owner) != (u32)xk_current)
		xk_warn(xk_current->host.place, xk_current->host.function, "bad unlock of a spin lock");
	WRITE_ONCE(lock->owner, 0);
	xk_current->atomic--;
	xk_ask("lock.give", (u32)lock, 0, 0, 0);
}

void xk_mutex_lock(struct mutex *lock)
{
	xk_might_sleep();
	(void)READ_ONCE(lock->owner);
	take((u32)lock);
	WRITE_ONCE(lock->owner, (u32)xk_current);
}

/* Whoever unlocks, it is unlocked: the kernel looks at the owner only with CONFIG_DEBUG_MUTEXES, and then warns. */
void xk_mutex_unlock(struct mutex *lock)
{
	if (READ_ONCE(lock->owner) != (u32)xk_current)
		xk_warn(xk_current->host.place, xk_current->host.function, "DEBUG_LOCKS_WARN_ON(__owner_task(owner) != current)");
	WRITE_ONCE(lock->owner, 0);
	xk_ask("lock.give", (u32)lock, 0, 0, 0);
}

/* ---- Sleepers. Nobody else runs between two door calls, so the lists need no lock of their own. */

bool xk_sleep_on(struct xk_queue *queue, u32 timeout, const char *why)
{
	struct xk_sleeper self = { NULL, xk_fresh_wake() };
	struct xk_sleeper **at = &queue->first;
	while (*at)
		at = &(*at)->next;
	*at = &self;
	bool woken = xk_sleep(self.wake, timeout, why);
	/* Who was woken is off the list, even if time was up as well; and the list may be gone by then. */
	if (woken || self.wake == 0)
		return true;
	for (at = &queue->first; *at; at = &(*at)->next)
		if (*at == &self) {
			*at = self.next;
			break;
		}
	return false;
}

bool xk_wake_one(struct xk_queue *queue)
{
	struct xk_sleeper *first = queue->first;
	if (!first)
		return false;
	u32 wake = first->wake;
	queue->first = first->next;
	first->wake = 0;
	xk_wake(wake);
	return true;
}

void xk_complete(struct completion *x)
{
	if (x->done != UINT_MAX)
		x->done++;
	xk_wake_one(&x->wait);
}

void xk_complete_all(struct completion *x)
{
	x->done = UINT_MAX;
	xk_wake_all(&x->wait);
}

bool try_wait_for_completion(struct completion *x)
{
	if (!x->done)
		return false;
	if (x->done != UINT_MAX)
		x->done--;
	return true;
}

/*
 * Time left, at least 1; 0 when time was up. A waiter that was woken and finds that another took what it was woken for waits anew with
 * the whole time: no driver here has two waiters at one completion.
 */
unsigned long xk_wait_for_completion(struct completion *x, unsigned long timeout, const char *why)
{
	xk_might_sleep();
	while (!x->done)
		if (!xk_sleep_on(&x->wait, timeout, why) && !x->done)
			return 0;
	if (x->done != UINT_MAX)
		x->done--;
	return 1;
}

void xk_msleep(unsigned int ms)
{
	xk_might_sleep();
	xk_sleep(xk_fresh_wake(), ms ? ms : 1, "answer");
}
