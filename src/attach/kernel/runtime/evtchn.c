/*
 * Event channels as interrupts: drivers/xen/events/events_base.c, kernel/irq/manage.c of 6.1. Each bound port is a context that waits for it;
 * the pending bit is cleared before the handler runs, as ack_dynirq() does. A handler never runs twice at a time.
 */
#include "kernel.h"
#include <xk/xen.h>

struct irq {
	evtchn_port_t port;
	irq_handler_t handler;
	void *dev_id;
	u32 number, object;
	bool dead, running;
	u32 stop;
	struct xk_queue idle;
	struct irq *next;
};
static struct irq *irqs;
static u32 last_irq;

static struct irq *irq_of(u32 number)
{
	for (struct irq *irq = irqs; irq; irq = irq->next)
		if (irq->number == number && !irq->dead)
			return irq;
	return NULL;
}

static void run(void *arg)
{
	struct irq *irq = arg;
	struct xk_task *self = xk_current;
	char cause[128];
	while (!irq->dead) {
		u32 port = irq->port;
		struct xk_call call = {
			.op = "wait", .words = &port, .count = 1, .in = { irq->stop, 0, 0 }, .text = { "", "work" },
			.reply = cause, .reply_size = sizeof(cause),
		};
		if (xk_door(&call) < 0 || irq->dead || strcmp(cause, "port") != 0)
			continue;
		irq->running = true;
		self->atomic++;
		self->atomic_calls = 0;
		irq->handler((int)irq->number, irq->dev_id);
		self->atomic--;
		irq->running = false;
		xk_wake_all(&irq->idle);
	}
	struct irq **at = &irqs;
	while (*at != irq)
		at = &(*at)->next;
	*at = irq->next;
	xk_own_free(irq, sizeof(*irq));
}

static void close_port(evtchn_port_t port)
{
	/* xen_evtchn_close(): BUG() when Xen refuses. */
	if (xk_ask("evtchn.close", port, 0, 0, 0) < 0)
		xk_bug(xk_current->host.place, xk_current->host.function, "EVTCHNOP_close was refused: BUG()");
}

int xk_bind_evtchn(evtchn_port_t port, irq_handler_t handler, unsigned long flags, const char *name, void *dev_id)
{
	char title[40];
	(void)flags;
	xk_might_sleep();
	struct irq *irq = xk_own(sizeof(*irq));
	/* request_irq(): when there is no memory for the action, unbind_from_irq() closes the port. */
	irq->object = xk_object("irq");
	if (!irq->object) {
		xk_own_free(irq, sizeof(*irq));
		close_port(port);
		return -ENOMEM;
	}
	irq->port = port;
	irq->handler = handler;
	irq->dev_id = dev_id;
	irq->number = ++last_irq;
	irq->stop = xk_fresh_wake();
	irq->next = irqs;
	irqs = irq;
	snprintf(title, sizeof(title), "irq/%u %s", port, name);
	xk_start(xk_task_new(run, irq, title));
	return (int)irq->number;
}

/* free_irq() waits for a handler that runs, then the last user of the channel closes the port. */
void xk_unbind_irq(unsigned int number, void *dev_id)
{
	xk_might_sleep();
	struct irq *irq = irq_of(number);
	if (!irq || irq->dev_id != dev_id) {
		xk_warn(xk_current->host.place, xk_current->host.function, "Trying to free already-free IRQ");
		return;
	}
	irq->dead = true;
	while (irq->running)
		xk_sleep_on(&irq->idle, 0, "work");
	evtchn_port_t port = irq->port;
	u32 object = irq->object;
	xk_wake(irq->stop);
	xk_object_drop(object);
	close_port(port);
}

void xk_notify_irq(int number)
{
	struct irq *irq = irq_of((u32)number);
	/* notify_remote_via_irq() does nothing for an interrupt that has no channel. */
	if (irq)
		xk_ask("evtchn.notify", irq->port, 0, 0, 0);
}
