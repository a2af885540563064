/*
 * Deferred work, kernel/workqueue.c and kernel/time/timer.c of 6.1. Each queued work is a context that sleeps until it is due. A work
 * that is pending is not queued again; one that runs may be, and is then run once more after it has ended, never twice at a time.
 */
#include "kernel.h"

struct run { struct work_struct *work; u32 delay; };

/* A work that runs, by the address it had when it began: it may free itself. */
struct busy {
	struct busy *next;
	struct work_struct *work;
	struct xk_task *task;
	struct xk_queue ended;
};
static struct busy *busy_list;
/* Those that flush a work which is pending. */
static struct xk_queue started;

static struct busy *busy_with(struct work_struct *work)
{
	for (struct busy *busy = busy_list; busy; busy = busy->next)
		if (busy->work == work)
			return busy;
	return NULL;
}

void xk_init_work(struct work_struct *work, work_func_t func, const char *name)
{
	memset(work, 0, sizeof(*work));
	work->func = func;
	work->name = name;
}

static void run(void *arg)
{
	struct run *run = arg;
	struct work_struct *work = run->work;
	u32 delay = run->delay;
	struct xk_task *self = xk_current;
	xk_own_free(run, sizeof(*run));
	/* Cancelled: `work` may be gone. */
	if (delay > 0 && xk_sleep_on(&work->cancel, delay, "work"))
		return;
	if (work->pending != self)
		return;
	for (struct busy *other; (other = busy_with(work));) {
		xk_sleep_on(&other->ended, 0, "work");
		if (work->pending != self)
			return;
	}
	struct busy busy = { busy_list, work, self, { NULL } };
	busy_list = &busy;
	work->pending = NULL;
	work->func(work);
	struct busy **at = &busy_list;
	while (*at != &busy)
		at = &(*at)->next;
	*at = busy.next;
	xk_wake_all(&busy.ended);
	xk_wake_all(&started);
}

bool xk_schedule_work(struct work_struct *work, unsigned long delay)
{
	char name[40];
	if (work->pending)
		return false;
	struct run *arg = xk_own(sizeof(*arg));
	arg->work = work;
	arg->delay = delay;
	snprintf(name, sizeof(name), "work %s", work->name);
	struct xk_task *task = xk_task_new(run, arg, name);
	work->pending = task;
	xk_start(task);
	return true;
}

static bool cancel(struct work_struct *work)
{
	if (!work->pending)
		return false;
	work->pending = NULL;
	xk_wake_all(&work->cancel);
	xk_wake_all(&started);
	return true;
}

bool xk_cancel_work(struct work_struct *work, bool sync)
{
	if (sync)
		xk_might_sleep();
	bool was = cancel(work);
	for (struct busy *busy; sync && (busy = busy_with(work)) && busy->task != xk_current;)
		xk_sleep_on(&busy->ended, 0, "work");
	return was;
}

bool xk_mod_work(struct work_struct *work, unsigned long delay)
{
	bool was = cancel(work);
	xk_schedule_work(work, delay);
	return was;
}

bool xk_flush_work(struct work_struct *work)
{
	xk_might_sleep();
	bool was = work->pending || busy_with(work);
	while (work->pending || busy_with(work))
		xk_sleep_on(&started, 0, "work");
	return was;
}
